"""Layouts of registers as data, and finding one in a sheet: where the header is, which column holds what, what is left out.

Counties keep the same columns under many names, below title, unit and date rows, sometimes in two merged header rows.
A row is the header when enough of its cells are names we know. Columns with private matters are never read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from web.tenants.imports.reading import ImportRefused, Sheet, Workbook
from web.tenants.members.readings import folded, text_of


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the title we print, the typed field it fills, its reader (a key of `rows.READERS`), other names.

    `fills_down`: a blank below a value means the same (branch, township).
    """

    title: str
    field: str
    reader: str
    aliases: tuple[str, ...] = ()
    is_required: bool = False
    fills_down: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """A kind of register."""

    name: str
    title: str
    columns: tuple[Column, ...]

    def column(self, field: str) -> Column:
        """The column of a field; KeyError when there is none."""
        return {column.field: column for column in self.columns}[field]


def _c(title: str, field: str, reader: str, aliases: str = "", *, required: bool = False, down: bool = False) -> Column:
    return Column(title, field, reader, tuple(aliases.split()), required, down)


MEMBER_REGISTER = Layout(
    "member_register",
    "县级流动党员信息库",
    (
        _c("序号", "", "ignored", "编号 No"),
        _c("所属乡镇", "township", "short_text", "乡镇 镇街 乡镇街道 所属镇街 所属乡镇街道 所属乡镇(街道) 乡镇党委 所属党委", down=True),
        _c("所在党支部", "branch", "short_text", "党支部 组织关系所在支部 所在支部 支部 支部名称 党支部名称 组织关系所在党支部", required=True, down=True),
        _c("姓名", "name", "name", "党员姓名 流动党员姓名", required=True),
        _c("性别", "gender", "gender"),
        _c("民族", "ethnicity", "ethnicity"),
        _c("身份证号", "citizen_id", "citizen_id", "公民身份号码 公民身份证号码 身份证号码 公民身份证号 身份证 证件号码", required=True),
        _c("出生年月", "birth", "date", "出生日期 出生时间 生日 出生年月日"),
        _c("学历", "education", "education", "文化程度 最高学历"),
        _c("入党时间", "joined", "date", "加入党组织日期 入党日期 入党年月 加入党组织时间"),
        _c("转正时间", "confirmed", "date", "转为正式党员日期 转正日期 转正年月"),
        _c("党员类别", "kind", "kind", "人员类别 类别 党员类型 正式或预备"),
        _c("联系电话", "phones", "phones", "手机 手机号 手机号码 联系方式 电话 与党组织联系方式 本人联系电话 党员本人联系电话"),
        _c("流出时间", "left", "date", "外出时间 何时外出 外出日期 流出日期"),
        _c("预计返回时间", "expected_until", "date", "预计返回 预计返乡时间 拟返回时间"),
        _c("流出原因", "reason", "reason", "外出原因 流动原因 外出事由"),
        _c("流入地", "host_place", "place", "外出流向 外出地点 地点 去向 流向 流入地省市县 外出地 流动去向"),
        _c("详细地址", "host_address", "text", "现居住地 现住址 外出详细地址 流入地详细地址 居住地址"),
        _c("工作单位", "work_unit", "text", "现工作单位 单位 务工单位 所在单位"),
        _c("从事行业", "industry", "short_text", "行业 从事职业 职业 从事工作"),
        _c("是否持证", "has_certificate", "certificate", "持证 是否持有活动证 是否持活动证 持证情况"),
        _c("活动证编号", "certificate_no", "short_text", "活动证 流动证号 活动证号 流动党员活动证编号"),
        _c("流入地党组织名称", "host_branch", "text", "流入地党组织 流入党组织 接收党组织"),
        _c("流入地联系人及电话", "host_contact", "text", "流入地联系人 流入地党组织联系人及电话 流入地联系方式"),
        _c("是否报到", "has_reported_in", "yes_no", "报到 是否已报到 报到情况"),
        _c("党费缴至", "dues_paid_until", "dues", "党费交至 党费缴纳至年月 党费交纳至 党费 党费缴纳情况 党费缴至年月"),
        _c("最近参加活动时间", "last_activity", "date", "最近一次参加活动时间 最近参加组织生活时间"),
        _c("家乡联系人", "home_contact", "short_text", "联系人 紧急联系人 家庭联系人"),
        _c("联系人电话", "home_contact_phones", "phones", "家乡联系人电话 紧急联系人电话 家庭联系人电话"),
        _c("是否失联", "is_lost_contact", "yes_no", "失联 是否失联党员"),
        _c("备注", "remark", "text", "说明"),
        _c("原因", "", "ignored"),  # our own column, when the list of errors comes back mended
    ),
)  # fmt: skip
"""The county's register of floating members."""

LAYOUTS = (MEMBER_REGISTER,)

PRIVATE = re.compile(
    r"收入|工资|思想|困难|健康|疾病|病史|残疾|宗教|信仰|银行|账号|婚姻|家庭人口|家庭成员|政治表现|低保"
)
"""Columns that never come in: what a person earns, thinks, believes or suffers is no business of a register."""

DERIVED = frozenset({"年龄", "党龄"})
"""Follows from dates and changes every year: not read."""

_HEADER_SEARCH_ROWS = 20
_ENOUGH = 4
_BRACKETS = re.compile(r"[(\[{].*?[)\]}]")


def header_key(cell: object) -> str:
    """A header cell for comparison: NFKC, no blanks, no marks for "required", no remarks in brackets."""
    text = re.sub(r"[\s*★:·]", "", unicodedata.normalize("NFKC", text_of(cell)))
    return (_BRACKETS.sub("", text) or text).upper()


def _index(layout: Layout) -> dict[str, Column]:
    return {header_key(name): column for column in layout.columns for name in (column.title, *column.aliases)}


SKIP = "skip"
"""What a person says of a heading that is none of ours: leave it out, and do not mention it again."""


def known_as(layout: Layout, aliases: Mapping[str, str]) -> Layout:
    """The layout with more names for its columns. `aliases`: heading → field, or SKIP."""
    by_field: dict[str, list[str]] = {}
    for heading, name in aliases.items():
        by_field.setdefault("" if name == SKIP else name, []).append(heading)
    columns = (replace(c, aliases=(*c.aliases, *by_field.get(c.field, ()))) for c in layout.columns)
    return replace(layout, columns=tuple(columns))


@dataclass(frozen=True, slots=True)
class Found:
    """A layout found in a sheet: rows are 0-based; `columns` maps a 0-based column to its meaning.

    `private`, `ignored` and `repeated` name columns by their titles as typed.
    """

    layout: Layout
    sheet: Sheet
    header_rows: tuple[int, ...]
    columns: dict[int, Column]
    titles: dict[int, str]
    private: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()

    @property
    def weight(self) -> tuple[int, int]:
        """More known columns are better; with as many, one header row is better than two."""
        return len(self.columns), -len(self.header_rows)

    @property
    def first_row(self) -> int:
        """The first row below the header."""
        return self.header_rows[-1] + 1

    def is_header(self, row: int) -> bool:
        """Whether a row below repeats the header, as long lists do on each printed page."""
        same = sum(
            header_key(self.sheet.shown(row, column)) == header_key(title)
            for column, title in self.titles.items()
            if title
        )
        return same >= max(3, len(self.columns) // 2)


def _labels(sheet: Sheet, rows: tuple[int, ...]) -> Iterator[tuple[int, list[str]]]:
    """Per column the names to try, the most exact first: lowest row, both rows together, upper row."""
    for column in range(max((len(sheet.rows[row]) for row in rows), default=0)):
        texts = [text_of(sheet.shown(row, column)) for row in rows]
        unique = list(dict.fromkeys(filter(None, texts)))
        if len(unique) > 1:
            yield column, [unique[-1], "".join(unique), unique[0]]
        else:
            yield column, unique


def _match(layout: Layout, sheet: Sheet, rows: tuple[int, ...]) -> Found:
    index = _index(layout)
    columns: dict[int, Column] = {}
    titles: dict[int, str] = {}
    private, ignored, repeated = [], [], []
    for column, names in _labels(sheet, rows):
        if not names:
            continue
        title = titles[column] = re.sub(r"\s+", "", names[0])
        if any(PRIVATE.search(folded(name)) for name in names):
            private.append(title)
            continue
        meaning = next((index[key] for name in names if (key := header_key(name)) in index), None)
        if meaning is None:
            if header_key(title) not in DERIVED:
                ignored.append(title)
        elif meaning.field and meaning in columns.values():
            repeated.append(title)
        else:
            columns[column] = meaning
    return Found(layout, sheet, rows, columns, titles, tuple(private), tuple(ignored), tuple(repeated))


def find_layout(workbook: Workbook, layouts: tuple[Layout, ...] = LAYOUTS) -> Found:
    """The best header in the visible sheets.

    Raises ImportRefused `header_not_found`, or `columns_missing` with the titles of required columns that are absent.
    """
    best: Found | None = None
    for sheet in workbook.sheets:
        for top in range(min(_HEADER_SEARCH_ROWS, len(sheet.rows))):
            pairs = [(top,), (top, top + 1)] if top + 1 < len(sheet.rows) else [(top,)]
            for layout in layouts:
                for rows in pairs:
                    found = _match(layout, sheet, rows)
                    if best is None or found.weight > best.weight:
                        best = found
    if best is None or len(best.columns) < _ENOUGH:
        raise ImportRefused("header_not_found")
    missing = [c.title for c in best.layout.columns if c.is_required and c not in best.columns.values()]
    if missing:
        raise ImportRefused("columns_missing", titles="、".join(missing))
    return best
