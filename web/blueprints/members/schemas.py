"""The forms of the register: strict about fields, lenient about blanks; what the values mean is checked by the rooms."""

from __future__ import annotations

from collections.abc import Iterable

from marshmallow import Schema

from web.blueprints.forms import Day, Id, Many, One, Text, Tick
from web.blueprints.members.wording import ENDED, ENDS, METHODS, NOTICES, PHONES, SCOPES
from web.tenants.members import codes
from web.tenants.register.facets import Roll


def _set(of: codes.CodeSet) -> Iterable[tuple[str, str]]:
    return of.choices()


class _Facts(Schema):
    name = Text("姓名", limit=60, required=True)
    gender = One("性别", [("1", "男"), ("2", "女")], required=False)
    ethnicity = One("民族", _set(codes.ETHNICITY), required=False)
    birth_on = Day("出生日期")
    education = One("学历", _set(codes.EDUCATION), required=False)
    member_kind = One("人员类别", _set(codes.MEMBER_KIND))
    joined_on = Day("入党日期")
    confirmed_on = Day("转正日期")
    post = Text("工作岗位", limit=80)
    dues_until = Text("党费缴至", limit=7)
    certificate_no = Text("活动证编号", limit=40)
    id_number = Text("身份证号", limit=24)
    phone = Text("联系电话", limit=60)
    second_phone = Text("第二电话", limit=60)
    address = Text("家庭住址", limit=200)
    backup_contact = Text("家乡联系人", limit=60)
    backup_phone = Text("家乡联系人电话", limit=60)
    note = Text("备注", limit=500)


class NewMember(_Facts):
    branch_id = Id("党支部")
    is_other = Tick("已核对，不是同一个人")


class EditMember(_Facts):
    chosen_phone = One("送往外县用哪个号码", list(PHONES.items()), required=False)
    review_result = Text("活动证年审结果", limit=20)
    appraisal = Text("民主评议等次", limit=20)
    clear = Many(Text(limit=20), "清空")
    reason = Text("事由", limit=200)
    version = Text("版本", limit=40, required=True)


class Reason(Schema):
    reason = Text("事由", limit=200, required=True)


class Assign(Schema):
    branch_id = Id("党支部")
    away_org_id = Id("驻外支部", required=False)
    reason = Text("事由", limit=200)


class EndMembership(Schema):
    standing = One("党籍处理结果", list(ENDED.items()))
    reason = Text("依据和事由", limit=200, required=True)


class _Place(Schema):
    expected_until = Day("预计返回时间")
    flow_reason = One("流出原因", _set(codes.FLOW_REASON), required=False)
    host_text = Text("流入地", limit=120)
    host_township = Text("流入地乡镇街道", limit=40)
    host_address = Text("流入地详细地址", limit=200)
    work_unit = Text("工作单位", limit=80)
    work_kind = One("单位类别", _set(codes.UNIT_KIND), required=False)
    occupation = Text("从事行业", limit=40)


class Depart(_Place):
    left_on = Day("流出时间", required=True)


class AmendFlow(_Place):
    clear = Many(One("", ["host_address"]), "清空")
    reason = Text("事由", limit=200)
    version = Id("版本")


class EndFlow(Schema):
    ended_as = One("怎样结束", list(ENDS.items()))
    ended_on = Day("结束日期", required=True)
    reason = Text("事由", limit=200)


class Notice(Schema):
    partner = Id("伙伴县")
    scope = Many(One("", NOTICES), "告知范围")
    method = One("告知方式", list(METHODS.items()))
    given_on = Day("告知日期", required=True)
    scan = Text("签字扫描件")  # a file: it comes beside the fields, its errors stand here


class Agreed(Schema):
    partner = Id("伙伴县")
    chosen_phone = One("本人选定的号码", list(PHONES.items()))
    number = Text("号码", limit=60)
    method = One("同意方式", list(METHODS.items()))
    given_on = Day("同意日期", required=True)
    is_own_wish = Tick("本人单独、自愿同意")
    scan = Text("签字扫描件")


class NoticeOfMany(Notice):
    roll = One("", [r.value for r in Roll])
    id = Many(Id())
    all_matching = Text(limit=1)
    query = Text(limit=4000)


class Withdraw(Schema):
    scope = Many(One("", tuple(SCOPES)), "撤回范围")
    reason = Text("事由", limit=200)
