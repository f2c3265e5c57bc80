"""Three counties under an agreement that live on while everything goes wrong: real members, letters, guests, requests, shared
status, co-signed lists, and the agreement itself, negotiated, printed and sealed, each said through its service with all
that follows from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from itertools import permutations, product
from typing import Any, ClassVar
from uuid import UUID

from tests.federation.chaos import Chaos, in_a_worker
from tests.federation.copies import KINDS
from tests.federation.cosigning.walk import clerk
from tests.federation.words import BORN, LEFT, ONWARD, WORDS, leave
from tests.world import Side
from web import jobs
from web.core import clock, events, fence
from web.core.errors import DomainError, WrongState
from web.core.queue import Job
from web.extensions import db
from web.federation import verbs
from web.federation.agreements import service as agreements
from web.federation.agreements.models import OPEN as OPEN_VERSIONS
from web.federation.agreements.models import (
    Agreement,
    AgreementDecision,
    AgreementState,
)
from web.federation.post.models import OutboxMessage, PostDue
from web.federation.referrals import offering
from web.federation.referrals import service as referrals
from web.federation.referrals.models import Referral
from web.tenants.consents import service as consents
from web.tenants.consents.models import Method
from web.tenants.flows import service as flows
from web.tenants.members import citizen_id
from web.tenants.members import service as members
from web.tenants.members.models import Member, Relation
from web.tenants.organisations.models import OrgKind, PartyOrg
from web.tenants.tasks import service as tasks
from web.tenants.tasks.models import Task, TaskState

SURNAMES = ("王示", "李例", "陈演")
# What others wait for; the papers that a person takes to the printer are left to him.
WORK = (Job.RENDER_AGREEMENT.value, Job.FOLLOW_NAME.value)
OPEN_TASKS = (TaskState.WAITING, TaskState.RUNNING)
# What begins something, and how often in a hundred steps.
OPENINGS = {
    "handover.request": 7,
    "handover.ask": 5,
    "referral.offer": 9,
    "referral.claim": 4,
    "cosign.offer": 6,
    "request.ask": 5,
    "agreement.begin": 1,
    "directory.tell": 1,
}


SELDOM = {word for word, weight in OPENINGS.items() if weight < 2}
Way = Callable[["Lived", Side], str]


def _say(word: str, lived: Lived, side: Side, about: Any = None) -> str:
    WORDS[word](lived, side, about)
    return word


def _opens(word: str) -> Way:
    return partial(_say, word)


@dataclass
class Lived(Chaos):
    """`sides`: host, home, third: the host is everybody's partner. `refused`: what the rooms did not allow, by code.
    `most_files`: after so many, and one version that was sealed by all, no more is negotiated; each is a second of typesetting.
    """

    agreement_id: UUID = field(kw_only=True)
    most_files: int = field(kw_only=True)
    names: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    step: int = 0
    files: int = 0

    def settle_in(self, each: int) -> None:
        """So many members in each county; those of home and third live in the host county and were told, and every other
        one is taken on there, where a theme day was held.
        """
        host = self.sides[0]
        for side, surname in zip(self.sides, SURNAMES, strict=True):
            with side.act():
                for number in range(each):
                    name = surname + "甲乙丙丁戊己庚辛壬癸"[number]
                    member = members.enroll(
                        self.branch(side), name=name, gender="1", member_kind="1", birth_on=BORN, ethnicity="01",
                        phone="15400000123", dues_until="2026-09",
                        id_number=citizen_id.invent("990128", BORN, len(self.names) + 1),
                    )  # fmt: skip
                    self.names.append(name)
                    if side is not host:
                        flows.depart(member, left_on=LEFT, host_code=host.code)
                        consents.give(member, host.uid, [*offering.NOTICE_SCOPES, "S5"], method=Method.PAPER)
                        if number % 2:
                            offering.offer(host.uid, [member.id], clerk(side))
                fence.commit()
        self.rest()
        for verb in ("accept", "report_in", "take_on"):
            with host.act():
                for id_ in db.session.scalars(db.select(Referral.id).order_by(Referral.id)).all():
                    WORDS[f"referral.{verb}"](self, host, referrals.get(id_, lock=True))
                fence.commit()
            self.rest()
        with host.act(), events.by(clerk(host)):
            self.said.add(_say("cosign.offer", self, host))
            fence.commit()

    def branch(self, side: Side) -> UUID:
        """The first branch of a county."""
        query = db.select(PartyOrg.id).where(PartyOrg.kind == OrgKind.BRANCH).order_by(PartyOrg.id)
        return next(iter(db.session.scalars(query)))

    def held(self, side: Side) -> list[UUID]:
        query = db.select(Member.id).where(Member.relation == Relation.HELD, Member.name.in_(self.names))
        return list(db.session.scalars(query.order_by(Member.id)))

    def one_of(self, found: Iterable[Any]) -> Any:
        """One of these ids or names; WrongState where there is none."""
        if not (ordered := sorted(found)):
            raise WrongState("nobody_there")
        return self.draw.choice(ordered)

    def partner(self, side: Side) -> Side:
        host = self.sides[0]
        return self.draw.choice(self.sides[1:]) if side is host else host

    def theirs(self, side: Side) -> tuple[Side, str]:
        """A partner, and the name of somebody who was that county's at first."""
        partner = self.partner(side)
        names = [name for name in self.names if name.startswith(SURNAMES[self.sides.index(partner)])]
        return partner, self.draw.choice(names)

    def say(self) -> None:
        """One county does something; what its rooms do not allow today is counted, and nothing came of it."""
        self.step += 1
        side = self.draw.choice(self.sides)
        (do,) = self.draw.choices(list(self.ways), list(self.ways.values()))
        with side.act(), events.by(clerk(side)):
            try:
                word = do(self, side)
            except DomainError as error:
                self.refused[error.code] += 1
            else:
                fence.commit()
                self.said.add(word)

    def speak(self, name: str, may: list[str], patience: float, side: Side, about: Any) -> str:
        """One of the words that may be said, so often one that leads on, where there is one; "" where none may. One nobody has
        said yet is often taken first: a storm that leaves it to chance now and then never says it.
        """
        onward, is_patient = [verb for verb in may if verb in ONWARD], self.draw.random() < patience
        unsaid = [verb for verb in may if f"{name}.{verb}" not in self.said]
        is_new = bool(unsaid) and self.draw.random() < 0.3
        verb = self.draw.choice((unsaid if is_new else onward if is_patient else may) or [""])
        return _say(f"{name}.{verb}", self, side, about) if verb else ""

    def answer(self, side: Side) -> str:
        """A verb that our copy of something allows."""
        kind = KINDS[self.draw.choices(("handover", "referral", "cosign", "request"), (6, 3, 2, 3))[0]]
        model: Any = kind.model
        query = db.select(model).where(model.state.not_in(kind.machine.terminal), model.pending == "")
        # The latest most: the old have come to their ends.
        found = list(db.session.scalars(query.order_by(model.id.desc()).limit(8)))
        if not found:
            return ""
        aggregate = kind.get(self.draw.choice(found).id, lock=True)
        may = [verb for verb in verbs.can(kind, aggregate) if f"{kind.name}.{verb}" in WORDS]
        return self.speak(kind.name, may, 0.9, side, aggregate)

    def negotiate(self, side: Side) -> str:
        """A verb that the open version of an agreement allows us; without one, its hub drafts the next."""
        if self.files >= self.most_files and "agreement.complete" in self.said:
            return ""
        agreement = self.agreement(AgreementState.PENDING, AgreementState.ACTIVE)
        may = agreements.can(agreement)
        if agreements.current(agreement).state not in OPEN_VERSIONS and agreements.role(agreement) == "hub":
            may = ["draft"]
        if "counter" in may and self.draw.random() < 0.1:
            return _say("agreement.counter", self, side, agreement)
        return self.speak("agreement", may, 0.93, side, agreement)

    def agreement(self, *states: AgreementState) -> Agreement:
        """One that stands so here: the one of all three oftenest."""
        query = db.select(Agreement.id).where(Agreement.state.in_(states)).order_by(Agreement.id)
        return agreements.get(self.draw.choice([self.agreement_id, *db.session.scalars(query)]), lock=True)

    def tend(self, side: Side) -> str:
        """A member's dues or notice change: shares follow, end, open again."""
        if not (held := self.held(side)):
            return ""
        member, chance = members.get(self.draw.choice(held), lock=True), self.draw.random()
        if chance < 0.7:
            members.mark_dues(member, f"2026-{self.draw.randint(1, 12):02}")
        elif chance < 0.8:
            consents.withdraw(member, self.partner(side).uid, ["S6"], "本人要求")
        else:
            consents.give(member, self.partner(side).uid, offering.NOTICE_SCOPES, method=Method.PAPER)
        return ""

    def tell(self, side: Side) -> str:
        """The registers of the agreement, and the lists."""
        weights = {"stop": 6, "progress": 4, "meeting": 3, "closed": 1}
        (word,) = self.draw.choices(list(weights), list(weights.values()))
        return _say(f"agreement.{word}", self, side, self.agreement(AgreementState.ACTIVE))

    ways: ClassVar[dict[Way, int]] = {
        answer: 60,
        negotiate: 15,
        tend: 6,
        tell: 10,
        **{_opens(word): weight for word, weight in OPENINGS.items()},
    }

    def owners(self) -> Counter[str]:
        """How many counties hold each person."""
        found: Counter[str] = Counter()
        for side in self.sides:
            with side.act():
                query = db.select(Member.name).where(Member.relation == Relation.HELD, Member.name.in_(self.names))
                found.update(db.session.scalars(query))
        return found

    def waits(self) -> list[list[Side]]:
        """From whom to whom something is to be sent."""
        with fence.platform("tests"):
            due = {(row.tenant_id, row.peer_uid) for row in db.session.scalars(db.select(PostDue))}
        return [[a, b] for a, b in product(self.sides, repeat=2) if (a.tenant_id, b.uid) in due]

    def line(self) -> list[Side]:
        """One where something waits, if there is one."""
        waits = self.waits()
        return self.draw.choice(waits) if waits else super().line()

    def drain(self, death: tuple[str, int] | None = None) -> None:
        """As always, or a task is worked on; and nobody has two owners after it, whatever died."""
        if self.draw.random() < 0.5 or not self.work(death):
            super().drain(death)
        assert max(self.owners().values()) == 1, "two counties hold one member"

    def work(self, death: tuple[str, int] | None = None) -> int:
        """The worker renders what was agreed and follows a new name, and may die of it; returns how many tasks there were."""
        done = 0
        for side in self.sides:
            with side.act():
                found = list(db.session.scalars(db.select(Task).where(Task.kind.in_(WORK), Task.state.in_(OPEN_TASKS))))
                for task in found:
                    task.heard_at = clock.now() - tasks.LEASE  # whoever died of it died long ago
                waiting = [(task.kind, str(task.id)) for task in found]
                fence.commit()
            for kind, id_ in waiting:
                self.files += kind == Job.RENDER_AGREEMENT.value
                if death is None:
                    jobs.run(kind, side.tenant_id, id_)
                elif not in_a_worker(partial(jobs.run, kind, side.tenant_id, id_), death):
                    self.deaths += 1
            done += len(waiting)
        return done

    def rest(self) -> None:
        """Everything is sent, files too, tasks are done, and what follows from them, until nothing waits."""
        for _ in range(20):
            super().rest()
            if not self.work() and not self.waits():
                return
        raise AssertionError("it never comes to rest")

    def leave(self, side: Side) -> None:
        """A county leaves the agreement of all three, unless it said so already."""
        with side.act(), events.by(clerk(side)):
            if next(p for p in agreements.parties(self.one()) if p.uid == side.uid).leaves_on is None:
                leave(self, side, self.agreement_id)
            fence.commit()
        self.rest()

    def one(self) -> Agreement:
        """The agreement of all three."""
        return agreements.get(self.agreement_id)

    def wait(self) -> None:
        """What the calendar says in every county, now that the clock stands later."""
        for side in self.sides:
            jobs.timers(side.tenant_id)
        self.rest()

    def close(self) -> int:
        """Both of each pair that is over say so, where nothing goes on under another agreement; returns how many did."""
        closed = 0
        for side, other in permutations(self.sides, 2):
            with side.act(), events.by(clerk(side)):
                partner = next(p for p in agreements.parties(self.one()) if p.uid == other.uid)
                if partner.ended_on is not None and not agreements.in_force(other.uid):
                    agreements.close(self.agreement_id, other.uid)
                    fence.commit()
                    closed += 1
        self.rest()
        return closed

    def types(self) -> Counter[str]:
        """How many messages of each type were sent."""
        found: Counter[str] = Counter()
        for side in self.sides:
            with side.act():
                found.update(db.session.scalars(db.select(OutboxMessage.type)))
        return found

    def decided(self) -> Counter[str]:
        """How many decisions of each verb the chains of all agreements have."""
        found: dict[tuple[UUID, int], str] = {}
        for side in self.sides:
            with side.act():
                found |= {(d.agreement_id, d.n): d.verb for d in db.session.scalars(db.select(AgreementDecision))}
        return Counter(found.values())
