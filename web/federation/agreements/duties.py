"""What an agreement asks for by the calendar: renewal, review meetings, lists, the yearly check, its items.

A duty falls due when its lead time begins; `fall_due` writes the row, once, and closes those whose condition is met. A
newer one of the same kind takes the place of one nobody recorded, so a county never has two of a kind to do. What another
text, or none any more, asks for otherwise goes before its last day, and was not missed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import distinct_on

from web.core import clock, events
from web.core.errors import Invalid, NotFound
from web.extensions import db
from web.federation import pairs
from web.federation.agreements import texts
from web.federation.agreements.models import (
    Agreement,
    AgreementDuty,
    AgreementMeeting,
    AgreementParty,
    AgreementState,
    AgreementVersion,
    CooperationProgress,
    DutyKind,
    VersionState,
)
from web.tenants.counties import service as counties

MONTHS = {"monthly": 1, "quarterly": 3, "half_yearly": 6, "yearly": 12}


@dataclass(frozen=True)
class Rule:
    """`every`: months, a key of the text's frequencies, or none for a single day. `lead`: days before, when it is told."""

    every: str | int | None
    lead: int


RULES = {
    DutyKind.RENEWAL: Rule(None, 60),
    DutyKind.REVIEW: Rule("review", 30),
    DutyKind.REGISTER: Rule("register", 15),
    DutyKind.PARTICIPATION: Rule("participation", 7),
    DutyKind.CHECK: Rule(12, 30),
    DutyKind.ITEM: Rule(None, 30),
}
# What later rooms hold as proof that a duty was fulfilled in its time: (partners, first day, last day) → how many records,
# 0 while it is not. A person may record it all the same.
PROOFS: dict[DutyKind, Callable[[Collection[UUID], date, date], int]] = {}
# Closed by the program when their condition holds, and by nobody else.
BY_ITSELF = (DutyKind.RENEWAL, DutyKind.ITEM, DutyKind.REVIEW)


def _later(day: date, months: int) -> date:
    """The same day some months later, or the last of that month."""
    month = day.month - 1 + months
    first = date(day.year + month // 12, month % 12 + 1, 1)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return min(first + timedelta(days=day.day - 1), following - timedelta(days=1))


def _newest(text: Mapping[str, Any], months: int, lead: int, today: date) -> date | None:
    """The last day of the newest period whose lead time has begun, and before which no other still runs; None before the
    first. A month may be shorter than the lead.
    """
    starts, ends = date.fromisoformat(text["effective_from"]), date.fromisoformat(text["effective_to"])
    found, no = None, 1
    while (due := _later(starts, months * no) - timedelta(days=1)) - timedelta(days=lead) <= today and due <= ends:
        if found is not None and found >= today:
            break
        found, no = due, no + 1
    return found


def wanted(text: Mapping[str, Any], own: UUID, today: date) -> Iterator[tuple[DutyKind, str, date]]:
    """(kind, item key or "", last day) of what this text asks of us now."""
    for kind, rule in RULES.items():
        if kind is DutyKind.CHECK and not texts.responsibilities(text):
            continue
        if rule.every is not None:
            months = rule.every if isinstance(rule.every, int) else MONTHS[text["frequencies"][rule.every]]
            due = _newest(text, months, rule.lead, today)
            if due is not None:
                yield kind, "", due
    ends = date.fromisoformat(text["effective_to"])
    if ends - timedelta(days=RULES[DutyKind.RENEWAL].lead) <= today:
        yield DutyKind.RENEWAL, "", ends
    for item in text["items"]:
        due = date.fromisoformat(item["due"])
        if item["owner"] in ("all", str(own)) and due - timedelta(days=RULES[DutyKind.ITEM].lead) <= today:
            yield DutyKind.ITEM, item["key"], due


def ahead(
    text: Mapping[str, Any], own: UUID, after: date, until: date, done: Collection[tuple[DutyKind, str, date]] = ()
) -> Iterator[tuple[DutyKind, str, date]]:
    """(kind, item key or "", last day) of what this text asks of us next: after a day, until another; one of a kind, and
    none of those that are `done` before their day.
    """
    starts, ends = date.fromisoformat(text["effective_from"]), date.fromisoformat(text["effective_to"])
    for kind, rule in RULES.items():
        if rule.every is None or (kind is DutyKind.CHECK and not texts.responsibilities(text)):
            continue
        months, no = rule.every if isinstance(rule.every, int) else MONTHS[text["frequencies"][rule.every]], 1
        while (due := _later(starts, months * no) - timedelta(days=1)) <= after or (kind, "", due) in done:
            no += 1
        if due <= min(until, ends):
            yield kind, "", due
    if after < ends <= until and (DutyKind.RENEWAL, "", ends) not in done:
        yield DutyKind.RENEWAL, "", ends
    for item in text["items"]:
        due, key = date.fromisoformat(item["due"]), item["key"]
        if item["owner"] in ("all", str(own)) and after < due <= until and (DutyKind.ITEM, key, due) not in done:
            yield DutyKind.ITEM, key, due


def done_by(agreement_ids: Collection[UUID], on: date) -> dict[UUID, set[tuple[DutyKind, str, date]]]:
    """Agreement → (kind, item key or "", last day) of what was done by that day, also ahead of its own: one query."""
    query = db.select(AgreementDuty).where(AgreementDuty.agreement_id.in_(agreement_ids), AgreementDuty.done_on <= on)
    found: dict[UUID, set[tuple[DutyKind, str, date]]] = {id_: set() for id_ in agreement_ids}
    for row in db.session.scalars(query):
        found[row.agreement_id].add((row.kind, row.key, row.due_on))
    return found


def is_of_this_term(text: Mapping[str, Any], item: Mapping[str, Any], noted_on: date) -> bool:
    """Whether a word about an item is of this text: noted in its term, or the item was due before it began. A renewed text
    keeps its items by key, and what was done in the last term is not done in this one.
    """
    first: str = text["effective_from"]
    return noted_on.isoformat() >= first or item["due"] < first


def fall_due() -> int:
    """Write what has fallen due in this county and close what is done; returns how many moved. The same few queries
    however many agreements there are.
    """
    own, today, moved = counties.own().uid, clock.today(), 0
    query = db.select(Agreement, AgreementVersion.text).join(
        AgreementVersion,
        (AgreementVersion.agreement_id == Agreement.id) & (AgreementVersion.tenant_id == Agreement.tenant_id),
    )
    standing = Agreement.state == AgreementState.ACTIVE, AgreementVersion.state == VersionState.EFFECTIVE
    active = db.session.execute(query.where(*standing)).all()
    ids = [agreement.id for agreement, _ in active]
    newest, met = _newest_rows(), _met({agreement.id: text for agreement, text in active})
    for agreement, text in active:
        for kind, key, due in wanted(text, own, today):
            row = newest.pop((agreement.id, kind, key), None)
            if (agreement.id, kind, key) in met:
                moved += _close(row, today)
            elif row is None or row.due_on < due or _is_sooner(row, due):
                moved += 1 + _miss(row, today)
                db.session.add(
                    AgreementDuty(
                        agreement_id=agreement.id, kind=kind, key=key, due_on=due, is_missed=False, note="", details={}
                    )
                )
                events.record("agreement.fall_due", agreement, details={"kind": kind.value, "on": due.isoformat()})
            elif kind is DutyKind.RENEWAL and row.done_on is not None:  # the sealed version that had closed it is void
                row.done_on, moved = None, moved + 1
                events.record("agreement.fall_due", agreement, details={"kind": kind.value, "on": due.isoformat()})
            elif (kind in PROOFS or kind is DutyKind.REVIEW) and row.done_on is None and not row.is_missed:
                moved += _prove(row, text, own, today)
    # What no text asks for any more: renewed, changed, over.
    for (agreement_id, kind, _), row in newest.items():
        is_renewed = kind is DutyKind.RENEWAL and agreement_id in ids
        moved += _close(row, today) if is_renewed else _miss(row, today)
    db.session.flush()
    return moved


def _is_sooner(row: AgreementDuty, due: date) -> bool:
    """Another text asks for an item before the day that stands among the to-dos."""
    return row.kind is DutyKind.ITEM and due < row.due_on and row.done_on is None and not row.is_missed


def _prove(row: AgreementDuty, text: Mapping[str, Any], own: UUID, today: date) -> int:
    """Close a duty whose records are there already, and say how many they are."""
    every = RULES[row.kind].every
    assert every is not None, "what is proved recurs"
    months = every if isinstance(every, int) else MONTHS[text["frequencies"][every]]
    since = _later(row.due_on + timedelta(days=1), -months)
    if row.kind is DutyKind.REVIEW:
        return _close(row, held) if (held := _held(row.agreement_id, own, since)) else 0
    others = [uid for party in text["parties"] if (uid := UUID(party["uid"])) != own]
    found = PROOFS[row.kind](others, since, row.due_on)
    if not found:
        return 0
    row.done_on, row.details = today, {"records": found}
    return 1


def _held(agreement_id: UUID, own: UUID, since: date) -> date | None:
    """The day of our newest meeting that stands, was held since then, and closed no earlier duty. One held late closes the
    duty it is late for.
    """
    used = db.select(func.max(AgreementDuty.done_on)).where(
        AgreementDuty.agreement_id == agreement_id, AgreementDuty.kind == DutyKind.REVIEW
    )
    query = db.select(AgreementMeeting).where(
        AgreementMeeting.agreement_id == agreement_id,
        AgreementMeeting.held_on >= since,
        AgreementMeeting.held_on > func.coalesce(used.scalar_subquery(), date.min),
    )
    found = db.session.scalars(query.order_by(AgreementMeeting.held_on.desc()))
    return next((meeting.held_on for meeting in found if meeting.is_vouched_by(own)), None)


def _newest_rows() -> dict[tuple[UUID, DutyKind, str], AgreementDuty]:
    query = db.select(AgreementDuty).order_by(
        AgreementDuty.agreement_id, AgreementDuty.kind, AgreementDuty.key, AgreementDuty.due_on.desc()
    )
    query = query.ext(distinct_on(AgreementDuty.agreement_id, AgreementDuty.kind, AgreementDuty.key))
    return {(row.agreement_id, row.kind, row.key): row for row in db.session.scalars(query)}


def _met(active: Mapping[UUID, Mapping[str, Any]]) -> set[tuple[UUID, DutyKind, str]]:
    """What closes by itself: the next version is sealed, we are leaving, or are left alone; our progress with an item is
    whole. `active`: the text in effect of each agreement.
    """
    own, ids = counties.own().uid, list(active)
    sealed = db.select(AgreementVersion.agreement_id).where(
        AgreementVersion.agreement_id.in_(ids), AgreementVersion.state == VersionState.SEALED
    )
    leaving = db.select(AgreementParty.agreement_id).where(
        AgreementParty.agreement_id.in_(ids), AgreementParty.uid == own, AgreementParty.leaves_on.is_not(None)
    )
    staying = func.count().filter(AgreementParty.leaves_on.is_(None), AgreementParty.ended_on.is_(None))
    alone = db.select(AgreementParty.agreement_id).where(AgreementParty.agreement_id.in_(ids))
    alone = alone.group_by(AgreementParty.agreement_id).having(staying < 2)
    found = {(id_, DutyKind.RENEWAL, "") for id_ in db.session.scalars(sealed.union(leaving, alone))}
    said = CooperationProgress
    progress = (
        db.select(said.agreement_id, said.item_key, said.percent, said.at)
        .where(said.agreement_id.in_(ids), said.county_uid == own)
        .order_by(said.agreement_id, said.item_key, said.id.desc())
        .ext(distinct_on(said.agreement_id, said.item_key))
    )
    items = {(id_, item["key"]): item for id_, text in active.items() for item in text["items"]}
    for id_, key, percent, at in db.session.execute(progress):
        item = items.get((id_, key))
        if item and percent == 100 and is_of_this_term(active[id_], item, clock.day(at)):
            found.add((id_, DutyKind.ITEM, key))
    return found


def _close(row: AgreementDuty | None, on: date) -> int:
    if row is None or row.done_on is not None or row.is_missed:
        return 0
    row.done_on = on
    return 1


def _miss(row: AgreementDuty | None, today: date) -> int:
    """Nobody recorded it in time. One whose last day is still to come was missed by nobody: it is asked for no more."""
    if row is None or row.done_on is not None or row.is_missed:
        return 0
    if row.due_on >= today:
        db.session.delete(row)
    else:
        row.is_missed = True
    return 1


def record(
    agreement: Agreement, kind: DutyKind, done_on: date, note: str = "", details: Mapping[str, Any] | None = None
) -> AgreementDuty:
    """A person says it was done, when and what came of it: the to-do is gone. NotFound when nothing of it is due."""
    row = next((row for row in open_of(agreement.id) if row.kind is kind), None)
    if row is None or kind in BY_ITSELF:
        raise NotFound()
    if done_on > clock.today():
        raise Invalid({"done_on": "in_the_future"})
    who = events.actor()
    row.done_on, row.note, row.details = done_on, note, dict(details or {})
    row.account_id, row.name, row.at = who.account_id, who.name, clock.now()
    events.record("agreement.record_duty", agreement, details={"kind": kind.value, "on": done_on.isoformat()})
    db.session.flush()
    return row


def open_of(agreement_id: UUID | None = None) -> list[AgreementDuty]:
    """What waits to be done under this agreement, or under all, by its last day."""
    query = db.select(AgreementDuty).where(AgreementDuty.done_on.is_(None), ~AgreementDuty.is_missed)
    if agreement_id is not None:
        query = query.where(AgreementDuty.agreement_id == agreement_id)
    return list(db.session.scalars(query.order_by(AgreementDuty.due_on, AgreementDuty.id)))


def past_of(agreement_id: UUID, limit: int = 50) -> list[AgreementDuty]:
    """What was done or missed, newest first."""
    query = db.select(AgreementDuty).where(
        AgreementDuty.agreement_id == agreement_id, AgreementDuty.done_on.is_not(None) | AgreementDuty.is_missed
    )
    return list(db.session.scalars(query.order_by(AgreementDuty.due_on.desc(), AgreementDuty.id.desc()).limit(limit)))


@events.subscribe(pairs.Moved)
def _moved(moved: pairs.Moved) -> None:
    """Sealing the next version, a notice, or a meeting that stands settles what it settles at once."""
    if moved.kind == "agreement" and moved.verb in ("complete", "take_effect", "leaves_on", "confirm_meeting"):
        fall_due()
