"""The invented members of a county as the county has them: an .xlsx in the layout of its register, slightly untidy.

Title, unit and date above the header, signatures below, dates in five spellings, 〃 under a branch, blanks and full-width
digits in identity numbers: all of it valid. The real importer reads it back to exactly the people it was made from.
"""

from __future__ import annotations

import io
import random
from datetime import UTC, date, datetime, time

import xlsxwriter

from web.demo.people import DEMO_DAY, Person, host_text, people
from web.tenants.counties.divisions import find
from web.tenants.imports.layouts import MEMBER_REGISTER
from web.tenants.members.codes import EDUCATION, ETHNICITY, GENDER, MEMBER_KIND
from web.tenants.members.dates import PartialDate

Written = str | date | int | None
_TITLES = {"host_place": "流入地（省市县）"}
_REASON_TEXTS = {
    "10": ("务工", "打工", "外出务工"), "20": ("经商", "做生意", "经商/个体"), "30": ("求学", "培训"), "40": ("随迁", "带孙子", "投靠子女"),
    "50": ("养老", "退休异地居住"), "80": ("项目派驻", "派驻"),
}  # fmt: skip
_EDUCATION_TEXTS = {"70": "初中", "60": "高中", "41": "中专", "31": "大学专科毕业", "21": "大学本科毕业", "14": "硕士"}
_FULL_WIDTH = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")


def workbook(county: str, today: date = DEMO_DAY) -> bytes:
    """The register of a demo county as an .xlsx file. The same bytes for the same county and day."""
    members = people(county, today)
    name = find(county)
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    book.set_properties({"title": "演示数据", "created": datetime.combine(today, time(), UTC)})
    sheet = book.add_worksheet("流动党员信息库")
    title = book.add_format({"bold": True, "font_size": 16, "align": "center", "valign": "vcenter"})
    head = book.add_format({"bold": True, "border": 1, "align": "center", "valign": "vcenter", "text_wrap": True})
    text = book.add_format({"border": 1, "num_format": "@"})
    day = book.add_format({"border": 1, "num_format": "yyyy-mm-dd"})
    columns = [column for column in MEMBER_REGISTER.columns if column.title != "原因"]
    sheet.merge_range(0, 0, 0, len(columns) - 1, f"{name.name if name else county}流动党员信息库（演示数据）", title)
    sheet.write_string(1, 0, f"填报单位：中共{name.name if name else county}委组织部（演示）")
    sheet.write_string(1, 12, f"填报时间：{today.year}年{today.month}月{today.day}日")
    for position, column in enumerate(columns):
        sheet.write_string(2, position, _TITLES.get(column.field, column.title), head)
        sheet.set_column(position, position, max(9, len(column.title) * 2 + 2))
    clerk = _Clerk(random.Random(f"kiteline register {county}"))
    for line, (person, above) in enumerate(zip(members, (None, *members[:-1]), strict=True), 3):
        cells = clerk.row(person, above, line - 2)
        for position, column in enumerate(columns):
            cell = cells.get(column.field or "number")
            if isinstance(cell, date):
                sheet.write_datetime(line, position, cell, day)
            elif isinstance(cell, int):
                sheet.write_number(line, position, cell)
            else:
                sheet.write_string(line, position, cell or "", text)
    bottom = len(members) + 3
    sheet.write_string(bottom, 0, "合计")
    sheet.write_string(bottom, 1, f"{len(members)}人")
    sheet.write_string(bottom + 1, 0, "填表人：王示甲")
    sheet.write_string(bottom + 1, 6, "审核人：李例乙")
    sheet.freeze_panes(3, 4)
    book.close()
    return target.getvalue()


class _Clerk:
    """Somebody who fills the register by hand, mostly neatly."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def row(self, person: Person, above: Person | None, number: int) -> dict[str, Written]:
        """Field → what stands in the cell."""
        same_branch = above is not None and above.village == person.village
        return {
            "number": number,
            "township": person.village.township,
            "branch": self._one_of("〃", "", "同上") if same_branch and self._now_and_then(0.08) else person.village.branch,
            "name": "王　示" if person.name == "王示" else person.name,
            "gender": GENDER.label(person.gender),
            "ethnicity": ETHNICITY.label(person.ethnicity)[: None if self._now_and_then(0.5) else -1],
            "citizen_id": self._number(person.citizen_id),
            "birth": f"{person.birth.year}.{person.birth.month}",
            "education": _EDUCATION_TEXTS.get(person.education, EDUCATION.label(person.education)),
            "joined": self._date(person.joined),
            "confirmed": self._date(person.confirmed),
            "kind": MEMBER_KIND.label(person.kind)[: 2 if self._now_and_then(0.2) else None],
            "phones": self._phones(person),
            "left": self._date(person.left),
            "expected_until": self._date(person.expected_until) or ("长期" if person.left and self._now_and_then(0.3) else ""),
            "reason": self._one_of(*_REASON_TEXTS[person.reason]) if person.reason else "",
            "host_place": self._place(person),
            "host_address": person.host_address,
            "work_unit": person.work_unit,
            "industry": person.industry,
            "has_certificate": ("√" if self._now_and_then(0.3) else "有") if person.certificate_no else "无" if person.left else "",
            "certificate_no": person.certificate_no,
            "host_branch": person.host_branch,
            "host_contact": person.host_contact,
            "has_reported_in": "是" if person.has_reported_in else "",
            "dues_paid_until": self._month(person.dues_paid_until),
            "last_activity": self._date(person.last_activity),
            "home_contact": person.home_contact,
            "home_contact_phones": person.home_contact_phone,
            "is_lost_contact": "否" if person.left else "",
            "remark": "",
        }  # fmt: skip

    def _now_and_then(self, share: float) -> bool:
        return self.rng.random() < share

    def _one_of(self, *texts: str) -> str:
        return self.rng.choice(texts)

    def _number(self, number: str) -> str:
        chance = self.rng.random()
        if chance < 0.04:
            return f"{number[:6]} {number[6:14]} {number[14:]}"
        if chance < 0.06:
            return number.translate(_FULL_WIDTH)
        if chance < 0.08:
            return f"'{number}"
        if chance < 0.09 and number.startswith("9901") and number[6:8] == "19":
            return number[:6] + number[8:17]
        return number.lower() if chance < 0.5 else number

    def _phones(self, person: Person) -> str:
        phone = person.phone
        if self._now_and_then(0.1):
            phone = (
                f"{phone[:3]} {phone[3:7]} {phone[7:]}"
                if self._now_and_then(0.5)
                else f"{phone[:3]}-{phone[3:7]}-{phone[7:]}"
            )
        if not person.landline:
            return phone
        return f"{phone}、{person.landline}" if self._now_and_then(0.5) else f"{person.landline}/{phone}"

    def _date(self, value: PartialDate | None) -> Written:
        if value is None:
            return ""
        year, month = value.year, value.month
        if not value.day:
            return self._one_of(f"{year}.{month}", f"{year}年{month}月", f"{year}{month:02d}", f"{year}.{month:02d}.00")
        if self._now_and_then(0.25):
            return value.first
        return self._one_of(
            f"{year}.{month}.{value.day}", f"{year}-{month:02d}-{value.day:02d}", f"{year}年{month}月{value.day}日"
        )

    def _month(self, value: PartialDate | None) -> str:
        if value is None:
            return ""
        return self._one_of(
            f"{value.year}.{value.month}", f"{value.year}年{value.month}月", f"{value.year}{value.month:02d}"
        )

    def _place(self, person: Person) -> str:
        full = host_text(person)
        code = person.host_division or ""
        if code == "330113001":
            return "余杭区临平街道"
        if code.startswith("330110") and self._now_and_then(0.3):
            return self._one_of("杭州", "浙江杭州") + "余杭" + full.partition("余杭区")[2]
        return full.removeprefix("浙江省杭州市") if len(code) == 9 and self._now_and_then(0.2) else full
