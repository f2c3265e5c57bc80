"""Home: my to-dos with counts, oldest deadline first; the days ahead; the partner counties."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, render_template, request, url_for
from sqlalchemy import Select, String, cast, func, or_

from web.blueprints import edge, filters, navigation, timeline, todos
from web.blueprints.filters import workdays_left
from web.blueprints.navigation import Item
from web.blueprints.policy import needs
from web.core import clock
from web.core.events import Event
from web.core.ids import since
from web.core.saying import joined, say
from web.extensions import db
from web.federation.post import reopening
from web.federation.post.models import Channel, OutboxMessage, Peer, PeerState
from web.federation.readings import service as readings
from web.tenants.accounts import service as accounts
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.workbench.queues import Days

bp = Blueprint("home", __name__, url_prefix="/<county>")
navigation.ITEMS.insert(0, Item("办理", "待办", "home.index", Permission.HOME_READ))
AHEAD = 10  # working days shown beside the queues
WHOLE = 500  # of one queue that is asked for by itself


def _rest(shown: todos.Shown) -> tuple[str, str]:
    """Of a queue that is asked for whole and is longer than what is shown: where the rest is, in words, and the list that has it; both
    empty where all of it stands here.
    """
    here, url = len(shown.items), shown.queue.url()
    if (rest := shown.count - here) <= 0:
        return "", ""
    here_n, rest_n = filters.n(here), filters.n(rest)
    if url == url_for("home.index", queue=shown.queue.key):
        return say(
            "这里列出最先要办的 {here} 件，还有 {rest} 件没有列出：办好前面的，后面的就列出来", here=here_n, rest=rest_n
        ), ""
    return say("这里列出最先要办的 {here} 件，还有 {rest} 件在全部待办的名单里", here=here_n, rest=rest_n), url


def _queue(shown: todos.Shown, day: date | None, *, is_whole: bool) -> dict[str, Any]:
    """A queue as its part shows it: its number opens as many things, of one day those of the day."""
    items: list[dict[str, Any]] = [
        {
            "title": i.name,
            "words": i.detail,
            "url": i.url,
            "left": workdays_left(i.due_on),
            "act": i.act,
        }
        for i in shown.items
    ]
    rest, rest_url = _rest(shown) if is_whole else ("", "")
    is_now = any(i["left"] is not None and i["left"] <= 0 for i in items)
    return {
        "title": shown.queue.title,
        "says": say(
            "{hint}{more}",
            hint=shown.queue.hint,
            more=say("；其中审批超时 {late} 件", late=shown.late) if shown.late else "",
        ),
        "url": url_for("home.index", day=day, queue=shown.queue.key) if day else shown.queue.url(),
        "count": shown.count,
        "is_now": is_now,
        "items": items,
        "rest": rest,
        "rest_url": rest_url,
    }


@dataclass(frozen=True)
class Day:
    """A working day ahead in words, what its page is called, and of each queue how many things have their last day then."""

    words: str
    on: date
    count: int
    queues: str
    is_now: bool


def _ahead() -> Days:
    """What is over by today, and the working days ahead."""
    return Days(None, filters.county_calendar().add(clock.today(), AHEAD))


def _on(day: date) -> Days:
    """What has its last day then; today also what is over."""
    return Days(None if day <= clock.today() else day, day)


def _named(day: date) -> str:
    if day == clock.today():
        return "今日及已超"
    return say("{day} {weekday}", day=filters.day(day), weekday=filters.weekday(day))


def _days(shown: list[todos.Shown]) -> list[Day]:
    """The days ahead that are the last one of something; what is over counts today."""
    found: dict[date, Counter[str]] = {}
    for each in shown:
        for on, count in each.by_day.items():
            found.setdefault(max(on, clock.today()), Counter())[each.queue.title] += count
    return [
        Day(_named(on), on, found[on].total(), joined("、", found[on]), on == clock.today()) for on in sorted(found)
    ]


def _partners() -> list[dict[str, Any]]:
    """Partners once confirmed with what waits for them: one query. `is_revoked`: to be compared again, for they revoked.
    `is_stopped`: a direction stands, or what thirty days did not deliver waits for a person.
    """
    waiting = (
        db.select(
            OutboxMessage.peer_uid, db.func.count().label("n"), db.func.min(OutboxMessage.created_at).label("since")
        )
        .where(OutboxMessage.receipt.is_(None))
        .group_by(OutboxMessage.peer_uid)
        .subquery()
    )
    query = (
        db.select(
            Peer.name, Peer.state, reopening.stopped("out", "in"), Channel.last_sign_at, waiting.c.n, waiting.c.since
        )
        .outerjoin(
            Channel,
            (Channel.tenant_id == Peer.tenant_id) & (Channel.peer_uid == Peer.uid) & (Channel.direction == "out"),
        )
        .outerjoin(waiting, waiting.c.peer_uid == Peer.uid)
        .where(Peer.confirmed_at.is_not(None))
        .order_by(Peer.code)
    )
    return [
        {
            "name": name,
            "is_revoked": state is not PeerState.CONFIRMED,
            "is_stopped": is_stopped,
            "sign_at": sign_at,
            "waiting": n or 0,
            "is_slow": since is not None and clock.now() - since > timedelta(seconds=30),
        }
        for name, state, is_stopped, sign_at, n, since in db.session.execute(query)
    ]


def _shown() -> dict[str, Any]:
    """The first ones of every queue and what stands beside them; or all of one queue, or of one day."""
    actor = edge.actor()
    only = next((queue for queue in todos.QUEUES if queue.key == request.args.get("queue")), None)
    day = _asked_day()
    is_whole = only is not None or day is not None
    if is_whole:
        shown = todos.load(actor, WHOLE, only.key if only else "", due=_on(day) if day else None)
    else:
        shown = todos.load(actor, ahead=_ahead())
    sees_partners = Permission.PEER_READ in GRANTS[Role(actor.role)]
    return {
        "only": only,
        "day": day,
        "named": only.title if only else _named(day) if day else "",
        "queues": [_queue(s, day, is_whole=is_whole) for s in shown],
        "total": sum(s.count for s in shown),
        "days": [] if is_whole else _days(shown),
        "partners": _partners() if sees_partners and not is_whole else [],
        "sees_partners": sees_partners,
    }


def _asked_day() -> date | None:
    try:
        return date.fromisoformat(request.args["day"])
    except (KeyError, ValueError):
        return None


FRESH = timedelta(minutes=10)


def _mark(start: UUID) -> str:
    """What changes when anything on the page may: the day, the log but for readings, what waits to be sent. One query.

    Counted from `start` on as well: a transaction that took long commits events older than the newest. It is part of the
    mark, and stays while the page does: a span that moved with the clock would lose events by their age alone.
    """
    moves = db.select(Event.id).where(Event.verb != "shared.view")
    recent = moves.where(Event.id > start).subquery()
    newest = moves.order_by(Event.id.desc()).limit(1).scalar_subquery()
    waiting = db.select(db.func.count()).select_from(OutboxMessage).where(OutboxMessage.receipt.is_(None))
    fresh = db.select(db.func.count()).select_from(recent)
    row = db.session.execute(db.select(newest, fresh.scalar_subquery(), waiting.scalar_subquery())).one()
    return ".".join(str(part) for part in (start, clock.today(), *row))


def _marked() -> UUID:
    """From where the page that asks counted; what is older than a day, or no mark, is counted from now."""
    oldest, recent = (since(clock.now() - span) for span in (timedelta(days=1), FRESH))
    try:
        start = UUID(request.args.get("mark", "").partition(".")[0])
    except ValueError:
        return recent
    return start if oldest < start else recent


@bp.get("/")
@needs(Permission.HOME_READ)
def index() -> str:
    """The whole page; with `queue` all of that one, which has no list of its own; with `day` all whose last day it is."""
    return render_template("home/index.html", mark=_mark(since(clock.now() - FRESH)), **_shown())


@bp.get("/live")
@needs(Permission.HOME_READ)
def live() -> Any:
    """The queues alone, asked for every second: what a partner does is seen within two. Nothing new: nothing is asked."""
    if request.args.get("mark") == _mark(_marked()):
        return Response(status=204)
    readings.shown_anew()
    return render_template("home/live.html", mark=_mark(since(clock.now() - FRESH)), **_shown())


NOTICES = 300


@dataclass
class Digest:
    """One day of notices: how many came, and how many nobody has answered yet. What reads the same and opens nothing is
    one line with its number.
    """

    day: date
    total: int = 0
    open: int = 0
    lines: list[Line] = field(default_factory=list)

    def add(self, line: Line) -> None:
        self.total, self.open = self.total + line.times, self.open + line.times * (not line.is_done)
        same = next((each for each in self.lines if not line.url and each.reads == line.reads), None)
        if same is None:
            self.lines.append(line)
        else:
            same.times += line.times


@dataclass
class Line:
    """A notice, the page of its record or "", and how many times it stands for."""

    entry: timeline.Entry
    url: str
    is_done: bool
    times: int = 1

    @property
    def reads(self) -> tuple[str, str, bool]:
        return str(self.entry.words), self.url, self.is_done


@bp.get("/notices")
@needs(Permission.HOME_READ)
def notices() -> str:
    """What partner counties did, and what fell due, in the last thirty days, a digest a day, and what waits today; seeing the page is reading it.

    A notice closes itself: once somebody here has acted on its record, it counts no more.
    """
    actor = edge.actor()
    told = navigation.notices_of(actor)
    moved = _moved(told)
    query = told.where(or_(Event.verb.not_in(navigation.MOVED), Event.id.in_(list(moved))))
    query = query.add_columns(navigation.settled(), navigation.about())
    rows = db.session.execute(query.order_by(Event.id.desc()).limit(NOTICES + len(moved))).all()
    days: dict[date, Digest] = {}
    for line, row in zip(timeline.read([row[0] for row in rows], with_values=False), rows, strict=True):
        entry, was_settled, about_id = row
        on, url = clock.day(entry.at), _record(entry.subject_kind, about_id)
        days.setdefault(on, Digest(on)).add(Line(line, url, was_settled, moved.get(entry.id, 1)))
    if actor.account_id is not None:
        accounts.see_notices(actor.account_id)
    return render_template("home/notices.html", days=list(days.values()), queues=todos.load(actor, 20))


def _moved(told: Select[Any]) -> dict[UUID, int]:
    """The last of those of each day, county and verb → how many it stands for: one query."""
    newest = func.max(cast(Event.id, String))
    query = told.where(Event.verb.in_(navigation.MOVED)).with_only_columns(
        clock.day_of(Event.at).label("day"), Event.peer, Event.verb, newest, func.count()
    )
    found = db.session.execute(query.group_by("day", Event.peer, Event.verb))
    return {UUID(last): count for _, _, _, last, count in found}


def _record(kind: str, about_id: UUID | None) -> str:
    endpoint, argument = navigation.PAGES.get(kind.removesuffix("_version"), ("", ""))
    if endpoint not in current_app.view_functions or about_id is None:
        return ""
    named: dict[str, Any] = {argument: about_id}
    return url_for(endpoint, **named)
