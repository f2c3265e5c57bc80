"""Half a year of two counties, lived through the services: members told, offered, reported in, taken on, ended, handed over."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from tests import world
from tests.conftest import Keep
from tests.federation.handovers import walk as handing
from tests.federation.referrals.walk import BRANCH, Walk, clerk
from tests.states import State
from tests.workers import run_all
from tests.world import Agreed
from web.core import clock, events, fence
from web.federation.agreements import service as agreements
from web.federation.handovers import service as handovers
from web.federation.referrals import service as referrals
from web.reports import Period
from web.tenants.consents import service as consents
from web.tenants.flows import service as flows
from web.tenants.flows.models import FlowEnd
from web.tenants.members import citizen_id
from web.tenants.members import service as members

NAMES = [f"{family}示{given}" for family in "王李张刘陈杨赵黄" for given in "甲"]


@dataclass
class Lived:
    """`begun`: the moment of the agreement. Days after it: 0 offers, 1 answers, 3 report in, 10 take on, 12 endings."""

    walk: Walk
    begun: Any
    members: dict[str, UUID] = field(default_factory=dict)
    referrals: dict[str, UUID] = field(default_factory=dict)

    @property
    def period(self) -> Period:
        """The half-year all of it lies in."""
        return Period.half_of(self.begun.astimezone(clock.CHINA).date())

    @property
    def agreement_id(self) -> UUID:
        assert isinstance(self.walk.pair, Agreed)
        return self.walk.pair.ref.id

    def later(self, days: int) -> Any:
        """The clock on that day."""
        return clock.at(self.begun + timedelta(days=days))


def live(agreed: Agreed, work: Callable[[], int]) -> Lived:
    """Eight offered: one declined, one never reports, six report in, five are taken on, one of them ends by withdrawal.

    A ninth lives elsewhere, a tenth was registered by mistake, an eleventh is not told. Of three handovers one closes after two days,
    one is refused, one is cancelled.
    """
    lived = Lived(Walk(agreed, work), clock.now())
    walk = lived.walk
    for name in NAMES:
        lived.members[name] = walk.enroll(name)
    walk.enroll("周例乙", host_code="331124")
    wrong = walk.enroll("吴例乙")
    untold = walk.enroll("郑例丙", told=False)
    with walk.home.act():
        flow = flows.current(wrong, lock=True)
        assert flow is not None
        flows.end(flow, FlowEnd.WRONG_ENTRY)
        agreements.note_progress(lived.agreement_id, "a1", 20, "春节前走访")
        agreements.note_progress(lived.agreement_id, "a1", 45, "端午节前补访")
        fence.commit()
    found = walk.offer(*lived.members.values())
    lived.referrals = {
        name: next(o.referral_id for o in found if o.member_id == id_ and o.referral_id)
        for name, id_ in lived.members.items()
    }
    on = _Host(lived, work)
    with lived.later(1):
        on.each(NAMES[1:], referrals.accept)
        on.each(NAMES[:1], referrals.decline, "not_here")
    with lived.later(3):
        on.each(NAMES[2:], referrals.report_in, "person")
    with lived.later(10):
        on.each(NAMES[3:], referrals.take_on, walk.host.orgs[BRANCH])
    with lived.later(12):
        with walk.home.act(), events.by(clerk(walk.home)):
            consents.withdraw(members.get(lived.members[NAMES[7]]), walk.host.uid, ["S2"], "本人要求")
            fence.commit()
        work()
    _hand_over(lived, untold)
    return lived


@dataclass
class _Host:
    lived: Lived
    work: Callable[[], int]

    def each(self, names: list[str], verb: Callable[..., Any], *args: Any) -> None:
        """One unit for all of them, then the jobs."""
        with self.lived.walk.host.act():
            for name in names:
                verb(referrals.get(self.lived.referrals[name], lock=True), *args)
            fence.commit()
        self.work()


def _hand_over(lived: Lived, untold: UUID) -> None:
    """By the handovers' own walk; members of it are not the referrals'."""
    walk = handing.Walk(lived.walk.pair, lived.walk.work)
    with lived.later(13):
        walk.begin()
        walk.host(handovers.accept)
    with lived.later(15):
        walk.release()
        walk.take_over()
    with lived.later(16):
        walk.member_id = walk.enroll("孙示乙", id_number=citizen_id.invent("990128", handing.BORN, 3))
        walk.begin()
        walk.host(handovers.refuse, "not_here")
        walk.member_id = untold
        walk.begin()
        walk.home(handovers.cancel)


@pytest.fixture(scope="session", name="with_half_year")
def build_with_half_year(keep: Keep, with_counties: State) -> State:
    """All this happened, within the next half-year that begins: no test runs across its end."""

    def build() -> Lived:
        today = clock.today()
        starts = datetime(today.year + (today.month > 6), 7 if today.month <= 6 else 1, 10, 4, tzinfo=UTC)
        with clock.at(starts):
            world.agree(world.load())
            return live(world.load_agreed(), run_all)

    return keep("half-year", build, with_counties)


@pytest.fixture(name="lived")
def load_lived(fresh: Flask, stand: Callable[[State], Any], with_half_year: State) -> Lived:
    """The half-year on a database of its own."""
    return copy(stand(with_half_year))
