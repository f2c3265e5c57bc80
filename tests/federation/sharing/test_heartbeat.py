"""Once a day both counties compare what one shares with what the other holds of it; what differs is sent again, whole."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete

from tests import world
from tests.blueprints.test_auth import sign_in
from web.core import clock, fence
from web.extensions import db
from web.federation.agreements import service as agreements
from web.federation.post.models import InboxMessage, OutboxMessage
from web.federation.sharing import heartbeat, service
from web.federation.sharing.models import SharedValue
from web.tenants.accounts.permissions import Role


def _beats(walk, at):
    """How many each side said on that noon, and what became of the last one each side said."""
    said = []
    with clock.at(at):
        for side in (walk.home, walk.host):
            with side.act():
                said.append(heartbeat.tell_all())
                fence.commit()
        walk.work()
    return said, [_last(walk.home), _last(walk.host)]


def _last(side):
    with side.act():
        query = db.select(OutboxMessage.result, OutboxMessage.code).where(OutboxMessage.type == "heartbeat.tell")
        found = db.session.execute(query.order_by(OutboxMessage.id.desc()).limit(1)).first()
        return tuple(found) if found else None


def _snapshots(side):
    with side.act():
        return world.count(OutboxMessage, OutboxMessage.type == "share.snapshot")


def _page(fresh, side, path):
    client = fresh.test_client()
    sign_in(client, side, Role.COUNTY_ADMIN.value)
    page = client.get(f"/{side.code}{path}")
    assert page.status_code == 200
    return page.text


def test_what_one_shares_and_the_other_holds_is_compared_once_a_day_and_mended(walk, fresh):
    noon = (clock.now() + timedelta(days=1)).astimezone(clock.CHINA).replace(hour=12, minute=0)
    day, same = timedelta(days=1), [("applied", None)] * 2
    assert _beats(walk, noon) == ([0, 0], [None, None]), "nothing is live, nothing is said"
    with clock.at(noon):
        walk.until_taken_on()
    assert _beats(walk, noon) == ([1, 1], same)
    assert _beats(walk, noon + timedelta(hours=11)) == ([0, 0], same), "once a day"
    with clock.at(noon + timedelta(hours=12)):
        walk.amend(dues_until="2026-12", appraisal="优秀", certificate_no="")
    assert _beats(walk, noon + day) == ([1, 1], same), "after a change too"

    whole = walk.shares(walk.host)["receiver", "S6"]
    with walk.host.act():
        db.session.execute(delete(SharedValue).where(SharedValue.field == "dues_until"))
        fence.commit()
    said, became = _beats(walk, noon + 2 * day)
    assert (said, became) == ([1, 1], [("refused", "copies_differ"), ("applied", None)])
    assert walk.shares(walk.host)["receiver", "S6"] == whole, "all values went again"
    with walk.host.act():
        last = db.session.scalars(db.select(InboxMessage.type).order_by(InboxMessage.id.desc()).limit(1)).one()
        assert last == "share.snapshot"
    assert "不一致，已全部重送" in _page(fresh, walk.home, f"/peers/{walk.host.uid}")
    assert "不一致，由对方全部重送" in _page(fresh, walk.host, f"/peers/{walk.home.uid}")
    with walk.home.act():
        share = service.standing(walk.id, "owner", "S6").id
    assert "不一致，已全部重送" in _page(fresh, walk.home, f"/shares/{share}")
    assert _beats(walk, noon + 3 * day) == ([1, 1], same)
    assert "双方一致" in _page(fresh, walk.host, f"/shares/{share}")
    with walk.host.act():
        service.standing(walk.id, "receiver", "S6").created_at = noon + 4 * day
        fence.commit()
    assert "还没有核对" in _page(fresh, walk.host, f"/shares/{share}"), "what was compared before it was opened"

    with walk.host.act():
        db.session.execute(delete(SharedValue).where(SharedValue.field == "dues_until"))
        fence.commit()
    before = _snapshots(walk.home)
    for passed in (4, 5, 6):  # the host is away
        with clock.at(noon + passed * day), walk.home.act():
            assert heartbeat.tell_all() == 1
            fence.commit()
    with clock.at(noon + 6 * day):
        walk.work()
    assert (_last(walk.home), _snapshots(walk.home)) == (("refused", "copies_differ"), before + 1), "once for all three"
    with walk.home.act():
        query = db.select(OutboxMessage).where(OutboxMessage.type == "heartbeat.tell").order_by(OutboxMessage.id.desc())
        message = db.session.scalars(query.limit(1)).one()
        heartbeat.refused(message)  # a partner who refuses it once more
        message.code = "version_unsupported"
        fence.commit()
    walk.work()
    assert _snapshots(walk.home) == before + 1 and walk.shares(walk.host)["receiver", "S6"] == whole
    assert "未能核对" in _page(fresh, walk.home, f"/shares/{share}")
    assert _beats(walk, noon + 7 * day) == ([1, 1], same)

    with clock.at(noon + 7 * day), walk.home.act():
        agreements.pause(agreements.in_force(walk.host.uid)[0][0].id, "S6")
        fence.commit()
    assert _beats(walk, noon + 8 * day)[0] == [0, 1], "what is known to wait is not compared"
