"""状态共享: who keeps whom informed of what, by partner, scope and direction; what was taken back, with proofs of purge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from marshmallow import Schema
from werkzeug.wrappers import Response

from web.blueprints import edge, filters, navigation, timeline, todos
from web.blueprints.forms import Form, One, Text
from web.blueprints.letters import proofs
from web.blueprints.navigation import Item
from web.blueprints.policy import needs
from web.blueprints.referrals import wording
from web.blueprints.todos import Queue, Todo
from web.blueprints.workbench.sheets import opening, sheet_of
from web.core import clock, keyset
from web.core.errors import NotFound, WrongState
from web.core.events import Actor
from web.core.saying import joined, say
from web.federation import verbs
from web.federation.agreements import registers
from web.federation.agreements import service as agreements
from web.federation.post import keys
from web.federation.post import service as post
from web.federation.readings import service as readings
from web.federation.referrals import packets
from web.federation.referrals import service as referral_service
from web.federation.sharing import heartbeat, lists, service, stopped, values
from web.federation.sharing.cards import CLAUSE
from web.federation.sharing.heartbeat import Compared
from web.federation.sharing.lists import Row
from web.federation.sharing.models import STANDING, ShareState, StatusShare
from web.tenants.accounts.permissions import Permission
from web.tenants.counties import service as counties
from web.tenants.labels import rows as labels
from web.tenants.workbench.facets import Facet, any_of, by_word, one_of
from web.tenants.workbench.listings import LISTINGS, Column, Labelled, Listing
from web.tenants.workbench.queues import Waiting

bp = Blueprint("shares", __name__, url_prefix="/<county>/shares")
bp.context_processor(lambda: {"w": wording})
navigation.ITEMS.append(
    Item(
        "共管",
        "状态共享",
        "shares.index",
        Permission.REFERRAL_READ,
        count=lists.counter,
        due=lists.counter,
        work=Permission.REFERRAL_WRITE,
    )
)


def _todos(rows: Sequence[Waiting]) -> list[Todo]:
    return [
        Todo(
            row.name or packets.of_waiting(row).get("/name") or "（已清除）",
            say(
                "{partner}　{state_at} 起未交销毁证明",
                partner=row.said["partner"] or "伙伴县",
                state_at=filters.moment(row.at),
            ),
            url_for("shares.show", share_id=row.id),
            act="查看",
        )
        for row in rows
    ]


todos.QUEUES.append(
    Queue(
        "shares",
        "销毁证明逾期",
        "停止共享后二十四小时没有收到",
        Permission.REFERRAL_WRITE,
        lambda: url_for("shares.index", late="late"),
        lists.waiting,
        _todos,
    )
)


def _untold(rows: Sequence[Waiting]) -> list[Todo]:
    return [
        Todo(
            row.name,
            say("{partner}　本人已撤回，没有送达对方", partner=row.said["partner"] or "伙伴县"),
            url_for("shares.show", share_id=row.id),
            act="查看",
        )
        for row in rows
    ]


todos.QUEUES.append(
    Queue(
        "shares_untold",
        "撤回没有送达",
        "本人撤回了，协议里没有送达的途径，或者对方没有受理；请打电话，请对方停止共享，停止后自动消去",
        Permission.REFERRAL_WRITE,
        lambda: url_for("home.index", queue="shares_untold"),
        lambda actor: lists.waiting(actor, lists.untold()),
        _untold,
    )
)


class Narrowing(Schema):
    reason = One("原因", [("narrowed", wording.REVOKED["narrowed"])], required=True)


class PuttingAway(Schema):
    reason = Text("核对的结果", limit=200, required=True)


def _way(row: Row) -> str:
    return WAYS[row.share.role]


def _state(row: Row) -> str:
    if row.share.stopped:
        return "已停办"
    said = wording.SHARE_STATES[row.share.state]
    return say("{said}，一方已暂停", said=said) if row.is_paused else said


def proof(row: Row) -> str:
    """Who said that it is destroyed, and when; or what is waited for."""
    if row.proof is not None:
        return say("{who} {at}", who="我方" if row.proof.is_ours else row.partner, at=filters.moment(row.proof.at))
    if service.is_overdue(row.share):
        return "逾期"
    return "等对方" if row.share.state is ShareState.PURGE_REQUESTED else ""


WAYS = {"owner": "我方 → 对方", "receiver": "对方 → 我方"}
COLUMNS = (
    Column("name", "党员", lambda it: it.name or "（已清除）", 112),
    Column("partner", "伙伴县", lambda it: it.partner, 0),
    Column("way", "方向", _way, 112, "hide-phone"),
    Column("scope", "范围", lambda it: wording.SCOPES[it.share.scope], 96),
    Column("state", "状态", _state, 192),
    Column("since", "最近变动", lambda it: clock.day(it.share.state_at), 96, "hide-phone"),
    Column("proof", "销毁证明", proof, 240, missing="无"),
    Column("reason", "停止的原因", lambda it: wording.REVOKED.get(it.share.reason, ""), 128, is_standard=False, missing="无"),
    Column("digest", "证明摘要", lambda it: it.proof.digest[8:20] if it.proof else "", 128, is_standard=False, missing="无"),
    labels.COLUMN,
)  # fmt: skip


FACETS = (
    Facet("partner", "伙伴县", one_of(StatusShare.partner_uid), None, "partners"),
    Facet("role", "方向", any_of(StatusShare.role), None, WAYS),
    Facet("scope", "范围", any_of(StatusShare.scope), None, {s: wording.SCOPES[s] for s in service.SCOPES}),
    Facet("state", "状态", any_of(StatusShare.state), None, {s.value: wording.SHARE_STATES[s] for s in ShareState}),
    Facet("reason", "停止的原因", any_of(StatusShare.reason), StatusShare.reason == "", wording.REVOKED),
    Facet("late", "销毁证明", by_word(lambda: {"late": lists.overdue()}), None, {"late": "逾期"}),
    *labels.facets(StatusShare.id),
)  # fmt: skip


def _walk(text: str, actor: Actor, is_whole: bool) -> Iterator[Row]:
    where = LISTINGS["shares"].asked(text).conditions()
    for page in keyset.pages(lambda after: lists.page(actor, where, after=after, size=500)):
        _note([r for r in page.rows if r.share.member_id is None])
        yield from page.rows


def _total(text: str, actor: Actor) -> int:
    return lists.count(actor, LISTINGS["shares"].asked(text).conditions())


LISTINGS["shares"] = Listing(
    "shares", "状态共享", "件", "shares.index", Permission.REFERRAL_READ, lambda: COLUMNS, _walk, _total,
    facets=lambda: FACETS, fixed="what both counties have is changed by a word of the protocol, never by a cell",
    labelled=Labelled(Permission.REFERRAL_WRITE, lambda it: it.share.id), holds_shared=True,
)  # fmt: skip


@bp.get("/")
@needs(Permission.REFERRAL_READ)
def index() -> str | Response:
    """The matrix, and the list below it."""
    actor, sheet = edge.actor(), sheet_of("shares", keys.choices())
    if (first := opening(sheet.listing, sheet.arranged)) is not None:
        return first
    partners = sheet.arranged.choices.get("partners", {})
    where = sheet.asked.conditions()
    page = lists.page(actor, where, after=request.args.get("after", ""), before=request.args.get("before", ""))
    matrix, total = lists.matrix(actor, where)
    rows = [
        {"partner": partners.get(str(uid), "伙伴县"), "scope": scope, "way": WAYS[role], "by": by,
         "fields": _fields(scope, role, flow), "url": url_for("shares.index", partner=uid, scope=scope, role=role)}
        for (uid, scope, role, flow), by in sorted(
            matrix.items(), key=lambda pair: (partners.get(str(pair[0][0]), ""), *pair[0][1:])
        )
    ]  # fmt: skip
    _note([r for r in page.rows if r.share.member_id is None])
    return render_template(
        "shares/index.html", page=page, matrix=rows, is_overdue=service.is_overdue, states=list(ShareState), sheet=sheet,
        total=total,
    )  # fmt: skip


def _fields(scope: str, role: str, flow: str) -> str:
    """What such a share can carry, in words: the host tells its branch, home all else. `flow`: our role in the referral."""
    owner = flow if role == "owner" else {"home": "host", "host": "home"}[flow]
    return joined("、", (values.LABELS[p.path] for p in values.pointers(scope, owner)))


def _note(rows: Sequence[Row]) -> None:
    """Names of shared members were shown: logged like any reading of them."""
    if rows:
        # The list as a whole was looked at: the county's, no share's.
        readings.note(counties.settings(), [(r.share.referral_id, r.share.partner_uid) for r in rows], "shares")


def _seen(share_id: UUID, *, lock: bool = False) -> tuple[StatusShare, Row]:
    share = service.get(share_id, lock=lock)
    row = lists.one(share, edge.actor())
    if row is None:
        raise NotFound()
    return share, row


@bp.get("/<uuid:share_id>")
@needs(Permission.REFERRAL_READ)
def show(share_id: UUID) -> str:
    """One share: its values here, its letters, and the proof when it was purged."""
    share, row = _seen(share_id)
    referral, told = referral_service.get(share.referral_id), lists.told([share])
    letters = post.traffic(share_id)
    page = render_template(
        "shares/show.html", s=share, row=row, r=referral, told=told["owner"] + told["receiver"],
        letters=proofs(row.partner, letters, wording.LETTERS, lambda it: it.is_ours == (share.role == "owner")),
        log=_log(share),
        digest=letters[-1].digest if letters else "", is_overdue=service.is_overdue(share),
        can=[v for v in _can(share) if v != "snapshot" or not row.is_paused], is_live=share.state is ShareState.PURGE_REQUESTED,
        seen=_mark(share), number=_number(share), until=_until(share), may_open=service.may_open_again(share),
        compared=_compared(share) if share.state is ShareState.LIVE else "", may_put_away=stopped.may_put_away(share),
        is_untold=lists.is_untold(share),
    )  # fmt: skip
    if share.member_id is None:
        _note([row])
    return page


def _log(share: StatusShare) -> list[timeline.Entry]:
    """The timeline, without what only names a field: the letters say what crossed."""
    return [entry for entry in timeline.of(subject_id=share.id) if not entry.event.verb.endswith(".changed")]


def _number(share: StatusShare) -> str:
    """The agreement it came under, its version and the clause about personal information."""
    if share.agreement_id is None:
        return ""
    return say(
        "{number} 第 {agreement_version} 版第 {clause} 条",
        number=agreements.get(share.agreement_id).number,
        agreement_version=share.agreement_version,
        clause=CLAUSE,
    )


def _until(share: StatusShare) -> str:
    """What ends it, and the last day of the agreement between the two as it stands now."""
    last = _last_day(share)
    if last is None:
        return say("流动结束、本人撤回或协议终止")
    return say("流动结束、本人撤回或协议终止；现行协议至 {ends_on}", ends_on=last)


def _last_day(share: StatusShare) -> date | None:
    """None once the share or the pair is over."""
    if share.agreement_id is None or share.state not in STANDING:
        return None
    agreement = agreements.get(share.agreement_id)
    own = registers.own_party(agreement)
    partner = next((p for p in agreements.parties(agreement) if p.uid == share.partner_uid), None)
    if partner is None or partner.ended_on is not None:
        return None
    end = registers.ends_on(agreement, partner, own)
    return end and end - timedelta(days=1)


def _can(share: StatusShare) -> list[str]:
    return [v for v in verbs.can(service.KIND, share) if v in ("revoke", "snapshot")] if share.role == "owner" else []


def compared(role: str, found: Mapping[str, Compared]) -> str:
    """What the last daily comparison of the shares we own, or receive, came to."""
    it = found.get(role)
    if it is None:
        return "还没有核对"
    at = filters.moment(it.at)
    if not it.is_answered:
        return say("{at} 送出，等对方核对", at=at)
    if it.is_same is None:
        return say("{at} 未能核对", at=at)
    if it.is_same:
        return say("{at} 双方一致", at=at)
    if role == "receiver":
        return say("{at} 不一致，不同的由对方重送", at=at)
    return say("{at} 不一致，不同的已重送", at=at) if it.is_found else say("{at} 不一致，正在查找哪些不同", at=at)


def _compared(share: StatusShare) -> str:
    """The same for one share: what was compared before it was opened says nothing of it."""
    last = heartbeat.last(share.partner_uid)
    return compared(share.role, {role: it for role, it in last.items() if it.at >= share.created_at})


def _mark(share: StatusShare) -> str:
    return f"{share.n}.{share.state}.{share.pending}.{share.stopped}"


@bp.get("/<uuid:share_id>/live")
@needs(Permission.REFERRAL_READ)
def live(share_id: UUID) -> Any:
    """Asked every two seconds while the proof is on its way."""
    share, _ = _seen(share_id)
    if request.args.get("seen") == _mark(share):
        return "", 204
    if not request.headers.get("HX-Request"):
        return redirect(url_for("shares.show", share_id=share_id), 303)
    return "", 200, {"HX-Refresh": "true"}


@bp.route("/<uuid:share_id>/revoke", methods=["GET", "POST"])
@needs(Permission.REFERRAL_WRITE)
def revoke(share_id: UUID) -> Any:
    """Take it back; the other side destroys at once and proves it."""
    share, row = _seen(share_id, lock=request.method == "POST")
    if "revoke" not in _can(share):
        raise WrongState("illegal_transition", state=share.state.value, verb="revoke")
    form = Form(Narrowing, {"reason": "narrowed"})
    if form.is_sent:
        with form:
            service.revoke(share, form.read()["reason"])
            flash("已停止共享，等对方的销毁证明")
            return redirect(url_for("shares.show", share_id=share_id), 303)
    return form.page("shares/revoke.html", s=share, row=row)


@bp.route("/<uuid:share_id>/put-away", methods=["GET", "POST"])
@needs(Permission.REFERRAL_WRITE)
def put_away(share_id: UUID) -> Any:
    """End our copy that has stopped, once both counties compared; what is still granted is opened anew by the other side."""
    share, row = _seen(share_id, lock=request.method == "POST")
    if not stopped.may_put_away(share):
        raise WrongState("illegal_transition", state=share.state.value, verb="put_away")
    form = Form(PuttingAway)
    if form.is_sent:
        with form:
            stopped.put_away(share, form.read()["reason"])
            flash("已作废这一份，内容已销毁")
            return redirect(url_for("shares.show", share_id=share_id), 303)
    return form.page("shares/put_away.html", s=share, row=row)


@bp.post("/<uuid:share_id>/snapshot")
@needs(Permission.REFERRAL_WRITE)
def snapshot(share_id: UUID) -> Any:
    """Send all values again; of a share that was stopped, open it again."""
    share, _ = _seen(share_id, lock=True)
    if share.state is ShareState.PURGED:
        again = service.open_again(share)
        flash("已重新共享")
        return redirect(url_for("shares.show", share_id=again.id), 303)
    if "snapshot" not in _can(share):
        raise WrongState("illegal_transition", state=share.state.value, verb="snapshot")
    service.send_again(share)
    flash("已重送全部内容")
    return redirect(url_for("shares.show", share_id=share_id), 303)
