"""Whoever looks at a received row is logged at home too: counted where the key is used, told to the owner, no name."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests import world
from tests.blueprints.test_auth import sign_in
from tests.federation.referrals.walk import NAME
from web.core import clock, events, fence
from web.core.events import Event
from web.core.ids import uuid7
from web.extensions import db
from web.federation.messages import LOOKS
from web.federation.post import service as post
from web.federation.post.models import InboxMessage, OutboxMessage
from web.federation.readings import service as readings
from web.federation.readings.models import Reading
from web.federation.referrals import packets
from web.federation.referrals.models import SharedMember
from web.tenants.accounts.permissions import Role


@pytest.fixture
def desks(walk, fresh):
    found = []
    for side in (walk.home, walk.host):
        client = fresh.test_client()
        sign_in(client, side, Role.COUNTY_ADMIN.value)
        found.append(client)
    return tuple(found)


def tallies(side):
    with side.act():
        query = db.select(Reading).order_by(Reading.id)
        return [(r.about_kind, r.is_ours, r.reader, r.count, r.told) for r in db.session.scalars(query)]


def tell(side, **how):
    with side.act():
        said = readings.tell(**how)
        fence.commit()
        return said


def test_every_look_is_counted_told_and_shown_to_the_member(walk, desks):
    walk.offer()
    home, host = desks
    for page in ("/shared/", f"/shared/{walk.id}", f"/referrals/{walk.id}"):
        assert host.get(f"/{walk.host.code}{page}").status_code == 200
    home.get(f"/{walk.home.code}/referrals/{walk.id}")
    assert tallies(walk.host) == [("referral", True, "county_admin", 3, 0)] and tallies(walk.home) == []
    with walk.host.act():
        views = db.session.scalars(db.select(Event).where(Event.verb == "shared.view")).all()
        assert len(views) == 3 and all(e.details["rows"] == [str(walk.id)] for e in views)
    assert tell(walk.host) == 0, "an hour is waited for, so that a morning's work is one message"
    with clock.at(clock.now() + timedelta(minutes=61)):
        assert tell(walk.host) == 1
        walk.work()
        assert tell(walk.host) == 0
    assert tallies(walk.host) == [("referral", True, "county_admin", 3, 3)]
    assert tallies(walk.home) == [("referral", False, "county_admin", 3, 0)]
    with walk.home.act():
        heard = db.session.scalars(db.select(InboxMessage).where(InboxMessage.type == "reading.tell")).one()
        assert "甲" not in json.dumps(heard.envelope) and heard.result == "applied"
        entry = db.session.scalars(db.select(Event).where(Event.verb == "reading.hear")).one()
        assert (entry.member_id, entry.details["count"], entry.peer) == (walk.member_id, 3, str(walk.host.uid))
    page = home.get(f"/{walk.home.code}/members/{walk.member_id}").text
    assert "谁看过" in page and f"{walk.host.name}</td><td>县级经办" in page
    whole = home.get(f"/{walk.home.code}/members/{walk.member_id}/seen").text
    assert "county_admin甲" in whole, "our own people by name: the look a moment ago"
    # More looks of the same day replace the figure; hearing the same twice changes nothing.
    host.get(f"/{walk.host.code}/shared/{walk.id}")
    assert tell(walk.host, at_once=True) == 1
    walk.work()
    assert tallies(walk.home)[0][3] == 4
    with walk.host.act():  # homes that stood open all day, as many as a line cannot say
        row = db.session.scalars(db.select(Reading)).one()
        row.count, row.since = LOOKS.most + 1, clock.now()
        fence.commit()
    assert tell(walk.host, at_once=True) == 1
    walk.work()
    assert tallies(walk.home)[0][3] == LOOKS.most


def test_a_home_that_stands_open_is_one_look_an_hour(walk, desks):
    def looks_of_all_days():  # an hour on, it may be tomorrow
        return sum(count for _, _, _, count, _ in tallies(walk.host))

    walk.offer()
    _, host = desks
    assert NAME in host.get(f"/{walk.host.code}/").text
    assert tallies(walk.host) == [("referral", True, "county_admin", 1, 0)]
    for minutes, looks in ((0, 1), (20, 1), (40, 1), (61, 2), (62, 2)):
        with clock.at(clock.now() + timedelta(minutes=minutes)):
            assert NAME in host.get(f"/{walk.host.code}/live").text
        assert looks_of_all_days() == looks
    with walk.host.act():
        assert world.count(Event, Event.verb == "shared.view") == 2, "and two lines of the log"
    host.get(f"/{walk.host.code}/")
    assert looks_of_all_days() == 3, "who asks for the page looks again"


def test_what_no_page_named_is_counted_all_the_same_and_jobs_are_not_people(walk):
    """The count hangs on the use of the key: a page written tomorrow that forgets to say so is logged as well."""
    walk.offer()
    who = events.Actor(walk.host.accounts[Role.LIAISON], "liaison甲", Role.LIAISON.value)
    with walk.host.act():
        packets.opened(db.session.scalars(db.select(SharedMember)).one())
        fence.commit()
    assert tallies(walk.host) == [], "a job opened it"
    with walk.host.act(), events.by(who):
        packets.opened(db.session.scalars(db.select(SharedMember)).one())
        fence.commit()
    assert tallies(walk.host) == [("referral", True, "liaison", 1, 0)]
    with walk.host.act():
        entry = db.session.scalars(db.select(Event).where(Event.verb == "shared.view")).one()
        assert (entry.details["list"], entry.details["rows"], entry.actor_name) == (
            "other",
            [str(walk.id)],
            "liaison甲",
        )
    with walk.host.act():  # an export: its job acts as who asked for it, and commits when it is done
        with events.by(who):
            packets.opened(db.session.scalars(db.select(SharedMember)).one())
        fence.commit()
    assert tallies(walk.host) == [("referral", True, "liaison", 2, 0)]
    with walk.host.act():
        views = db.session.scalars(db.select(Event).where(Event.verb == "shared.view")).all()
        assert [e.actor_name for e in views] == ["liaison甲"] * 2


def test_a_county_can_tell_only_of_rows_that_are_the_hearers_own(walk):
    walk.offer()
    lines = [
        [kind, str(id_), clock.today().isoformat(), "liaison", 9]
        for kind, id_ in (("referral", uuid7()), ("handover", walk.id))
    ]
    with walk.host.act():
        post.send(walk.home.uid, "reading.tell", uuid7(), {"lines": lines})
        fence.commit()
    with walk.home.act():  # home is nobody's reader here: its own referral told back to the host is not the host's row
        post.send(walk.host.uid, "reading.tell", uuid7(), {"lines": [["referral", str(walk.id), *lines[0][2:]]]})
        fence.commit()
    walk.work()
    assert tallies(walk.home) == [] == tallies(walk.host)
    with walk.host.act():
        assert world.count(OutboxMessage, OutboxMessage.result == "refused") == 0, (
            "nor is it told whether the row exists"
        )
