"""Opening a spreadsheet somebody uploaded, within bounded time and memory, or refusing it with a clear code.

The rule: what was checked is what is read. The archive is opened once; the parts that matter are unpacked under limits
and scanned with a streaming parser, which counts real cells and never believes declared dimensions; then exactly those
bytes are packed into a new archive in memory, and only that reaches the reader. Macros, links, pictures stay behind.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from xml.parsers import expat

from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from web.core.errors import DomainError
from web.core.saying import joined
from web.tenants.members.readings import Cell, Doubt, doubt

MIB = 1024 * 1024


class ImportRefused(DomainError):
    """The whole file cannot be imported; nothing was written. Codes and their words: `imports.reasons`."""

    status = 422


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a file we are willing to look at. Counties' registers stay far below."""

    file_bytes: int = 10 * MIB
    parts: int = 500
    part_bytes: int = 48 * MIB
    unpacked_bytes: int = 80 * MIB
    ratio: int = 200
    ratio_from_bytes: int = 4 * MIB
    sheets: int = 30
    rows: int = 20_000
    columns: int = 200
    area: int = 2_000_000
    characters: int = 20_000_000
    merged_cells: int = 200_000


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A visible sheet: `rows[r][c]` with r, c from 0 as in the file (nothing skipped), None for an empty cell.

    `merged` maps a covered cell to the upper left cell of its range.
    """

    name: str
    rows: list[list[Cell]]
    merged: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)

    def cell(self, row: int, column: int) -> Cell:
        """The cell itself, None outside."""
        cells = self.rows[row] if 0 <= row < len(self.rows) else []
        return cells[column] if 0 <= column < len(cells) else None

    def shown(self, row: int, column: int) -> Cell:
        """What a person sees there: a cell inside a merged range shows the value of the range."""
        return self.cell(*self.merged.get((row, column), (row, column)))


@dataclass(frozen=True, slots=True)
class Workbook:
    """The visible sheets, and notes about what was left aside (hidden sheets, pictures, formulas without a value or with an error)."""

    sheets: tuple[Sheet, ...]
    notes: tuple[Doubt, ...] = ()


@dataclass(slots=True)
class _Scan:
    """What a worksheet part really holds."""

    rows: int = 0
    columns: int = 0
    characters: int = 0
    formulas_without_value: int = 0
    errors: list[str] = field(default_factory=list)
    hidden_columns: set[int] = field(default_factory=set)
    string_uses: list[int] = field(default_factory=list)


def read_workbook(data: bytes, *, limits: Limits = LIMITS) -> Workbook:
    """The visible sheets of an .xlsx file. Raises ImportRefused; see the table of codes in `imports.reasons`."""
    if len(data) > limits.file_bytes:
        raise ImportRefused("file_too_large", megabytes=round(len(data) / MIB, 1), limit=limits.file_bytes // MIB)
    _refuse_other_formats(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts, notes = _unpack(archive, limits)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError) as broken:
        raise ImportRefused("file_damaged") from broken
    scans = _scan_parts(parts, limits)
    counts = {
        "formulas_without_value": sum(scan.formulas_without_value for scan in scans),
        "hidden_columns_read": sum(len(scan.hidden_columns) for scan in scans),
    }
    notes.extend(doubt(code, count=count) for code, count in counts.items() if count)
    if errors := [cell for scan in scans for cell in scan.errors]:
        notes.append(doubt("formula_errors", count=len(errors), cells=joined("、", errors[:5])))
    return _read(_repack(parts), notes, limits)


def _refuse_other_formats(data: bytes) -> None:
    if not data:
        raise ImportRefused("file_empty")
    if data.startswith(b"PK\x03\x04"):
        return
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        protected = "EncryptedPackage".encode("utf-16-le") in data
        raise ImportRefused("password_protected" if protected else "old_xls")
    if data.startswith(b"%PDF"):
        raise ImportRefused("not_a_spreadsheet")
    head = data[:4096]
    if b"\x00" not in head:
        markup = re.match(rb"(\xef\xbb\xbf)?\s*<(!|\?|html|table)", head, re.IGNORECASE)
        raise ImportRefused("html_table" if markup else "csv")
    raise ImportRefused("not_a_spreadsheet")


def _unpack(archive: zipfile.ZipFile, limits: Limits) -> tuple[dict[str, bytes], list[Doubt]]:
    """The parts we read, unpacked under the limits, and notes about what stays behind."""
    infos = archive.infolist()
    if len(infos) > limits.parts:
        raise ImportRefused("too_complex")
    names = [info.filename.lower() for info in infos]
    if len(set(names)) != len(names):
        raise ImportRefused("file_damaged")
    if any(info.flag_bits & 0x1 for info in infos):
        raise ImportRefused("password_protected")
    if any(name.endswith("vbaproject.bin") for name in names):
        raise ImportRefused("macros")
    if "xl/workbook.bin" in names:
        raise ImportRefused("old_xls")
    if "xl/workbook.xml" not in names:
        raise ImportRefused("not_a_spreadsheet")
    notes = []
    pictures = sum(name.startswith("xl/media/") for name in names)
    if pictures:
        notes.append(doubt("pictures_ignored", count=pictures))
    parts: dict[str, bytes] = {}
    left = limits.unpacked_bytes
    for info in infos:
        if not _is_wanted(info.filename.lower()):
            continue
        if info.file_size > min(left, limits.part_bytes):
            raise ImportRefused("unpacks_too_large", limit=limits.unpacked_bytes // MIB)
        if info.file_size > limits.ratio_from_bytes and info.file_size > limits.ratio * max(1, info.compress_size):
            raise ImportRefused("unpacks_too_large", limit=limits.unpacked_bytes // MIB)
        with archive.open(info) as stream:  # ends at the declared size, then compares the checksum: lies are BadZipFile
            parts[info.filename] = stream.read(info.file_size + 1)
        left -= len(parts[info.filename])
    return parts, notes


def _is_wanted(name: str) -> bool:
    return name in {"[content_types].xml", "_rels/.rels"} or (
        name.startswith(("xl/workbook.xml", "xl/_rels/", "xl/styles.xml", "xl/sharedstrings.xml", "xl/worksheets/"))
        and name.endswith((".xml", ".rels"))
    )


def _parser() -> expat.XMLParserType:
    """A streaming parser that refuses entity definitions and encodings the second reader might see differently."""
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise ImportRefused("file_damaged")

    def declared(_version: str, encoding: str | None, _standalone: int) -> None:
        if (encoding or "utf-8").lower() not in {"utf-8", "utf8", "us-ascii"}:
            refuse()

    parser.StartDoctypeDeclHandler = refuse
    parser.XmlDeclHandler = declared
    return parser


def _parse(parser: expat.XMLParserType, data: bytes) -> None:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ImportRefused("file_damaged")
    try:
        for start in range(0, len(data), MIB):
            parser.Parse(data[start : start + MIB], False)
        parser.Parse(b"", True)
    except expat.ExpatError as broken:
        raise ImportRefused("file_damaged") from broken


def _scan_parts(parts: dict[str, bytes], limits: Limits) -> list[_Scan]:
    """Each worksheet's true size; shared strings count as often as cells use them."""
    lengths: list[int] = []
    for name, data in parts.items():
        if name.lower() == "xl/sharedstrings.xml":
            lengths = _string_lengths(data)
    scans: list[_Scan] = []
    sheets = [d for n, d in parts.items() if n.lower().startswith("xl/worksheets/") and n.lower().endswith(".xml")]
    if len(sheets) > limits.sheets:
        raise ImportRefused("too_complex")
    characters = area = 0
    for data in sheets:
        scan = _scan_sheet(data, limits)
        scans.append(scan)
        if any(index >= len(lengths) for index in scan.string_uses):
            raise ImportRefused("file_damaged")
        characters += scan.characters + sum(lengths[index] for index in scan.string_uses)
        area += scan.rows * scan.columns
        scan.string_uses.clear()
        if characters > limits.characters or area > limits.area:
            raise ImportRefused("too_many_cells")
    return scans


def _string_lengths(data: bytes) -> list[int]:
    lengths: list[int] = []
    parser = _parser()

    def start(tag: str, _: dict[str, str]) -> None:
        if tag.rpartition(":")[2] == "si":
            lengths.append(0)

    def text(characters: str) -> None:
        if lengths:
            lengths[-1] += len(characters)

    parser.StartElementHandler, parser.CharacterDataHandler = start, text
    _parse(parser, data)
    return lengths


def _scan_sheet(data: bytes, limits: Limits) -> _Scan:
    scan = _Scan()
    parser = _parser()
    row = column = 0
    tag_open = kind = ""
    has_value = has_formula = False
    value: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal row, column, tag_open, kind, has_value, has_formula
        tag = tag.rpartition(":")[2]
        if tag == "row":
            row, column = _whole(attributes.get("r"), row + 1), 0
        elif tag == "c":
            row, column = _position(attributes.get("r"), row, column + 1)
            kind, has_value, has_formula = attributes.get("t", ""), False, False
        elif tag in ("v", "is"):
            has_value = has_value or kind == "str"  # a formula may well give an empty text
            tag_open = tag
            value.clear()
        elif tag == "f":
            has_formula = True
        elif tag == "col" and attributes.get("hidden") in ("1", "true"):
            first = _whole(attributes.get("min"), 1)
            last = _whole(attributes.get("max"), first)
            scan.hidden_columns.update(range(first - 1, min(last, limits.columns)))

    def text(characters: str) -> None:
        nonlocal has_value
        if tag_open:
            has_value = True
            scan.characters += len(characters)
            if kind == "s":
                value.append(characters[:20])

    def end(tag: str) -> None:
        nonlocal tag_open
        tag = tag.rpartition(":")[2]
        if tag == tag_open:
            tag_open = ""
        if tag != "c":
            return
        if has_formula and not has_value:
            scan.formulas_without_value += 1
        if not has_value:
            return  # a cell that is only painted
        scan.rows, scan.columns = max(scan.rows, row), max(scan.columns, column)
        if scan.rows > limits.rows:
            raise ImportRefused("too_many_rows", limit=limits.rows)
        if scan.columns > limits.columns:
            raise ImportRefused("too_many_columns", limit=limits.columns)
        if kind == "e" and len(scan.errors) < limits.rows:
            scan.errors.append(f"{_letters(column)}{row}")
        if kind == "s" and (index := "".join(value).strip()):
            scan.string_uses.append(_whole(index, 0))
        if scan.characters > limits.characters or len(scan.string_uses) > limits.area:
            raise ImportRefused("too_many_cells")

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    _parse(parser, data)
    return scan


def _whole(text: str | None, default: int) -> int:
    """A number from an attribute. Absent: the default; anything else that is no small number: damaged."""
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,8}", text):
        raise ImportRefused("file_damaged")
    return int(text)


def _position(reference: str | None, row: int, column: int) -> tuple[int, int]:
    if reference is None:
        return row, column
    match = re.fullmatch(r"([A-Za-z]{1,3})([0-9]{1,7})", reference)
    if match is None:
        raise ImportRefused("file_damaged")
    number = 0
    for letter in match[1].upper():
        number = number * 26 + ord(letter) - 64
    return int(match[2]), number


def _letters(column: int) -> str:
    """28 → AB."""
    text = ""
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def _repack(parts: dict[str, bytes]) -> io.BytesIO:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    parts.clear()
    target.seek(0)
    return target


def _read(source: io.BytesIO, notes: list[Doubt], limits: Limits) -> Workbook:
    try:
        book = CalamineWorkbook.from_filelike(source)
        hidden = [meta.name for meta in book.sheets_metadata if meta.visible != SheetVisibleEnum.Visible]
        if hidden:
            notes.append(doubt("hidden_sheets_ignored", names=joined("、", (name[:30] for name in hidden[:10]))))
        sheets = []
        for position, meta in enumerate(book.sheets_metadata):
            if meta.visible != SheetVisibleEnum.Visible or meta.typ != SheetTypeEnum.WorkSheet:
                continue
            sheet = book.get_sheet_by_index(position)
            rows = [[_cell(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
            merged = dict(_merged(sheet.merged_cell_ranges or [], rows, limits))
            sheets.append(Sheet(meta.name, rows, merged))
    except DomainError:
        raise
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as broken:  # the reader is native code: a panic there is no Exception
        raise ImportRefused("file_damaged") from broken
    if not any(sheet.rows for sheet in sheets):
        raise ImportRefused("file_empty")
    return Workbook(tuple(sheets), tuple(notes))


def _merged(
    ranges: list[tuple[tuple[int, int], tuple[int, int]]], rows: list[list[Cell]], limits: Limits
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    height, width, left = len(rows), max(map(len, rows), default=0), limits.merged_cells
    for (top, first), (bottom, last) in ranges:
        for row in range(top, min(bottom + 1, height)):
            for column in range(first, min(last + 1, width)):
                left -= 1
                if left < 0:
                    raise ImportRefused("too_complex")
                if (row, column) != (top, first):
                    yield (row, column), (top, first)


def _cell(value: object) -> Cell:
    """Empty text becomes None, whole floats stay floats (an ID that became a number must be seen), times become text."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str | bool | int | float | datetime | date):
        return value
    return str(value)
