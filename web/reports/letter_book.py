"""介绍信登记簿: the book of letters in its ten columns, as a sheet to print and bind, and as a workbook."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import xlsxwriter

from web.reports.documents import Document
from web.tenants.transfers import book
from web.tenants.transfers.models import LetterStub

COLUMNS = ("编号", "日期", "姓名", "由", "去", "党费交至", "有效期", "经办人", "回执日期", "备注")
_WIDTHS = (11, 12, 10, 34, 34, 11, 9, 10, 12, 24)
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Entry:
    """One number. `is_void`: struck through on paper."""

    number: str
    issued_on: dt.date
    name: str
    from_org: str
    to_org: str
    dues_until: str
    valid_days: int
    handler: str
    receipt_on: dt.date | None
    remark: str
    is_void: bool

    @property
    def cells(self) -> tuple[str, ...]:
        """As both outputs write it, in the order of COLUMNS."""
        return (
            self.number, self.issued_on.isoformat(), self.name, self.from_org, self.to_org, self.dues_until,
            f"{self.valid_days}天", self.handler, self.receipt_on.isoformat() if self.receipt_on else "", self.remark,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, repr=False)
class LetterBook(Document):
    """`years`: what the title says of the time (2026年, or 全部). `made_by`: the operator, in the watermark line."""

    template: ClassVar[str] = "letter_book.html"
    is_personal: ClassVar[bool] = True

    years: str
    made_by: str
    entries: tuple[Entry, ...]

    @property
    def title(self) -> str:
        """With its time."""
        return f"党员组织关系介绍信登记簿（{self.years}）"

    @property
    def short(self) -> str:
        """The running head."""
        return "党员组织关系介绍信登记簿"

    @property
    def stem(self) -> tuple[str, ...]:
        """For the file's name."""
        return ("介绍信登记簿", self.years)

    @property
    def voids(self) -> int:
        """How many numbers are void."""
        return sum(entry.is_void for entry in self.entries)

    columns: ClassVar[tuple[str, ...]] = COLUMNS


def entries(stubs: Sequence[LetterStub]) -> tuple[Entry, ...]:
    """Lines of the book out of stubs."""
    return tuple(
        Entry(
            s.letter_no, s.issued_on, s.name, s.from_org, s.to_org, s.dues_until, s.valid_days, s.issued_by, s.receipt_on,
            book.remark(s), s.void_on is not None,
        )
        for s in stubs
    )  # fmt: skip


def workbook(entries: tuple[Entry, ...], title: str) -> bytes:
    """The same as .xlsx: every cell a text, none of which a spreadsheet program takes for a formula."""
    target = io.BytesIO()
    file = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = file.add_worksheet("介绍信登记簿")
    head = file.add_format({"bold": True, "bg_color": "#F0EDE6", "border": 1, "valign": "vcenter"})
    top = file.add_format({"bold": True, "font_size": 14, "align": "center"})
    plain = file.add_format({"num_format": "@", "border": 1, "text_wrap": True, "valign": "top"})
    struck = file.add_format(
        {"num_format": "@", "border": 1, "text_wrap": True, "valign": "top", "font_strikeout": True}
    )
    sheet.merge_range(0, 0, 0, len(COLUMNS) - 1, title, top)
    for column, (words, width) in enumerate(zip(COLUMNS, _WIDTHS, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(1, column, words, head)
    for row, entry in enumerate(entries, 2):
        for column, cell in enumerate(entry.cells):
            safe = f"'{cell}" if cell.startswith(_DANGEROUS) else cell
            sheet.write_string(row, column, safe, struck if entry.is_void and column < len(COLUMNS) - 1 else plain)
    sheet.freeze_panes(2, 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.repeat_rows(0, 1)
    sheet.fit_to_pages(1, 0)
    file.close()
    return target.getvalue()
