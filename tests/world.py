"""The world most tests start in: 岳西 (home) and 余杭 (host), with trees and accounts, made by the services."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func

from tests.workers import run_all
from web.core import clock, events, fence
from web.extensions import db
from web.federation.agreements import clauses, standing, texts
from web.federation.agreements import service as agreements
from web.federation.post import hello, keys
from web.federation.wire.envelope import AgreementRef
from web.tenants.accounts import service as accounts
from web.tenants.accounts.models import Account
from web.tenants.accounts.permissions import Role
from web.tenants.counties import service as counties
from web.tenants.counties.models import County
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import OrgKind, PartyOrg

COUNTIES = {
    "home": ("340828", "岳西县", "中共岳西县委组织部", "安徽省安庆市", "天堂镇", ["示例村支部", "试例村支部"]),
    "host": (
        "330110",
        "余杭区",
        "中共杭州市余杭区委组织部",
        "浙江省杭州市",
        "余杭街道",
        ["演示社区第一支部", "演示社区第二支部"],
    ),
}
THIRD = ("331124", "松阳县", "中共松阳县委组织部", "浙江省丽水市", "西屏街道", ["松阳示例村支部", "松阳试例村支部"])
PASSWORD = "Test-9-password"


@dataclass
class Side:
    """One county of the test. `accounts`: role → account id; `orgs`: name → id."""

    tenant_id: int
    uid: UUID
    code: str
    name: str
    accounts: dict[Role, UUID] = field(default_factory=dict)
    orgs: dict[str, UUID] = field(default_factory=dict)

    def act(self) -> AbstractContextManager[fence.Unit]:
        """A unit of work for this county."""
        return fence.acting_for(self.tenant_id)


@dataclass
class Pair:
    """Two counties."""

    home: Side
    host: Side


def build() -> None:
    """Make both counties by the services."""
    for row in COUNTIES.values():
        _build(*row)
    partner()


def _build(code: str, name: str, office: str, region: str, township: str, branches: list[str]) -> None:
    """One county: its tree and an account a role."""
    with fence.platform("tests"):
        tenant_id = counties.add(code, name, office, region=region).tenant_id
        fence.commit()
    with fence.acting_for(tenant_id):
        counties.settings()
        root = organisations.found(None, OrgKind.COUNTY_COMMITTEE, name, full_name=f"中共{name}委员会")
        town = organisations.found(root, OrgKind.TOWNSHIP_COMMITTEE, township)
        made = [organisations.found(town, OrgKind.BRANCH, b) for b in branches]
        for role in Role:
            org = {Role.TOWNSHIP_OFFICER: town, Role.BRANCH_SECRETARY: made[0], Role.AWAY_SECRETARY: made[1]}
            account, _ = accounts.open_account(
                role.value, f"{role.value}甲", role, org.get(role, root).id, password=PASSWORD, person=role.value
            )
            account.must_change = False
        fence.commit()


def partner() -> None:
    """Keys of both counties, introductions by the worker, and a person of each confirming the fingerprint."""
    for code, *_rest in COUNTIES.values():
        _make_keys(code)
    side = load()
    confirm(side.home, side.host)


def _make_keys(code: str) -> None:
    with fence.platform("tests"):
        tenant_id = counties.by_code(code).tenant_id
    with fence.acting_for(tenant_id):
        keys.create()
        fence.commit()


def confirm(asks: Side, asked: Side) -> None:
    """One county invites another; a person of each confirms what the other read out."""
    with asks.act():
        keys.invite(asked.code)
        fence.commit()
    hello.exchange(asks.tenant_id, asked.uid)
    for one, other in ((asks, asked), (asked, asks)):
        with one.act():
            row = keys.peer(other.uid)
            keys.confirm(row, row.fingerprint[-9:])
            fence.commit()


def load() -> Pair:
    """Read the pair back from the database of this test."""
    sides = {key: side(code) for key, (code, *_rest) in COUNTIES.items()}
    assert sides["home"].tenant_id != sides["host"].tenant_id
    return Pair(**sides)


def side(code: str) -> Side:
    """One county, as it stands in the database of this test."""
    with fence.platform("tests"):
        county = db.session.scalars(db.select(County).where(County.code == code)).one()
        found = Side(county.tenant_id, county.uid, county.code, county.name)
    with fence.acting_for(found.tenant_id):
        found.accounts = {a.role: a.id for a in db.session.scalars(db.select(Account))}
        found.orgs = {o.name: o.id for o in db.session.scalars(db.select(PartyOrg))}
    return found


def third(pair: Pair) -> Side:
    """松阳, made like the other two and a confirmed partner of both."""
    _build(*THIRD)
    _make_keys(THIRD[0])
    made = side(THIRD[0])
    confirm(made, pair.home)
    confirm(made, pair.host)
    return made


HOME_GIVES = "S0 S1 S2 S3 S4 S5 S6 S7"
HOST_GIVES = "S0 S1 S2 S4 S5 S6 S7"


def agreement_text(
    hub: Side, homes: list[Side], *, days: int = 730, notice_days: int = 60, **changed: Any
) -> dict[str, Any]:
    """The text of an agreement from today on between a host and one or more homes, with three items."""
    title = "、".join(side.name.rstrip("县区") for side in [hub, *homes]) + "流动党员共管共育协议"
    starts, ends = clock.today(), clock.today() + timedelta(days=days)
    offices = [f"中共{side.name}委组织部" for side in [hub, *homes]]
    grants = [texts.grant(home.uid, hub.uid, scope) for home in homes for scope in HOME_GIVES.split()]
    grants += [texts.grant(hub.uid, home.uid, scope) for home in homes for scope in HOST_GIVES.split()]
    items = [
        {"key": "a1", "category": "hardship", "goal": "走访留守家属40户", "measure": "重要节日前集中走访", "owner": str(homes[0].uid), "due": ends.isoformat()},
        {"key": "a2", "category": "industry", "goal": "劳务对接清单一份", "measure": "每季度更新一次", "owner": str(hub.uid), "due": ends.isoformat()},
        {"key": "a3", "category": "talent", "goal": "联合培训两期", "measure": "骨干和后备人选各一期", "owner": "all", "due": ends.isoformat()},
    ]  # fmt: skip
    made = {
        "title": title,
        "clauses": clauses.defaults(title, offices, starts, ends, notice_days),
        "items": items,
        "grants": grants,
        "effective_from": starts.isoformat(),
        "effective_to": ends.isoformat(),
        "notice_days": notice_days,
        "frequencies": {"register": "half_yearly", "participation": "monthly", "review": "half_yearly"},
        "responsibilities": clauses.responsibilities(),
    }
    return made | changed


def propose(hub: Side, homes: list[Side], **changed: Any) -> UUID:
    """The hub proposes; the message is delivered. Returns the agreement's id."""
    id_ = put(hub, homes, **changed)
    run_all()
    return id_


def put(hub: Side, homes: list[Side], **changed: Any) -> UUID:
    """The hub proposes; the messages wait."""
    with hub.act():
        text = agreement_text(hub, homes, **changed)
        id_ = agreements.begin([side.uid for side in homes], text).id
        agreements.propose(id_, {hub.uid: {"name": "陈例丁", "post": "组织科联络员", "phone": "0571-00000001"}})
        fence.commit()
    return id_


def approve(side: Side, agreement_id: UUID) -> None:
    """The county's leader approves sealing."""
    leader = events.Actor(side.accounts[Role.LEADER_READONLY], "leader甲", Role.LEADER_READONLY.value)
    with side.act(), events.by(leader):
        agreements.approve(agreement_id)
        fence.commit()


def conclude(agreement_id: UUID, hub: Side, homes: list[Side]) -> AgreementRef:
    """From proposed to effective: acceptances, the file, approvals, seals, through real messages and jobs."""
    for side in homes:
        with side.act():
            agreements.accept(agreement_id)
            fence.commit()
        run_all()
    for side in [*homes, hub]:
        approve(side, agreement_id)
        with side.act():
            agreements.seal(agreement_id, "罗试甲", "分管领导")
            fence.commit()
        run_all()
    with hub.act():
        version = agreements.current(agreements.get(agreement_id))
        return AgreementRef(agreement_id, version.version, version.text_digest)


def agree(pair: Pair, **changed: Any) -> AgreementRef:
    """An agreement in effect from today between the host (hub) and the home: home gives S0–S7, host S0–S2 S4–S7."""
    return conclude(propose(pair.host, [pair.home], **changed), pair.host, [pair.home])


def agree_three(pair: Pair) -> AgreementRef:
    """As `agree`, among the host (hub), the home and 松阳, which is there already."""
    homes = [pair.home, side(THIRD[0])]
    return conclude(propose(pair.host, homes), pair.host, homes)


@dataclass
class Agreed(Pair):
    """Two counties and the version of their agreement that is in effect."""

    ref: AgreementRef


def ends(side: Side, agreement_id: UUID) -> date:
    """The day on which the first version of an agreement ends. (It was made when the tests began: that may be yesterday.)"""
    with side.act():
        found = standing.version_of(agreements.get(agreement_id), 1)
        assert found is not None
        return date.fromisoformat(found.text["effective_to"])


def load_agreed() -> Agreed:
    """Read the pair back, with the reference to their one agreement."""
    pair = load()
    with pair.home.act():
        ref = agreements.covering(pair.host.uid, "S2", owner_uid=pair.home.uid, receiver_uid=pair.host.uid)
    return Agreed(pair.home, pair.host, ref)


def count(model: type, *where: object) -> int:
    """Rows of the county at hand."""
    return db.session.scalar(db.select(func.count()).select_from(model).where(*where)) or 0
