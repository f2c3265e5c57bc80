"""The words for everything an import has to tell: what is wrong, and how to mend it. One table, code → Chinese text.

They live here and not at the edge because they are written into a document: the list of errors that goes back to the
township. A text names its parameters in braces.
"""

from __future__ import annotations

from web.core.errors import DomainError
from web.core.saying import PLACE, say
from web.tenants.members.readings import Doubt

REFUSALS = {
    "file_empty": "文件是空的，没有可导入的内容。请检查后重新上传。",
    "file_too_large": "文件有 {megabytes} MB，超过 {limit} MB 的上限。请删去图片或分成几个文件再上传。",
    "file_damaged": "文件已损坏或内部结构不正常，无法安全打开。请用 Excel 或 WPS 打开后另存为新的 .xlsx 再上传。",
    "unpacks_too_large": "文件解开后超过 {limit} MB，与正常名册不符，未打开。请只保留名册本身，另存为 .xlsx 再上传。",
    "too_complex": "文件里的工作表、部件或合并单元格太多，未打开。请只保留名册所在的工作表再上传。",
    "too_many_rows": "名册超过 {limit} 行。请按乡镇分成几个文件分别导入。",
    "too_many_columns": "工作表超过 {limit} 列。请删去多余的列再上传。",
    "too_many_cells": "工作表内容过多，与正常名册不符，未打开。请只保留名册本身再上传。",
    "password_protected": "文件有打开密码。请在 Excel 或 WPS 中取消密码（文件—信息—保护工作簿）后再上传。",
    "old_xls": "这是旧格式的 .xls、.et 或 .xlsb 文件。请用 Excel 或 WPS 打开，另存为 .xlsx 再上传。",
    "macros": "文件带有宏，为安全起见不打开。请另存为不含宏的 .xlsx 再上传。",
    "csv": "这是文本文件（CSV 等），身份证号在其中容易失真。请用 Excel 或 WPS 打开，另存为 .xlsx 再上传。",
    "html_table": "这是改了后缀的网页表格，不是 Excel 文件。请用 Excel 或 WPS 打开，另存为 .xlsx 再上传。",
    "not_a_spreadsheet": "这不是 Excel 工作簿。请上传 .xlsx 格式的名册。",
    "header_not_found": "没有找到表头。名册应有“姓名”“身份证号”“所在党支部”等列名，可先下载模板对照。",
    "columns_missing": "名册缺少必需的列：{titles}。请补上后再上传。",
}
NOTES = {
    "hidden_sheets_ignored": "隐藏的工作表没有导入：{names}。",
    "hidden_columns_read": "有 {count} 个隐藏列，也按列名读取了。",
    "pictures_ignored": "文件中的 {count} 张图片没有导入。",
    "formulas_without_value": "有 {count} 个公式单元格没有计算结果，按空白处理。请在 Excel 中打开并保存一次，再上传。",
    "formula_errors": "有 {count} 个单元格是公式错误（{cells} 等），按空白处理。请改为实际内容。",
}
CELLS = {
    "required": "没有填写。请补填。",
    "id_destroyed": "身份证号已失真（{text}）：被表格当作数字保存，后几位已经丢失。请把该列设为文本格式，重新填写。",
    "id_length": "身份证号应为 18 位，现为 {length} 位。请核对。",
    "id_characters": "身份证号含有不应出现的字符。请核对。",
    "id_birth": "身份证号中的出生日期 {text} 不存在或不合理。请核对。",
    "id_check": "身份证号校验码不对，至少有一位填错。请对照证件核对。",
    "id_fifteen": "15 位旧身份证号（尾号 {tail}）已换算为 18 位，请核对。",
    "id_province": "身份证号前六位 {prefix} 不是已知地区，请核对。",
    "name_implausible": "“{text}”不像姓名。请核对。",
    "date_impossible": "日期“{text}”不存在。请改正，例如 1998.7 或 1998-07-01。",
    "date_unreadable": "日期“{text}”看不懂。请改写，例如 1998.7 或 1998-07-01。",
    "date_two_digit_year": "年份只有两位（{text}），按 {year} 年导入，请核对。",
    "date_year_only": "只有年份（{text}），缺少月份，请补充。",
    "date_month_1_or_10": "“{text}”是数字，可能是 1 月也可能是 10 月，按 1 月导入，请核对。",
    "date_long_term": "“{text}”没有具体日期，按未填导入。",
    "dues_needs_check": "“{text}”没有说明缴到哪个月，没有导入，请核实后填年月，例如 2026.6。",
    "dues_year_assumed": "“{text}”没有写年份，按 {year} 年导入，请核对。",
    "gender_unknown": "性别“{text}”看不懂，以身份证号为准。",
    "gender_conflict": "与身份证号不一致，按身份证号（{label}）导入，请核对。",
    "birth_conflict": "与身份证号中的出生日期不一致，按身份证号（{born}）导入，请核对。",
    "ethnicity_unknown": "民族“{text}”不在国家标准内，按未填导入，请核对。",
    "education_unknown": "学历“{text}”看不懂，只保留了原文，请核对。",
    "education_guessed": "学历“{text}”按“{label}”导入，原文已保留。",
    "member_kind_unknown": "“{text}”没有说明正式还是预备，请核实。",
    "flow_reason_unknown": "流出原因“{text}”没有对应类别，归入“其他”，原文已保留。",
    "flow_reason_guessed": "流出原因“{text}”归入“{label}”，原文已保留。",
    "yes_no_unknown": "“{text}”不是“是”或“否”，按未填导入。",
    "phone_unreadable": "“{text}”不是电话号码，没有导入。请核对位数。",
    "phone_several": "有 {count} 个号码，以 {first} 为主要号码。",
    "place_confirm": "“{text}”按“{name}”导入，请核对。",
    "place_renamed": "“{text}”是旧地名，按“{name}”导入。",
    "place_ambiguous": "“{text}”可能是：{candidates}。没有确定，请补上省市。",
    "place_unread": "“{text}”没有对应的行政区划，只保留了原文。请写明省市县。",
    "place_vague": "“{text}”没有写明具体地方，只保留了原文。请核实后写明省市县。",
    "place_abroad": "“{text}”在国（境）外，按境外导入，不登记行政区划。",
    "filled_down": "没有填写，按上面一行的“{text}”导入。",
    "nothing_above": "写了“同上”，上面却没有可用的内容。请直接填写。",
    "not_like_above": "这一列每人不同，不能写“同上”。请直接填写。",
    "too_long": "内容过长（{length} 字，上限 {limit} 字）。请删减。",
    "in_the_future": "日期 {text} 在今天之后。请核对。",
    "joined_too_young": "入党时 {age} 岁，不满 18 周岁。请核对入党时间或出生日期。",
    "confirmed_before_joined": "转正时间早于入党时间。请核对。",
    "expected_before_left": "预计返回时间早于流出时间。请核对。",
    "duplicate_in_file": "与第 {row} 行是同一身份证号。请只保留一行。",
    "same_name_birth": "与第 {row} 行同名且出生日期相同，但身份证号不同。如是同一人，请删去一行；如是两人，可不理会。",
    "unexpected": "内容不符合要求。请核对。",
}


def words(problem: Doubt | DomainError) -> str:
    """The Chinese text of a refusal, a note or a doubt about a cell."""
    table = REFUSALS | NOTES | CELLS
    params = {name: _short(value) for name, value in problem.params.items()}
    text = table.get(problem.code, CELLS["unexpected"])
    # A missing parameter must not hide the message.
    return say(text, **{at[1]: params.get(at[1], "…") for at in PLACE.finditer(text)})


def _short(value: object) -> object:
    return value[:40] + "…" if isinstance(value, str) and len(value) > 41 else value
