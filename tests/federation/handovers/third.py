"""A third county, 松阳, that knows home: for what two handovers of one member do to each other."""

from __future__ import annotations

from tests.world import Pair, Side
from web.core import fence
from web.federation.post import hello, keys
from web.tenants.counties import service as counties
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import OrgKind


def join(pair: Pair) -> Side:
    """Make it, and let it and home confirm each other."""
    with fence.platform("tests"):
        county = counties.add("331124", "松阳县", "中共松阳县委组织部", region="浙江省丽水市")
        side = Side(county.tenant_id, county.uid, county.code, county.name)
        fence.commit()
    with side.act():
        counties.settings()
        organisations.found(None, OrgKind.COUNTY_COMMITTEE, "松阳县", full_name="中共松阳县委员会")
        keys.create()
        keys.invite(pair.home.code)
        fence.commit()
    hello.exchange(side.tenant_id, pair.home.uid)
    for one, other in ((side, pair.home), (pair.home, side)):
        with one.act():
            row = keys.peer(other.uid)
            keys.confirm(row, row.fingerprint[-9:])
            fence.commit()
    return side
