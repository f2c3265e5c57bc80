"""Three counties under an agreement that live on while everything goes wrong: real members, letters, guests, shared status,
co-signed lists, progress and lists, each said through its service with all that follows from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import product
from typing import Any
from uuid import UUID

from tests.federation.chaos import Chaos
from tests.federation.copies import KINDS
from tests.federation.cosigning.walk import AWAY, CAME, clerk
from tests.world import Side
from web.core import clock, events, fence
from web.core.errors import DomainError
from web.extensions import db
from web.federation import verbs
from web.federation.agreements import service as agreements
from web.federation.cosigning import people
from web.federation.cosigning import service as cosigning
from web.federation.handovers import service as handovers
from web.federation.handovers.models import Handover, HandoverState
from web.federation.pairs import Kind
from web.federation.post import keys
from web.federation.post.models import OutboxMessage, PostDue
from web.federation.referrals import offering
from web.federation.referrals import service as referrals
from web.federation.referrals.models import Referral
from web.federation.sharing import publications, values
from web.federation.sharing.models import ShareState, StatusShare
from web.tenants.activities import service as activities
from web.tenants.activities.models import ActivityKind
from web.tenants.activities.service import Head
from web.tenants.consents import service as consents
from web.tenants.consents.models import Method
from web.tenants.flows import service as flows
from web.tenants.members import citizen_id
from web.tenants.members import service as members
from web.tenants.members.models import Member, Relation
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import OrgKind, PartyOrg

BORN, LEFT, TO = date(1990, 7, 15), date(2026, 2, 1), "接收地党委"
SURNAMES = ("王示", "李例", "陈演")
# What leads on is said oftener than what ends it.
ONWARD = {
    "accept",
    "release",
    "take_over",
    "report_in",
    "take_on",
    "countersign",
    "dispute",
    "correct",
    "propose_annul",
    "keep",
}
Word = Callable[["Lived", Side, Any], object]


def _lines(record: Any) -> list[int]:
    return [line.line for line in cosigning.lines(record.id)]


def _accept(lived: Lived, side: Side, handover: Handover) -> None:
    found = [c.member_id for c in handovers.candidates(handover)] if handover.state is HandoverState.ASKED else [None]
    handovers.accept(handover, next(iter(found), None))


def _release(lived: Lived, side: Side, handover: Handover) -> None:
    handovers.release(
        handover, valid_days=30, from_org=f"{side.name}某支部", to_org=TO, addressee="组织部", proof="支部证明"
    )


def _take_over(lived: Lived, side: Side, handover: Handover) -> None:
    handovers.take_over(
        handover, branch_id=lived.branch(side), receipt_no="0007", handler="陈例丁", phone="0571-0000123"
    )


def _mend(lived: Lived, side: Side, handover: Handover) -> None:
    handovers.ask_mended(handover, name=handover.values()["name"], birth_on=BORN, to_org=TO)


def _correct(lived: Lived, side: Side, record: Any) -> None:
    line = lived.draw.choice(list(cosigning.lines(record.id)))
    cosigning.correct(record.id, {line.referral_id: lived.draw.choice((CAME, AWAY))}, "核对签到表")


WORDS: dict[str, Word] = {
    "handover.request": lambda _l, _s, h: handovers.ask_again(h),
    "handover.ask": _mend,
    "handover.return": lambda _l, _s, h: handovers.give_back(h, ["name"], "姓名对不上"),
    "handover.accept": _accept,
    "handover.refuse": lambda _l, _s, h: handovers.refuse(h, "not_here"),
    "handover.cancel": lambda _l, _s, h: handovers.cancel(h, "本人改变主意"),
    "handover.release": _release,
    "handover.decline": lambda _l, _s, h: handovers.decline(h, "missing_file"),
    "handover.take_over": _take_over,
    "handover.recall": lambda _l, _s, h: handovers.recall(h, "member_stays"),
    "referral.accept": lambda _l, _s, r: referrals.accept(r),
    "referral.decline": lambda _l, _s, r: referrals.decline(r, "not_here"),
    "referral.report_in": lambda _l, _s, r: referrals.report_in(r, "person"),
    "referral.take_on": lambda lived, side, r: referrals.take_on(r, lived.branch(side)),
    "referral.end": lambda _l, _s, r: referrals.end(r, "wrong_entry"),
    "referral.leave": lambda _l, _s, r: referrals.leave(r),
    "cosign.countersign": lambda _l, _s, c: cosigning.countersign(c.id, _lines(c)),
    "cosign.dispute": lambda _l, _s, c: cosigning.dispute(c.id, dict.fromkeys(_lines(c), "当日在外")),
    "cosign.refuse": lambda _l, _s, c: cosigning.refuse(c.id, "not_held"),
    "cosign.correct": _correct,
    "cosign.withdraw": lambda _l, _s, c: cosigning.withdraw(c.id, "登记有误"),
    "cosign.propose_annul": lambda _l, _s, c: cosigning.propose_annul(c.id, "登记有误"),
    "cosign.annul": lambda _l, _s, c: cosigning.annul(c.id),
    "cosign.keep": lambda _l, _s, c: cosigning.keep(c.id, "核对无误"),
}


@dataclass
class Lived(Chaos):
    """`sides`: host, home, third: the host is everybody's partner. `refused`: what the rooms did not allow, by code."""

    agreement_id: UUID = field(kw_only=True)
    names: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    step: int = 0

    def settle_in(self, each: int) -> None:
        """So many members in each county; those of home and third live in the host county and were told, and every other
        one is taken on there.
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

    def branch(self, side: Side) -> UUID:
        """The first branch of a county."""
        query = db.select(PartyOrg.id).where(PartyOrg.kind == OrgKind.BRANCH).order_by(PartyOrg.id)
        return next(iter(db.session.scalars(query)))

    def held(self, side: Side) -> list[UUID]:
        query = db.select(Member.id).where(Member.relation == Relation.HELD, Member.name.in_(self.names))
        return list(db.session.scalars(query.order_by(Member.id)))

    def partner(self, side: Side) -> Side:
        host = self.sides[0]
        return self.draw.choice(self.sides[1:]) if side is host else host

    def say(self) -> None:
        """One county does something; what its rooms do not allow today is counted, and nothing came of it."""
        self.step += 1
        side, drawn = self.draw.choice(self.sides), self.draw.random()
        do = next(what for share, what in self.ways if drawn < share)
        with side.act(), events.by(clerk(side)):
            try:
                do(self, side)
            except DomainError as error:
                self.refused[error.code] += 1
            else:
                fence.commit()

    def answer(self, side: Side) -> None:
        """A verb that our copy of something allows."""
        kind = KINDS[self.draw.choices(("handover", "referral", "cosign"), (6, 3, 2))[0]]
        model: Any = kind.model
        query = db.select(model).where(model.state.not_in(kind.machine.terminal), model.pending == "")
        # The latest most: the old have come to their ends.
        found = list(db.session.scalars(query.order_by(model.id.desc()).limit(8)))
        if not found:
            return
        aggregate = kind.get(self.draw.choice(found).id, lock=True)
        may = [verb for verb in verbs.can(kind, aggregate) if f"{kind.name}.{verb}" in WORDS]
        onward, is_patient = [verb for verb in may if verb in ONWARD], self.draw.random() < 0.9
        if verb := self.draw.choice((onward if is_patient else may) or [""]):
            WORDS[f"{kind.name}.{verb}"](self, side, aggregate)

    def request(self, side: Side) -> None:
        """A member of ours moves to a partner; now and then to both, or one that is on the way already."""
        if held := self.held(side):
            member = members.get(self.draw.choice(held), lock=True)
            to = self.partner(side).uid
            handovers.begin(member, to, method=Method.PAPER, applied_on=clock.today(), to_org=TO)

    def ask(self, side: Side) -> None:
        """We ask a partner for somebody of theirs, who may be on the way here already, or ours by now."""
        partner = self.partner(side)
        theirs = [name for name in self.names if name.startswith(SURNAMES[self.sides.index(partner)])]
        given: dict[str, Any] = {"name": self.draw.choice(theirs), "birth_on": BORN, "to_org": TO}
        handovers.ask(partner.uid, **given, method=Method.PAPER, applied_on=clock.today())

    def refer(self, side: Side) -> None:
        """A member who lives with a partner is offered there."""
        host = self.sides[0]
        if side is not host and (held := self.held(side)):
            offering.offer(host.uid, [self.draw.choice(held)], clerk(side))

    def meet(self, side: Side) -> None:
        """A theme day of the host with every guest who is there, offered to their counties."""
        host = self.sides[0]
        if side is not host:
            return
        on = clock.today() - timedelta(days=1)
        title = f"主题党日第{self.step}期"
        head = Head(self.branch(side), ActivityKind.THEME_DAY, title, on, "社区党群服务中心", "周例戊", 120)
        activity = activities.plan(head, clerk(side))
        guests = {guest.referral_id for guest in people.due_at(activity)}
        if guests:
            activities.record_attendance(activity, {}, dict.fromkeys(guests, CAME), may_attend=guests)
            activities.hold(activity)
            cosigning.offer(activity, list(cosigning.proposal(activity)))

    def tend(self, side: Side) -> None:
        """A member's dues or notice change: shares follow, end, open again."""
        if not (held := self.held(side)):
            return
        member, chance = members.get(self.draw.choice(held), lock=True), self.draw.random()
        if chance < 0.7:
            members.mark_dues(member, f"2026-{self.draw.randint(1, 12):02}")
        elif chance < 0.8:
            consents.withdraw(member, self.partner(side).uid, ["S6"], "本人要求")
        else:
            consents.give(member, self.partner(side).uid, ["S6"], method=Method.PAPER)

    def tell(self, side: Side) -> None:
        """The agreement's own words, and the lists: progress, a pause and its end, the directory after a branch was renamed."""
        chance = self.draw.random()
        if chance < 0.5:
            item = self.draw.choice(("a1", "a2", "a3"))
            agreements.note_progress(self.agreement_id, item, self.draw.randint(0, 100), "走访")
        elif chance < 0.65:
            agreements.pause(self.agreement_id, "S7", resume=self.draw.random() < 0.5)
        else:
            organisations.rename(organisations.get(self.branch(side)), f"{side.name}第{self.step}支部")
            for peer in keys.partners():
                publications.tell("directory", peer)

    ways = (
        (0.62, answer),
        (0.70, request),
        (0.76, ask),
        (0.86, refer),
        (0.90, meet),
        (0.96, tend),
        (1.00, tell),
    )

    def owners(self) -> Counter[str]:
        """How many counties hold each person."""
        found: Counter[str] = Counter()
        for side in self.sides:
            with side.act():
                query = db.select(Member.name).where(Member.relation == Relation.HELD, Member.name.in_(self.names))
                found.update(db.session.scalars(query))
        return found

    def line(self) -> list[Side]:
        """One where something waits, if there is one."""
        with fence.platform("tests"):
            due = {(row.tenant_id, row.peer_uid) for row in db.session.scalars(db.select(PostDue))}
        waits = [[a, b] for a, b in product(self.sides, repeat=2) if (a.tenant_id, b.uid) in due]
        return self.draw.choice(waits) if waits else super().line()

    def drain(self, death: tuple[str, int] | None = None) -> None:
        """As always; and nobody has two owners after it, whatever died."""
        super().drain(death)
        assert max(self.owners().values()) == 1, "two counties hold one member"

    def types(self) -> Counter[str]:
        """How many messages of each type were sent."""
        found: Counter[str] = Counter()
        for side in self.sides:
            with side.act():
                found.update(db.session.scalars(db.select(OutboxMessage.type)))
        return found

    def copies(self) -> dict[UUID, dict[tuple[str, UUID], Any]]:
        """What each county holds of everything that two counties share."""
        found = {}
        for side in self.sides:
            with side.act():
                found[side.uid] = {
                    (kind.name, row.id): row
                    for kind in KINDS.values()
                    for row in db.session.scalars(db.select(kind.model))
                }
        return found

    def shown(self) -> list[dict[UUID, dict[str, Any]]]:
        """What each live share says, at its owner and at its receiver."""
        found: list[dict[UUID, dict[str, Any]]] = [{}, {}]
        for side, (role, here) in product(self.sides, zip(("owner", "receiver"), found, strict=True)):
            with side.act():
                live = db.select(StatusShare.id).where(StatusShare.role == role, StatusShare.state == ShareState.LIVE)
                here |= values.held(db.session.scalars(live).all())
        return found

    def demand_settled(self) -> None:
        """Nobody stands in a register for the time being, and who is locked has a letter on its way."""
        for side in self.sides:
            with side.act():
                query = db.select(Member).where(Member.name.in_(self.names))
                for member in db.session.scalars(query):
                    assert member.relation is not Relation.PROVISIONAL, (side.name, member.name)
                    if member.frozen_by is not None:
                        assert handovers.get(member.frozen_by).state is HandoverState.RELEASED, (side.name, member.name)


def stands(row: Any) -> tuple[str, int, str, str]:
    """What both copies must agree in, and what must not be."""
    return str(row.state), row.n, row.pending, row.stopped


def is_over(kind: Kind, row: Any) -> bool:
    """Whether it came to an end here."""
    return row.state in kind.machine.terminal
