"""What the pages of an agreement show, out of the rows: whose turn, the line of its life, the seam, grants, items."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import g, url_for

from web.blueprints import words
from web.blueprints.pictures import SharingMap, draw_sharing
from web.core import clock
from web.core.workdays import Calendar
from web.federation.agreements import clauses, effects, hub, registers, scopes, service, texts
from web.federation.agreements.models import Agreement, AgreementParty, AgreementState, AgreementVersion, VersionState
from web.federation.post import service as post
from web.tenants.counties import service as counties

STATES = {
    VersionState.DRAFT: ("todo", "起草中"),
    VersionState.PROPOSED: ("theirs", "协商中"),
    VersionState.AGREED: ("theirs", "待印签"),
    VersionState.SEALED: ("sealed", "已印签，待生效"),
    VersionState.EFFECTIVE: ("sealed", "生效中"),
    VersionState.SUPERSEDED: ("off", "已被新版替代"),
    VersionState.REJECTED: ("off", "未同意"),
    VersionState.WITHDRAWN: ("off", "已撤回"),
    VersionState.LAPSED: ("off", "逾期终止"),
}
ENDED = {
    AgreementState.WINDING_DOWN: ("theirs", "已到期，收尾中"),
    AgreementState.CLOSED: ("off", "已办结"),
}
VERBS = {
    "propose": "提出", "counter": "改稿", "accept": "同意", "agree": "各方同意", "render": "定稿", "seal": "印签",
    "complete": "印签齐全", "take_effect": "生效", "reject": "不同意", "withdraw": "撤回", "lapse": "逾期终止", "void": "作废",
}  # fmt: skip
MESSAGES = {
    "agreement.decision": "决定", "agreement.counter": "改稿", "agreement.accept": "同意", "agreement.reject": "不同意",
    "agreement.seal": "印签", "agreement.stop": "退出或暂停", "agreement.closed": "办结",
}  # fmt: skip


@dataclass(frozen=True)
class Turn:
    """`whose`: ours | theirs | all | over."""

    whose: str
    title: str
    next: str = ""
    left: str = ""


def chip(agreement: Agreement, version: AgreementVersion) -> tuple[str, str]:
    """Knot and words of the agreement's state."""
    if agreement.stopped:
        return "now", "记录不一致，已停办"
    if agreement.state in ENDED:
        return ENDED[agreement.state]
    kind, said = STATES[version.state]
    return kind, f"第 {version.version} 版{said}"


def short(digest: str | None) -> str:
    """The beginning of a digest as people compare it: 8 hexadecimal digits."""
    if not digest:
        return ""
    from web.federation.wire.canonical import unb64

    found = unb64(digest.removeprefix("sha-256:")).hex()
    return f"{found[:4]} {found[4:8]}"


def long(digest: str | None) -> str:
    """The whole digest in hexadecimal, in groups of four."""
    if not digest:
        return ""
    from web.federation.wire.canonical import unb64

    found = unb64(digest.removeprefix("sha-256:")).hex()
    return " ".join(found[i : i + 4] for i in range(0, 64, 4))


class View:
    """One agreement with what its pages ask again and again, read once."""

    def __init__(self, agreement: Agreement) -> None:
        self.agreement = agreement
        self.version = service.current(agreement)
        self.parties = effects.parties(agreement)
        self.names = {party.uid: party.name for party in self.parties}
        self.own: UUID = g.county.uid
        self.is_hub = agreement.hub_uid == self.own
        self.verbs = service.can(agreement)
        self.seals = hub.seal_rows(agreement, self.version)
        self.sealed = {row.county_uid for row in self.seals}
        self.approval = service.approval(agreement, self.version)
        self.decisions = service.decisions(agreement)
        self.effective = effects.effective_of(agreement)
        self.liaisons = service.liaisons(agreement)

    @property
    def title(self) -> str:
        return self.agreement.title or "协议文本送达中"

    @property
    def text(self) -> dict[str, Any] | None:
        return self.version.text

    @property
    def is_open(self) -> bool:
        return self.version.state in (
            VersionState.DRAFT,
            VersionState.PROPOSED,
            VersionState.AGREED,
            VersionState.SEALED,
        )

    @property
    def chip(self) -> tuple[str, str]:
        return chip(self.agreement, self.version)

    @property
    def others(self) -> list[AgreementParty]:
        return [party for party in self.parties if party.uid != self.own]

    def name(self, uid: UUID | str | None) -> str:
        return self.names.get(UUID(str(uid)), "伙伴县") if uid else ""

    @property
    def turn(self) -> Turn:
        agreement, version = self.agreement, self.version
        if agreement.stopped:
            return Turn("ours", "双方记录不一致，已停办", "请与对方联络员核对凭据；系统管理员已收到告警")
        if agreement.pending:
            said = VERBS.get(agreement.pending, agreement.pending)
            return Turn(
                "theirs", f"我方的“{said}”已送{self.name(agreement.hub_uid)}，等对方答复", "答复到达后这里自动更新"
            )
        if version.fault:
            return Turn("ours", "收到的文件核对不一致，不能同意和印签", words.ERRORS.get(version.fault, ""))
        return _TURNS.get(version.state, _over)(self)

    def due(self) -> tuple[date, int] | None:
        """The day the open version lapses, and the working days left."""
        from web.federation.agreements.models import VERSION

        row = VERSION.row(self.version.state, "lapse")
        if row is None or row.timer is None:
            return None
        on = (self.version.state_at + row.timer).astimezone(clock.CHINA).date()
        return on, Calendar().between(clock.today(), on)

    # --- the line of its life

    @property
    def line(self) -> list[dict[str, Any]]:
        version, at = self.version, {}
        rounds = 0
        accepted: list[str] = []
        sealed: dict[UUID, Any] = {}
        for row in self.decisions:
            if row.version != version.version:
                continue
            at.setdefault(row.verb, row.at)
            if row.verb in ("propose", "counter"):
                rounds += 1
                accepted = []
            elif row.verb == "accept":
                accepted.append(self.name(row.by_uid))
            elif row.verb in ("seal", "complete"):
                sealed[row.by_uid] = row.at
        over = version.state in (VersionState.REJECTED, VersionState.WITHDRAWN, VersionState.LAPSED)
        steps: list[dict[str, Any]] = [_step("提出", at.get("propose"), self.name(self.agreement.hub_uid))]
        steps.append(_step("各方同意", at.get("agree"), f"第 {rounds} 轮" if rounds > 1 else ""))
        steps.append(_step("定稿", at.get("render"), self.name(self.agreement.hub_uid)))
        followers = [party for party in self.parties if party.uid != self.agreement.hub_uid]
        for party in [*followers, *(p for p in self.parties if p.uid == self.agreement.hub_uid)]:
            said = "牵头方最后" if party.uid == self.agreement.hub_uid else ""
            steps.append(_step(f"{party.name}印签", sealed.get(party.uid), said))
        begins = version.text["effective_from"] if version.text else ""
        step = _step("生效", at.get("take_effect"), "" if at.get("take_effect") else begins)
        if at.get("take_effect"):
            step["state"] = "sealed"
        steps.append(step)
        if over:
            steps = [s for s in steps if s["state"] == "done"]
            state = (
                next(k for k in ("reject", "withdraw", "lapse", "void") if k in at) if self.decisions else "withdraw"
            )
            steps.append({"state": "off", "title": VERBS[state], "lines": [clock_of(at.get(state))]})
        else:
            _mark_here(steps, self.turn.whose)
        return steps

    # --- the seam

    @property
    def seam(self) -> dict[str, Any]:
        others = self.others
        first, more = (others[0] if others else None), others[1:]
        seen = _receipts(self.agreement)
        text = short(self.version.text_digest)
        pdf = short(self.version.pdf_digest)
        accepted = {*self.version.accepted_by, str(self.version.author_uid)}

        def cells(ours: str, of_: Any, missing: str) -> tuple[str, list[str]]:
            return ours, [of_(party) or missing for party in others]

        rows = []
        for label, ours, of_, proof in (
            ("文本", text, lambda p: text if str(p.uid) in accepted or self._knows(p) else "", seen.get("text", "")),
            ("定稿文件", pdf, lambda p: pdf if pdf and (p.uid in self.sealed or p.uid == self.agreement.hub_uid) else "",
             f"送达回执 {seen['receipts']} 张" if seen.get("receipts") else ""),
            ("印签", self._seal_of(self.own), lambda p: self._seal_of(p.uid), "印签证明页可打印" if self.is_sealed else ""),
        ):  # fmt: skip
            mine, theirs = cells(ours, of_, "未见")
            same = None if not mine or theirs[0] == "未见" else (True if label != "印签" else None)
            rows.append(
                {"label": label, "ours": mine or "未有", "theirs": theirs[0] if theirs else "", "more": theirs[1:],
                 "is_same": same, "proof": proof}
            )  # fmt: skip
        return {"rows": rows, "theirs": first.name if first else "", "more": [p.name for p in more]}

    def _knows(self, party: AgreementParty) -> bool:
        return party.uid in (self.agreement.hub_uid, self.version.author_uid)

    def _seal_of(self, uid: UUID) -> str:
        row = next((row for row in self.seals if row.county_uid == uid), None)
        return clock_of(row.at) if row else ""

    @property
    def is_sealed(self) -> bool:
        return self.version.state in (VersionState.SEALED, VersionState.EFFECTIVE, VersionState.SUPERSEDED)

    # --- the text

    @property
    def cards(self) -> list[dict[str, Any]]:
        """The clauses, with those that differ from the former round or version."""
        version = self.version
        text = version.text
        if text is None:
            return []
        former, tag = version.former, f"第 {version.round} 轮改"
        if former is None and self.effective is not None and self.effective.version != version.version:
            former, tag = self.effective.text, f"第 {version.version} 版改"
        was = {c["no"]: c for c in former["clauses"]} if former else {}
        found = []
        for clause in text["clauses"]:
            now = "".join(clause["paragraphs"])
            old = "".join(was[clause["no"]]["paragraphs"]) if was else now
            found.append(
                {
                    "no": clause["no"],
                    "heading": clause["heading"],
                    "text": now,
                    "old": old,
                    "changed": tag if old != now else "",
                }
            )
        return found

    @property
    def directions(self) -> list[tuple[str, str, str]]:
        """(owner uid, receiver uid, 岳西 → 余杭) of every ordered pair."""
        return [
            (str(a.uid), str(b.uid), f"{a.name} → {b.name}")
            for a in self.parties
            for b in self.parties
            if a.uid != b.uid
        ]

    @property
    def matrix(self) -> list[dict[str, Any]]:
        """Scope rows by directions; a cell is (knot, words) or None."""
        text = self.text or {"grants": []}
        held = {(grant["owner"], grant["receiver"], grant["scope"]): grant for grant in text["grants"]}
        paused = {str(p.uid): set(p.paused) for p in self.parties}
        rows = []
        for scope, row in scopes.SCOPES.items():
            cells = []
            for owner, receiver, _ in self.directions:
                grant = held.get((owner, receiver, scope))
                if grant is None:
                    cells.append(None)
                elif {"all", scope} & (paused.get(owner, set()) | paused.get(receiver, set())):
                    cells.append(("off", "已暂停"))
                else:
                    kind = "done" if row.needs in ("agreement", "notice") else "todo"
                    said = {"consent": "逐人同意", "application": "本人申请"}.get(row.needs, row.frequency)
                    cells.append((kind, said))
            names = sorted({name for grant in text["grants"] if grant["scope"] == scope for name in grant["fields"]})
            fields = scopes.labels(names or row.fields)
            rows.append(
                {"scope": scope, "label": row.label, "fields": fields, "needs": scopes.NEEDS[row.needs], "cells": cells}
            )
        return rows

    @property
    def map(self) -> SharingMap | None:
        text = self.text
        if text is None or len(self.parties) < 2:
            return None
        found: dict[tuple[str, str], list[str]] = {}
        for grant in text["grants"]:
            found.setdefault((self.name(grant["owner"]), self.name(grant["receiver"])), []).append(grant["scope"])
        shares = [(a, b, " ".join(sorted(s)), set(s) <= {"S0", "S1"}) for (a, b), s in found.items()]
        return draw_sharing([party.name for party in self.parties], shares)

    @property
    def items(self) -> list[dict[str, Any]]:
        if self.text is None:
            return []
        said = service.progress(self.agreement)
        found = []
        for item in self.text["items"]:
            newest = next(iter(said.get(item["key"], [])), None)
            due = date.fromisoformat(item["due"])
            left = Calendar().between(clock.today(), due) if due >= clock.today() else -1
            percent = newest.percent if newest else 0
            found.append(
                {**item, "due_on": due, "left": left, "category": texts.CATEGORIES[item["category"]],
                 "owner": "各方" if item["owner"] == "all" else self.name(item["owner"]),
                 "is_ours": item["owner"] in ("all", str(self.own)), "percent": percent, "newest": newest,
                 "kind": "done" if percent == 100 else "late" if left < 0 else ""}
            )  # fmt: skip
        return found

    @property
    def liaison_rows(self) -> list[tuple[str, str]]:
        rows = []
        for party in self.parties:
            known = self.liaisons.get(party.place, {})
            said = "　".join(v for v in (known.get("name", ""), known.get("post", ""), known.get("phone", "")) if v)
            rows.append((party.name, said or "未填"))
        return rows

    @property
    def letters(self) -> list[dict[str, Any]]:
        """Messages with their receipts, newest first."""
        found = []
        for letter in reversed(post.traffic(self.agreement.id)):
            way = f"我方 → {self.name(letter.peer_uid)}" if letter.is_ours else f"{self.name(letter.peer_uid)} → 我方"
            if letter.result is None:
                state, note = "theirs", "等对方签收"
            elif letter.result == "applied":
                state, note = "done", f"{clock_of(letter.receipted_at)} 已签收"
            else:
                state, note = "off", f"{clock_of(letter.receipted_at)} 未办：{letter.code}"
            said = MESSAGES.get(letter.type, letter.type) + (f"第 {letter.n} 号" if letter.n else "")
            found.append(
                {
                    "state": state,
                    "words": f"{said}　{way}",
                    "note": f"{clock_of(letter.at)}　{note}　{short(letter.digest)}",
                }
            )
        return found

    @property
    def chain(self) -> list[dict[str, Any]]:
        return [
            {"n": row.n, "verb": VERBS[row.verb], "by": self.name(row.by_uid), "at": row.at, "version": row.version,
             "digest": short(row.digest), "said": service.said(row).get("/reason", "")}
            for row in reversed(self.decisions)
        ]  # fmt: skip

    @property
    def ends(self) -> list[dict[str, Any]]:
        """Our pairs: until when, and whether both closed."""
        own = next((p for p in self.parties if p.uid == self.own), None)
        if own is None or self.effective is None:
            return []
        said = {(row.by_uid, row.with_uid) for row in registers.closings(self.agreement)}
        return [
            {"party": party, "until": registers.ends_on(self.agreement, party, own), "is_over": party.ended_on is not None,
             "ours": (self.own, party.uid) in said, "theirs": (party.uid, self.own) in said}
            for party in self.others
        ]  # fmt: skip

    @property
    def own_party(self) -> AgreementParty | None:
        return next((p for p in self.parties if p.uid == self.own), None)

    def url(self, endpoint: str, **more: Any) -> str:
        return url_for(f"agreements.{endpoint}", agreement_id=self.agreement.id, **more)


def clock_of(at: Any) -> str:
    """MM-DD HH:MM in China, or nothing."""
    from web.blueprints.filters import moment

    return moment(at)


def _step(title: str, at: Any, words_: str = "") -> dict[str, Any]:
    return {"state": "done" if at else "todo", "title": title, "lines": [w for w in (words_, clock_of(at)) if w]}


def _mark_here(steps: list[dict[str, Any]], whose: str) -> None:
    here = next((s for s in steps if s["state"] == "todo"), None)
    if here is not None and whose in ("ours", "theirs"):
        here["state"] = "now" if whose == "ours" else "theirs"


def _receipts(agreement: Agreement) -> dict[str, Any]:
    rows = [m for m in post.traffic(agreement.id) if m.is_ours and m.result == "applied"]
    return {"receipts": len(rows), "text": f"决定第 {agreement.n} 号" if agreement.n else ""}


def _draft(view: View) -> Turn:
    return Turn(
        "ours", "起草中，还没有送给任何一方", "核对条款、授权和合作事项后提出；提出后各方可以同意、改稿或者不同意"
    )


def _proposed(view: View) -> Turn:
    if view.text is None:
        return Turn("theirs", "协议文本正在送达", "文本到达并核对无误后才能同意")
    accepted = {*view.version.accepted_by, str(view.version.author_uid)}
    waiting = [party for party in view.parties if str(party.uid) not in accepted]
    if any(party.uid == view.own for party in waiting):
        return Turn(
            "ours",
            f"轮到我方：同意、改稿或者{'撤回' if view.is_hub else '不同意'}",
            f"{view.name(view.version.author_uid)}提出的第 {view.version.round} 轮文本",
        )
    return Turn(
        "theirs",
        f"轮到{'、'.join(p.name for p in waiting)}答复",
        "您现在不用动手。各方都同意后，由牵头方定稿，再逐方印签",
    )


def _agreed(view: View) -> Turn:
    version = view.version
    if version.pdf_digest is None:
        return Turn("theirs", "正在定稿，生成协议文件", "由牵头方生成一次，送各方核对")
    if version.pdf_checked_at is None:
        return Turn("theirs", "协议文件正在送达", "文件到达、摘要和内附文本核对无误后才能批准和印签")
    missing = [party for party in view.parties if party.uid not in view.sealed and party.uid != view.agreement.hub_uid]
    if not view.is_hub and view.own not in view.sealed:
        if view.approval is None:
            return Turn("ours", "轮到本部领导批准印签", "批准的是眼前这一份文本和文件；批准后由经办印签")
        return Turn("ours", "轮到我方印签", f"{view.approval.name} {clock_of(view.approval.at)} 已批准")
    if missing:
        return Turn(
            "theirs",
            f"轮到{'、'.join(p.name for p in missing)}印签",
            "您现在不用动手。其他各方印签后，由牵头方最后印签",
        )
    if view.is_hub:
        if view.approval is None:
            return Turn("ours", "其他各方已印签，轮到本部领导批准", "批准后由我方最后印签，协议即印签齐全")
        return Turn("ours", "轮到我方最后印签", f"{view.approval.name} {clock_of(view.approval.at)} 已批准")
    return Turn("theirs", f"轮到{view.name(view.agreement.hub_uid)}最后印签", "您现在不用动手")


def _sealed(view: View) -> Turn:
    begins = view.text["effective_from"] if view.text else ""
    return Turn("all", "各方印签齐全", f"{begins} 起生效")


def _effective(view: View) -> Turn:
    if view.agreement.state is AgreementState.CLOSED:
        return Turn("over", "协议已经办结", "双方都确认没有未了事项，共享的信息已经清除")
    if view.agreement.state is AgreementState.WINDING_DOWN:
        return Turn("ours", "协议已到期，办清未了事项后确认办结", "在办的关系转接继续办完；共享的信息逐项清除")
    own = view.own_party
    leaving = [p for p in view.parties if p.leaves_on is not None]
    if leaving:
        said = "、".join(f"{p.name} {p.leaves_on:%Y-%m-%d} 退出" for p in leaving if p.leaves_on)
        return Turn("ours" if own in leaving else "theirs", said, "退出之日起停止提供和读取")
    until = view.text["effective_to"] if view.text else ""
    return Turn("all", "协议生效中，各方已印签", f"至 {until} 止")


def _over(view: View) -> Turn:
    return Turn("over", STATES[view.version.state][1], "这一版没有生效")


_TURNS = {
    VersionState.DRAFT: _draft,
    VersionState.PROPOSED: _proposed,
    VersionState.AGREED: _agreed,
    VersionState.SEALED: _sealed,
    VersionState.EFFECTIVE: _effective,
}
PARTY_STEMS = clauses.STEMS
TWO_YEARS = timedelta(days=730)


def offices(uids: list[UUID]) -> list[str]:
    """Names of the offices of ourselves and these partners, for the first words of a text."""
    from web.federation.post import keys

    known = {peer.uid: peer.office for peer in keys.partners()}
    return [counties.own().office, *(known.get(uid, "") for uid in uids)]
