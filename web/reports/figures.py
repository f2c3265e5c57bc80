"""Counts of the report, one grouped query each: what the rows of this county say about an agreement up to a day.

Days are days in China. A count as of a day is read from the days the rows carry (begun, reported in, ended), not from
today's state, so that the same period asked later gives the same number unless somebody recorded something for it later.
`SUPPLIED` says which function supplies which metric; what is not there is worked out by the report itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, case, func, or_, tuple_, union_all
from sqlalchemy.dialects.postgresql import array, distinct_on

from web.core import clock
from web.core.events import Event
from web.extensions import db
from web.federation.agreements.models import AgreementDuty, CooperationProgress, DutyKind
from web.federation.cosigning.models import CoSignedRecord, CosignLine, CosignState
from web.federation.handovers.models import Handover, HandoverState
from web.federation.post.models import OutboxMessage
from web.federation.readings.service import OTHER
from web.federation.referrals.models import Referral
from web.federation.requests.models import Request
from web.federation.sharing.models import ShareState, StatusShare
from web.reports.counting import Value, exact, number
from web.reports.directions import MONTH_SERIES
from web.reports.periods import Period
from web.reports.rows import HANDOVERS, LINES, RECORDS, REFERRALS, ROWS, WAS_GIVEN, Days, Room, flow_stands
from web.tenants.consents.models import Consent
from web.tenants.flows.models import Flow
from web.tenants.members import merging


@dataclass(frozen=True)
class Way:
    """One ordered pair that involves us: our `role` in it (home or host) and the partner. None, None: all of them."""

    role: str | None
    partner_uid: UUID | None


ALL = Way(None, None)
Counts = Mapping[Way, Mapping[str, Value]]


@dataclass(frozen=True)
class Span(Days):
    """What is asked: whole days in China, both included, and one or several agreements."""

    agreement_ids: tuple[UUID, ...]

    @classmethod
    def of(cls, agreement_ids: Iterable[UUID], period: Period) -> Span:
        """The period as far as it has passed."""
        return cls(period.starts_on, min(period.ends_on, clock.today()), tuple(agreement_ids))


def _by_way(room: Room, span: Span, columns: Mapping[str, Any]) -> dict[Way, dict[str, Value]]:
    """One row a direction, and one for all of them together: medians of all are not medians of medians."""
    query = (
        room.every(
            room.role.label("role"), room.partner.label("partner"), *[c.label(code) for code, c in columns.items()]
        )
        .where(room.agreement.in_(span.agreement_ids))
        .group_by(func.grouping_sets(tuple_(room.role, room.partner), tuple_()))
    )
    return {
        Way(row["role"] and room.sides[row["role"]], row["partner"]): {code: exact(row[code]) for code in columns}
        for row in db.session.execute(query).mappings()
    }


def _counted(span: Span, kind: str, names: Iterable[str]) -> dict[str, Any]:
    return {f"{kind}.{name}": number(ROWS[f"{kind}.{name}"], span) for name in names}


def flows(partners: Mapping[str, UUID], until: date) -> dict[Way, dict[str, Value]]:
    """Our members who live in a partner's county, by `partners` (division code → uid). What lives here theirs to count."""
    query = (
        db.select(Flow.host_code, func.count())
        .where(Flow.host_code.in_(list(partners)), flow_stands(Days(until, until)))
        .group_by(Flow.host_code)
    )
    found = {code: int(count) for code, count in db.session.execute(query)}
    return {Way("home", uid): {"flows.to_partner": found.get(code, 0)} for code, uid in partners.items()}


def members(span: Span) -> dict[Way, dict[str, Value]]:
    """Notices that stand at the end, and how far they came."""
    return _by_way(REFERRALS, span, _counted(span, "members", _OF_MEMBERS))


def transfers(span: Span) -> dict[Way, dict[str, Value]]:
    """Handovers begun in the period, and those that ended in it, by how."""
    return _by_way(HANDOVERS, span, _counted(span, "transfers", _OF_TRANSFERS))


def months(span: Span) -> dict[str, dict[str, Value]]:
    """YYYY-MM → what was new in that month, all directions together; months that have begun."""
    days = dict(zip(MONTH_SERIES, (Referral.reported_on, Referral.assigned_on), strict=True))
    found: dict[str, dict[str, Value]] = {}
    month = span.starts_on
    while month <= span.ends_on:
        found[f"{month:%Y-%m}"] = dict.fromkeys(days, 0)
        month = (month.replace(day=1) + timedelta(days=32)).replace(day=1)
    parts = [
        db.select(func.to_char(day, "YYYY-MM").label("month"), db.literal(code), func.count())
        .where(Referral.agreement_id.in_(span.agreement_ids), ROWS[code].where(span))
        .group_by("month")
        for code, day in days.items()
    ]
    for label, code, count in db.session.execute(union_all(*parts)):
        found[label][code] = int(count)
    return found


def _by_scope(parts: Iterable[Any]) -> dict[str, int]:
    """(scope, count) rows added up."""
    found: dict[str, int] = {}
    for scope, count in db.session.execute(union_all(*parts)):
        found[scope] = found.get(scope, 0) + int(count)
    return found


def _one(scope: str) -> Any:
    return db.literal(scope).label("scope")


_REQUESTED = Handover.begun_by == "home"


def _handed(span: Span) -> Any:
    """Home's packet went out in the period: with its request; to the host's ask, which a yes answers without a value, with
    the letter.
    """
    begun = and_(_REQUESTED, Handover.state != HandoverState.NOT_OPENED, span.holds(Handover.created_at))
    return or_(begun, and_(~_REQUESTED, span.holds_day(Handover.issued_on)))


def provided(span: Span) -> dict[str, int]:
    """Records of members that went out from us in the period, by scope."""
    opened: list[tuple[Any, Any, str]] = [
        (Referral, ROWS["way.offered"].where(span), "S2"),
        (Handover, _handed(span), "S4"),
    ]
    parts: list[Any] = [
        db.select(_one(scope), func.count().label("n"))
        .select_from(model)
        .where(model.agreement_id.in_(span.agreement_ids), model.role == "home", given)
        for model, given, scope in opened
    ]
    parts.append(
        db.select(StatusShare.scope, func.count().label("n"))
        .where(
            StatusShare.agreement_id.in_(span.agreement_ids),
            StatusShare.role == "owner",
            StatusShare.state != ShareState.NOT_OPENED,
            span.holds(StatusShare.created_at),
        )
        .group_by(StatusShare.scope)
    )
    parts.append(
        db.select(_one("S5"), func.count().label("n"))
        .select_from(CosignLine)
        .join(
            CoSignedRecord,
            (CoSignedRecord.tenant_id == CosignLine.tenant_id) & (CoSignedRecord.id == CosignLine.record_id),
        )
        .where(
            CoSignedRecord.agreement_id.in_(span.agreement_ids),
            CoSignedRecord.role == "recorder",
            CoSignedRecord.state != CosignState.NOT_OPENED,
            span.holds(CoSignedRecord.created_at),
        )
    )
    return _by_scope(parts)


# The list a page showed (`shared.view`) → the scope of what stood on it; a referral's own values are S2. What no page named
# goes by the kind of its rows; a request's scope is its own, and no row of this table.
OF_LIST = {"handovers": "S4", "shares": "S6"}
OF_KIND = {"referral": "S2", "handover": "S4"}


def reads(span: Span, partners: Sequence[UUID]) -> dict[str, int]:
    """How often our people looked at values that are the partners', by scope: pages opened, out of the event log."""
    listed = Event.details["list"].astext
    unnamed = case(OF_KIND, value=Event.details["kind"].astext)
    named = case((listed == OTHER, unnamed), else_=case(OF_LIST, value=listed, else_="S2")).label("of_scope")
    uids = [str(uid) for uid in partners]
    query = (
        db.select(named, func.count().label("n"))
        .where(
            Event.verb == "shared.view",
            named.is_not(None),
            span.holds(Event.at),
            or_(Event.peer.in_(uids), Event.details["peers"].has_any(array(uids))),
        )
        .group_by("of_scope")
    )
    return _by_scope([query])


def _consents(moment: Any) -> Callable[[Span, Sequence[UUID]], dict[str, int]]:
    def count(span: Span, partners: Sequence[UUID]) -> dict[str, int]:
        query = (
            db.select(Consent.scope, func.count(merging.person(Consent.member_id).distinct()).label("n"))
            .where(Consent.partner_uid.in_(partners), span.holds(moment))
            .group_by(Consent.scope)
        )
        return _by_scope([query])

    return count


recorded = _consents(Consent.created_at)
withdrawn = _consents(Consent.withdrawn_at)

# Our decision that ends something → the scope whose packet the receiver destroys in the transaction of its receipt.
ENDINGS: dict[str, str] = {
    **{f"referral.{verb}": "S2" for verb in ("decline", "lapse", "end", "leave")},
    **{f"handover.{verb}": "S4" for verb in ("refuse", "decline", "cancel", "recall", "expire")},
}


def purged(span: Span) -> dict[str, int]:
    """Records of ours whose destruction the partner proved: a share's own word, or the receipt of what ended a packet.
    What only the partner told us, a claim or an ask, is no record of ours.
    """
    shares = (
        db.select(StatusShare.scope, func.count().label("n"))
        .where(
            StatusShare.agreement_id.in_(span.agreement_ids),
            StatusShare.role == "owner",
            StatusShare.state == ShareState.PURGED,
            span.holds(StatusShare.state_at),
        )
        .group_by(StatusShare.scope)
    )
    packets = [
        db.select(_one(scope), func.count(OutboxMessage.about_id.distinct()).label("n"))
        .select_from(OutboxMessage)
        .join(model, (model.tenant_id == OutboxMessage.tenant_id) & (model.id == OutboxMessage.about_id))
        .where(
            model.agreement_id.in_(span.agreement_ids),
            model.role == "home",
            given,
            OutboxMessage.type.in_([type_ for type_, named in ENDINGS.items() if named == scope]),
            OutboxMessage.result == "applied",
            span.holds(OutboxMessage.receipted_at),
        )
        for model, given, scope in (
            (Referral, WAS_GIVEN, "S2"),
            (Handover, or_(_REQUESTED, Handover.issued_on.is_not(None)), "S4"),
        )
    ]
    return _by_scope([shares, *packets])


class Word(NamedTuple):
    """What a county said last of an item."""

    percent: int
    note: str
    on: date


def progress(span: Span) -> dict[tuple[UUID, str], dict[UUID, Word]]:
    """(agreement, item) → county → its newest word by the end: ours, and what the others told us."""
    row = CooperationProgress
    by = row.agreement_id, row.item_key, row.county_uid
    query = (
        db.select(*by, row.percent, row.note, row.at)
        .where(row.agreement_id.in_(span.agreement_ids), row.at < span.over)
        .order_by(*by, row.id.desc())
        .ext(distinct_on(*by))
    )
    found: dict[tuple[UUID, str], dict[UUID, Word]] = {}
    for agreement_id, key, county, percent, note, at in db.session.execute(query):
        found.setdefault((agreement_id, key), {})[county] = Word(percent, note, clock.day(at))
    return found


def cosigned(span: Span) -> dict[Way, dict[str, Value]]:
    """Activities held in the period that were offered to the home of those who came, what became of each, and the lines
    home acknowledged.
    """
    found = _by_way(RECORDS, span, _counted(span, "cosign", _OF_RECORDS))
    lines = _by_way(LINES, span, _counted(span, "cosign", _OF_LINES))
    return {
        way: counts | lines.get(way, dict.fromkeys((f"cosign.{name}" for name in _OF_LINES), 0))
        for way, counts in found.items()
        if way != ALL and counts["cosign.held"]
    }


def helped(span: Span) -> dict[str, dict[str, Value]]:
    """Kind → requests under the agreements, asked by us and of us, and how they ended."""
    columns = _counted(span, "requests", _OF_REQUESTS)
    query = (
        db.select(Request.kind, *[c.label(code) for code, c in columns.items()])
        .where(Request.agreement_id.in_(span.agreement_ids))
        .group_by(Request.kind)
    )
    found = db.session.execute(query).mappings()
    return {row["kind"]: {code: exact(row[code]) for code in columns} for row in found}


def missed(span: Span) -> int:
    """What was due of us by the calendar in the period and was not done. Items are counted by themselves, and an agreement
    that is not to go on need not be renewed.
    """
    row = AgreementDuty
    query = db.select(func.count()).where(
        row.agreement_id.in_(span.agreement_ids),
        row.kind.not_in((DutyKind.ITEM, DutyKind.RENEWAL)),
        span.holds_day(row.due_on),
        or_(row.is_missed, and_(row.done_on.is_(None), row.due_on < clock.today())),
    )
    return int(db.session.scalar(query.select_from(row)) or 0)


_OF_MEMBERS = ("shared", "reported_in", "taken_on", "not_reported", "days_to_take_on")
_OF_RECORDS = ("held", "agreed", "disputed", "unsettled")
_OF_LINES = ("persons",)
_OF_REQUESTS = ("opened", "done", "refused", "void", "due", "on_time")
_OF_TRANSFERS = ("opened", "closed", "refused", "recalled", "expired", "days")

# Metric → the function whose numbers it prints.
SUPPLIED: dict[str, Callable[..., Any]] = {
    "flows.to_partner": flows,
    **{f"members.{name}": members for name in _OF_MEMBERS},
    **dict.fromkeys(MONTH_SERIES, months),
    **{f"transfers.{name}": transfers for name in _OF_TRANSFERS},
    **{f"cosign.{name}": cosigned for name in (*_OF_RECORDS, *_OF_LINES)},
    **{f"requests.{name}": helped for name in _OF_REQUESTS},
    "items.done": progress,
    "duties.missed": missed,
    "shares.provided": provided,
    "shares.reads": reads,
    "notices.recorded": recorded,
    "notices.withdrawn": withdrawn,
    "purges.proved": purged,
}
