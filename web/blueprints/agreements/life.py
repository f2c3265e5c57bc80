"""The life of an agreement as its page tells it: the line of steps, the seam of ours and theirs, messages and decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from web.blueprints.agreements import turns
from web.blueprints.filters import moment
from web.blueprints.letters import refusal
from web.core.saying import say
from web.federation.agreements import service
from web.federation.agreements.models import VersionState
from web.federation.post import service as post
from web.federation.wire.canonical import unb64

if TYPE_CHECKING:
    from web.blueprints.agreements.views import View


def short(digest: str | None) -> str:
    """The beginning of a digest as people compare it: 8 hexadecimal digits."""
    if not digest:
        return ""
    found = unb64(digest.removeprefix("sha-256:")).hex()
    return f"{found[:4]} {found[4:8]}"


def long(digest: str | None) -> str:
    """The whole digest in hexadecimal, in groups of four."""
    if not digest:
        return ""
    found = unb64(digest.removeprefix("sha-256:")).hex()
    return " ".join(found[i : i + 4] for i in range(0, 64, 4))


def clock_of(at: Any) -> str:
    """MM-DD HH:MM in China, or nothing."""
    return moment(at)


def _step(title: str, at: Any, words_: str = "") -> dict[str, Any]:
    return {"state": "done" if at else "todo", "title": title, "lines": [w for w in (words_, clock_of(at)) if w]}


def _mark_here(steps: list[dict[str, Any]], whose: str, seals: dict[UUID, dict[str, Any]], own: UUID) -> None:
    """Where we are is the first step still open; among the seals, which come in any order, our own in our turn."""
    here = next((s for s in steps if s["state"] == "todo"), None)
    if here is None or whose not in ("ours", "theirs"):
        return
    if whose == "ours" and any(here is step for step in seals.values()):
        here = seals.get(own, here)
    here["state"] = "now" if whose == "ours" else "theirs"


def _hub(view: View) -> UUID:
    """Who led when this version was made: who has the pen now may have got it later."""
    proposed = (row for row in view.decisions if row.version == view.version.version and row.verb == "propose")
    first = next(proposed, None)
    return view.agreement.hub_uid if first is None else first.by_uid


def line(view: View) -> list[dict[str, Any]]:
    version = view.version
    at: dict[str, Any] = {}
    rounds = 0
    accepted: list[str] = []
    sealed: dict[UUID, Any] = {}
    hub = _hub(view)
    for row in view.decisions:
        if row.version != version.version:
            continue
        at.setdefault(row.verb, row.at)
        if row.verb in ("propose", "counter"):
            rounds += 1
            accepted = []
        elif row.verb == "accept":
            accepted.append(view.name(row.by_uid))
        elif row.verb in ("seal", "complete"):
            sealed[row.by_uid] = row.at
    over = version.state in (VersionState.REJECTED, VersionState.WITHDRAWN, VersionState.LAPSED)
    steps: list[dict[str, Any]] = [_step("提出", at.get("propose"), view.name(hub))]
    steps.append(_step("各方同意", at.get("agree"), say("第 {rounds} 轮", rounds=rounds) if rounds > 1 else ""))
    steps.append(_step("定稿", at.get("render"), view.name(hub)))
    followers = [party for party in view.parties if party.uid != hub]
    seals = {}
    for party in [*followers, *(p for p in view.parties if p.uid == hub)]:
        said = "牵头方最后" if party.uid == hub else ""
        seals[party.uid] = _step(say("{name}印签", name=party.name), sealed.get(party.uid), said)
    steps += seals.values()
    begins = version.text["effective_from"] if version.text else ""
    step = _step("生效", at.get("take_effect"), "" if at.get("take_effect") else begins)
    if at.get("take_effect"):
        step["state"] = "sealed"
    steps.append(step)
    if over:
        steps = [s for s in steps if s["state"] == "done"]
        state = next(k for k in ("reject", "withdraw", "lapse", "void") if k in at) if view.decisions else "withdraw"
        steps.append({"state": "off", "title": turns.VERBS[state], "lines": [clock_of(at.get(state))]})
    else:
        _mark_here(steps, view.turn.whose, seals, view.own)
    return steps


def seam(view: View) -> dict[str, Any]:
    others = view.others
    accepted = {*view.version.accepted_by, str(view.version.author_uid), str(view.agreement.hub_uid)}
    text, pdf = short(view.version.text_digest), short(view.version.pdf_digest)
    receipts = sum(m.is_ours and m.result == "applied" for m in post.traffic(view.agreement.id))
    rows = []
    for label, ours, theirs, missing, proof in (
        (
            "文本",
            text,
            [text if str(p.uid) in accepted else "" for p in others],
            "待答复",
            say("决定第 {n} 号", n=view.agreement.n),
        ),
        (
            "定稿文件",
            pdf if view.version.pdf_checked_at else "",
            [pdf if p.uid in view.sealed or p.uid == view.agreement.hub_uid else "" for p in others],
            "待印签时核对" if pdf else "未定稿",
            say("对方签收 {receipts} 件", receipts=receipts) if receipts else "",
        ),
        (
            "印签",
            _seal_of(view, view.own),
            [_seal_of(view, p.uid) for p in others],
            "未印签",
            "可生成印签证明页" if view.is_sealed else "",
        ),
    ):
        compares = label != "印签" and bool(ours) and all(theirs)
        rows.append(
            {
                "label": label,
                "ours": ours or missing,
                "theirs": (theirs[0] or missing) if theirs else "",
                "more": [cell or missing for cell in theirs[1:]],
                "is_same": True if compares else None,
                "proof": proof,
            }
        )
    return {"rows": rows, "theirs": others[0].name if others else "", "more": [p.name for p in others[1:]]}


def _seal_of(view: View, uid: UUID) -> str:
    row = next((row for row in view.seals if row.county_uid == uid), None)
    return clock_of(row.at) if row else ""


def letters(view: View) -> list[dict[str, Any]]:
    """Messages with their receipts, newest first."""
    found = []
    for letter in reversed(post.traffic(view.agreement.id)):
        way = (
            say("我方 → {peer_uid}", peer_uid=view.name(letter.peer_uid))
            if letter.is_ours
            else say("{peer_uid} → 我方", peer_uid=view.name(letter.peer_uid))
        )
        if letter.result is None:
            state, note = "theirs", "等对方签收"
        elif letter.result == "applied":
            state, note = "done", say("{receipted_at} 已签收", receipted_at=clock_of(letter.receipted_at))
        else:
            state, note = (
                "off",
                say("{receipted_at} 未办：{code}", receipted_at=clock_of(letter.receipted_at), code=refusal(letter)),
            )
        said = say(
            "{type}{more}",
            type=turns.MESSAGES.get(letter.type, letter.type),
            more=say("第 {n} 号", n=letter.n) if letter.n else "",
        )
        found.append(
            {
                "state": state,
                "words": say("{said}　{way}", said=said, way=way),
                "note": say("{at}　{note}　{short}", at=clock_of(letter.at), note=note, short=short(letter.digest)),
            }
        )
    return found


def chain(view: View) -> list[dict[str, Any]]:
    return [
        {"n": row.n, "verb": turns.VERBS[row.verb], "by": view.name(row.by_uid), "at": row.at, "version": row.version,
         "digest": short(row.digest), "said": service.said(row).get("/reason", "")}
        for row in reversed(view.decisions)
    ]  # fmt: skip
