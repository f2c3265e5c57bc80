"""The event log: filters in the URL, pages by key, sentences a person can read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, render_template, request, url_for
from sqlalchemy import ColumnElement

from web.blueprints import edge, navigation, sentences, timeline
from web.blueprints.navigation import Item
from web.blueprints.policy import needs
from web.blueprints.workbench.sheets import opening, sheet_of
from web.core import keyset
from web.core.events import Actor, Event
from web.core.keyset import Order
from web.extensions import db
from web.tenants.accounts.models import Account
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.workbench.facets import Facet, any_of, on_day, one_of
from web.tenants.workbench.listings import LISTINGS, Column, Listing, choice

bp = Blueprint("events", __name__, url_prefix="/<county>/events")
navigation.ITEMS.append(Item("设置", "办理记录", "events.index", Permission.EVENT_READ))

PAGE = 50
# What an auditor asks first, in the filter's own language.
VIEWS: list[tuple[str, tuple[str, ...]]] = [
    ("全部", ()),
    ("登录", tuple(f"account.{v}" for v in ("sign_in", "sign_out", "sign_in_failed", "sign_in_unknown", "lock"))),
    ("账号和权限", (
        *(f"account.{v}" for v in ("open", "amend", "appoint", "close", "reset_password", "bind", "unbind", "release")),
        *(f"account_proposal.{v}" for v in ("propose", "confirm", "refuse")), "county_settings.demand_code",
    )),
    ("平台运维", tuple(f"operation.{v}" for v in ("stop_jobs", "start_jobs", "reset", "release", "open", "backup"))),
    ("查看完整信息", ("member.reveal", "shared.view", "document.read", "scan.read")),
    ("伙伴县查看", ("reading.hear",)),
    ("导出", ("export.begin", "export.make", "export.read", "document.pack", "task.fetch", "list.copy", "list.lookup", "letter_stub.export")),
]  # fmt: skip
# Record → the page that shows it: (endpoint, name of its argument).
PAGES = {
    "account": ("accounts.show", "account_id"),
    "party_org": ("organisations.show", "org_id"),
    "member": ("members.show", "member_id"),
    "handover": ("handovers.show", "handover_id"),
    "referral": ("referrals.show", "referral_id"),
    "agreement": ("agreements.show", "agreement_id"),
    "activity": ("activities.show", "activity_id"),
    "cosign": ("cosigning.show", "record_id"),
    "request": ("requests.show", "request_id"),
}


def page_of(entry: Event) -> str:
    """The address of the record the entry is about; empty when it has no page, or none this role may open."""
    endpoint, argument = PAGES.get(entry.subject_kind, ("", ""))
    view = current_app.view_functions.get(endpoint)
    if entry.subject_id is None or getattr(view, "policy", None) not in GRANTS[Role(edge.actor().role)]:
        return ""
    values: dict[str, Any] = {argument: entry.subject_id}
    return url_for(endpoint, **values)


ORDER = Order((Event.id,), (UUID,), is_falling=True)
SHEET = (
    Column("at", "时间", lambda it: it.event.at, 128),
    Column("words", "办了什么", lambda it: it.words.striptags(), 0),
    Column(
        "kind", "记录", lambda it: sentences.NOUNS.get(it.event.subject_kind, it.event.subject_kind), 128, "hide-phone"
    ),
    Column("more", "说明", lambda it: it.more, 240, "hide-phone", missing="无"),
    Column("actor", "经办人", lambda it: it.event.actor_name, 96, is_standard=False, missing="系统"),
    Column(
        "reason",
        "事由",
        lambda it: timeline.because(it.event.verb, it.event.reason),
        192,
        is_standard=False,
        missing="无",
    ),
)


def _typed(text: str) -> ColumnElement[bool]:
    return Event.reason.contains(text, autoescape=True) | Event.actor_name.contains(text, autoescape=True)


@cache
def _facets() -> Sequence[Facet]:
    return (
        Facet("kind", "事项", any_of(Event.subject_kind), None, sentences.NOUNS),
        Facet("verb", "动作", any_of(Event.verb), None, dict(timeline.choices()), "word"),
        Facet("actor", "经办人", one_of(Event.actor_id), Event.actor_id.is_(None), "people"),
        Facet("day", "日期", on_day(Event.at), None, {}, "date"),
        Facet("subject", "记录", one_of(Event.subject_id), Event.subject_id.is_(None), {}, "row"),
    )


def _walk(text: str, actor: Actor, is_whole: bool) -> Iterator[timeline.Entry]:
    query = db.select(Event).where(*LISTINGS["events"].asked(text).conditions())
    for cut in keyset.pages(lambda after: ORDER.cut(query, size=500, after=after)):
        yield from timeline.read([row[0] for row in cut.rows], with_values=False, with_ip=True)


def _total(text: str, actor: Actor) -> int:
    where = LISTINGS["events"].asked(text).conditions()
    return db.session.scalar(db.select(db.func.count()).select_from(Event).where(*where)) or 0


LISTINGS["events"] = Listing(
    "events", "办理记录", "条", "events.index", Permission.EVENT_READ, lambda: SHEET, _walk, _total,
    facets=_facets, fixed="the log is only added to", typed=_typed,
)  # fmt: skip


@bp.get("")
@needs(Permission.EVENT_READ)
def index() -> Any:
    people = db.select(*choice("people", Account.id, Account.name))
    sheet = sheet_of("events", people)
    if (first := opening(sheet.listing, sheet.arranged)) is not None:
        return first
    cut = ORDER.cut(
        db.select(Event).where(*sheet.asked.conditions()), size=PAGE, after=request.args.get("after", ""), before=request.args.get("before", "")
    )  # fmt: skip
    entries = timeline.read([row[0] for row in cut.rows], with_values=False, with_ip=True)
    return render_template(
        "events/index.html",
        views=[
            {
                "title": title,
                "url": url_for("events.index", verb=verbs),
                "is_current": set(request.args.getlist("verb")) == set(verbs),
            }
            for title, verbs in VIEWS
        ],
        sheet=sheet,
        entries=entries,
        page_of=page_of,
        before=cut.before,
        after=cut.after,
    )
