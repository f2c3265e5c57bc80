"""What cells of a register mean: identity numbers, names, dates, telephones, codes. Vectors of invented people only."""

from datetime import date, datetime

import pytest

from web.tenants.members import citizen_id, codes, names, phones
from web.tenants.members.dates import PartialDate, read_date, read_month

TODAY = date(2026, 11, 23)
RULE_A = (
    "99012119800101001X 990121198001010028 990121197506150136 990121199202290243 990122198507070462 99012420010520079X"
)
RULE_B = (
    "340122198001019976 330110199007159993 340828197809099966 331124198510019976 320685197202149990 330225199303039988 "
    "150221196606069970 361128197904129998 36112919870823998X"
)


@pytest.mark.parametrize("number", [*RULE_A.split(), *RULE_B.split()])
def test_invented_numbers_are_valid_and_known_as_invented(number: str) -> None:
    assert citizen_id.is_valid(number)
    assert citizen_id.is_invented(number)
    reading = citizen_id.read_citizen_id(number, today=TODAY)
    assert (reading.value, reading.doubts, reading.error) == (number, (), None)
    born = citizen_id.birth_on(number)
    assert born is not None
    assert citizen_id.invent(number[:6], born, int(number[14:17])) == number
    wrong = number[:17] + ("0" if number[17] != "0" else "1")
    assert not citizen_id.is_valid(wrong)


def test_the_published_example_is_valid_and_no_invention() -> None:
    assert citizen_id.is_valid("11010519491231002X")
    assert not citizen_id.is_invented("11010519491231002X")
    wide = str.maketrans("0123456789", "０１２３４５６７８９")
    assert not citizen_id.is_valid("11010519491231002".translate(wide) + "X"), "the same number in two spellings"
    assert citizen_id.gender_of("11010519491231002X") == codes.Gender.FEMALE
    with pytest.raises(ValueError, match="invented"):
        citizen_id.invent("110105", date(1949, 12, 31), 2)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("'99012119800101001x", "99012119800101001X"),
        ("990121 19800101 001X", "99012119800101001X"),
        ("９９０１２１１９８００１０１００１Ｘ", "99012119800101001X"),
        ("\u3000990121198001010028\n", "990121198001010028"),
        ("990121-19800101-0028", "990121198001010028"),
    ],
)
def test_untidy_numbers_are_normalised(cell: str, value: str) -> None:
    reading = citizen_id.read_citizen_id(cell, today=TODAY)
    assert (reading.value, reading.error) == (value, None)


@pytest.mark.parametrize("cell", ["990121800101001", 990121800101001, 990121800101001.0])
def test_fifteen_digits_are_converted_with_a_warning(cell: object) -> None:
    reading = citizen_id.read_citizen_id(cell, today=TODAY)
    assert reading.value == "99012119800101001X"
    assert [doubt.code for doubt in reading.doubts] == ["id_fifteen"]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (3.40122198001019e17, "id_destroyed"), ("3.40122E+17", "id_destroyed"), (340122198001019000, "id_destroyed"),
        ("340122198001019000", "id_destroyed"), ("340122198001019977", "id_check"), ("990121198002310018", "id_birth"),
        ("99012119800101001", "id_length"), ("990121209001010018", "id_birth"), ("99012119800101A01X", "id_characters"),
        ("张示甲", "id_length"), ("990121800231001", "id_birth"),
    ],
)  # fmt: skip
def test_broken_numbers_name_what_is_wrong(cell: object, code: str) -> None:
    reading = citizen_id.read_citizen_id(cell, today=TODAY)
    assert reading.value is None
    assert reading.error is not None
    assert reading.error.code == code


def test_an_unknown_province_is_a_doubt_and_a_blank_is_nothing() -> None:
    number = "880121198001010016"
    number = number[:17] + citizen_id.check_character(number[:17])
    assert [d.code for d in citizen_id.read_citizen_id(number, today=TODAY).doubts] == ["id_province"]
    assert citizen_id.read_citizen_id("  ", today=TODAY) == citizen_id.read_citizen_id(None, today=TODAY)


@pytest.mark.parametrize(
    ("typed", "kept", "key", "short"),
    [
        ("王　示", "王示", "wangshi", "ws"), ("张 伟", "张伟", "zhangwei", "zw"), ("阿依·示例", "阿依·示例", "ayishili", "aysl"),
        ("阿依•示例", "阿依·示例", "ayishili", "aysl"), ("㛃示", "㛃示", "jieshi", "js"), ("欧阳示范", "欧阳示范", "ouyangshifan", "oysf"),
        ("单示甲", "单示甲", "shanshijia", "ssj"), ("万俟演乙", "万俟演乙", "moqiyanyi", "mqyy"), ("曾例丙", "曾例丙", "zenglibing", "zlb"),
        ("吕例丁", "吕例丁", "lvliding", "lld"), ("䶮示", "䶮示", "yanshi", "ys"), ("Maria  示", "Maria 示", "mariashi", "ms"),
        ("仇演甲", "仇演甲", "qiuyanjia", "qyj"), ("尉迟示", "尉迟示", "yuchishi", "ycs"),
    ],
)  # fmt: skip
def test_names(typed: str, kept: str, key: str, short: str) -> None:
    assert names.normalise(typed) == kept
    assert (names.pinyin_key(typed), names.initials(typed)) == (key, short)
    assert names.is_plausible(kept)


def test_grams_find_every_part_of_a_name() -> None:
    assert names.grams("欧阳示范") == {"欧阳", "阳示", "示范"}
    assert names.query_grams("阳示") <= names.grams("欧阳　示范")
    assert names.query_grams("依示") <= names.grams("阿依·示例")
    assert names.grams("甲") == {"甲"}
    assert names.grams("") == frozenset()


@pytest.mark.parametrize("text", ["王", "合计：12人", "340122", "填表人:王示甲", "", "王" * 50])
def test_what_cannot_be_a_name(text: str) -> None:
    assert not names.is_plausible(text)


@pytest.mark.parametrize(
    ("cell", "iso", "codes_"),
    [
        ("1998.7", "1998-07", []), ("1998年7月", "1998-07", []), ("199807", "1998-07", []), (199807, "1998-07", []),
        (199807.0, "1998-07", []), ("98.7.1", "1998-07-01", ["date_two_digit_year"]), ("1998/7/1", "1998-07-01", []), ("1998.07.00", "1998-07", []),
        (35977, "1998-07-01", []), (35977.0, "1998-07-01", []), (datetime(1998, 7, 1), "1998-07-01", []), (date(1998, 7, 1), "1998-07-01", []),
        ("1998年7月1日", "1998-07-01", []), ("1998-07-01 00:00:00", "1998-07-01", []), ("１９９８．７", "1998-07", []), ("19980701", "1998-07-01", []),
        (1998.7, "1998-07", []), (1998.1, "1998-01", ["date_month_1_or_10"]), ("1998", "1998", ["date_year_only"]), ("1998年", "1998", ["date_year_only"]),
        ("05.6", "2005-06", ["date_two_digit_year"]), ("长期", None, ["date_long_term"]), ("", None, []), (None, None, []),
    ],
)  # fmt: skip
def test_dates_are_never_more_exact_than_typed(cell: object, iso: str | None, codes_: list[str]) -> None:
    reading = read_date(cell, today=TODAY)
    assert reading.error is None
    assert (str(reading.value) if reading.value else None) == iso
    assert [d.code for d in reading.doubts] == codes_


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("1998.2.31", "date_impossible"), ("1998.13", "date_impossible"), ("19981301", "date_impossible"), ("去年", "date_unreadable"),
        ("98", "date_unreadable"), (12, "date_unreadable"), ("1850.1", "date_impossible"), ("0000", "date_unreadable"),
    ],
)  # fmt: skip
def test_dates_that_are_none(cell: object, code: str) -> None:
    error = read_date(cell, today=TODAY).error
    assert error is not None
    assert error.code == code


def test_partial_dates_know_what_they_can_mean() -> None:
    month = PartialDate(2024, 2)
    assert (month.first, month.last, month.precision) == (date(2024, 2, 1), date(2024, 2, 29), "month")
    assert PartialDate(2024, 12).last == date(2024, 12, 31)
    assert PartialDate(2024).last == date(2024, 12, 31)
    assert month.agrees(PartialDate(2024, 2, 29))
    assert not month.agrees(PartialDate(2024, 3))
    assert sorted([PartialDate(2024, 3), PartialDate(2024), month]) == [PartialDate(2024), month, PartialDate(2024, 3)]


@pytest.mark.parametrize(
    ("cell", "iso", "codes_"),
    [
        ("2024.6", "2024-06", []), (202406, "2024-06", []), ("2024年6月", "2024-06", []), ("2024-06-30", "2024-06", []), (date(2024, 6, 30), "2024-06", []),
        ("至6月", "2026-06", ["dues_year_assumed"]), ("已缴至6月底", "2026-06", ["dues_year_assumed"]), ("交至2024.6", "2024-06", []),
        ("全年", "2026-12", ["dues_year_assumed"]), ("2025年全年", "2025-12", []), ("已缴清", None, ["dues_needs_check"]), ("2024", None, ["dues_needs_check"]),
        *((months, None, ["dues_needs_check"]) for months in ("2026.1-6", "2025.7-12", "2026年1-6", "2026/1－6", "2026.1-6月")),
        ("2026-06-30", "2026-06", []), ("2026.6.30", "2026-06", []), ("看情况", None, ["dues_needs_check"]), ("至13月", None, ["dues_needs_check"]), ("", None, []),
    ],
)  # fmt: skip
def test_dues(cell: object, iso: str | None, codes_: list[str]) -> None:
    reading = read_month(cell, today=TODAY)
    assert (str(reading.value) if reading.value else None) == iso
    assert [d.code for d in reading.doubts] == codes_


@pytest.mark.parametrize(
    ("cell", "numbers", "codes_"),
    [
        ("154 0000 1234", ["15400001234"], []), ("154-0000-1234、0571-88880000", ["15400001234", "0571-88880000"], ["phone_several"]),
        ("0571-88880000/15400001234", ["15400001234", "0571-88880000"], ["phone_several"]), (15400001234.0, ["15400001234"], []),
        ("15400001111 15400002222", ["15400001111", "15400002222"], ["phone_several"]), ("+86 15400001234", ["15400001234"], []),
        ("0556-2178000转8001", ["0556-2178000转8001"], []), ("(0571)88880000", ["0571-88880000"], []), ("2178000", ["2178000"], []),
        ("1540000123", [], ["phone_unreadable"]), ("15400001234/问村里", ["15400001234"], ["phone_unreadable"]), ("无", [], []), ("", [], []),
        ("手机：15400001234", ["15400001234"], []), ("1.54E+10", [], ["phone_unreadable"]), ("15400001234,15400001234", ["15400001234"], []),
    ],
)  # fmt: skip
def test_phones(cell: object, numbers: list[str], codes_: list[str]) -> None:
    reading = phones.read_phones(cell)
    assert [str(phone) for phone in reading.value or ()] == numbers
    assert [d.code for d in reading.doubts] == codes_


@pytest.mark.parametrize(
    ("table", "cell", "code"),
    [
        (codes.GENDER, "男", "1"), (codes.GENDER, 2, "2"), (codes.GENDER, 2.0, "2"), (codes.GENDER, "F", "2"), (codes.GENDER, " 女 ", "2"), (codes.GENDER, "", None),
        (codes.ETHNICITY, "汉", "01"), (codes.ETHNICITY, "汉族", "01"), (codes.ETHNICITY, "HA", "01"), (codes.ETHNICITY, 1, "01"), (codes.ETHNICITY, "畲族", "22"),
        (codes.ETHNICITY, "土", "30"), (codes.ETHNICITY, "基诺", "56"), (codes.ETHNICITY, "空", None), (codes.ETHNICITY, 57, "97"),
        (codes.EDUCATION, "本科", "20"), (codes.EDUCATION, "21", "21"), (codes.EDUCATION, "大专", "30"), (codes.EDUCATION, "高中", "60"), (codes.EDUCATION, "中央党校大学", "20"),
        (codes.EDUCATION, "省委党校研究生", "10"), (codes.EDUCATION, "大专（自考）", "30"),
        (codes.MEMBER_KIND, "正式", "1"), (codes.MEMBER_KIND, "预备党员", "2"), (codes.MEMBER_KIND, "中共党员", None), (codes.MEMBER_KIND, "党员", None),
        (codes.FLOW_REASON, "打工", "10"), (codes.FLOW_REASON, "带孙子", "40"), (codes.FLOW_REASON, "看孩子", "40"), (codes.FLOW_REASON, "做生意", "20"),
        (codes.FLOW_REASON, "到杭州女儿家带孙女", "40"), (codes.FLOW_REASON, "xyz", None), (codes.STANDING, "停止党籍", "suspended"),
        (codes.UNIT_KIND, "私营企业", "22"), (codes.OCCUPATION, "农民", "3"),
    ],
)  # fmt: skip
def test_codes(table: codes.CodeSet, cell: object, code: str | None) -> None:
    assert table.parse(cell) == code


def test_code_sets_are_whole_and_honest() -> None:
    assert len([code for code in codes.ETHNICITY.labels if int(code) <= 56]) == 56
    assert codes.ETHNICITY.label("56") == "基诺族"
    assert codes.GENDER.label(None) == ""
    assert [d.code for d in codes.FLOW_REASON.read("到杭州女儿家带孙女").doubts] == ["flow_reason_guessed"]
    assert [d.code for d in codes.MEMBER_KIND.read("中共党员").doubts] == ["member_kind_unknown"]
    assert {standing.value for standing in codes.Standing} == set(codes.STANDING.labels)
    with pytest.raises(ValueError, match="without a label"):
        codes.CodeSet("x", {"1": "一"}, {"二": "2"})


@pytest.mark.parametrize(
    ("home", "host", "scope"),
    [("340828", "330110", "1"), ("331124", "330110", "2"), ("330113", "330110", "3"), ("330110", "330110005", "4"), ("33", "330110", None), ("331124", "330000", "2")],
)  # fmt: skip
def test_flow_scope(home: str, host: str, scope: str | None) -> None:
    assert codes.flow_scope(home, host) == scope


@pytest.mark.parametrize(
    ("cell", "value"),
    [("√", True), ("是", True), ("无", False), ("×", False), (True, True), ("", None), ("也许", None)],
)
def test_yes_no(cell: object, value: bool | None) -> None:
    assert codes.read_yes_no(cell).value is value
