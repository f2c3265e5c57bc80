"""The event log: filters in the URL, pages by key, sentences a person can read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from sqlalchemy import false, true
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from web.blueprints import edge, filters, navigation, timeline
from web.blueprints.navigation import Item
from web.blueprints.policy import needs
from web.blueprints.workbench.sheets import everything, opening, sheet_of
from web.core import clock, keyset
from web.core.events import Actor, Event
from web.core.keyset import Order
from web.extensions import db
from web.tenants.accounts.models import Account
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.workbench.listings import LISTINGS, Column, Listing, choice, pairs_of

bp = Blueprint("events", __name__, url_prefix="/<county>/events")
navigation.ITEMS.append(Item("设置", "办理记录", "events.index", Permission.EVENT_READ))

PAGE = 50
# Filter → (label, column).
COLUMNS: dict[str, tuple[str, Any]] = {
    "kind": ("事项", Event.subject_kind),
    "verb": ("动作", Event.verb),
    "actor": ("经办人", Event.actor_id),
}
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


def _folded() -> Response | None:
    """`pick=<name>:<value>&how=is|not` of the filter box becomes `<name>=<value>` or `<name>.not=<value>`."""
    name, _, value = request.args.get("pick", "").partition(":")
    if "pick" not in request.args and "how" not in request.args:
        return None
    key = f"{name}.not" if request.args.get("how") == "not" else name
    changed: dict[str, object] = {"pick": None, "how": None}
    if name in COLUMNS:
        changed[key] = [*request.args.getlist(key), value]
    if not request.args.get("day"):
        changed["day"] = None
    return redirect(filters.here(**changed), 303)


def _known(name: str, value: str) -> object | None:
    """The value for the column; None for "empty" or what cannot be one."""
    if name != "actor":
        return value.replace("\x00", "") or None
    try:
        return UUID(value)
    except ValueError:
        return None


def _narrowed(query: Any, args: MultiDict[str, str]) -> Any:
    for name, (_label, column) in COLUMNS.items():
        if wanted := args.getlist(name):
            known = [v for v in (_known(name, w) for w in wanted) if v is not None]
            query = query.where(column.in_(known) | (column.is_(None) if "" in wanted else false()))
        if unwanted := args.getlist(f"{name}.not"):
            known = [v for v in (_known(name, w) for w in unwanted) if v is not None]
            query = query.where(column.not_in(known) | column.is_(None) if known else true())
            query = query.where(column.is_not(None)) if "" in unwanted else query
    if subject := _known("actor", args.get("subject", "")):
        query = query.where(Event.subject_id == subject)
    if on := _day(args):
        start = datetime.combine(on, time(), clock.CHINA)
        query = query.where(Event.at >= start, Event.at < start + timedelta(days=1))
    if q := args.get("q", "").replace("\x00", "").strip()[:50]:
        query = query.where(Event.reason.contains(q, autoescape=True) | Event.actor_name.contains(q, autoescape=True))
    return query


def _day(args: MultiDict[str, str]) -> date | None:
    try:
        return date.fromisoformat(args.get("day", ""))
    except ValueError:
        return None


ORDER = Order((Event.id,), (UUID,), is_falling=True)
SHEET = (
    Column("at", "时间", lambda it: it.event.at, 128),
    Column("words", "办了什么", lambda it: it.words.striptags(), 0),
    Column("kind", "记录", lambda it: timeline.NOUNS.get(it.event.subject_kind, it.event.subject_kind), 128),
    Column("more", "说明", lambda it: it.more, 240, "hide-phone", missing="无"),
    Column("actor", "经办人", lambda it: it.event.actor_name, 96, is_standard=False, missing="系统"),
    Column("reason", "事由", lambda it: it.event.reason, 192, is_standard=False, missing="无"),
)


def _walk(text: str, actor: Actor, is_whole: bool) -> Iterator[timeline.Entry]:
    query = _narrowed(db.select(Event), MultiDict(pairs_of(text)))
    for cut in keyset.pages(lambda after: ORDER.cut(query, size=500, after=after)):
        yield from timeline.read([row[0] for row in cut.rows], with_values=False, with_ip=True)


def _total(text: str, actor: Actor) -> int:
    found = _narrowed(db.select(db.func.count()).select_from(Event), MultiDict(pairs_of(text)))
    return db.session.scalar(found) or 0


LISTINGS["events"] = Listing(
    "events", "办理记录", "条", "events.index", Permission.EVENT_READ, lambda: SHEET, _walk, _total
)


def _conditions(labels: Mapping[str, Mapping[str, str]]) -> list[dict[str, str]]:
    found = []
    for name, (label, _column) in COLUMNS.items():
        for key, how in ((name, "是"), (f"{name}.not", "不是")):
            for value in (values := request.args.getlist(key)):
                rest = [v for v in values if v != value]
                off = filters.here(**{key: rest, "after": None, "before": None})
                said = labels[name].get(value, value) if value else "（为空）"
                found.append({"label": label, "how": how, "what": said, "off": off})
    if on := _day(request.args):
        found.append(
            {
                "label": "日期",
                "how": "是",
                "what": on.isoformat(),
                "off": filters.here(day=None, after=None, before=None),
            }
        )
    if request.args.get("subject"):
        found.append(
            {
                "label": "记录",
                "how": "是",
                "what": "选定的一件",
                "off": filters.here(subject=None, after=None, before=None),
            }
        )
    return found


@bp.get("")
@needs(Permission.EVENT_READ)
def index() -> Any:
    if (folded := _folded()) is not None:
        return folded
    people = db.select(*choice("people", Account.id, Account.name))
    sheet = sheet_of("events", people)
    if (first := opening(sheet.listing, sheet.arranged)) is not None:
        return first
    cut = ORDER.cut(
        _narrowed(db.select(Event), request.args), size=PAGE, after=request.args.get("after", ""), before=request.args.get("before", "")
    )  # fmt: skip
    choices: dict[str, Mapping[str, str]] = {
        "kind": timeline.NOUNS, "verb": dict(timeline.choices()), "actor": sheet.arranged.choices.get("people", {})
    }  # fmt: skip
    entries = timeline.read([row[0] for row in cut.rows], with_values=False, with_ip=True)
    conditions = _conditions(choices)
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
        conditions=conditions,
        is_narrowed=bool(conditions or request.args.get("q")),
        clear=everything(url_for("events.index"), sheet.arranged),
        fields=[{"name": n, "label": label, "choices": list(choices[n].items())} for n, (label, _c) in COLUMNS.items()]
        + [{"name": "day", "label": "日期", "choices": None, "type": "date"}],
        before=cut.before,
        after=cut.after,
    )
