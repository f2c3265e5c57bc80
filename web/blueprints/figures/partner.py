"""The page of one partner county: who they are, what waits between us, the life of our agreements, the flows, the figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import g, render_template, url_for

from web.blueprints import edge, peers, periods, shares, timeline
from web.blueprints.agreements import turns
from web.blueprints.figures import subjects
from web.blueprints.figures.pages import choices, chosen
from web.blueprints.figures.subjects import STAGES, SUBJECTS, WAYS
from web.blueprints.pictures import Life as Drawn
from web.blueprints.pictures import Mark, Step, Stretch, Way, draw_life, draw_way
from web.blueprints.policy import needs
from web.core import clock
from web.core.errors import NotFound
from web.core.saying import say
from web.core.scopes import SCOPES
from web.extensions import db
from web.federation.agreements import lives, service
from web.federation.agreements.lives import Life, VersionHere
from web.federation.agreements.models import Agreement, AgreementDuty, AgreementState, VersionState
from web.federation.cosigning import lists as cosigning
from web.federation.handovers import lists as handovers
from web.federation.post.models import Peer
from web.federation.referrals import lists as referrals
from web.federation.referrals.models import Referral, ReferralState
from web.federation.requests import lists as requests
from web.federation.sharing import heartbeat
from web.reports import METRICS, counting, rows
from web.reports.counting import Numbers, Place
from web.reports.periods import Period
from web.reports.rows import Room
from web.tenants.accounts.permissions import GRANTS, Permission, Role

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Ask:
    """Something that may wait between us: which rows, and where they are done."""

    words: str
    room: Room
    where: Callable[[], Any]
    url: Callable[[UUID], str]
    is_ours: bool = True


def _referrals(tab: referrals.Tab) -> Callable[[UUID], str]:
    return lambda uid: url_for("referrals.index", tab=tab.value, partner=uid)


ASKS = (
    *(
        Ask(words, rows.REFERRALS, lambda tab=tab: referrals.condition(tab), _referrals(tab))  # type: ignore[misc]
        for tab, words in (
            (referrals.Tab.INBOX, "流动报到待我县接收"),
            (referrals.Tab.CLAIMS, "来人待我县认领"),
            (referrals.Tab.ARRIVED, "已报到待编入支部"),
        )
    ),
    Ask(
        "组织关系转接待我县办理", rows.HANDOVERS, handovers.is_ours,
        lambda uid: url_for("handovers.index", tab="todo", partner=uid),
    ),
    *(
        Ask(
            words, rows.RECORDS, lambda part=part: cosigning.WHERE[part],  # type: ignore[misc]
            lambda uid, part=part: url_for("cosigning.index", part=part.value, partner=uid),  # type: ignore[misc]
        )
        for part, words in (
            (cosigning.Part.TO_ANSWER, "活动记录待我县共签"),
            (cosigning.Part.TO_CORRECT, "活动记录待我县更正"),
        )
    ),
    Ask(
        "协助请求待我县答复或办理", rows.REQUESTS, lambda: requests.OURS,
        lambda uid: url_for("requests.index", part="to_do", partner=uid),
    ),
    Ask(
        "流动报到等对方答复", rows.REFERRALS,
        lambda: db.and_(referrals.condition(referrals.Tab.OUT), Referral.state == ReferralState.OFFERED),
        lambda uid: url_for("referrals.index", tab="out", partner=uid, state="offered"), is_ours=False,
    ),
    Ask(
        "协助请求等对方答复", rows.REQUESTS, lambda: requests.WHERE[requests.Part.SENT],
        lambda uid: url_for("requests.index", part="sent", partner=uid), is_ours=False,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Waits:
    """One line of the to-dos. `due_on`, `note`: of a duty, its last day and its agreement."""

    words: str
    count: int
    url: str
    is_ours: bool
    due_on: date | None = None
    note: str = ""


def waits(partner_uid: UUID, found: Sequence[Life]) -> list[Waits]:
    """What waits between us and this partner, as far as this role may do it: one query; the calendar's duties with it."""
    actor = edge.actor()
    held = GRANTS[Role(actor.role)]
    asks = [ask for ask in ASKS if ask.room.permission in held]
    columns = [
        ask.room.select(actor, db.func.count())
        .where(ask.room.partner == partner_uid, ask.where())
        .scalar_subquery()
        .label(f"c{n}")
        for n, ask in enumerate(asks)
    ]
    counts = db.session.execute(db.select(*columns)).one() if columns else ()
    shown = [
        Waits(ask.words, int(count), ask.url(partner_uid), ask.is_ours)
        for ask, count in zip(asks, counts, strict=True)
        if count
    ]
    duties = [
        Waits(
            turns.DUTIES[duty.kind][0],
            1,
            _duty_url(life.agreement, duty, may_write=Permission.AGREEMENT_WRITE in held),
            True,
            duty.due_on,
            life.agreement.title,
        )
        for life in found
        for duty in life.duties
        if is_open(duty)
    ]
    return sorted([*shown, *duties], key=lambda each: (not each.is_ours, each.due_on or date.max))


def _duty_url(agreement: Agreement, duty: AgreementDuty, *, may_write: bool) -> str:
    """Where it is done; for who may only read, where it stands."""
    if may_write:
        return turns.duty_act(agreement.id, duty.kind, duty.key, agreement.hub_uid)[1]
    return url_for("agreements.show", agreement_id=duty.agreement_id) + "#duties"


def is_open(duty: AgreementDuty) -> bool:
    """Neither done nor missed."""
    return duty.done_on is None and not duty.is_missed


@dataclass(frozen=True)
class Told:
    """One line of an agreement's life: a day, a knot, words, and who said it or why."""

    on: date
    kind: str
    words: str
    note: str = ""


def held_in_turn(life: Life) -> list[VersionHere]:
    """The versions of both that took effect, and a sealed next one that carries the two over without a gap."""
    held = [v for v in life.versions if v.effective_on is not None and v.is_with]
    for v in life.versions:
        last = held[-1].ends_on if held and held[-1].state is VersionState.EFFECTIVE else None
        if v.state is VersionState.SEALED and v.is_with and v.starts_on and last and v.starts_on <= last + ONE_DAY:
            held.append(v)
    return held


def last_day(life: Life) -> date | None:
    """The last day it holds between us, as far as is known: its texts', or the day before one of us is out."""
    held = held_in_turn(life)
    out = [day - ONE_DAY for day in (life.ended_on, *life.ends.values()) if day is not None]
    return min([*out, *(v.ends_on for v in held[-1:] if v.ends_on is not None)], default=None)


def drawn(life: Life) -> Drawn | None:
    """Its time line; None before a first version took effect."""
    held = held_in_turn(life)
    last = last_day(life)
    if not held or last is None:
        return None
    today, stretches = clock.today(), list[Stretch]()
    in_force = [v for v in life.versions if v.effective_on is not None or v in held]
    for version in held:
        begins = version.begins_on
        assert begins is not None
        following = in_force[in_force.index(version) + 1 :][:1]  # also one that is not with them: it ended this one
        ends = min([last, *(v.begins_on for v in following if v.begins_on is not None)])
        words = say("第 {version} 版", version=version.version)
        if begins <= today:
            stretches.append(Stretch("held", words, begins, min(ends, today)))
        if ends > today:
            stretches.append(Stretch("ahead", words, max(begins, today), ends))
    for pause in life.pauses:
        until = clock.day(pause.until) if pause.until else today
        if life.ended_on is not None:
            until = min(until, last)
        stretches.append(Stretch("stopped", paused(pause.scope, is_over=False), clock.day(pause.since), until))
    marks = [
        Mark("now" if is_open(d) else "done" if d.done_on else "off", turns.DUTIES[d.kind][0], d.due_on)
        for d in life.duties
    ]
    return draw_life(stretches, [*marks, Mark("todo", "止", last)], today)


def paused(scope: str, *, is_over: bool) -> str:
    """暂停共享 S2 流动告知."""
    what = "全部" if scope == "all" else say("{scope} {label}", scope=scope, label=SCOPES[scope].label)
    return say("恢复共享：{what}", what=what) if is_over else say("暂停共享：{what}", what=what)


def told(life: Life, partner: str) -> list[Told]:
    """The same as a table, oldest first."""
    found = list[Told]()
    for version in life.versions:
        if version.starts_on is not None and not version.is_with:
            continue  # of the others, before this county came or after it left
        if version.effective_on is not None:
            is_ahead = version.effective_on > clock.today()
            found.append(
                Told(
                    version.effective_on,
                    "todo" if is_ahead else "sealed",
                    say("第 {version} 版生效", version=version.version),
                )
            )
        else:
            kind, words = turns.STATES[version.state]
            found.append(
                Told(clock.day(version.created_at), kind, say("第 {version} 版起草", version=version.version), words)
            )
    for pause in life.pauses:
        who = "我县" if pause.is_ours else partner
        note = say("{who}：{reason}", who=who, reason=pause.reason) if pause.reason else who
        found.append(Told(clock.day(pause.since), "off", paused(pause.scope, is_over=False), note))
        if pause.until is not None:
            found.append(Told(clock.day(pause.until), "done", paused(pause.scope, is_over=True), who))
    for duty in life.duties:
        kind = "now" if is_open(duty) else "done" if duty.done_on else "off"
        words = say("{what}，最迟这一天", what=turns.DUTIES[duty.kind][0])
        note = say("{on} 已办", on=duty.done_on) if duty.done_on else "没有登记" if duty.is_missed else ""
        found.append(Told(duty.due_on, kind, words, note))
    for whose, on in life.ends.items():
        found.append(
            Told(on, "off", "退出之日", "我县提出" if whose == "ours" else say("{partner}提出", partner=partner))
        )
    last = last_day(life)
    if last is not None and not life.ends:
        found.append(Told(last, "off" if last < clock.today() else "todo", "期满"))
    return sorted(found, key=lambda each: each.on)


@dataclass(frozen=True)
class Flows:
    """The way of the notices of the period on one side: drawn, and as a table (from, to, how many, url)."""

    side: str
    title: str
    total: int
    way: Way
    table: Sequence[tuple[str, str, int, str]]


def flows(side: str, period: Period, numbers: Numbers, partner_uid: UUID) -> Flows:
    """Each band opens its rows where the role may see them."""
    found = numbers.get(Place(partner_uid, side), {})

    def step(code: str) -> Step:
        count = int(found.get(code) or 0)
        url = subjects.rows_url(code, side, period, partner_uid) if count and subjects.may_open(code) else ""
        return Step(METRICS[code].label, count, url)

    start, forks = step(WAYS[0]), [[step(code) for code in codes] for _, codes in STAGES]
    table = [
        (METRICS[source].label, place.words, place.count, place.url)
        for (source, _), places in zip(STAGES, forks, strict=True)
        for place in places
    ]
    return Flows(side, subjects.SIDES[side], start.count, draw_way(start, forks), table)


@peers.bp.get("/<uuid:peer_uid>")
@needs(Permission.PEER_READ)
def show(peer_uid: UUID) -> str:
    """A county is shown before its fingerprint was confirmed, too: then it says what is to be done first."""
    known, lines = peers.known(Peer.uid == peer_uid)
    if not known:
        raise NotFound()
    row, line, asked = known[0], lines[peer_uid], periods.asked()
    period = chosen(asked)
    found, last = lives.lives(peer_uid), heartbeat.last(peer_uid)
    codes = subjects.codes_of(SUBJECTS)
    now, before = counting.count(edge.actor(), [*codes, *WAYS], [period, period.before], peer_uid)
    return render_template(
        "peers/show.html",
        row=row,
        log=timeline.of(*(way.id for way in (line.out, line.into) if way is not None), subject_id=row.id),
        whys=line.whys,
        states=peers.STATES,
        line=line,
        liaison=_liaison(found, peer_uid),
        compared=[shares.compared(role, last) for role in ("owner", "receiver")],
        waits=waits(peer_uid, found),
        lives=[(life, drawn(life), told(life, row.name)) for life in found],
        agreement_state=agreement_state,
        flows=[flows(side, period, now, peer_uid) for side in ("home", "host")],
        tables=[
            (
                subject,
                [
                    (side, heading(subject, side), _lines(subject, side, period, now, before, peer_uid))
                    for side in _sides(subject)
                ],
            )
            for subject in SUBJECTS
        ],
        codes=codes,
        metrics=METRICS,
        period=period,
        asked=asked,
        choices=choices(row.created_at),
        own=g.county,
    )


def _sides(subject: subjects.Subject) -> list[str]:
    return list(dict.fromkeys(side for side, _ in subject.columns))


def heading(subject: subjects.Subject, side: str) -> str:
    """What stands over the lines of one side; nothing where the table's own title says it."""
    return subject.heads.get(side, "")


def _lines(
    subject: subjects.Subject, side: str, period: Period, now: Numbers, before: Numbers, uid: UUID
) -> list[subjects.Cell]:
    here, then = now.get(Place(uid, side), {}), before.get(Place(uid, side), {})
    return [subjects.cell(side, code, period, here, then, uid) for each, code in subject.columns if each == side]


def _liaison(found: Sequence[Life], uid: UUID) -> dict[str, str]:
    """Who they named in the newest agreement that holds; empty without one."""
    holds = (each for each in found if each.agreement.state is AgreementState.ACTIVE and each.ended_on is None)
    life = next(holds, None)
    return service.liaisons(life.agreement).get(uid, {}) if life is not None else {}


def agreement_state(life: Life) -> tuple[str, str]:
    """(knot, words) of the agreement, as far as it is with them."""
    if life.agreement.state in turns.ENDED:
        return turns.ENDED[life.agreement.state]
    if life.ended_on is not None:
        return "off", "已停止"  # it goes on between others
    newest = life.versions[-1] if life.versions else None
    effective = next((v for v in life.versions if v.state is VersionState.EFFECTIVE), newest)
    return turns.STATES[effective.state] if effective is not None else ("off", "没有文本")
