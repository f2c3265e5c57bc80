"""The event log: filters in the URL, pages by key, sentences a person can read."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from sqlalchemy import false, true
from werkzeug.wrappers import Response

from web.blueprints import edge, filters, navigation, timeline
from web.blueprints.navigation import Item
from web.blueprints.policy import needs
from web.core import clock
from web.core.events import Event
from web.extensions import db
from web.tenants.accounts import service as accounts
from web.tenants.accounts.permissions import GRANTS, Permission, Role

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
    ("查看完整信息", ("member.reveal", "shared.view", "document.read", "scan.read")),
    ("伙伴县查看", ("reading.hear",)),
    ("导出", ("export.begin", "export.make", "export.read", "list.copy", "list.lookup", "letter_stub.export")),
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


def _narrowed(query: Any) -> Any:
    for name, (_label, column) in COLUMNS.items():
        if wanted := request.args.getlist(name):
            known = [v for v in (_known(name, w) for w in wanted) if v is not None]
            query = query.where(column.in_(known) | (column.is_(None) if "" in wanted else false()))
        if unwanted := request.args.getlist(f"{name}.not"):
            known = [v for v in (_known(name, w) for w in unwanted) if v is not None]
            query = query.where(column.not_in(known) | column.is_(None) if known else true())
            query = query.where(column.is_not(None)) if "" in unwanted else query
    if subject := _known("actor", request.args.get("subject", "")):
        query = query.where(Event.subject_id == subject)
    if on := _day():
        start = datetime.combine(on, time(), clock.CHINA)
        query = query.where(Event.at >= start, Event.at < start + timedelta(days=1))
    if q := request.args.get("q", "").replace("\x00", "").strip()[:50]:
        query = query.where(Event.reason.contains(q, autoescape=True) | Event.actor_name.contains(q, autoescape=True))
    return query


def _day() -> date | None:
    try:
        return date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        return None


def _conditions(labels: dict[str, dict[str, str]]) -> list[dict[str, str]]:
    found = []
    for name, (label, _column) in COLUMNS.items():
        for key, how in ((name, "是"), (f"{name}.not", "不是")):
            for value in (values := request.args.getlist(key)):
                rest = [v for v in values if v != value]
                off = filters.here(**{key: rest, "after": None, "before": None})
                said = labels[name].get(value, value) if value else "（为空）"
                found.append({"label": label, "how": how, "what": said, "off": off})
    if on := _day():
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
    after, before = (_known("actor", request.args.get(name, "")) for name in ("after", "before"))
    query = _narrowed(db.select(Event)).limit(PAGE + 1)
    if before:
        rows = list(db.session.scalars(query.where(Event.id > before).order_by(Event.id)))
        more_before, more_after = len(rows) > PAGE, True
        rows = rows[:PAGE][::-1]
    else:
        query = query.where(Event.id < after) if after else query
        rows = list(db.session.scalars(query.order_by(Event.id.desc())))
        more_before, more_after = after is not None, len(rows) > PAGE
        rows = rows[:PAGE]
    people = {str(a.id): a.name for a in accounts.every()}
    choices = {"kind": timeline.NOUNS, "verb": dict(timeline.choices()), "actor": people}
    return render_template(
        "events/index.html",
        nouns=timeline.NOUNS,
        views=[
            {
                "title": title,
                "url": url_for("events.index", verb=verbs),
                "is_current": set(request.args.getlist("verb")) == set(verbs),
            }
            for title, verbs in VIEWS
        ],
        entries=[(e, page_of(e.event)) for e in timeline.read(rows, with_values=False, with_ip=True)],
        conditions=_conditions(choices),
        fields=[{"name": n, "label": label, "choices": list(choices[n].items())} for n, (label, _c) in COLUMNS.items()]
        + [{"name": "day", "label": "日期", "choices": None, "type": "date"}],
        before=rows[0].id if rows and more_before else None,
        after=rows[-1].id if rows and more_after else None,
    )
