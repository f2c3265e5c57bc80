"""The rows behind every counted metric: of which room, whose, when.

`ROWS` has an entry for each metric that counts rows; `web.reports.counting` counts them and walks them. A share is two
counted metrics (`Metric.ratio`), a median is taken over one (`Metric.over`).

Days are days in China. A count as of a day is read from the days the rows carry, not from today's state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal_column, not_, or_

from web.core import clock
from web.core.errors import NotFound
from web.core.events import Actor, Event
from web.core.keyset import Order
from web.extensions import db
from web.federation.cosigning import lines as cosigning_lines
from web.federation.cosigning import lists as cosigning
from web.federation.cosigning.models import AGREED, COSIGN, Answer, CoSignedRecord, CosignLine, CosignState
from web.federation.handovers import lists as handovers
from web.federation.handovers.models import Handover, HandoverState, Outcome
from web.federation.post.models import Peer
from web.federation.referrals import lists as referrals
from web.federation.referrals.models import Referral, ReferralState
from web.federation.requests import lists as requests
from web.federation.requests.models import Request, RequestState
from web.reports.periods import Period
from web.tenants.accounts.permissions import WHOLE_COUNTY, Permission
from web.tenants.flows.models import Flow, FlowEnd, FlowState
from web.tenants.members.models import Member
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import PartyOrg


@dataclass(frozen=True)
class Days:
    """Whole days in China, both included, as far as they have passed."""

    starts_on: date
    ends_on: date

    @classmethod
    def passed(cls, period: Period) -> Days:
        """The period until today."""
        return cls(period.starts_on, min(period.ends_on, clock.today()))

    @property
    def begins(self) -> datetime:
        """The first moment."""
        return clock.midnight(self.starts_on)

    @property
    def over(self) -> datetime:
        """The first moment after."""
        return clock.midnight(self.ends_on + timedelta(days=1))

    def holds(self, moment: Any) -> ColumnElement[bool]:
        """An instant within."""
        return and_(moment >= self.begins, moment < self.over)

    def holds_day(self, day: Any) -> ColumnElement[bool]:
        """A day within."""
        return day.between(self.starts_on, self.ends_on)

    def reached(self, day: Any) -> ColumnElement[bool]:
        """The day has come by the end; no day has not."""
        return and_(day.is_not(None), day <= self.ends_on)


BOTH = "both"
"""The side of a number that adds up the two sides of its room."""


@dataclass(frozen=True, eq=False)
class Room:
    """Whose rows are counted. `sides`: what the role of a row is called in a `Place`. `ids`: those an actor may see.

    `some`: the room's own list of the rows a condition leaves; each line holds its row under `name`. `agreement`: under
    which one a row was begun, None where rows are under none.
    `kind`: the column a list may be narrowed by. `roles`: what of a line says the role, where its row does not.
    """

    name: str
    model: Any
    partner: Any
    role: Any
    sides: Mapping[str, str]
    permission: Permission
    ids: Callable[[Actor], Select[Any]]
    some: Callable[..., Any]
    agreement: Any = None
    source: Callable[[Select[Any]], Select[Any]] = lambda query: query
    kind: Any = None
    roles: str = ""

    def every(self, *columns: Any) -> Select[Any]:
        """Of all its rows."""
        return self.source(db.select(*columns).select_from(self.model))

    def select(self, actor: Actor, *columns: Any) -> Select[Any]:
        """Of the rows this actor may see."""
        query = self.every(*columns)
        return query if actor.role in WHOLE_COUNTY else query.where(self.model.id.in_(self.ids(actor)))

    def of(self, side: str, partner_uid: UUID | None) -> list[ColumnElement[bool]]:
        """The condition of one side or both, and of one partner, or of all that were ever confirmed, as the pages list them: a
        flow may lead to a county that was only invited. NotFound where the room has no such side.
        """
        roles = [role for role, named in self.sides.items() if side in (named, BOTH)]
        if len(roles) != (2 if side == BOTH else 1):
            raise NotFound()
        known = db.select(Peer.uid).where(Peer.confirmed_at.is_not(None)).correlate(None)
        return [self.role.in_(roles), self.partner.in_(known) if partner_uid is None else self.partner == partner_uid]

    def side_of(self, line: Any) -> str:
        """On which side one line of `some` stands."""
        return self.sides[getattr(line, self.roles or self.name).role]


@dataclass(frozen=True)
class FlowLine:
    """One flow of ours, with whose it is."""

    flow: Flow
    member_id: UUID
    name: str
    branch: str
    partner: str


def _flow_ids(actor: Actor) -> Select[Any]:
    query = db.select(Flow.id).join(Member, (Member.tenant_id == Flow.tenant_id) & (Member.id == Flow.member_id))
    return organisations.visible(query, actor, Member.branch_id, Member.away_org_id)


def _to_peer(query: Select[Any]) -> Select[Any]:
    return query.join(Peer, (Peer.tenant_id == Flow.tenant_id) & (Peer.code == Flow.host_code))


@dataclass(frozen=True)
class FlowPage:
    """`before`, `after`: cursors of the neighbouring pages, empty at an end."""

    rows: list[FlowLine]
    before: str
    after: str


_NEWEST = Order((Flow.id,), (UUID,), is_falling=True)


def _some_flows(actor: Actor, *where: ColumnElement[bool], size: int, after: str = "", before: str = "") -> FlowPage:
    query = (
        _to_peer(db.select(Flow, Member.id, Member.name, PartyOrg.name, Peer.name).select_from(Flow))
        .join(Member, (Member.tenant_id == Flow.tenant_id) & (Member.id == Flow.member_id))
        .outerjoin(PartyOrg, (PartyOrg.tenant_id == Member.tenant_id) & (PartyOrg.id == Member.branch_id))
        .where(*where)
    )
    query = organisations.visible(query, actor, Member.branch_id, Member.away_org_id)
    cut = _NEWEST.cut(query, size=size, after=after, before=before)
    return FlowPage([FlowLine(*row[:5]) for row in cut.rows], cut.before, cut.after)


# Flows are our own members': there is no other side, and a literal needs no grouping.
_HOME: Any = literal_column("'home'")
_PAIR = {"home": "home", "host": "host"}
FLOWS = Room(
    "flow", Flow, Peer.uid, _HOME, {"home": "home"}, Permission.MEMBER_READ, _flow_ids, _some_flows, source=_to_peer
)
REFERRALS = Room(
    "referral", Referral, Referral.partner_uid, Referral.role, _PAIR, Permission.REFERRAL_READ,
    referrals.ids, referrals.some, Referral.agreement_id,
)  # fmt: skip
HANDOVERS = Room(
    "handover", Handover, Handover.partner_uid, Handover.role, _PAIR, Permission.HANDOVER_READ,
    handovers.ids, handovers.some, Handover.agreement_id,
)  # fmt: skip
# Who records an activity is host to the members it is about.
_RECORDED = {"home": "home", "recorder": "host"}
RECORDS = Room(
    "record", CoSignedRecord, CoSignedRecord.partner_uid, CoSignedRecord.role, _RECORDED,
    Permission.COSIGN_READ, cosigning.ids, cosigning.some, CoSignedRecord.agreement_id,
)  # fmt: skip
LINES = Room(
    "line", CosignLine, CoSignedRecord.partner_uid, CoSignedRecord.role, _RECORDED,
    Permission.COSIGN_READ, cosigning_lines.ids, cosigning_lines.some, CoSignedRecord.agreement_id,
    cosigning_lines.of_records, roles="record",
)  # fmt: skip
REQUESTS = Room(
    "request", Request, Request.partner_uid, Request.role, {"asker": "asker", "asked": "asked"},
    Permission.REQUEST_READ, requests.ids, requests.some, Request.agreement_id, kind=Request.kind,
)  # fmt: skip
ROOMS = (FLOWS, REFERRALS, HANDOVERS, RECORDS, LINES, REQUESTS)


@dataclass(frozen=True)
class Rows:
    """Which rows a metric counts. `days`: of a median, what is measured of each."""

    room: Room
    where: Callable[[Days], ColumnElement[bool]]
    days: Any = None


# What each condition below is made of.


def flow_stands(span: Days) -> ColumnElement[bool]:
    """Our member lived away at the end, registered by then; an entry made by mistake never did."""
    registered = exists().where(
        Event.tenant_id == Flow.tenant_id,
        Event.subject_id == Flow.id,
        Event.verb == "flow.register",
        Event.at < span.over,
    )
    return and_(
        registered,
        or_(Flow.left_on.is_(None), Flow.left_on <= span.ends_on),
        or_(
            Flow.state.in_([FlowState.REGISTERED, FlowState.UNREACHABLE, FlowState.LOST_CONTACT]),
            and_(Flow.ended_on > span.ends_on, Flow.ended_as != FlowEnd.WRONG_ENTRY),
        ),
    )


def _told(span: Days, *more: ColumnElement[bool]) -> ColumnElement[bool]:
    """The flow has a notice to that county that stands at the end."""
    return exists().where(
        Referral.tenant_id == Flow.tenant_id,
        Referral.flow_id == Flow.id,
        Referral.partner_uid == Peer.uid,
        notice_stands(span),
        *more,
    )


_OPENED = Referral.state != ReferralState.NOT_OPENED
_IS_CLAIM = Referral.told_how != ""


def _standing(span: Days) -> ColumnElement[bool]:
    return and_(_OPENED, Referral.created_at < span.over, not_(span.reached(Referral.ended_on)))


def notice_stands(span: Days) -> ColumnElement[bool]:
    """It stands at the end; one the host asked for counts once home knew who it is."""
    return and_(_standing(span), or_(not_(_IS_CLAIM), span.reached(Referral.accepted_on)))


WAS_GIVEN = or_(not_(_IS_CLAIM), Referral.accepted_on.is_not(None))
"""Home gave notice of its member, ever: a claim is the host's question, and holds nothing of home's until home knew who it is."""


def _sent(span: Days) -> ColumnElement[bool]:
    """Home gave notice in the period; one the host asked for is given on the day home said who it is."""
    return or_(
        and_(not_(_IS_CLAIM), span.holds(Referral.created_at)), and_(_IS_CLAIM, span.holds_day(Referral.accepted_on))
    )


# The day of the same: a median of days begins where the way does.
_sent_on = db.case((_IS_CLAIM, Referral.accepted_on), else_=clock.day_of(Referral.created_at))


def _way(
    *reached: Any, short_of: Any = None, ended: bool | None = None, handed: bool | None = None
) -> Callable[[Days], ColumnElement[bool]]:
    """Notices of the period that came as far as all of `reached`, not to `short_of`, and ended by its end or did not."""

    def where(span: Days) -> ColumnElement[bool]:
        parts = [_OPENED, _sent(span), *(span.reached(day) for day in reached)]
        if short_of is not None:
            parts.append(not_(span.reached(short_of)))
        if ended is not None:
            over = span.reached(Referral.ended_on)
            parts.append(over if ended else not_(over))
        if handed is not None:
            parts.append((Referral.reason == "transferred") == handed)
        return and_(*parts)

    return where


def _ended(*states: HandoverState) -> Callable[[Days], ColumnElement[bool]]:
    return lambda span: and_(span.holds(Handover.state_at), Handover.state.in_(states))


_other = db.aliased(CoSignedRecord)
# Of the same activity with the same county: what came to nothing may be offered again, as another record.
_of_one_activity = and_(
    _other.tenant_id == CoSignedRecord.tenant_id,
    _other.activity_id == CoSignedRecord.activity_id,
    _other.partner_uid == CoSignedRecord.partner_uid,
    _other.role == CoSignedRecord.role,
)


def _held(span: Days) -> ColumnElement[bool]:
    """The last record of an activity says what became of it: one that was offered again is one activity still."""
    gone = (CosignState.NOT_OPENED, CosignState.WITHDRAWN)
    again = exists().where(_of_one_activity, _other.id > CoSignedRecord.id, _other.state.not_in(gone))
    return and_(span.holds_day(CoSignedRecord.held_on), CoSignedRecord.state.not_in(gone), ~again)


def _agreed(span: Days) -> ColumnElement[bool]:
    return and_(_held(span), CoSignedRecord.state.in_(AGREED))


def _disputed(span: Days) -> ColumnElement[bool]:
    """Home once disputed it, whatever became of it, or of that record of it."""
    return exists().where(
        _of_one_activity,
        Event.tenant_id == _other.tenant_id,
        Event.subject_id == _other.id,
        Event.verb == f"{COSIGN.name}.dispute",
        Event.at < span.over,
    )


_UNSETTLED = (CosignState.REFUSED, CosignState.LAPSED, CosignState.ANNULLED)
_REFUSED = (RequestState.DECLINED, RequestState.FAILED)
_VOID = (RequestState.WITHDRAWN, RequestState.LAPSED)
# Done keeps its day; declined and failed are ends, so the last move is theirs.
_answered_on = func.coalesce(
    Request.done_on, db.case((Request.state.in_(_REFUSED), clock.day_of(Request.state_at)), else_=None)
)


def _due(span: Days) -> ColumnElement[bool]:
    """Its last day fell into the period and is over, or it was answered before."""
    gone = (RequestState.NOT_OPENED, RequestState.WITHDRAWN)
    is_over = or_(Request.due_on < clock.today(), _answered_on.is_not(None))
    return and_(span.holds_day(Request.due_on), Request.state.not_in(gone), is_over)


_accepted, _reported, _assigned = Referral.accepted_on, Referral.reported_on, Referral.assigned_on
_H = HandoverState

ROWS: dict[str, Rows] = {
    "flows.to_partner": Rows(FLOWS, flow_stands),
    "flows.reported_in": Rows(FLOWS, lambda s: and_(flow_stands(s), _told(s, s.reached(_reported)))),
    "flows.unmatched": Rows(FLOWS, lambda s: and_(flow_stands(s), not_(_told(s)))),
    "members.shared": Rows(REFERRALS, notice_stands),
    "members.reported_in": Rows(REFERRALS, lambda s: and_(notice_stands(s), s.reached(_reported))),
    "members.taken_on": Rows(REFERRALS, lambda s: and_(notice_stands(s), s.reached(_assigned))),
    "members.not_reported": Rows(REFERRALS, lambda s: and_(notice_stands(s), not_(s.reached(_reported)))),
    "members.days_to_take_on": Rows(
        REFERRALS, lambda s: and_(notice_stands(s), s.reached(_assigned)), _assigned - _sent_on
    ),
    "members.new_reported_in": Rows(REFERRALS, lambda s: and_(_OPENED, s.holds_day(_reported))),
    "members.new_taken_on": Rows(REFERRALS, lambda s: and_(_OPENED, s.holds_day(_assigned))),
    "claims.unmatched": Rows(REFERRALS, lambda s: and_(_standing(s), _IS_CLAIM, not_(s.reached(_accepted)))),
    "way.offered": Rows(REFERRALS, _way()),
    "way.unanswered": Rows(REFERRALS, _way(short_of=_accepted, ended=False)),
    "way.not_accepted": Rows(REFERRALS, _way(short_of=_accepted, ended=True)),
    "way.accepted": Rows(REFERRALS, _way(_accepted)),
    "way.awaited": Rows(REFERRALS, _way(_accepted, short_of=_reported, ended=False)),
    "way.never_came": Rows(REFERRALS, _way(_accepted, short_of=_reported, ended=True)),
    "way.reported_in": Rows(REFERRALS, _way(_accepted, _reported)),
    "way.arrived": Rows(REFERRALS, _way(_accepted, _reported, short_of=_assigned, ended=False)),
    "way.left_early": Rows(REFERRALS, _way(_accepted, _reported, short_of=_assigned, ended=True)),
    "way.taken_on": Rows(REFERRALS, _way(_accepted, _reported, _assigned)),
    "way.kept": Rows(REFERRALS, _way(_accepted, _reported, _assigned, ended=False)),
    "way.handed_over": Rows(REFERRALS, _way(_accepted, _reported, _assigned, ended=True, handed=True)),
    "way.left": Rows(REFERRALS, _way(_accepted, _reported, _assigned, ended=True, handed=False)),
    "transfers.opened": Rows(HANDOVERS, lambda s: and_(s.holds(Handover.created_at), Handover.state != _H.NOT_OPENED)),
    "transfers.closed": Rows(HANDOVERS, _ended(_H.CLOSED)),
    "transfers.on_time": Rows(
        HANDOVERS, lambda s: and_(_ended(_H.CLOSED)(s), Handover.outcome == Outcome.ON_TIME.value)
    ),
    "transfers.refused": Rows(HANDOVERS, _ended(_H.REFUSED, _H.DECLINED)),
    "transfers.recalled": Rows(HANDOVERS, _ended(_H.RECALLED, _H.CANCELLED)),
    "transfers.expired": Rows(HANDOVERS, _ended(_H.EXPIRED, _H.RETURNED_LAPSED, _H.EXPIRED_IN_TRANSIT)),
    "transfers.days": Rows(
        HANDOVERS, _ended(_H.CLOSED), clock.day_of(Handover.state_at) - clock.day_of(Handover.created_at)
    ),
    "cosign.held": Rows(RECORDS, _held),
    "cosign.agreed": Rows(RECORDS, _agreed),
    "cosign.persons": Rows(LINES, lambda s: and_(_agreed(s), CosignLine.answer == Answer.ACCEPTED)),
    "cosign.disputed": Rows(RECORDS, lambda s: and_(_held(s), _disputed(s))),
    "cosign.unsettled": Rows(RECORDS, lambda s: and_(_held(s), CoSignedRecord.state.in_(_UNSETTLED))),
    "requests.opened": Rows(
        REQUESTS, lambda s: and_(s.holds(Request.created_at), Request.state != RequestState.NOT_OPENED)
    ),
    "requests.done": Rows(REQUESTS, lambda s: s.holds_day(Request.done_on)),
    "requests.refused": Rows(REQUESTS, lambda s: and_(s.holds(Request.state_at), Request.state.in_(_REFUSED))),
    "requests.void": Rows(REQUESTS, lambda s: and_(s.holds(Request.state_at), Request.state.in_(_VOID))),
    "requests.due": Rows(REQUESTS, _due),
    "requests.on_time": Rows(REQUESTS, lambda s: and_(_due(s), _answered_on <= Request.due_on)),
}
