"""The demo's three counties: trees of real townships and invented villages, invented people as staff, keys, partners.

All persons are invented; telephone numbers are of ranges nobody has.
"""

from __future__ import annotations

from datetime import date

from web.core import fence
from web.core.queue import burst
from web.demo import people, register
from web.demo.stage import Stand, acting
from web.federation.post import hello, keys
from web.tenants.accounts import service as accounts
from web.tenants.accounts.permissions import Role
from web.tenants.counties import service as counties
from web.tenants.imports import service as imports
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import OrgKind

R = Role
# code → (name, office, region, postcode, area code, township of the officer, role → name of the person)
COUNTIES: dict[str, tuple[str, str, str, str, str, str, dict[Role, str]]] = {
    "330110": (
        "余杭区", "中共杭州市余杭区委组织部", "浙江省杭州市", "311100", "0571", "余杭街道",
        {R.COUNTY_ADMIN: "陈例丁", R.TOWNSHIP_OFFICER: "林试辛", R.BRANCH_SECRETARY: "沈演乙", R.AWAY_SECRETARY: "许示戊", R.LIAISON: "孟例癸", R.LEADER_READONLY: "罗试甲", R.SYSADMIN: "钟例子", R.SECADMIN: "施演丑", R.AUDITOR: "严试寅"},
    ),
    "340828": (
        "岳西县", "中共岳西县委组织部", "安徽省安庆市", "246600", "0556", "天堂镇",
        {R.COUNTY_ADMIN: "何试丁", R.TOWNSHIP_OFFICER: "储例戊", R.BRANCH_SECRETARY: "柳演丙", R.AWAY_SECRETARY: "汪示癸", R.LIAISON: "胡例己", R.LEADER_READONLY: "王演庚", R.SYSADMIN: "程示卯", R.SECADMIN: "方例辰", R.AUDITOR: "崔演巳"},
    ),
    "331124": (
        "松阳县", "中共松阳县委组织部", "浙江省丽水市", "323400", "0578", "西屏街道",
        {R.COUNTY_ADMIN: "叶演己", R.TOWNSHIP_OFFICER: "周例庚", R.BRANCH_SECRETARY: "潘试壬", R.AWAY_SECRETARY: "徐示乙", R.LIAISON: "刘例辛", R.LEADER_READONLY: "吴演丁", R.SYSADMIN: "傅试午", R.SECADMIN: "包示未", R.AUDITOR: "纪例申"},
    ),
}  # fmt: skip

_AWAY_AT = {"330110": "320500"}
"""Where a county's branch away is, when not in Yuhang."""


def found(code: str) -> Stand:
    """One county with its tree, staff, settings and keys."""
    name, office, region, postcode, area, township, staff = COUNTIES[code]
    with fence.platform("demo"):
        county = counties.add(code, name, office, region=region, is_demo=True)
        stand = Stand(county.tenant_id, county.uid, code, name, office)
        fence.commit()
    with fence.acting_for(stand.tenant_id):
        settings = counties.settings()
        settings.letter = {
            "address": f"{region}{name}演示路1号",
            "phone": f"{area}-00000057",
            "fax": f"{area}-00000058",
            "postcode": postcode,
        }
        root = organisations.found(None, OrgKind.COUNTY_COMMITTEE, name, full_name=f"中共{name}委员会")
        towns = {}
        for village in people.villages(code):
            if village.township not in towns:
                towns[village.township] = organisations.found(
                    root, OrgKind.TOWNSHIP_COMMITTEE, village.township, division_code=village.township_code,
                    full_name=f"中共{name}{village.township}{'工作委员会' if village.township.endswith('街道') else '委员会'}",
                )  # fmt: skip
            organisations.found(
                towns[village.township], OrgKind.BRANCH, village.branch,
                full_name=f"中共{name}{village.township}{village.branch.removesuffix('党支部')}支部委员会",
            )  # fmt: skip
        home = towns.get(township) or next(iter(towns.values()))
        branch = next(o for o in organisations.tree() if o.parent_id == home.id)
        away = organisations.found(
            home, OrgKind.AWAY_BRANCH, "驻外流动党员第一党支部", host_code=_AWAY_AT.get(code, "330110")
        )
        where = {R.TOWNSHIP_OFFICER: home, R.BRANCH_SECRETARY: branch, R.AWAY_SECRETARY: away}
        for role, person in staff.items():
            account, _ = accounts.open_account(
                role.value,
                person,
                role,
                where.get(role, root).id,
                work_phone=f"{area}-00000057",
                person=f"{code} {role}",
            )
            account.must_change = False
            stand.accounts[role] = account.id
        keys.create()
        fence.commit()
    return stand


def introduce(one: Stand, other: Stand) -> None:
    """One invites, the worker carries the descriptors, and a person of each types what the other read out."""
    with acting(one):
        keys.invite(other.code)
    hello.exchange(one.tenant_id, other.uid)
    burst()
    for mine, theirs in ((one, other), (other, one)):
        with acting(theirs):
            spoken = keys.own_fingerprint()[-9:]
        with acting(mine):
            keys.confirm(keys.peer(theirs.uid), spoken)


def enroll(stand: Stand, day: date) -> None:
    """The county's register comes in through the importer, as a clerk would bring it."""
    with acting(stand):
        batch, _ = imports.upload(f"{stand.name}流动党员信息库.xlsx", register.workbook(stand.code, day))
        batch_id = batch.id
    with acting(stand):
        imports.begin(imports.get(batch_id, lock=True), only_good=True)
