"""A handover between the two counties of a test, said verb by verb through the services and the real jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any
from uuid import UUID

from tests.world import Pair, Side
from web.core import clock, fence
from web.core.ids import uuid7
from web.extensions import db
from web.federation.handovers import service
from web.federation.handovers.models import Handover, HandoverState
from web.federation.wire.envelope import AgreementRef
from web.tenants.consents.models import Method
from web.tenants.flows import service as flows
from web.tenants.members import citizen_id
from web.tenants.members import service as members
from web.tenants.members.models import Member, Relation

UNDER = AgreementRef(uuid7(), 1, "sha-256:" + "A" * 43)
BORN = date(1990, 7, 15)
NUMBER = citizen_id.invent("990128", BORN, 1)
TO = "余杭街道党工委"


class Walk:
    """`id` of the handover begun last; every verb is one unit of work, then all jobs run."""

    def __init__(self, pair: Pair, work: Callable[[], int]) -> None:
        self.pair, self.work = pair, work
        self.member_id = self.enroll()
        self.id = UUID(int=0)

    def enroll(self, name: str = "王示甲", **more: Any) -> UUID:
        """A member of 岳西 who lives away."""
        given: dict[str, Any] = {
            "gender": "1", "member_kind": "1", "birth_on": BORN, "id_number": NUMBER, "ethnicity": "01",
            "phone": "15400000123", "dues_until": "2026-10",
        }  # fmt: skip
        with self.pair.home.act():
            member = members.enroll(self.pair.home.orgs["示例村支部"], name=name, **(given | more))
            flows.depart(member, left_on=date(2026, 2, 1), host_code="330110")
            fence.commit()
            return member.id

    def begin(self, partner_uid: UUID | None = None, **more: Any) -> UUID:
        """Home begins, and the other county hears it."""
        with self.pair.home.act():
            member = members.get(self.member_id, lock=True)
            handover = service.begin(
                member,
                partner_uid or self.pair.host.uid,
                method=Method.PAPER,
                applied_on=clock.today(),
                to_org=TO,
                **more,
            )
            self.id = handover.id
            fence.commit()
        self.work()
        return self.id

    @contextmanager
    def at(self, side: Side, id_: UUID | None = None) -> Iterator[Handover]:
        """This county's copy, locked; committed at the end."""
        with side.act():
            yield service.get(id_ or self.id, lock=True)
            fence.commit()

    def home(self, verb: Callable[..., Any], *args: Any, run: bool = True, **more: Any) -> None:
        """Home says it."""
        with self.at(self.pair.home) as handover:
            verb(handover, *args, **more)
        if run:
            self.work()

    def host(self, verb: Callable[..., Any], *args: Any, run: bool = True, **more: Any) -> None:
        """The host says it."""
        with self.at(self.pair.host) as handover:
            verb(handover, *args, **more)
        if run:
            self.work()

    def release(self, *, run: bool = True, valid_days: int = 30, **more: Any) -> None:
        """Home issues the letter."""
        self.home(
            service.release,
            valid_days=valid_days,
            from_org="岳西县天堂镇示例村支部",
            to_org=TO,
            addressee="余杭区委组织部",
            run=run,
            **more,
        )

    def take_over(self, *, run: bool = True) -> None:
        """The host assigns a branch and sends the receipt."""
        branch = self.pair.host.orgs["演示社区第一支部"]
        self.host(
            service.take_over, branch_id=branch, receipt_no="0007", handler="陈例丁", phone="0571-0000123", run=run
        )

    def to_release(self) -> None:
        """Begun, accepted, in transit."""
        self.begin()
        self.host(service.accept)
        self.release()

    def states(self, id_: UUID | None = None) -> tuple[HandoverState, HandoverState]:
        """Of both copies."""
        found = []
        for side in (self.pair.home, self.pair.host):
            with side.act():
                found.append(service.get(id_ or self.id).state)
        return found[0], found[1]

    def owners(self) -> list[str]:
        """Counties that hold the person today."""
        found = []
        for side in (self.pair.home, self.pair.host):
            with side.act():
                held = db.select(Member.id).where(Member.name == "王示甲", Member.relation == Relation.HELD)
                found += [side.name for _ in db.session.scalars(held)]
        return found
