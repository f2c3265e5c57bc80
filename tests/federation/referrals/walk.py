"""A referral between the two counties of a test, said verb by verb through the services and the real jobs."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any
from uuid import UUID

from tests import world
from tests.world import Pair, Side
from web.core import clock, fence
from web.core.events import Actor
from web.extensions import db
from web.federation.agreements import service as agreements
from web.federation.referrals import offering, service
from web.federation.referrals.models import Referral, ReferralState
from web.federation.sharing import values
from web.federation.sharing.models import StatusShare
from web.tenants.accounts.permissions import Role
from web.tenants.consents import service as consents
from web.tenants.consents.models import Method
from web.tenants.flows import service as flows
from web.tenants.members import service as members

NAME = "欧阳示甲"
BRANCH = "演示社区第一支部"
SESSION = UUID(int=7)


def clerk(side: Side) -> Actor:
    """The county's administrator, who sees all of it."""
    return Actor(side.accounts[Role.COUNTY_ADMIN], "county_admin甲", Role.COUNTY_ADMIN.value)


class Walk:
    """`member_id` lives in 余杭; `id` of the referral offered last. Every verb is one unit of work, then all jobs run."""

    def __init__(self, pair: Pair, work: Callable[[], int]) -> None:
        self.pair, self.work = pair, work
        self.home, self.host = pair.home, pair.host
        self.member_id = self.enroll()
        self.id = UUID(int=0)

    def enroll(self, name: str = NAME, host_code: str = "330110", told: bool = True, **more: Any) -> UUID:
        """A member of 岳西 with an open flow, told of what is shared."""
        given: dict[str, Any] = {
            "gender": "1", "member_kind": "1", "birth_on": date(1988, 3, 4), "phone": "15400000123", "dues_until": "2026-09",
            "certificate_no": "示0001",
        }  # fmt: skip
        with self.home.act():
            member = members.enroll(self.home.orgs["示例村支部"], name=name, **(given | more))
            flows.depart(member, left_on=date(2026, 2, 1), host_code=host_code, host_township="余杭街道")
            if told:
                consents.give(member, self.host.uid, offering.NOTICE_SCOPES, method=Method.IN_PERSON)
            fence.commit()
            return member.id

    def offer(self, *member_ids: UUID) -> list[offering.Outcome]:
        with self.home.act():
            outcomes = offering.offer(self.host.uid, list(member_ids or [self.member_id]), clerk(self.home))
            fence.commit()
        self.id = next((o.referral_id for o in outcomes if o.referral_id), self.id)
        self.work()
        return outcomes

    @contextmanager
    def at(self, side: Side, id_: UUID | None = None) -> Iterator[Referral]:
        """This county's copy, locked; committed at the end."""
        with side.act():
            yield service.get(id_ or self.id, lock=True)
            fence.commit()

    def say(self, side: Side, verb: Callable[..., Any], *args: Any, run: bool = True, **more: Any) -> None:
        """The side says it."""
        with self.at(side) as referral:
            verb(referral, *args, **more)
        if run:
            self.work()

    def states(self) -> tuple[ReferralState, ReferralState]:
        """(home's, host's), nothing pending, nothing stopped."""
        found = []
        for side in (self.home, self.host):
            with side.act():
                referral = service.get(self.id)
                assert (referral.pending, referral.stopped) == ("", ""), (side.name, referral.pending, referral.stopped)
                found.append(referral.state)
        return found[0], found[1]

    def code(self) -> str:
        with self.home.act():
            found = service.code_of(service.get(self.id))
        assert found is not None
        return found

    def report_in(self, typed: str | None = None) -> None:
        """By the code the member shows."""
        typed = typed or self.code()
        with self.host.act():
            found = service.find_by_code(typed, SESSION)
            assert found is not None and found.id == self.id
            service.report_in(service.get(found.id, lock=True), "code")
            fence.commit()
        self.work()

    def until_taken_on(self) -> None:
        """The whole happy way."""
        self.offer()
        self.say(self.host, service.accept)
        self.report_in()
        self.say(self.host, service.take_on, self.host.orgs[BRANCH])
        assert self.states() == (ReferralState.TAKEN_ON, ReferralState.TAKEN_ON)

    def shares(self, side: Side) -> dict[tuple[str, str], tuple[str, dict[str, Any]]]:
        """(role, scope) → (state, values) of this county's copies, of each the latest."""
        with side.act():
            query = db.select(StatusShare).where(StatusShare.referral_id == self.id)
            rows = list(db.session.scalars(query.order_by(StatusShare.id)))
            held = values.held([s.id for s in rows])
            assert not [s.stopped for s in rows if s.stopped]
            return {(s.role, s.scope): (s.state.value, held.get(s.id, {})) for s in rows}

    def amend(self, **given: Any) -> None:
        with self.home.act():
            members.amend(members.get(self.member_id, lock=True), given)
            fence.commit()
        self.work()

    def withdraw(self, *scopes: str) -> None:
        with self.home.act():
            consents.withdraw(members.get(self.member_id), self.host.uid, scopes, "本人要求")
            fence.commit()
        self.work()


def next_version(
    walk: Walk, change: Callable[[list[str]], list[str]], scope: str = "S6", back: Iterable[Any] = ()
) -> None:
    """Another version takes effect, proposed by the host, in which home's grant of the scope has the changed fields."""
    world.conclude(propose_version(walk, change, scope, back), walk.host, [walk.home])


def propose_version(
    walk: Walk, change: Callable[[list[str]], list[str]], scope: str = "S6", back: Iterable[Any] = ()
) -> UUID:
    """The same version on home's table: nothing of it is in effect. Returns the agreement's id."""
    with walk.home.act():
        id_ = service.get(walk.id).agreement_id
    with walk.host.act():
        text = copy.deepcopy(agreements.amend(id_).text)
        for grant in text["grants"]:
            if (grant["owner"], grant["scope"]) == (str(walk.home.uid), scope):
                grant["fields"] = change(grant["fields"])
        text["grants"] = [*(grant for grant in text["grants"] if grant["fields"]), *back]
        agreements.revise(id_, text)
        agreements.propose(id_)
        fence.commit()
    walk.work()
    return id_


def later(**by: int) -> Any:
    """The clock, moved."""
    from datetime import timedelta

    return clock.at(clock.now() + timedelta(**by))
