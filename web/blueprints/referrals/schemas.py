"""Forms of the referral."""

from __future__ import annotations

from marshmallow import Schema

from web.blueprints.forms import Day, Id, Many, Number, One, Text
from web.blueprints.members.wording import METHODS
from web.blueprints.referrals import wording


class Nothing(Schema):
    """A confirmation alone."""


class Chosen(Schema):
    """Members and the partner they are offered to."""

    id = Many(Id())
    partner = Id("流入县")


class Noticed(Chosen):
    method = One("告知方式", list(METHODS.items()))
    given_on = Day("告知日期", required=True)


class Declining(Schema):
    reason = One("原因", list(wording.DECLINED.items()))
    text = Text("说明", limit=500, load_default="")


class Ending(Schema):
    reason = One("原因", [(k, wording.ENDED[k]) for k in wording.SAID_BY_HOME])
    on = Day("结束日期", required=True)


class Leaving(Schema):
    on = Day("离开日期", required=True)
    text = Text("说明", limit=500, load_default="")


class PuttingAway(Schema):
    text = Text("核对的结果", limit=200, required=True)


class Branch(Schema):
    branch_id = Id("党支部")


class Township(Schema):
    township_id = Id("乡镇街道")


class Code(Schema):
    code = Text("报到码", limit=30, required=True)


class Candidate(Schema):
    name = Text("姓名", limit=60, required=True)
    birth_year = Number("出生年份", low=1900, high=2100, required=False, allow_none=True)


class Claim(Candidate):
    """Who stands at the window, and that he agreed."""

    birth_year = Number("出生年份", low=1900, high=2100)
    partner = Id("他说的流出县")
    home_branch = Text("他说的党支部", limit=200, required=True)
    method = One("本人怎样同意的", list(wording.TOLD.items()))
    consented_on = Day("同意日期", required=True)
    scan = Text("签字扫描件")  # a file: it comes beside the fields, its errors stand here


class Recognition(Schema):
    """The member a claim is about."""

    member_id = Id("对应的本县党员")
