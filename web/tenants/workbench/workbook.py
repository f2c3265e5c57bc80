"""A list as an .xlsx: every cell as text, so that an identity number stays what it is, and nothing that could be a formula."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

import xlsxwriter

from web.tenants.workbench.listings import neutral


def workbook(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Title of the sheet, heads, rows of texts. Rows are written as they come; none is held."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(
        target, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = book.add_worksheet(title[:31])
    head = book.add_format({"bold": True, "bg_color": "#F0EDE6", "bottom": 1})
    plain = book.add_format({"num_format": "@"})
    for position, words in enumerate(heads):
        sheet.set_column(position, position, max(10, min(32, len(words) * 2 + 6)), plain)
        sheet.write_string(0, position, neutral(words), head)
    sheet.freeze_panes(1, 1)
    for line, row in enumerate(rows, 1):
        for position, words in enumerate(row):
            sheet.write_string(line, position, neutral(words), plain)
    sheet.repeat_rows(0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    book.close()
    return target.getvalue()
