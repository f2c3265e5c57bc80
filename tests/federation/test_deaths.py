"""A worker is killed at every commit of every kind of work, once each: what was begun is found again and done once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from tests import world
from tests.federation.chaos import in_a_worker
from tests.federation.cosigning.walk import clerk
from tests.tenants.test_import_service import _grow_tree
from tests.workers import run_all
from tests.world import Pair
from web.core import clock, events, fence
from web.core.events import Event
from web.demo import register
from web.extensions import db, valkey
from web.federation.agreements import service as agreements
from web.federation.agreements.models import VersionState
from web.federation.post import keys, turning
from web.federation.post.models import PeerState
from web.jobs import ROUNDS
from web.tenants.imports import service as imports
from web.tenants.imports.models import ImportBatch, ImportState
from web.tenants.members import service as members
from web.tenants.members.models import Member
from web.tenants.register import bulk
from web.tenants.tasks.models import Task, TaskState

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]


@dataclass(frozen=True)
class Work:
    """`begins`: a person's part, after which jobs wait; `ended`: asserts that all of it was done, and once."""

    begins: Callable[[Pair], Any]
    ended: Callable[[Pair, Any], None]
    commits: int  # a worker makes at least so many


def _turn(pair):
    with pair.home.act():
        turning.ask("ask_turn")
        fence.commit()


def _turned(pair, _begun):
    with pair.home.act():
        own = keys.own_fingerprint()
        turned = db.session.scalars(db.select(Event.id).where(Event.verb == "county_key.turn")).all()
        assert len(turned) == 2, "the seal key and the decryption key, once"
    with pair.host.act():
        known = keys.peer(pair.home.uid)
        assert (known.state, known.fingerprint) == (PeerState.CONFIRMED, own)


def _accept(pair):
    agreement_id = world.propose(pair.host, [pair.home])
    with pair.home.act():
        agreements.accept(agreement_id)
        fence.commit()
    return agreement_id


def _in_effect(pair, agreement_id):
    """The file was rendered and came over, so that both can seal it."""
    for side in (pair.home, pair.host):
        world.approve(side, agreement_id)
        with side.act():
            agreements.seal(agreement_id, "罗试甲", "分管领导")
            fence.commit()
        run_all()
    for side in (pair.home, pair.host):
        with side.act():
            version = agreements.current(agreements.get(agreement_id))
            assert version.state is VersionState.EFFECTIVE


def _change(pair):
    with pair.home.act(), events.by(clerk(pair.home)):
        made = [
            members.enroll(
                pair.home.orgs["示例村支部"], name=f"王示{n}", gender="1", member_kind="1", dues_until="2026-06"
            )
            for n in "甲乙丙丁"
        ]
        bulk.begin([member.id for member in made], bulk.Change({"dues_until": "2026-09"}))
        fence.commit()


def _changed(pair, _begun):
    with pair.home.act():
        assert db.session.scalars(db.select(Member.dues_until)).all() == ["2026-09"] * 4
        changes = db.session.scalars(db.select(Event.id).where(Event.verb == "member.amend")).all()
        assert len(changes) == 4, "each once"


def _upload(pair):
    with pair.home.act(), events.by(clerk(pair.home)):
        _grow_tree(pair.home)
        content = register.workbook(pair.home.code)
        batch, _ = imports.upload("名册.xlsx", content)
        fence.commit()
        return batch.id


def _read(pair, batch_id):
    with pair.home.act():
        batch = imports.get(batch_id)
        assert batch.state is ImportState.PREVIEWED, batch.state
        assert sum(batch.counts.values()) > 0


def _write(pair):
    batch_id = _upload(pair)
    run_all()
    with pair.home.act(), events.by(clerk(pair.home)):
        imports.begin(imports.get(batch_id, lock=True), only_good=True)
        fence.commit()
    return batch_id


def _written(pair, batch_id):
    with pair.home.act():
        batch = db.session.get_one(ImportBatch, (pair.home.tenant_id, batch_id))
        assert world.count(Member) == batch.counts["new"], "each once"


WORKS = {
    "keys turned, and the partner told": Work(_turn, _turned, 3),
    "an agreement accepted, rendered, its file sent": Work(_accept, _in_effect, 6),
    "a change for many": Work(_change, _changed, 3),
    "a register read": Work(_upload, _read, 2),
    "a register written": Work(_write, _written, 2),
}


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("name", WORKS)
def test_a_worker_killed_at_any_commit_is_followed_by_one_that_ends_its_work(
    fresh, stand, with_counties, with_agreement, name, side, proved
):
    work = WORKS[name]
    for number in count(1):
        stand(with_counties if work.begins is _accept else with_agreement)
        pair = world.load()
        begun = work.begins(pair)
        if in_a_worker(run_all, (side, number)):
            break
        valkey.client.flushdb()
        began = clock.now()
        for minutes in (2, 13, 30):
            with clock.at(began + timedelta(minutes=minutes)):
                for _name, _every, ring in ROUNDS:
                    ring()
                run_all()
        with clock.at(began + timedelta(minutes=31)):
            work.ended(pair, begun)
        for county in (pair.home, pair.host):
            with county.act():
                states = set(db.session.scalars(db.select(Task.state)))
                assert states <= {TaskState.DONE}, (number, states)
    assert number > work.commits, "it lived before the last of its commits"
    print(f"\n{name}: killed {side} each of {number - 1} commits")
    proved("workers killed", number - 1)
