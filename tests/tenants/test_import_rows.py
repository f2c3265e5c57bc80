"""Registers as counties have them: the untidy variants, each with what must come of it. Invented people only."""

import io
import time
from collections.abc import Mapping, Sequence
from datetime import date

import openpyxl
import pytest

from web.tenants.counties.divisions import Place
from web.tenants.imports.errors_file import errors_workbook, neutral
from web.tenants.imports.layouts import Found, find_layout
from web.tenants.imports.reading import ImportRefused, read_workbook
from web.tenants.imports.rows import Register, read_register
from web.tenants.imports.template import template_workbook
from web.tenants.members.dates import PartialDate

TODAY = date(2026, 11, 23)
HEADER = [
    "序号",
    "所属乡镇",
    "所在党支部",
    "姓名",
    "性别",
    "身份证号",
    "入党时间",
    "联系电话",
    "流入地（省市县）",
    "流出原因",
]
A, B, C = "99012119800101001X", "990121198001010028", "990121197506150136"


def person(**changes: object) -> dict[str, object]:
    return {
        "所属乡镇": "天堂镇", "所在党支部": "示例村党支部", "姓名": "王示甲", "身份证号": A, "入党时间": "2003.7",
        **changes,
    }  # fmt: skip


def found_in(*rows: Sequence[object], merge: tuple[str, ...] = ()) -> Found:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for cell in (cell for line in book.active.iter_rows() for cell in line if cell.data_type == "f"):
        cell.data_type = "s"  # a text that only looks like a formula
    for area in merge:
        book.active.merge_cells(area)
    target = io.BytesIO()
    book.save(target)
    return find_layout(read_workbook(target.getvalue()))


def register(
    *people: Mapping[str, object], before: tuple[Sequence[object], ...] = (), after: tuple[Sequence[object], ...] = ()
) -> Register:
    titles = list(dict.fromkeys([*HEADER, *(title for row in people for title in row)]))
    rows = [[row.get(title) for title in titles] for row in people]
    return read_register(found_in(*before, titles, *rows, *after), today=TODAY)


def codes(read: Register, row: int = 0) -> list[str]:
    return [finding.code for finding in read.rows[row].findings]


def value(read: Register, name: str, row: int = 0) -> object:
    return read.rows[row].values[name]


def test_title_unit_date_rows_and_footers_are_skipped_and_counted() -> None:
    read = register(
        person(), person(姓名="李例乙", 身份证号=B),
        before=(["岳西县流动党员信息库"], ["填报单位：示例单位", None, "2026年11月20日"], []),
        after=([], ["小计", 2], ["合计：2人"], ["填表人：王示甲", None, None, "审核人：李例乙"], ["注：本表一式两份"]),
    )  # fmt: skip
    assert [row.values["name"] for row in read.rows] == ["王示甲", "李例乙"]
    assert not read.bad
    assert dict(read.skipped) == {"before_header": 3, "header": 1, "blank": 1, "footer": 4, "repeated_header": 0}
    assert read.rows[0].number == 5


def test_merged_header_of_two_rows() -> None:
    upper = ["序号", "党支部", "姓  名", "公民身份证号码", "外出务工情况", None, None, "与党组织联系方式", "思想状况"]
    lower = [None, None, None, None, "何时外出", "地点", "从事职业及年收入", None, None]
    row = [1, "示例村党支部", "王示甲", A, "2024年3月", "杭州余杭", "电工 8万", "154 0000 1234", "稳定"]
    merge = ("A2:A3", "B2:B3", "C2:C3", "D2:D3", "E2:G2", "H2:H3", "I2:I3", "A1:I1")
    found = found_in(["流出党员名册"], upper, lower, row, merge=merge)
    assert found.header_rows[-1] == 2
    assert found.private == ("从事职业及年收入", "思想状况")
    read = read_register(found, today=TODAY)
    assert not read.bad
    assert str(value(read, "left")) == "2024-03"
    assert "8万" not in str(read.rows[0].values)
    assert "稳定" not in str(read.rows[0].values)


def test_the_header_repeated_on_each_printed_page_is_skipped() -> None:
    again = dict(zip(HEADER, HEADER, strict=True))
    read = register(person(), again, person(姓名="李例乙", 身份证号=B))
    assert len(read.rows) == 2
    assert read.skipped["repeated_header"] == 1


def test_ditto_marks_merged_cells_and_blanks_fill_down() -> None:
    read = register(
        person(),
        person(姓名="李例乙", 身份证号=B, 所属乡镇="〃", 所在党支部="同上", 入党时间="〃"),
        person(姓名="张演丙", 身份证号=C, 所属乡镇=None, 所在党支部=None),
    )
    assert {row.values["branch"] for row in read.rows} == {"示例村党支部"}
    assert str(value(read, "joined", 1)) == "2003-07"
    assert codes(read, 1).count("filled_down") == 3
    assert codes(read, 2) == ["filled_down", "filled_down"]
    merged = found_in(
        ["所在党支部", "姓名", "身份证号", "性别"],
        ["示例村党支部", "王示甲", A, "男"],
        [None, "李例乙", B, "女"],
        merge=("A2:A3",),
    )
    assert [row.values["branch"] for row in read_register(merged, today=TODAY).rows] == ["示例村党支部"] * 2


def test_a_branch_never_fills_down_into_another_township() -> None:
    read = register(person(), person(姓名="李例乙", 身份证号=B, 所属乡镇="店前镇", 所在党支部=None))
    assert [(f.field, f.code) for f in read.rows[1].errors] == [("branch", "required")]


def test_ditto_where_every_person_differs_is_an_error() -> None:
    read = register(person(), person(姓名="〃", 身份证号="同上"))
    assert {(f.field, f.code) for f in read.rows[1].errors} >= {
        ("name", "not_like_above"),
        ("citizen_id", "not_like_above"),
    }
    assert codes(register(person(入党时间="〃"))) == ["nothing_above"]


@pytest.mark.parametrize("cell", [340122198001019976, 3.40122e17, "3.40122E+17", "340122198001019000"])
def test_a_destroyed_identity_number_stops_the_row_and_says_how_to_mend_it(cell: object) -> None:
    read = register(person(身份证号=cell))
    (error,) = read.rows[0].errors
    assert error.code == "id_destroyed"
    assert error.text.startswith("第 2 行“身份证号”：身份证号已失真")
    assert "文本格式" in error.text


def test_untidy_identity_numbers_survive() -> None:
    read = register(person(身份证号="'990121 19800101 001x"), person(姓名="李例乙", 身份证号="990121800101002"))
    assert not read.bad
    assert value(read, "citizen_id") == A
    assert codes(read, 1) == ["id_fifteen"]
    assert value(read, "citizen_id", 1) == B


def test_gender_and_birth_follow_the_number_with_a_warning() -> None:
    read = register(
        person(性别="女", 出生年月="1981.1"), person(姓名="李例乙", 身份证号=B, 性别=2, 出生年月="1980年1月")
    )
    assert codes(read) == ["gender_conflict", "birth_conflict"]
    assert (value(read, "gender"), value(read, "birth")) == ("1", PartialDate(1980, 1, 1))
    assert codes(read, 1) == []
    assert value(read, "gender", 1) == "2"
    assert value(register(person()), "gender") == "1"


def test_cells_keep_their_original_beside_the_code() -> None:
    read = register(
        person(
            民族="汉", 学历="省委党校研究生", 流出原因="到女儿家带孙子", 联系电话="0556-2178000/15400001234", 党费缴至="至6月",
            是否持证="岳流〔2024〕12号", 党员类别="中共党员", **{"流入地（省市县）": "外地"},
        )
    )  # fmt: skip
    assert not read.bad
    assert (value(read, "ethnicity"), value(read, "education"), value(read, "education_text")) == (
        "01",
        "10",
        "省委党校研究生",
    )
    assert (value(read, "reason"), value(read, "reason_text")) == ("40", "到女儿家带孙子")
    assert (value(read, "has_certificate"), value(read, "certificate_no")) == (True, "岳流〔2024〕12号")
    assert str(value(read, "dues_paid_until")) == "2026-06"
    assert value(read, "kind") is None
    assert value(read, "host_text") == "外地"
    assert set(codes(read)) == {
        "education_guessed", "flow_reason_guessed", "phone_several", "dues_year_assumed", "member_kind_unknown", "place_vague",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("浙江杭州", "330100", []), ("杭州余杭", "330110", []), ("余杭区五常街道", "330110005", []), ("上海", "310000", []),
        ("海安县", "320685", ["place_renamed"]), ("余杭区临平街道", "330113001", ["place_renamed"]), ("国外", None, ["place_abroad"]),
        ("朝阳", "211300", ["place_ambiguous"]), ("鼓楼区", None, ["place_ambiguous"]), ("村里", None, ["place_unread"]),
        ("余杭", "330110", ["place_confirm"]),
    ],
)  # fmt: skip
def test_places(text: str, code: str | None, told: list[str]) -> None:
    read = register(person(**{"流入地（省市县）": text}))
    place = value(read, "host_place")
    assert isinstance(place, Place)
    assert place.code == code
    assert codes(read) == told


def test_an_unknown_reason_becomes_other_and_keeps_its_text() -> None:
    read = register(person(流出原因="说来话长"))
    assert (value(read, "reason"), value(read, "reason_text"), codes(read)) == (
        "90",
        "说来话长",
        ["flow_reason_unknown"],
    )


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"姓名": None}, "name", "required"), ({"姓名": "12345"}, "name", "name_implausible"), ({"身份证号": None}, "citizen_id", "required"),
        ({"入党时间": "2003.2.31"}, "joined", "date_impossible"), ({"入党时间": "早年"}, "joined", "date_unreadable"),
        ({"入党时间": "1997.1"}, "joined", "joined_too_young"), ({"入党时间": "2030.1"}, "joined", "in_the_future"),
        ({"转正时间": "2002.7"}, "confirmed", "confirmed_before_joined"), ({"流出时间": "2024.3", "预计返回时间": "2024.2"}, "expected_until", "expected_before_left"),
        ({"备注": "长" * 300}, "remark", "too_long"), ({"身份证号": A[:-1] + "1"}, "citizen_id", "id_check"),
        ({"身份证号": "990121198002310018"}, "citizen_id", "id_birth"), ({"身份证号": A[:17]}, "citizen_id", "id_length"),
    ],
)  # fmt: skip
def test_what_stops_a_row(changes: dict[str, object], field: str, code: str) -> None:
    read = register(person(**changes))
    assert [(f.field, f.code) for f in read.rows[0].errors] == [(field, code)]
    assert read.good == []


def test_the_same_number_twice_is_a_candidate_and_namesakes_are_never_merged() -> None:
    read = register(
        person(), person(所在党支部="演示村党支部"), person(身份证号=C), person(姓名="李例乙", 身份证号="990121198001010036"), person(姓名="李例乙", 身份证号=B),
    )  # fmt: skip
    assert read.same_person == ((2, 3),)
    assert [(f.code, f.doubt.params["row"]) for f in read.rows[1].errors] == [("duplicate_in_file", 2)]
    assert codes(read, 2) == []  # same name, another birth: another person
    assert "same_name_birth" in codes(read, 4)
    assert not read.rows[4].errors


def test_rare_names_survive() -> None:
    read = register(
        person(姓名="王　示"), person(姓名="阿依·示例", 身份证号=B), person(姓名="㛃示", 身份证号=C), person(姓名="䶮示", 身份证号="990121198001010036"),
        person(姓名="Maria 示", 身份证号="990122198507070462", 入党时间="2008.7"),
    )  # fmt: skip
    assert not read.bad
    assert [row.values["name"] for row in read.rows] == ["王示", "阿依·示例", "㛃示", "䶮示", "Maria 示"]


def test_private_columns_are_dropped_and_said_and_unknown_ones_listed() -> None:
    read = register(person(年收入="8万", 思想状况="好", 家庭困难="有", 健康状况="良", 年龄=46, 特长="电工"))
    assert read.found.private == ("年收入", "思想状况", "家庭困难", "健康状况")
    assert read.found.ignored == ("特长",)
    assert "8万" not in str(read.rows[0].values)


def test_a_title_twice_is_read_once_and_said() -> None:
    found = found_in(
        ["所在党支部", "姓名", "身份证号", "手机", "联系电话"],
        ["示例村党支部", "王示甲", A, "15400001234", "15400009999"],
    )
    assert found.repeated == ("联系电话",)


def test_missing_header_or_columns_refuse_the_file() -> None:
    with pytest.raises(ImportRefused) as caught:
        found_in(["今天", "天气", "很好"], ["王示甲"])
    assert caught.value.code == "header_not_found"
    with pytest.raises(ImportRefused) as caught:
        found_in(["姓名", "性别", "民族", "学历"], ["王示甲"])
    assert (caught.value.code, caught.value.params) == ("columns_missing", {"titles": "所在党支部、身份证号"})


def test_the_list_of_errors_comes_back_mended() -> None:
    read = register(
        person(备注="=1+1", 身份证号=A[:-1] + "1", 年收入="8万", 入党时间=date(2003, 7, 1)), person(姓名="李例乙", 身份证号=B),
        before=(["标题"],),
    )  # fmt: skip
    data = errors_workbook(read)
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert rows[0][-1] == "原因"
    assert "年收入" not in rows[0]
    assert len(rows) == 2
    assert "校验码不对" in rows[1][-1]
    assert rows[1][rows[0].index("备注")] == "'=1+1"
    assert all(cell.data_type != "f" for line in sheet.iter_rows() for cell in line)
    sheet.cell(2, rows[0].index("身份证号") + 1).value = A
    mended = io.BytesIO()
    sheet.parent.save(mended)
    again = read_register(find_layout(read_workbook(mended.getvalue())), today=TODAY)
    assert not again.bad
    assert again.rows[0].values["remark"] == "=1+1"
    assert str(again.rows[0].values["joined"]) == "2003-07-01"
    assert again.found.ignored == ()


@pytest.mark.parametrize("text", ["=1+1", "+86", "-1", "@x", "\tx"])
def test_formulas_are_neutralised(text: str) -> None:
    assert neutral(text) == f"'{text}"
    assert neutral("王示甲") == "王示甲"


def test_three_thousand_rows_of_fifty_columns_within_thirty_seconds() -> None:
    titles = [*HEADER, *(f"多余{n}" for n in range(40))]
    rows = [
        [n, "天堂镇", "示例村党支部", "王示甲", "男", A, "2003.7", "15400001234", "杭州余杭", "打工", *["内容"] * 40]
        for n in range(3000)
    ]
    started = time.process_time()  # its own seconds: what else the machine does is not what is asked
    read = read_register(found_in(titles, *rows), today=TODAY)
    data = errors_workbook(read)
    assert time.process_time() - started < 30
    assert (len(read.good), len(read.bad)) == (1, 2999)
    assert len(data) > 100_000


def test_the_empty_template_is_one_we_read() -> None:
    found = find_layout(read_workbook(template_workbook()))
    assert (found.ignored, found.private, found.repeated) == ((), (), ())
    assert {c.field for c in found.columns.values()} == {c.field for c in found.layout.columns if c.field}
    (row,) = read_register(found, today=TODAY).rows
    assert [finding.text for finding in row.findings] == []
