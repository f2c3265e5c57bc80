"""The rows that could not be imported, given back as the same spreadsheet with one more column: 原因.

The township mends the rows in place and sends the file back; the header is the one it came with. Private columns that
were not read are not written either.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import date, datetime

import xlsxwriter

from web.tenants.imports.rows import Register, RowReading
from web.tenants.members.readings import Cell, text_of

REASON = "原因"
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def neutral(text: str) -> str:
    """Text no spreadsheet program takes for a formula, also after a detour through CSV: `'` before = + - @."""
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def errors_workbook(register: Register, rows: Iterable[RowReading] | None = None) -> bytes:
    """An .xlsx of the rows with errors (or of the rows given), their cells as they came, all as text, and the reasons."""
    found = register.found
    columns = [c for c, title in found.titles.items() if title not in found.private and title != REASON]
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet("需修改的行")
    head = book.add_format({"bold": True, "bg_color": "#F0EDE6", "border": 1, "text_wrap": True, "valign": "vcenter"})
    plain = book.add_format({"num_format": "@", "valign": "top"})
    marked = book.add_format({"num_format": "@", "valign": "top", "bg_color": "#FBE5D6"})
    reason = book.add_format({"text_wrap": True, "valign": "top", "font_color": "#9C2A10"})
    for position, column in enumerate(columns):
        title = found.titles[column]
        sheet.write_string(0, position, neutral(title), head)
        sheet.set_column(position, position, max(10, min(24, len(title) * 2 + 2)))
    sheet.write_string(0, len(columns), REASON, head)
    sheet.set_column(len(columns), len(columns), 70)
    for line, row in enumerate(register.bad if rows is None else rows, 1):
        wrong = {finding.column for finding in row.errors}
        for position, column in enumerate(columns):
            cell = row.source[column] if column < len(row.source) else None
            sheet.write_string(
                line, position, neutral(_shown(cell)), marked if found.titles[column] in wrong else plain
            )
        sheet.write_string(line, len(columns), neutral("\n".join(f.text for f in row.errors)), reason)
    sheet.freeze_panes(1, 0)
    book.close()
    return target.getvalue()


def _shown(cell: Cell) -> str:
    """A cell as text that reads back as the same value."""
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d}"
    if isinstance(cell, date):
        return cell.isoformat()
    return text_of(cell)
