"""The rows behind a number as declared lists, one for each room: columns and conditions are those of the room's own list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import url_for
from sqlalchemy import ColumnElement

from web.blueprints.cosigning import columns as cosigning
from web.blueprints.cosigning import wording as cosigning_words
from web.blueprints.figures import question, subjects
from web.blueprints.figures.question import Question
from web.blueprints.handovers import columns as handovers
from web.blueprints.handovers import wording as handover_words
from web.blueprints.referrals import columns as referrals
from web.blueprints.referrals import wording as referral_words
from web.blueprints.requests import columns as requests
from web.blueprints.requests import wording as request_words
from web.core import clock, keyset
from web.core.errors import NotFound
from web.core.events import Actor
from web.extensions import db
from web.federation.cosigning import lines as cosigning_lines
from web.federation.cosigning.models import CosignLine
from web.federation.handovers import lists as handover_lists
from web.federation.handovers.models import OPEN as OPEN_HANDOVERS
from web.federation.handovers.models import HandoverState
from web.federation.referrals import lists as referral_lists
from web.federation.referrals.models import Referral, ReferralState
from web.federation.requests.models import Request
from web.reports import counting, rows
from web.reports.rows import Room
from web.tenants.flows.models import Flow
from web.tenants.labels import rows as labels
from web.tenants.members import search
from web.tenants.members.models import Member
from web.tenants.register import facets as register
from web.tenants.workbench.facets import Facet, Typed, any_of, one_of
from web.tenants.workbench.listings import LISTINGS, Column, Labelled, Listing

Says = Callable[[Any], Any]


@dataclass(frozen=True)
class Table:
    """How one room's rows are listed. `url`: where a line leads; `state`: its chip; `looked`: logs that names were read.

    `facets`, `typed`, `labelled` as of a Listing. `columns`: the first names the line; the state follows by itself.
    """

    room: Room
    title: str
    unit: str
    url: Says
    state: Callable[[Any], tuple[str, str]]
    columns: tuple[Column, ...]
    facets: tuple[Facet, ...]
    typed: Typed | None = None
    labelled: Labelled | None = None
    looked: Callable[[Sequence[Any]], None] = lambda lines: None

    @property
    def name(self) -> str:
        """The list it is."""
        return f"behind_{self.room.name}"


def _referral_state(line: Any) -> tuple[str, str]:
    row = line.referral
    ours = referral_lists.TURNS.get(row.state) == row.role and row.state != ReferralState.ACCEPTED
    return referral_words.KNOTS.get(row.state, "now" if ours else "theirs"), referrals.state(line)


def _handover_state(line: Any) -> tuple[str, str]:
    row, words = line.handover, handover_words.STATES[line.handover.state]
    if row.state in OPEN_HANDOVERS:
        return "now" if handover_lists.TURNS[row.state] == row.role else "theirs", words
    # Outcomes are told as home sees them.
    told = handover_words.OUTCOMES.get(row.outcome, words) if row.role == "home" else words
    return "sealed" if row.state == "closed" else "off", told


def _flow_state(line: Any) -> tuple[str, str]:
    if line.flow.ended_as is not None:
        return "off", register.FLOW_ENDS[line.flow.ended_as]
    return "done", register.FLOW_STATES[line.flow.state]


def _presence(line: Any) -> str:
    return cosigning_words.WIRE_PRESENCES.get(line.line.values().get("presence", ""), "")


def _columns(of: Sequence[Column], names: str, **other: Any) -> tuple[Column, ...]:
    """These columns of the room's own list, in this order; `other`: what is different of them here."""
    by_name = {column.name: column for column in of}
    return tuple(replace(by_name[name], **other) for name in names.split())


def _facets(of: Sequence[Facet], names: str) -> tuple[Facet, ...]:
    """These conditions of the room's own list."""
    by_name = {facet.name: facet for facet in of}
    return tuple(by_name[name] for name in names.split())


def _of_member(facet: Facet) -> Facet:
    """A condition on members, as one on their flows."""

    def theirs(condition: ColumnElement[bool]) -> ColumnElement[bool]:
        found: ColumnElement[bool] = Flow.member_id.in_(db.select(Member.id).where(condition).correlate(None))
        return found

    empty = None if facet.empty is None else theirs(facet.empty)
    return replace(facet, where=lambda values: theirs(facet.where(values)), empty=empty)


def _member_named(text: str) -> ColumnElement[bool] | None:
    condition = search.condition(text)
    return None if condition is None else Flow.member_id.in_(db.select(Member.id).where(condition).correlate(None))


def _person_named(referral_id: Any) -> Typed:
    """What was typed, where a row says by its referral whom it is about."""

    def typed(text: str) -> ColumnElement[bool] | None:
        ids = referral_lists.ids_named(text)
        return None if ids is None else referral_id.in_(ids)

    return typed


_BRANCH = Column("branch", "党支部", lambda it: it.branch, 160, missing="未编入")
(_TITLED,) = _columns(cosigning.COLUMNS, "title", width=0, cls="")
_HELD = _columns(cosigning.COLUMNS, "kind held_on", cls="hide-phone")
_SENT, _ENDED = referrals.COLUMNS["referrals_out"], referrals.COLUMNS["referrals_over"]
_REGISTER = {facet.name: facet for facet in register.FACETS}

TABLES: Mapping[str, Table] = {table.room.name: table for table in (
    Table(
        rows.FLOWS, "数据里的流动党员", "名",
        lambda it: url_for("members.show", member_id=it.member_id), _flow_state,
        (
            Column("name", "党员", lambda it: it.name, 112), _BRANCH,
            Column("left", "流出日期", lambda it: it.flow.left_on, 96, "hide-phone"),
            Column("host", "流入地", lambda it: it.flow.host_text or it.partner, 160, "hide-phone"),
        ),
        (
            Facet("state", "现在的状态", any_of(Flow.state), None, register.FLOW_STATES), _REGISTER["reason"],
            _of_member(replace(_REGISTER["org"], choices="branches")),
            *(_of_member(_REGISTER[name]) for name in ("gender", "kind", "education", "dues", "phone", "label", "relation")),
        ),
        _member_named,
    ),
    Table(
        rows.REFERRALS, "数据里的流动报到", "名",
        lambda it: url_for("referrals.show", referral_id=it.referral.id), _referral_state,
        (
            *_columns(_SENT, "name"), _BRANCH, *_columns(_SENT, "sent"),
            Column("accepted", "接收", lambda it: it.referral.accepted_on, 80, "hide-phone", missing="未接收"),
            *_columns(_SENT, "reported assigned", width=80, cls="hide-phone", is_standard=True),
            Column("ended", "结束", lambda it: it.referral.ended_on, 80, "hide-phone", missing="未结束"),
            *_columns(_ENDED, "reason", is_standard=False), labels.COLUMN,
        ),
        (
            referrals.states(s for s in ReferralState if s is not ReferralState.NOT_OPENED),
            *_facets(referrals.FACETS["guests"], "branch"),
            *_facets(referrals.FACETS["referrals_out"], "reported sent"),
            *_facets(referrals.FACETS["referrals_over"], "reason ended"),
            *labels.facets(Referral.id),
        ),
        _person_named(Referral.id), referrals.LABELLED, lambda lines: referral_lists.note_reading(lines, "figures"),
    ),
    Table(
        rows.HANDOVERS, "数据里的关系转接", "件",
        lambda it: url_for("handovers.show", handover_id=it.handover.id), _handover_state,
        (
            *_columns(handovers.OPEN, "name"), _BRANCH, *_columns(handovers.OPEN, "begun"),
            Column("moved", "最近办理", lambda it: it.handover.state_at, 96, "hide-phone"),
            *_columns(handovers.ENDED, "outcome labels", is_standard=False),
        ),
        (
            handovers.states(HandoverState), *_facets(handovers.FACETS["handovers"], "branch"),
            *_facets(handovers.FACETS["handovers_ended"], "outcome label row"),
        ),
        None, LISTINGS["handovers"].labelled, handover_lists.note_reading,
    ),
    Table(
        rows.RECORDS, "数据里的共签记录", "场",
        lambda it: url_for("cosigning.show", record_id=it.record.id), lambda it: cosigning_words.state_of(it.record),
        (_TITLED, *_HELD, *_columns(cosigning.COLUMNS, "lines minutes moved labels")),
        _facets(cosigning.FACETS, "kind state month reason label row"),
        None, LISTINGS["cosigning"].labelled,
    ),
    Table(
        rows.LINES, "数据里的共签人次", "人次",
        lambda it: url_for("cosigning.show", record_id=it.record.id), lambda it: cosigning_words.state_of(it.record),
        (
            Column("name", "党员", lambda it: it.name, 112, missing="姓名已清除"), _BRANCH,
            replace(_TITLED, text=lambda it: it.record.head().get("title", ""), cls="hide-phone"), *_HELD,
            Column("presence", "到会", _presence, 80, "hide-phone", missing="已清除"),
        ),
        _facets(cosigning.FACETS, "kind state month"),
        _person_named(CosignLine.referral_id), None, cosigning_lines.note_reading,
    ),
    Table(
        rows.REQUESTS, "数据里的协助请求", "件",
        lambda it: url_for("requests.show", request_id=it.request.id), lambda it: request_words.state_of(it.request),
        (
            *_columns(requests.COLUMNS, "kind name"),
            Column("begun", "提出", lambda it: clock.day(it.request.created_at), 96, "hide-phone"),
            *_columns(requests.COLUMNS, "due done", cls="hide-phone", is_standard=True),
            *_columns(requests.COLUMNS, "moved labels"),
        ),
        _facets(requests.FACETS, "kind state done label row"),
        _person_named(Request.referral_id), LISTINGS["requests"].labelled,
    ),
)}  # fmt: skip


def _declared(table: Table) -> tuple[Column, ...]:
    """With the direction, the partner and the state of a line, which every room has."""
    room, (first, *others) = table.room, table.columns
    state = Column("state", "现在的状态", lambda it: table.state(it)[1], 160)
    partner = Column("partner", "伙伴县", lambda it: it.partner, 112, "hide-phone")
    way = Column("side", "方向", lambda it: subjects.SIDES[room.side_of(it)], 128, "hide-phone")
    kept = (way, partner) if len(room.sides) > 1 else (partner,)
    return (first, *kept, *(c for c in others if c.is_standard), state, *(c for c in others if not c.is_standard))


def _narrowing(table: Table) -> tuple[Facet, ...]:
    """With the partner; a condition that is called as a part of the question is has another name beside it."""
    partner = Facet("partner", "伙伴县", one_of(table.room.partner), None, "partners")
    return tuple(
        replace(facet, name=f"row_{facet.name}") if facet.name in question.NAMES else facet
        for facet in (partner, *table.facets)
    )


def _asked(table: Table, text: str, actor: Actor) -> dict[str, Any]:
    """What `counting` is asked. Who may not see these rows, or asks for another room's, is refused before any is read."""
    asked = Question.read(text)
    if asked.room is not table.room:
        raise NotFound()
    asked.demand(actor)
    return {**asked.counts, "narrowed": LISTINGS[table.name].asked(text).conditions()}


def _listing(table: Table) -> Listing:
    columns, facets = _declared(table), _narrowing(table)

    def walk(text: str, actor: Actor, is_whole: bool) -> Iterator[Any]:
        asked = _asked(table, text, actor)
        for page in keyset.pages(lambda after: counting.page(actor, **asked, after=after, size=500, total=0)):
            table.looked(page.lines)
            yield from page.lines

    def total(text: str, actor: Actor) -> int:
        return db.session.scalar(counting.length(actor, **_asked(table, text, actor))) or 0

    return Listing(
        table.name, table.title, table.unit, "figures.rows", table.room.permission, lambda: columns, walk, total,
        facets=lambda: facets, typed=table.typed, labelled=table.labelled, is_asked=True,
        holds_shared=table.room is not rows.FLOWS,
        fixed="a number is made of these rows; they are changed where they live",
    )  # fmt: skip


LISTINGS.update({table.name: _listing(table) for table in TABLES.values()})
