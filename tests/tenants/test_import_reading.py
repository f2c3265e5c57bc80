"""Opening uploaded files: what is refused with which words, within bounded memory, and what survives."""

import io
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from web.tenants.imports import reasons
from web.tenants.imports.reading import ImportRefused, Limits, read_workbook

ROOT = Path(__file__).parents[2]
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504
XML = '<?xml version="1.0" encoding="UTF-8"?>'
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def plain_book(*rows: Sequence[object]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows or (["姓名", "身份证号"],):
        book.active.append(row)
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def with_parts(data: bytes, **changes: str | bytes | None) -> bytes:
    """The same archive with parts replaced, added (None: removed). `__` in a keyword stands for `/`."""
    wanted = {name.replace("__", "/").replace("_DOT_", "."): value for name, value in changes.items()}
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in wanted:
                new.writestr(name, old.read(name))
        for name, value in wanted.items():
            if value is not None:
                new.writestr(name, value)
    return target.getvalue()


def with_sheet(cells: str, *, before: str = "", after: str = "") -> bytes:
    xml = f"{XML}<worksheet {MAIN}>{before}<sheetData>{cells}</sheetData>{after}</worksheet>"
    return with_parts(plain_book(), xl__worksheets__sheet1_DOT_xml=xml)


def refusal(data: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(ImportRefused) as caught:
        read_workbook(data, limits=limits or Limits())
    assert caught.value.code in reasons.REFUSALS
    said = reasons.words(caught.value)
    assert "{" not in said
    assert "…" not in said
    return caught.value.code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file_empty"),
        (OLE + b"\0" * 400, "old_xls"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "password_protected"),
        ("姓名,身份证号\n王示甲,1".encode("gb18030"), "csv"),
        ("\ufeff姓名,身份证号".encode(), "csv"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "html_table"),
        (b"%PDF-1.7 \x00", "not_a_spreadsheet"),
        (b"\x00\x01\x02", "not_a_spreadsheet"),
        (b"PK\x03\x04 and nothing more", "file_damaged"),
        (plain_book()[:-200], "file_damaged"),
        (with_parts(plain_book(), xl__vbaProject_DOT_bin=b"x"), "macros"),
        (with_parts(plain_book(), xl__workbook_DOT_xml=None, word__document_DOT_xml="<w/>"), "not_a_spreadsheet"),
        (with_parts(plain_book(), xl__workbook_DOT_bin=b"x"), "old_xls"),
        (with_parts(plain_book(), xl__workbook_DOT_xml="<broken"), "file_damaged"),
        (with_sheet("<row><c><v>1</v></row>"), "file_damaged"),
        (saved(openpyxl.Workbook()), "file_empty"),
    ],
)
def test_other_and_broken_files_are_refused_with_clear_words(data: bytes, code: str) -> None:
    assert refusal(data) == code


def test_an_encrypted_member_is_told_as_a_password() -> None:
    data = bytearray(plain_book())
    position = data.rfind(b"PK\x01\x02")
    data[position + 8] |= 1
    assert refusal(bytes(data)) == "password_protected"


def test_every_limit_is_kept() -> None:
    data = plain_book(["姓名"], *[["王示甲"]] * 50)
    assert refusal(data, Limits(file_bytes=100)) == "file_too_large"
    assert refusal(data, Limits(parts=3)) == "too_complex"
    assert refusal(data, Limits(unpacked_bytes=100)) == "unpacks_too_large"
    assert refusal(data, Limits(rows=50)) == "too_many_rows"
    assert refusal(plain_book(list("一二三四")), Limits(columns=3)) == "too_many_columns"
    assert refusal(data, Limits(area=50)) == "too_many_cells"
    assert refusal(data, Limits(characters=100)) == "too_many_cells"
    assert refusal(data, Limits(sheets=0)) == "too_complex"


def test_declared_dimensions_are_not_believed_and_painted_cells_do_not_count() -> None:
    cells = '<row r="1"><c r="A1"><v>7</v></c><c r="XFD1" s="0"/></row><row r="1048576"><c r="A1048576" s="0"/></row>'
    rows = read_workbook(with_sheet(cells, before='<dimension ref="A1:XFD1048576"/>')).sheets[0].rows
    assert rows == [[7.0]]
    far = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    assert refusal(with_sheet(far)) == "too_many_rows"
    assert refusal(with_sheet('<row r="1"><c r="XFD1"><v>1</v></c></row>')) == "too_many_columns"
    assert refusal(with_sheet('<row r="1"><c r="A99999999999"><v>1</v></c></row>')) == "file_damaged"
    assert refusal(with_sheet('<row r="1"><c r="A1" t="s"><v>999</v></c></row>')) == "file_damaged"


def test_entities_and_foreign_encodings_are_refused() -> None:
    bomb = f'{XML}<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet {MAIN}><sheetData/></worksheet>'
    assert refusal(with_parts(plain_book(), xl__worksheets__sheet1_DOT_xml=bomb)) == "file_damaged"
    utf16 = f'<?xml version="1.0" encoding="UTF-16"?><worksheet {MAIN}/>'.encode("utf-16")
    assert refusal(with_parts(plain_book(), xl__worksheets__sheet1_DOT_xml=utf16)) == "file_damaged"


def test_sizes_that_lie_are_found_out() -> None:
    data = bytearray(plain_book(["姓名"] * 20, ["王示甲"] * 20))
    position = data.find(b"PK\x01\x02")
    while position >= 0:  # every entry of the directory claims to unpack to 10 bytes
        data[position + 24 : position + 28] = (10).to_bytes(4, "little")
        position = data.find(b"PK\x01\x02", position + 4)
    assert refusal(bytes(data)) == "file_damaged"


def test_bombs_are_refused_within_bounded_memory() -> None:
    """A gigabyte of zeros, a shared string of a megabyte used fifty thousand times, merged cells without end."""
    script = """
        import io, re, resource, sys, zipfile
        from tests.tenants.test_import_reading import XML, MAIN, plain_book, refusal, with_parts, with_sheet
        resource.setrlimit(resource.RLIMIT_AS, (900 << 20, 900 << 20))
        one = '<row>' + '<c t="s"><v>0</v></c>' * 100 + '</row>'
        strings = f'{XML}<sst {MAIN}><si><t>' + 'x' * (1 << 20) + '</t></si></sst>'
        amplified = with_parts(with_sheet(one * 500), xl__sharedStrings_DOT_xml=strings)
        assert refusal(amplified) == 'too_many_cells', 'strings'
        merges = '<mergeCells>' + '<mergeCell ref="A1:CV2000"/>' * 50 + '</mergeCells>'
        full = '<row>' + '<c><v>1</v></c>' * 100 + '</row>'
        assert refusal(with_sheet(full * 2000, after=merges)) == 'too_complex', 'merges'
        target = io.BytesIO()
        with zipfile.ZipFile(target, 'w', zipfile.ZIP_DEFLATED) as archive:
            archive.writestr('xl/workbook.xml', '<workbook/>')
            with archive.open('xl/worksheets/sheet1.xml', 'w', force_zip64=True) as part:
                for _ in range(1024):
                    part.write(b'0' * (1 << 20))
        assert refusal(target.getvalue()) == 'unpacks_too_large', 'zeros'
        # Of this program alone: ru_maxrss would begin with the size of the process that started it.
        print('peak', int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]) // 1024)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout.split()[-1]) < 500


def test_values_merges_and_notes() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet["A1"], sheet["B1"], sheet["C1"], sheet["D1"] = "支部", 12, date(2024, 6, 1), "=1+1"
    sheet["A2"] = "  "
    sheet.merge_cells("A1:A3")
    sheet["B3"] = True
    sheet["C3"] = "#REF!"
    sheet.column_dimensions["C"].hidden = True
    book.create_sheet("草稿").sheet_state = "hidden"
    book["草稿"]["A1"] = "不读"
    data = with_parts(saved(book), xl__media__image1_DOT_png=b"x")
    read = read_workbook(data)
    assert [sheet.name for sheet in read.sheets] == ["Sheet"]
    found = read.sheets[0]
    assert found.rows[0] == ["支部", 12.0, date(2024, 6, 1)]
    assert found.cell(1, 0) is None
    assert found.shown(1, 0) == found.shown(2, 0) == "支部"
    assert found.cell(2, 1) is True
    assert found.cell(99, 99) is None
    told = {note.code: reasons.words(note) for note in read.notes}
    assert set(told) == {
        "hidden_sheets_ignored",
        "hidden_columns_read",
        "pictures_ignored",
        "formulas_without_value",
        "formula_errors",
    }
    assert "（C3 等）" in told["formula_errors"]
    assert "草稿" in told["hidden_sheets_ignored"]


def test_every_word_can_be_said() -> None:
    for table in (reasons.REFUSALS, reasons.NOTES, reasons.CELLS):
        for code in table:
            assert reasons.words(ImportRefused(code)).endswith("。")
