"""The world most tests start in: 岳西 (home) and 余杭 (host), with trees and accounts, made by the services."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import func

from web.core import fence
from web.extensions import db
from web.federation.post import hello, keys
from web.tenants.accounts import service as accounts
from web.tenants.accounts.models import Account
from web.tenants.accounts.permissions import Role
from web.tenants.counties import service as counties
from web.tenants.counties.models import County
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import OrgKind, PartyOrg

COUNTIES = {
    "home": ("340828", "岳西县", "中共岳西县委组织部", "安徽省安庆市", "天堂镇", ["示例村支部", "试例村支部"]),
    "host": ("330110", "余杭区", "中共杭州市余杭区委组织部", "浙江省杭州市", "余杭街道", ["演示社区第一支部", "演示社区第二支部"]),
}
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
    for code, name, office, region, township, branches in COUNTIES.values():
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
                account, _ = accounts.open_account(role.value, f"{role.value}甲", role, org.get(role, root).id, password=PASSWORD)
                account.must_change = False
            fence.commit()
    partner()


def partner() -> None:
    """Keys of both counties, introductions by the worker, and a person of each confirming the fingerprint."""
    for code, *_rest in COUNTIES.values():
        with fence.platform("tests"):
            tenant_id = counties.by_code(code).tenant_id
        with fence.acting_for(tenant_id):
            keys.create()
            fence.commit()
    side = load()
    with side.home.act():
        keys.invite(side.host.code)
        fence.commit()
    hello.exchange(side.home.tenant_id, side.host.uid)
    for one, other in ((side.home, side.host), (side.host, side.home)):
        with one.act():
            row = keys.peer(other.uid)
            keys.confirm(row, row.fingerprint[-9:])
            fence.commit()


def load() -> Pair:
    """Read the pair back from the database of this test."""
    sides = {}
    for key, (code, *_rest) in COUNTIES.items():
        with fence.platform("tests"):
            county = db.session.scalars(db.select(County).where(County.code == code)).one()
            side = Side(county.tenant_id, county.uid, county.code, county.name)
        with fence.acting_for(side.tenant_id):
            side.accounts = {a.role: a.id for a in db.session.scalars(db.select(Account))}
            side.orgs = {o.name: o.id for o in db.session.scalars(db.select(PartyOrg))}
        sides[key] = side
    assert sides["home"].tenant_id != sides["host"].tenant_id
    return Pair(**sides)


def count(model: type, *where: object) -> int:
    """Rows of the county at hand."""
    return db.session.scalar(db.select(func.count()).select_from(model).where(*where)) or 0
