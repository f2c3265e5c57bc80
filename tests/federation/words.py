"""What three counties say to each other in a storm: every verb of every machine, through its service."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date, timedelta
from itertools import permutations
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tests import world
from tests.federation.cosigning.walk import AWAY, CAME, clerk
from tests.world import Side
from web.core import clock, events
from web.extensions import db
from web.federation.agreements import meetings, registers, texts
from web.federation.agreements import service as agreements
from web.federation.agreements.models import Agreement
from web.federation.cosigning import people
from web.federation.cosigning import service as cosigning
from web.federation.handovers import service as handovers
from web.federation.handovers.models import Handover, HandoverState
from web.federation.post import keys
from web.federation.referrals import claims, offering
from web.federation.referrals import service as referrals
from web.federation.referrals.models import OPEN, Referral
from web.federation.requests import service as requests
from web.federation.requests.models import Request
from web.federation.sharing import publications
from web.tenants.accounts.permissions import Role
from web.tenants.activities import service as activities
from web.tenants.activities.models import ActivityKind
from web.tenants.activities.service import Head
from web.tenants.consents import service as consents
from web.tenants.consents.models import Method
from web.tenants.flows import service as flows
from web.tenants.members import service as members
from web.tenants.organisations import service as organisations

if TYPE_CHECKING:
    from tests.federation.lived import Lived

BORN, LEFT, TO = date(1990, 7, 15), date(2026, 2, 1), "接收地党委"
# What leads on is said oftener than what ends it.
ONWARD = {
    "accept",
    "release",
    "take_over",
    "report_in",
    "take_on",
    "recognise",
    "countersign",
    "dispute",
    "correct",
    "propose_annul",
    "annul",
    "keep",
    "done",
    "rate",
    "draft",
    "propose",
    "seal",
    "complete",
}
Word = Callable[["Lived", Side, Any], object]


# A handover, and what opens one (of nothing yet)


def _request(lived: Lived, side: Side, handover: Handover | None) -> None:
    """A member of ours moves to a partner; now and then to both, or one that is on the way already."""
    if handover is not None:
        handovers.ask_again(handover)
    else:
        member = members.get(lived.one_of(lived.held(side)), lock=True)
        to = lived.partner(side).uid
        handovers.begin(member, to, method=Method.PAPER, applied_on=clock.today(), to_org=TO)


def _ask(lived: Lived, side: Side, handover: Handover | None) -> None:
    """We ask a partner for somebody of theirs, who may be on the way here already, or ours by now."""
    if handover is not None:
        handovers.ask_mended(handover, name=handover.values()["name"], birth_on=BORN, to_org=TO)
        return
    partner, name = lived.theirs(side)
    given: dict[str, Any] = {"name": name, "birth_on": BORN, "to_org": TO}
    handovers.ask(partner.uid, **given, method=Method.PAPER, applied_on=clock.today())


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


# A guest


def _offer(lived: Lived, side: Side, _: None) -> None:
    """A member who lives with a partner, for the first time or again, is told and offered there."""
    host = lived.sides[0]
    member = members.get(lived.one_of(lived.held(side) if side is not host else []), lock=True)
    if flows.current(member.id) is None:
        flows.depart(member, left_on=LEFT, host_code=host.code)
    consents.give(member, host.uid, offering.NOTICE_SCOPES, method=Method.PAPER)
    offering.offer(host.uid, [member.id], clerk(side))


def _claim(lived: Lived, side: Side, _: None) -> None:
    """Somebody stands at our window; the county he names may have moved him on, or never had him."""
    partner, name = lived.theirs(side)
    given: dict[str, Any] = {"name": name, "birth_year": BORN.year, "home_branch": "某村支部"}
    claims.claim(partner.uid, **given, method=Method.IN_PERSON, consented_on=clock.today())


def _recognise(lived: Lived, side: Side, referral: Referral) -> None:
    meant = [one.member_id for one in claims.candidates(referral, clerk(side)) if not one.lacks]
    claims.recognise(referral, next(iter(meant), None))


# A theme day


def _meet(lived: Lived, side: Side, _: None) -> None:
    """A theme day of the host with every guest who is there, offered to their counties."""
    on = clock.today() - timedelta(days=1)
    title = f"主题党日第{lived.step}期"
    head = Head(lived.branch(side), ActivityKind.THEME_DAY, title, on, "社区党群服务中心", "周例戊", 120)
    activity = activities.plan(head, clerk(side))
    guests = {guest.referral_id for guest in people.due_at(activity)}
    lived.one_of(guests)
    activities.record_attendance(activity, {}, dict.fromkeys(guests, CAME), may_attend=guests)
    activities.hold(activity)
    cosigning.offer(activity, list(cosigning.proposal(activity)))


def _lines(record: Any) -> list[int]:
    return [line.line for line in cosigning.lines(record.id)]


def _correct(lived: Lived, side: Side, record: Any) -> None:
    line = lived.draw.choice(list(cosigning.lines(record.id)))
    cosigning.correct(record.id, {line.referral_id: lived.draw.choice((CAME, AWAY))}, "核对签到表")


# A request

ASKED: dict[str, dict[str, Any]] = {
    "must_visit": {"trigger": "hardship"},
    "job": {"intent": "钳工"},
    "certificate": {},
    "withdrawal": {"what": "contact"},
}


def _want(lived: Lived, side: Side, _: None) -> None:
    """The other county of a referral is asked for one of the things that our side of it may ask."""
    query = db.select(Referral.id).where(Referral.state.in_(OPEN)).order_by(Referral.id)
    referral = referrals.get(lived.one_of(db.session.scalars(query)), lock=True)
    kind = lived.one_of(kind.name for kind in requests.kinds_for(referral))
    values = {"what": "all"} if kind == "withdrawal" and lived.draw.random() < 0.3 else ASKED[kind]
    requests.ask(referral, kind, values, consent_on=clock.today(), consent_how=Method.PAPER)


def _no(request: Request, only: str, words: str) -> tuple[str, str]:
    return (only, "") if request.of_kind.refused_for else ("other", words)


def _done(lived: Lived, side: Side, request: Request) -> None:
    answer = {"outcome": "valid"} if request.kind == "certificate" else {}
    requests.done(request.id, clock.today(), answer)


# An agreement


def _begin(lived: Lived, side: Side, _: None) -> None:
    """Beside the one of all three, another of two."""
    partner = lived.partner(side)
    agreements.begin([partner.uid], world.agreement_text(side, [partner]))


def _draft(lived: Lived, side: Side, agreement: Agreement) -> None:
    """The next version: what one gives another is narrowed or widened, or all goes on a year longer."""
    text = agreements.current(agreement).text
    assert text is not None
    if lived.draw.random() < 0.05:
        agreements.renew(agreement.id, date.fromisoformat(text["effective_to"]) + timedelta(days=365))
    else:
        agreements.revise(agreement.id, _reworded(lived, agreements.amend(agreement.id).text))


def _reworded(lived: Lived, text: Any) -> dict[str, Any]:
    """A scope between the host and another is taken out, a field of it, or the whole of it given (again)."""
    text, draw = copy.deepcopy(text), lived.draw
    host = str(lived.sides[0].uid)
    between = [pair for pair in permutations([party["uid"] for party in text["parties"]], 2) if host in pair]
    (owner, receiver), scope = draw.choice(between), draw.choice(("S2", "S5", "S6", "S6", "S7"))
    others = [g for g in text["grants"] if (g["owner"], g["receiver"], g["scope"]) != (owner, receiver, scope)]
    whole, how = texts.grant(UUID(owner), UUID(receiver), scope), draw.random()
    if how < 0.4 and len(whole["fields"]) > 1:
        gone = draw.choice(whole["fields"])
        given = [{**whole, "fields": [name for name in whole["fields"] if name != gone]}]
    else:
        given = [whole] if how < 0.8 or scope == "S2" else []
    words = f"介绍信有效期一般{lived.step + 10}天。"
    clauses = [{**c, "paragraphs": [words]} if no == 7 else c for no, c in enumerate(text["clauses"], 1)]
    return {**text, "grants": [*others, *given], "clauses": clauses}


def _counter(lived: Lived, side: Side, agreement: Agreement) -> None:
    agreements.counter(agreement.id, _reworded(lived, agreements.current(agreement).text), reason="再议")


def _seal(lived: Lived, side: Side, agreement: Agreement) -> None:
    """The leader approves and the county seals: the hub last."""
    with events.by(events.Actor(side.accounts[Role.LEADER_READONLY], "leader甲", Role.LEADER_READONLY.value)):
        agreements.approve(agreement.id)
    agreements.seal(agreement.id, "罗试甲", "分管领导")


def _stop(lived: Lived, side: Side, agreement: Agreement) -> None:
    """A scope, or all, pauses or goes on; seldom, the county leaves with the notice it must give."""
    paused = next(p for p in agreements.parties(agreement) if p.uid == side.uid).paused
    if lived.draw.random() < 0.05:
        leave(lived, side, agreement.id)
    elif paused and lived.draw.random() < 0.9:
        agreements.pause(agreement.id, lived.draw.choice(paused), resume=True)
    else:
        agreements.pause(agreement.id, lived.draw.choice((*("S2", "S5", "S6", "S7") * 3, "all")))


def leave(lived: Lived, side: Side, agreement_id: UUID) -> None:
    """After sixty days; a hub names who numbers from then on."""
    agreement, on = agreements.get(agreement_id, lock=True), clock.today() + timedelta(days=60)
    heirs = [p.uid for p in registers.successors(agreement, on)] if agreements.role(agreement) == "hub" else []
    agreements.leave(agreement_id, on, "不再续", lived.draw.choice(heirs) if heirs else None)


def _progress(lived: Lived, side: Side, agreement: Agreement) -> None:
    item = lived.draw.choice(("a1", "a2", "a3"))
    agreements.note_progress(agreement.id, item, lived.draw.randint(0, 100), "走访")


def _review(lived: Lived, side: Side, agreement: Agreement) -> None:
    """A review meeting waits for our word, or we record one."""
    if waiting := [row.id for row in agreements.meetings(agreement.id) if row.is_waiting]:
        agreements.answer_meeting(agreement.id, waiting[0], lived.draw.choice(("", "", "日期有误")))
    else:
        said = dict.fromkeys(meetings.WORDS, "照实登记")
        agreements.record_meeting(agreement.id, clock.today(), "video", said)


def _close(lived: Lived, side: Side, agreement: Agreement) -> None:
    """Too early, mostly: nothing is over yet."""
    agreements.close(agreement.id, lived.partner(side).uid)


def _directory(lived: Lived, side: Side, _: None) -> None:
    """A branch was renamed."""
    organisations.rename(organisations.get(lived.branch(side)), f"{side.name}第{lived.step}支部")
    for peer in keys.partners():
        publications.tell("directory", peer)


WORDS: dict[str, Word] = {
    "handover.request": _request,
    "handover.ask": _ask,
    "handover.return": lambda _l, _s, h: handovers.give_back(h, ["name"], "姓名对不上"),
    "handover.accept": _accept,
    "handover.refuse": lambda _l, _s, h: handovers.refuse(h, "not_here"),
    "handover.cancel": lambda _l, _s, h: handovers.cancel(h, "本人改变主意"),
    "handover.release": _release,
    "handover.decline": lambda _l, _s, h: handovers.decline(h, "missing_file"),
    "handover.take_over": _take_over,
    "handover.recall": lambda _l, _s, h: handovers.recall(h, "member_stays"),
    "referral.offer": _offer,
    "referral.claim": _claim,
    "referral.recognise": _recognise,
    "referral.disown": lambda _l, _s, r: claims.disown(r),
    "referral.accept": lambda _l, _s, r: referrals.accept(r),
    "referral.decline": lambda _l, _s, r: referrals.decline(r, "not_here"),
    "referral.report_in": lambda _l, _s, r: referrals.report_in(r, "person"),
    "referral.take_on": lambda lived, side, r: referrals.take_on(r, lived.branch(side)),
    "referral.end": lambda _l, _s, r: referrals.end(r, "wrong_entry"),
    "referral.leave": lambda _l, _s, r: referrals.leave(r),
    "cosign.offer": _meet,
    "cosign.countersign": lambda _l, _s, c: cosigning.countersign(c.id, _lines(c)),
    "cosign.dispute": lambda _l, _s, c: cosigning.dispute(c.id, dict.fromkeys(_lines(c), "当日在外")),
    "cosign.refuse": lambda _l, _s, c: cosigning.refuse(c.id, "not_held"),
    "cosign.correct": _correct,
    "cosign.withdraw": lambda _l, _s, c: cosigning.withdraw(c.id, "登记有误"),
    "cosign.propose_annul": lambda _l, _s, c: cosigning.propose_annul(c.id, "登记有误"),
    "cosign.annul": lambda _l, _s, c: cosigning.annul(c.id),
    "cosign.keep": lambda _l, _s, c: cosigning.keep(c.id, "核对无误"),
    "request.ask": _want,
    "request.accept": lambda _l, _s, r: requests.accept(r.id),
    "request.decline": lambda _l, _s, r: requests.decline(r.id, *_no(r, "not_ours", "本月抽不出人")),
    "request.done": _done,
    "request.fail": lambda _l, _s, r: requests.fail(r.id, *_no(r, "not_found", "家中无人")),
    "request.rate": lambda _l, _s, r: requests.rate(r.id, "helped"),
    "request.purge": lambda _l, _s, r: requests.forgo(r.id),
    "request.withdraw": lambda _l, _s, r: requests.withdraw(r.id, "不需要了"),
    "agreement.begin": _begin,
    "agreement.draft": _draft,
    "agreement.propose": lambda _l, _s, a: agreements.propose(a.id),
    "agreement.discard": lambda _l, _s, a: agreements.withdraw(a.id),
    "agreement.counter": _counter,
    "agreement.accept": lambda _l, _s, a: agreements.accept(a.id),
    "agreement.reject": lambda _l, _s, a: agreements.reject(a.id, "今年不改"),
    "agreement.withdraw": lambda _l, _s, a: agreements.withdraw(a.id, "条款有误"),
    "agreement.seal": _seal,
    "agreement.complete": _seal,
    "agreement.stop": _stop,
    "agreement.progress": _progress,
    "agreement.meeting": _review,
    "agreement.closed": _close,
    "directory.tell": _directory,
}

# Said by nobody as such, and why. With WORDS this is all that there is to say.
FOLLOWS: dict[str, str] = {
    "agreement.decision": "the hub's, of each of its words and of each that it numbers",
    "handover.confirm": "the answer to take_over",
    "handover.forward": "of a record that was countersigned since",
    "counts.tell": "by the day",
    "heartbeat.tell": "by the day",
    "heartbeat.surplus": "where the sums of a heartbeat differ",
    "reading.tell": "by the day",
    **dict.fromkeys(
        ("share.grant", "share.snapshot", "share.delta"), "what is granted, known and consented to is shared"
    ),
    **dict.fromkeys(("share.revoke", "share.purged"), "what is so no more is taken back"),
    **dict.fromkeys(("handover.expire", "referral.lapse", "cosign.lapse", "request.lapse"), "by the day"),
}
