"""An empty register to fill in: the columns of a layout, the required ones marked, one invented example."""

from __future__ import annotations

import io

import xlsxwriter

from web.tenants.imports.layouts import MEMBER_REGISTER, Layout

EXAMPLE = {
    "township": "示例镇", "branch": "示例村党支部", "name": "王示甲", "gender": "男", "ethnicity": "汉族", "citizen_id": "99012119800101001X",
    "birth": "1980.1", "education": "高中", "joined": "2003.7", "confirmed": "2004.7", "kind": "正式党员", "phones": "15400000001",
    "left": "2024.3", "expected_until": "2027.2", "reason": "务工", "host_place": "浙江省杭州市余杭区仓前街道", "host_address": "示例路1号",
    "work_unit": "演示电子有限公司", "industry": "电子制造", "has_certificate": "有", "certificate_no": "990121-2024-00001",
    "has_reported_in": "否", "dues_paid_until": "2026.6", "home_contact": "李例乙", "home_contact_phones": "15400000002", "is_lost_contact": "否",
}  # fmt: skip


def template_workbook(layout: Layout = MEMBER_REGISTER) -> bytes:
    """An .xlsx our importer recognises. All columns are text, so that no identity number loses its digits."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    sheet = book.add_worksheet(layout.title[:31])
    text = book.add_format({"num_format": "@"})
    head = book.add_format({"bold": True, "border": 1, "text_wrap": True, "valign": "vcenter", "bg_color": "#F0EDE6"})
    example = book.add_format({"num_format": "@", "italic": True, "font_color": "#6B6459"})
    for position, column in enumerate(c for c in layout.columns if c.field):
        sheet.set_column(position, position, max(10, len(column.title) * 2 + 2), text)
        sheet.write_string(0, position, f"*{column.title}" if column.is_required else column.title, head)
        sheet.write_string(1, position, EXAMPLE.get(column.field, ""), example)
    sheet.write_comment(1, 0, "示例行，填写时请删去。带 * 的列必须填写。")
    sheet.freeze_panes(1, 0)
    book.close()
    return target.getvalue()
