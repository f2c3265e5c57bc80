"""Rows of a register: from cells to typed values, with what is wrong in which cell and how to mend it.

A row passes three gates: each cell is read by its column's reader; the typed values are loaded by a schema that knows
exactly these fields; last, the cells are compared with each other (the identity number wins). Errors stop the row,
warnings travel with it. Nothing here writes: the importer decides what becomes of a row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from marshmallow import ValidationError

from web.core.saying import say
from web.tenants.imports.cells import READERS, SCHEMA, TEXT_KEPT
from web.tenants.imports.layouts import Column, Found
from web.tenants.imports.reasons import words
from web.tenants.members import citizen_id, codes
from web.tenants.members.dates import PartialDate
from web.tenants.members.phones import Phone
from web.tenants.members.readings import Cell, Doubt, doubt, folded, text_of

DITTO = frozenset({"〃", "″", '"', "”", "“", "''", "同上", "同", "々", "...", "……", "…"})
FOOTER = re.compile(
    r"^(填表人|填报人|填报单位|填报时间|审核人|审批人|制表|制表人|负责人|联系人及电话|合计|小计|总计|共计|备注|说明|注|单位负责人|书记)([::（(].*|\d.*|共.*|[一二三四五]?$)"
)
_UNIQUE_FIELDS = frozenset({"name", "citizen_id", "phones", "certificate_no"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about one cell: `row` as Excel counts, `column` as the county titled it, `text` for people."""

    row: int
    field: str
    column: str
    doubt: Doubt
    is_error: bool

    @property
    def code(self) -> str:
        """The stable code."""
        return self.doubt.code

    @property
    def text(self) -> str:
        """第12行“身份证号”：…"""
        return say("第 {row} 行“{column}”：{words}", row=self.row, column=self.column, words=words(self.doubt))


@dataclass(slots=True)
class RowReading:
    """One person's row. `values` is complete and typed when there is no error; `source` the cells as they were."""

    number: int
    values: dict[str, object]
    findings: list[Finding]
    source: tuple[Cell, ...]

    @property
    def errors(self) -> list[Finding]:
        """What stops the row."""
        return [finding for finding in self.findings if finding.is_error]

    @property
    def warnings(self) -> list[Finding]:
        """What a person should look at."""
        return [finding for finding in self.findings if not finding.is_error]


@dataclass(frozen=True, slots=True)
class Register:
    """A register read: rows of people, what was skipped and left out, and candidates for the same person.

    `skipped` counts rows by kind: `before_header`, `header`, `blank`, `footer`, `repeated_header`.
    `same_person`: groups of row numbers with one identity number.
    """

    found: Found
    rows: tuple[RowReading, ...]
    skipped: Mapping[str, int]
    same_person: tuple[tuple[int, ...], ...] = ()

    @property
    def good(self) -> list[RowReading]:
        """Rows that can be imported."""
        return [row for row in self.rows if not row.errors]

    @property
    def bad(self) -> list[RowReading]:
        """Rows that cannot."""
        return [row for row in self.rows if row.errors]


@dataclass(slots=True)
class _Descent:
    """Goes down the rows and remembers what stood above."""

    found: Found
    today: date
    above: dict[int, Cell] = field(default_factory=dict)

    def read(self, index: int) -> RowReading:
        sheet, number = self.found.sheet, index + 1
        row = RowReading(number, {}, [], tuple(sheet.cell(index, c) for c in range(len(sheet.rows[index]))))
        typed: dict[str, object] = {c.field: None for c in self.found.layout.columns if c.field}
        typed |= dict.fromkeys(TEXT_KEPT.values())
        for position, column in self.found.columns.items():
            if not column.field:
                continue
            cell = self._cell(row, index, position, column)
            if column.field in TEXT_KEPT:
                typed[TEXT_KEPT[column.field]] = text_of(cell)[:200] or None
            reading = READERS[column.reader](cell, self.today)
            typed[column.field] = reading.value
            for told in reading.doubts:
                self.tell(row, column.field, told)
            if reading.error is not None:
                self.tell(row, column.field, reading.error, is_error=True)
            elif column.is_required and reading.value is None:
                self.tell(row, column.field, doubt("required"), is_error=True)
        for told_field, told, is_error in _compare(typed, self.today):
            self.tell(row, told_field, told, is_error=is_error)
        if not row.errors:
            try:
                typed = dict(SCHEMA.load(typed))
            except ValidationError as invalid:
                for name in invalid.messages_dict:
                    self.tell(row, str(name), doubt("unexpected"), is_error=True)
        row.values = typed
        return row

    def _cell(self, row: RowReading, index: int, position: int, column: Column) -> Cell:
        """The cell's own value, or the one above for 〃, merged ranges and columns that fill down."""
        cell = self.found.sheet.shown(index, position)
        key = folded(cell)
        is_ditto = key in DITTO
        if is_ditto and column.field in _UNIQUE_FIELDS:
            self.tell(row, column.field, doubt("not_like_above"), is_error=True)
            return None
        if is_ditto or (not key and column.fills_down):
            above = self.above.get(position)
            if above is not None:
                self.tell(row, column.field, doubt("filled_down", text=text_of(above)))
            elif is_ditto:
                self.tell(row, column.field, doubt("nothing_above"), is_error=True)
            return above
        if column.fills_down and column.field == "township" and cell != self.above.get(position):
            self._forget_branch()
        self.above[position] = cell
        return cell

    def _forget_branch(self) -> None:
        """A new township begins: the branch above belongs to another one."""
        for position, column in self.found.columns.items():
            if column.field == "branch":
                self.above.pop(position, None)

    def tell(self, row: RowReading, field_name: str, told: Doubt, *, is_error: bool = False) -> None:
        title = next((self.found.titles[p] for p, c in self.found.columns.items() if c.field == field_name), "")
        if not title:
            title = next((c.title for c in self.found.layout.columns if c.field == field_name), field_name)
        row.findings.append(Finding(row.number, field_name, title, told, is_error))


def _compare(typed: dict[str, object], today: date) -> Iterator[tuple[str, Doubt, bool]]:
    """Cells against each other: (field, what, is error). Fills gender, birth and the certificate from their better source."""
    number, gender, birth = typed["citizen_id"], typed["gender"], typed["birth"]
    if isinstance(number, str):
        inside, born = citizen_id.gender_of(number), citizen_id.birth_on(number)
        if isinstance(gender, str) and gender in "12" and gender != inside:
            yield "gender", doubt("gender_conflict", label=codes.GENDER.label(inside)), False
        if born is not None:
            exact = PartialDate.of(born)
            if isinstance(birth, PartialDate) and not birth.agrees(exact):
                yield "birth", doubt("birth_conflict", born=str(exact)), False
            birth = typed["birth"] = exact
        typed["gender"] = inside.value
    if typed["reason"] is None and typed["reason_text"]:
        typed["reason"] = "90"
    if isinstance(typed["has_certificate"], str):
        typed["certificate_no"] = typed["certificate_no"] or typed["has_certificate"]
        typed["has_certificate"] = True
    elif typed["certificate_no"] and typed["has_certificate"] is None:
        typed["has_certificate"] = True
    for name in ("joined", "confirmed", "left", "last_activity"):
        value = typed[name]
        if isinstance(value, PartialDate) and value.first > today:
            yield name, doubt("in_the_future", text=str(value)), True
    joined, confirmed, left, until = (typed[n] for n in ("joined", "confirmed", "left", "expected_until"))
    if isinstance(joined, PartialDate) and isinstance(birth, PartialDate):
        age = (
            joined.last.year
            - birth.first.year
            - ((joined.last.month, joined.last.day) < (birth.first.month, birth.first.day))
        )
        if age < 18:
            yield "joined", doubt("joined_too_young", age=age), True
    if isinstance(joined, PartialDate) and isinstance(confirmed, PartialDate) and confirmed.last < joined.first:
        yield "confirmed", doubt("confirmed_before_joined"), True
    if isinstance(left, PartialDate) and isinstance(until, PartialDate) and until.last < left.first:
        yield "expected_until", doubt("expected_before_left"), True


def _is_footer(found: Found, index: int) -> bool:
    """A row of signatures or sums: it says so in its first cell, and has no identity number that could be one."""
    texts = [text for cell in found.sheet.rows[index] if (text := folded(cell))]
    positions = [p for p, c in found.columns.items() if c.field == "citizen_id"]
    has_number = any(len(citizen_id.normalise(found.sheet.cell(index, p))) >= 15 for p in positions)
    return bool(texts) and not has_number and any(FOOTER.match(text) for text in texts[:2])


def read_register(found: Found, *, today: date) -> Register:
    """All rows below the header."""
    skipped = {
        "before_header": found.header_rows[0],
        "header": len(found.header_rows),
        "blank": 0,
        "footer": 0,
        "repeated_header": 0,
    }
    reader, rows = _Descent(found, today), []
    own = [p for p, c in found.columns.items() if c.field and not c.fills_down]
    for index in range(found.first_row, len(found.sheet.rows)):
        cells = [found.sheet.cell(index, position) for position in own]
        if found.is_header(index):
            skipped["repeated_header"] += 1
        elif _is_footer(found, index):
            skipped["footer"] += 1
        elif not any(folded(cell) for cell in cells):
            skipped["blank"] += 1
        else:
            rows.append(reader.read(index))
    return Register(found, tuple(rows), MappingProxyType(skipped), tuple(_mark_same_person(rows, reader)))


def _mark_same_person(rows: list[RowReading], reader: _Descent) -> Iterator[tuple[int, ...]]:
    """Later rows with the same identity number become errors; same name and birth with another number, warnings."""
    by_number: dict[object, list[RowReading]] = {}
    by_person: dict[tuple[object, str], RowReading] = {}
    for row in rows:
        number, name, birth = (row.values.get(n) for n in ("citizen_id", "name", "birth"))
        if isinstance(number, str):
            by_number.setdefault(number, []).append(row)
        if name and isinstance(birth, PartialDate):
            first = by_person.setdefault((name, str(birth)), row)
            if first is not row and first.values.get("citizen_id") != number:
                reader.tell(row, "name", doubt("same_name_birth", row=first.number))
    for same in by_number.values():
        for later in same[1:]:
            reader.tell(later, "citizen_id", doubt("duplicate_in_file", row=same[0].number), is_error=True)
        if len(same) > 1:
            yield tuple(row.number for row in same)


def primary_phone(values: Mapping[str, object]) -> Phone | None:
    """The first mobile, else the first number of a row."""
    phones = values.get("phones")
    return phones[0] if isinstance(phones, tuple) and phones and isinstance(phones[0], Phone) else None
