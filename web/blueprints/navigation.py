"""The main navigation as data: section, title, endpoint, permission, count. All counts come in one query."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import request, url_for
from sqlalchemy import ColumnElement, Select, and_, case, not_, or_

from web.core import clock
from web.core.events import Actor, Event
from web.core.ids import since
from web.extensions import db
from web.federation.agreements.models import AgreementVersion
from web.federation.cosigning import lists as cosigning
from web.federation.handovers import lists as handovers
from web.federation.post.models import Peer
from web.federation.referrals import lists as referrals
from web.federation.requests import lists as requests
from web.federation.sharing import lists as sharing
from web.tenants.accounts import service as accounts
from web.tenants.accounts.models import Account, NoticeSeen
from web.tenants.accounts.permissions import GRANTS, WHOLE_COUNTY, Permission, Role
from web.tenants.flows import reminders

# A counter gives a scalar SELECT for this actor.
Counter = Callable[[Actor], Any]


@dataclass(frozen=True)
class Item:
    """One entry. `due`: how many of them are due today or late (turns the number cinnabar). `work`: the permission of the
    home page's queues, where the number is of what waits there: who may not do it is shown no number.
    """

    section: str
    title: str
    endpoint: str
    permission: Permission
    count: Counter | None = None
    due: Counter | None = None
    work: Permission | None = None
    also: frozenset[str] = frozenset()  # other blueprints whose pages stand under this entry


@dataclass(frozen=True)
class Entry:
    """What the template shows."""

    title: str
    url: str
    count: int | None
    is_now: bool
    is_current: bool


@dataclass(frozen=True)
class Section:
    heading: str
    entries: list[Entry]


SECTIONS = ("办理", "名册", "共管", "服务与报表", "设置")
# Entries of a section in this order; what is not named here comes after.
ORDER = (
    "home.index",
    "tasks.index",
    "members.index",
    "away.index",
    "shared.index",
    "imports.index",
    "agreements.index",
    "referrals.index",
    "shares.index",
    "transfers.index",
    "cosigning.index",
    "requests.index",
    "activities.index",
    "figures.index",
    "reports.index",
    "peers.index",
)
ITEMS: list[Item] = []


def build(actor: Actor) -> tuple[list[Section], int]:
    """The sections this role sees, with their counts, and how many notices are unread: one query. The page of a record reads
    the notices about it.
    """
    items = [i for i in ITEMS if i.permission in GRANTS[Role(actor.role)]]
    items.sort(key=lambda i: ORDER.index(i.endpoint) if i.endpoint in ORDER else len(ORDER))
    asked: dict[str, Any] = {"notices": unread(actor)}
    opened = (request.view_args or {}).get(OPENED.get(request.endpoint or "", ""))
    if opened is not None:
        asked["read"] = unread(actor, about() == opened)
    for index, item in enumerate(items):
        if item.work is not None and item.work not in GRANTS[Role(actor.role)]:
            continue
        if item.count is not None:
            asked[f"c{index}"] = item.count(actor)
        if item.due is not None:
            asked[f"d{index}"] = item.due(actor)
    columns = [subquery.scalar_subquery().label(name) for name, subquery in asked.items()]
    row = db.session.execute(db.select(*columns)).mappings().one()
    sections: dict[str, Section] = {}
    blueprint = (request.endpoint or "").split(".")[0]
    for index, item in enumerate(items):
        entry = Entry(
            item.title,
            url_for(item.endpoint),
            row.get(f"c{index}"),
            bool(row.get(f"d{index}")),
            item.endpoint == request.endpoint or blueprint in (item.endpoint.split(".")[0], *item.also),
        )
        sections.setdefault(item.section, Section(item.section, [])).entries.append(entry)
    left = row["notices"]
    if opened is not None and row["read"] and actor.account_id is not None:
        accounts.see_record(actor.account_id, opened)
        left -= row["read"]
    return sorted(sections.values(), key=lambda section: SECTIONS.index(section.heading)), left


# What a partner county did to these is told to whoever may read them.
TOLD: dict[str, Permission] = {
    "agreement": Permission.AGREEMENT_READ,
    "agreement_version": Permission.AGREEMENT_READ,
    "flow": Permission.MEMBER_READ,
    "referral": Permission.REFERRAL_READ,
    "status_share": Permission.REFERRAL_READ,
    "handover": Permission.HANDOVER_READ,
    "cosign": Permission.COSIGN_READ,
    "request": Permission.REQUEST_READ,
    "peer": Permission.PEER_READ,
    "channel": Permission.PEER_READ,
}
# Of these an actor with a part of the tree is told only what happened to the records of that part.
SEEN: dict[str, Callable[[Actor], Select[Any]]] = {
    "flow": reminders.ids,
    "referral": referrals.ids,
    "status_share": sharing.ids,
    "handover": handovers.ids,
    "cosign": cosigning.ids,
    "request": requests.ids,
}
# Where the record of a notice is opened: endpoint and the name of its argument.
PAGES = {
    "agreement": ("agreements.show", "agreement_id"),
    "flow": ("members.show", "member_id"),
    "referral": ("referrals.show", "referral_id"),
    "handover": ("handovers.show", "handover_id"),
    "cosign": ("cosigning.show", "record_id"),
    "request": ("requests.show", "request_id"),
    "peer": ("peers.show", "peer_uid"),
}
OPENED = dict(PAGES.values())
KEPT = timedelta(days=30)
# What the calendar says is told too.
CALENDAR = (
    "agreement.fall_due", "agreement.closing_overdue",
    "flow.remind_contact", "flow.remind_confirm", "referral.remind_report_in",
)  # fmt: skip

# Values of shares come by the hundred and ask nothing of anybody: a month's dues of five hundred members, or all of a scope
# that is resumed. They ring no bell, and of a day and a county they are one line.
MOVED = ("share.delta", "share.snapshot")


def notices_of(actor: Actor) -> Select[Any]:
    """Words of partner counties, and of the calendar, in the last 30 days that this actor may know of."""
    mine = [kind for kind, permission in TOLD.items() if permission in GRANTS[Role(actor.role)]]
    # What a colleague looked at names the partner too, and is no word of it.
    told = and_(Event.peer != "", Event.actor_id.is_(None), ~Event.details.has_key("is_echo")) | Event.verb.in_(
        CALENDAR
    )
    # By the ids, which are an index, as the instants are not: the bell rings on every page, and the log is never shorter.
    query = db.select(Event).where(told, Event.subject_kind.in_(mine), Event.id > since(clock.now() - KEPT))
    if actor.role in WHOLE_COUNTY:
        return query
    own = [and_(Event.subject_kind == kind, Event.subject_id.in_(ids(actor))) for kind, ids in SEEN.items()]
    return query.where(or_(Event.subject_kind.not_in(list(SEEN)), *own))


def answered(about: Any = Event.subject_id, kind: Any = Event.subject_kind) -> ColumnElement[bool]:
    """Somebody of ours did something to the record since: the notice has closed itself. `about`, `kind`: another record that
    stands for it.
    """
    later = db.aliased(Event)
    return (
        db.select(later.id)
        .where(
            later.tenant_id == Event.tenant_id, later.subject_id == about, later.id > Event.id,
            later.subject_kind == kind,  # a label on it is no answer
            later.peer == "", later.actor_id.is_not(None),
        )
        .correlate(Event)
        .exists()
    )  # fmt: skip


def _agreement() -> Any:
    """Whose version a notice is about, where it is about one: a version has no page of its own."""
    return (
        db.select(AgreementVersion.agreement_id)
        .where(AgreementVersion.tenant_id == Event.tenant_id, AgreementVersion.id == Event.subject_id)
        .correlate(Event)
        .scalar_subquery()
    )


def _partner() -> Any:
    """The county of a partner's row: its page is called by the county."""
    return (
        db.select(Peer.uid)
        .where(Peer.tenant_id == Event.tenant_id, Peer.id == Event.subject_id)
        .correlate(Event)
        .scalar_subquery()
    )


def about() -> Any:
    """The record on whose page a notice is read."""
    return case(
        (Event.subject_kind == "agreement_version", _agreement()),
        (Event.subject_kind == "flow", Event.member_id),
        (Event.subject_kind == "peer", _partner()),
        else_=Event.subject_id,
    )


def settled() -> ColumnElement[bool]:
    """Somebody of ours went on with what a notice tells. A follower answers a text by a word about its agreement."""
    return answered() | answered(_agreement(), "agreement")


def unread(actor: Actor, *narrowed: ColumnElement[bool]) -> Select[Any]:
    """Counts those the account has not seen and nobody has answered yet: what the bell shows, without what only MOVED."""
    seen = db.select(Account.notices_seen_at).where(Account.id == actor.account_id).scalar_subquery()
    seen_at = db.func.coalesce(seen, clock.now() - KEPT)
    was_opened = (
        db.select(NoticeSeen.id)
        .where(
            NoticeSeen.tenant_id == Event.tenant_id, NoticeSeen.account_id == actor.account_id,
            NoticeSeen.about_id == about(), NoticeSeen.seen_at >= Event.at,
        )
        .correlate(Event)
        .exists()
    )  # fmt: skip
    fresh = notices_of(actor).where(
        Event.at > seen_at, Event.verb.not_in(MOVED), not_(settled()), not_(was_opened), *narrowed
    )
    return db.select(db.func.count()).select_from(fresh.subquery())


def places(actor: Actor | None = None) -> dict[str, str]:
    """Addresses the shell links to; what does not exist, or this actor may not search, is left out."""
    wanted = {"home": "home.index", "search": "members.index", "found": "members.found", "notices": "home.notices",
              "sessions": "auth.sessions", "leave": "auth.sign_out", "language": "auth.choose_language"}  # fmt: skip
    from flask import current_app

    if actor is not None and Permission.MEMBER_READ not in GRANTS[Role(actor.role)]:
        del wanted["search"], wanted["found"]
    known = current_app.view_functions
    return {name: url_for(endpoint) for name, endpoint in wanted.items() if endpoint in known}
