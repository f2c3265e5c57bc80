"""The lists: one query for a page of people with everything it shows, one for the total; who 'all that match' are;
and what a member's page puts together from many rooms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Subquery, extract, func, literal, null, union_all

from web.core import clock, events
from web.core.errors import Invalid
from web.core.events import Actor, Event
from web.core.fields import mask
from web.extensions import db
from web.tenants.activities.models import Activity, ActivityState, Attendance, Presence, StudyRecord
from web.tenants.activities.service import CAME
from web.tenants.counties import divisions
from web.tenants.documents.models import Document
from web.tenants.flows.models import Flow, FlowState
from web.tenants.flows.service import add_months
from web.tenants.labels.models import Label, MemberLabel
from web.tenants.labels.rows import Mark
from web.tenants.members.models import Member, Relation
from web.tenants.members.service import LIVE
from web.tenants.organisations.models import OrgKind, PartyOrg
from web.tenants.organisations.service import visible
from web.tenants.register.facets import FLOATING, Roll, dues_limit
from web.tenants.register.queries import SORTS, Query, cursor, joined, keyset, read_cursor
from web.tenants.workbench.facets import Facet

PAGE = 50
PIECE = 500
MOST_SELECTED = 5_000
"""So many are looked at together while one waits for a preview: members to be changed, rows of any list to be labelled."""
MOST_ORGANISATIONS = 300


@dataclass(frozen=True)
class Extra:
    """A column of a later room. `join` adds outer joins of at most one row a member; a `facet` makes it a filter too."""

    name: str
    column: Any
    join: Callable[[Select[Any]], Select[Any]] = lambda statement: statement
    facet: Facet | None = None


@dataclass(frozen=True)
class ProvisionalRead:
    """Announced when rows for the time being were shown: until it confirms they are what another county told."""

    member_ids: Sequence[UUID]


@dataclass(frozen=True)
class Line:
    """One row of the list. Numbers are masked here already; the plain ones do not leave this room."""

    member_id: UUID
    name: str
    gender: str
    birth_on: date | None
    id_number: str | None
    phone: str | None
    branch: str
    member_kind: str
    education: str
    dues_until: str
    certificate_no: str
    is_lost_contact: bool
    relation: Relation
    frozen_by: UUID | None
    flow_id: UUID | None
    flow_state: FlowState | None
    flow_reason: str | None
    left_on: date | None
    host_code: str | None
    host_text: str | None
    host_township: str | None
    work_unit: str | None
    occupation: str | None
    joined_on: date | None
    post: str
    appraisal: str
    updated_at: datetime
    labels: Sequence[Mark]
    extra: Mapping[str, Any]

    @property
    def host(self) -> str:
        """Where to: the county and township, or what the register says."""
        place = divisions.find(self.host_code) if self.host_code else None
        return f"{place.name if place else self.host_text or ''}{self.host_township or ''}"


@dataclass(frozen=True)
class Page:
    """Lines in order; `before` and `after`: cursors of the neighbouring pages, or None."""

    lines: list[Line]
    total: int
    before: str | None
    after: str | None


labels_of = func.array(
    db.select(Label.title.concat("\t").concat(Label.colour))
    .join(MemberLabel, (MemberLabel.tenant_id == Label.tenant_id) & (MemberLabel.label_id == Label.id))
    .where(MemberLabel.tenant_id == Member.tenant_id, MemberLabel.member_id == Member.id, Label.deleted_at.is_(None))
    .order_by(Label.title)
    .correlate(Member)
    .scalar_subquery()
).label("labels")

_COLUMNS = (
    Member.id, Member.name, Member.gender, Member.birth_on, Member.id_number, Member.phone, PartyOrg.full_name, Member.member_kind,
    Member.education, Member.dues_until, Member.certificate_no, Member.is_lost_contact, Member.relation, Member.frozen_by,
    Flow.id.label("flow_id"), Flow.state, Flow.flow_reason, Flow.left_on, Flow.host_code, Flow.host_text, Flow.host_township, Flow.work_unit, Flow.occupation,
    Member.joined_on, Member.post, Member.appraisal, Member.updated_at, labels_of,
)  # fmt: skip


def _matching(query: Query, actor: Actor, extras: Sequence[Extra], *columns: Any) -> Select[Any]:
    statement = joined(db.select(*columns))
    for extra in extras:
        statement = extra.join(statement)
    return visible(statement.where(*query.conditions()), actor, Member.branch_id, Member.away_org_id)


def page(
    query: Query,
    actor: Actor,
    *,
    after: str = "",
    before: str = "",
    size: int = PAGE,
    extras: Sequence[Extra] = (),
    is_whole: bool = False,
    counted: bool = True,
) -> Page:
    """One page of what the query finds in the actor's part of the tree. `is_whole`: numbers unmasked, for an export with
    its right and reason; `counted`: with the total.
    """
    place = read_cursor(after or before, query.sort) if after or before else None
    backwards = bool(before) and not after and place is not None
    key = SORTS[query.sort.removeprefix("-")][0].label("key")
    columns = [*_COLUMNS, *(e.column.label(f"extra_{e.name}") for e in extras), key]
    statement = _matching(query, actor, extras, *columns)
    rows = list(db.session.execute(keyset(statement, query.sort, place, backwards=backwards).limit(size + 1)))
    is_more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    has_before, has_after = (is_more, True) if backwards else (place is not None, is_more)
    if theirs := [row.id for row in rows if row.relation is Relation.PROVISIONAL]:
        events.announce(ProvisionalRead(theirs))
    total = len(rows) if not counted or (place is None and not is_more) else count(query, actor, extras)
    return Page(
        [_line(row, extras, is_whole=is_whole) for row in rows],
        total,
        cursor(rows[0].key, rows[0].id) if rows and has_before else None,
        cursor(rows[-1].key, rows[-1].id) if rows and has_after else None,
    )


def walk(query: Query, actor: Actor, *, extras: Sequence[Extra] = (), is_whole: bool = False) -> Iterator[Line]:
    """Every line the query finds, in its order, a piece at a time."""
    after = ""
    while True:
        piece = page(query, actor, after=after, size=PIECE, extras=extras, is_whole=is_whole, counted=False)
        yield from piece.lines
        if piece.after is None:
            return
        after = piece.after


def _line(row: Any, extras: Sequence[Extra], *, is_whole: bool = False) -> Line:
    values: list[Any] = list(row)[: len(_COLUMNS)]
    if not is_whole:
        values[4], values[5] = mask("id_number", values[4]), mask("phone", values[5])
    values[-1] = [Mark(*label.split("\t")) for label in values[-1]]
    values.append({e.name: getattr(row, f"extra_{e.name}") for e in extras})
    return Line(*values)


def count(query: Query, actor: Actor, extras: Sequence[Extra] = ()) -> int:
    """How many the query finds."""
    return db.session.scalar(_matching(query, actor, extras, func.count())) or 0


def selected(query: Query, actor: Actor, *, extras: Sequence[Extra] = ()) -> list[UUID]:
    """The ids of all that match, run anew. Invalid for more than MOST_SELECTED: never the first ones alone."""
    matching = _matching(query, actor, extras, Member.id).order_by(Member.name_pinyin, Member.id)
    found = list(db.session.scalars(matching.limit(MOST_SELECTED + 1)))
    if len(found) > MOST_SELECTED:
        raise Invalid(code="too_many_chosen", most=MOST_SELECTED)
    return found


def among(ids: Sequence[UUID], actor: Actor) -> list[UUID]:
    """Of these ids, the live members in the actor's part of the tree."""
    statement = db.select(Member.id).where(Member.id.in_(ids), Member.relation.in_(LIVE))
    return list(
        db.session.scalars(
            visible(statement, actor, Member.branch_id, Member.away_org_id).order_by(Member.name_pinyin, Member.id)
        )
    )


def counter(roll: Roll) -> Callable[[Actor], Select[Any]]:
    """For the navigation: a select of how many the list holds for an actor."""
    return lambda actor: _matching(Query(roll), actor, (), func.count())


def choices(actor: Actor, beside: Sequence[Select[Any]] = ()) -> tuple[dict[str, dict[str, str]], list[Any]]:
    """The lists of choices that come from the county's own rows (organisations, host places, labels), and the rows of the
    selects `beside`, five texts each: one query for all.
    """
    orgs = db.select(
        literal("organisations").label("list"), db.cast(PartyOrg.id, db.String).label("value"), PartyOrg.name.label("words"),
        PartyOrg.path.label("rank"), db.cast(PartyOrg.kind, db.String).label("kind"),
    ).where(PartyOrg.is_active, PartyOrg.parent_id.is_not(None), PartyOrg.kind != OrgKind.PARTY_GROUP)  # fmt: skip
    hosts = joined(
        db.select(literal("hosts"), Flow.host_code, literal(""), Flow.host_code, null())
    ).where(Flow.state.in_(FLOATING), Flow.host_code != "").distinct()  # fmt: skip
    marks = db.select(
        literal("labels"), db.cast(Label.id, db.String), Label.title, Label.title, Label.colour
    ).where(Label.deleted_at.is_(None))  # fmt: skip
    all_ = union_all(
        visible(orgs, actor, PartyOrg.id), visible(hosts, actor, Member.branch_id, Member.away_org_id), marks, *beside
    ).subquery()
    found: dict[str, dict[str, str]] = {"organisations": {}, "hosts": {}, "labels": {}}
    others: list[Any] = []
    rows = list(db.session.execute(db.select(all_).order_by(all_.c.list, all_.c.rank)))
    is_large = sum(r.list == "organisations" for r in rows) > MOST_ORGANISATIONS
    for row in rows:
        if row.list == "hosts":
            found["hosts"][row.value] = divisions.full_name(row.value) or row.value
        elif row.list == "labels":
            found["labels"][row.value] = row.words
        elif row.list != "organisations":
            others.append(row)
        elif not is_large or row.kind not in (OrgKind.BRANCH, OrgKind.AWAY_BRANCH):
            depth = max(row.rank.count(".") - 2, 0)
            found["organisations"][row.value] = "　" * depth + row.words
    return found, others


@dataclass(frozen=True)
class Study:
    """One piece of organisation life in a member's file. `partner_uid`: the county that recorded it, None = ours."""

    held_on: date
    title: str
    presence: Presence
    minutes: int
    partner_uid: UUID | None


def _studied(member_id: UUID) -> Subquery:
    ours = (
        db.select(
            Activity.held_on, Activity.title, Attendance.presence, Attendance.study_minutes, null().label("partner_uid")
        )
        .join(Activity, (Activity.tenant_id == Attendance.tenant_id) & (Activity.id == Attendance.activity_id))
        .where(Attendance.member_id == member_id, Activity.state == ActivityState.HELD)
    )
    theirs = db.select(
        StudyRecord.held_on, StudyRecord.title, StudyRecord.presence, StudyRecord.study_minutes, StudyRecord.partner_uid
    ).where(StudyRecord.member_id == member_id)
    return union_all(theirs, ours).subquery()


def study(member_id: UUID, *, since: date | None = None, limit: int = 50) -> list[Study]:
    """Own activities that took place and co-signed records from elsewhere, the latest first: one query. A sheet may be written
    before its day, for who is on leave; it counts from when the activity is held.
    """
    both = _studied(member_id)
    query = db.select(both).order_by(both.c.held_on.desc()).limit(limit)
    if since is not None:
        query = query.where(both.c.held_on >= since)
    return [Study(*row) for row in db.session.execute(query)]


@dataclass(frozen=True)
class StudyYear:
    """Study time of one year: `minutes` in all, of them `elsewhere` recorded by partner counties and countersigned here."""

    year: int
    minutes: int
    elsewhere: int


def study_years(member_id: UUID) -> list[StudyYear]:
    """The yearly totals, the latest first: one query. A correction or an annulment of a record moves them by itself."""
    both = _studied(member_id)
    year, minutes = extract("year", both.c.held_on), both.c.study_minutes
    abroad = func.coalesce(func.sum(minutes).filter(both.c.partner_uid.is_not(None)), 0)
    query = db.select(year, func.sum(minutes), abroad).group_by(year).order_by(year.desc())
    return [StudyYear(int(y), int(total), int(apart)) for y, total, apart in db.session.execute(query)]


@dataclass(frozen=True)
class Whole:
    """A member with the names of the organisations around, as one actor may see it."""

    member: Member
    branch: str
    away_branch: str | None


def person(member_id: UUID, actor: Actor) -> Whole | None:
    """None when it is absent, another county's, or in another part of the tree: the same answer."""
    away = db.aliased(PartyOrg)
    statement = (
        db.select(Member, PartyOrg.full_name, away.full_name)
        .join(PartyOrg, (PartyOrg.tenant_id == Member.tenant_id) & (PartyOrg.id == Member.branch_id))
        .outerjoin(away, (away.tenant_id == Member.tenant_id) & (away.id == Member.away_org_id))
        .where(Member.id == member_id)
    )
    row = db.session.execute(visible(statement, actor, Member.branch_id, Member.away_org_id)).first()
    if row and row[0].relation is Relation.PROVISIONAL:
        events.announce(ProvisionalRead([member_id]))
    return Whole(*row) if row else None


def papers(member_id: UUID) -> Sequence[Document]:
    """Documents about the member, the latest first, without their content."""
    return db.session.scalars(
        db.select(Document).where(Document.member_id == member_id).order_by(Document.created_at.desc()).limit(50)
    ).all()


def timeline(member_id: UUID, *, limit: int = 50) -> Sequence[Event]:
    """What happened to and around the member, the latest first; who merely read the page stands in the log."""
    query = db.select(Event).where(Event.member_id == member_id, Event.verb != "member.view")
    return db.session.scalars(query.order_by(Event.id.desc()).limit(limit)).all()


def completeness(member: Member, flow: Flow, studied: Sequence[Study]) -> list[tuple[str, bool]]:
    """六清三掌握, each with whether it is so. `studied`: of the last half-year, who came to one of it. Of 思想动态 only that somebody spoke with the
    member in that time, never what was said.
    """
    return [
        ("个人信息清", bool(member.id_number and member.gender in ("1", "2") and member.birth_on and member.joined_on)),
        ("流动时间清", bool(flow.left_on and flow.expected_until)),
        ("流动原因清", bool(flow.flow_reason)),
        ("流动地点清", len(flow.host_code) == 6 and not flow.host_code.endswith("00")),
        ("从业情况清", bool(flow.occupation and flow.work_kind)),
        ("联系方式清", bool(member.phone and member.backup_contact)),
        ("掌握党费", member.dues_until >= dues_limit()),
        ("掌握组织生活", any(s.presence in CAME for s in studied)),
        ("掌握思想动态", flow.contacted_on is not None and flow.contacted_on >= add_months(clock.today(), -6)),
    ]
