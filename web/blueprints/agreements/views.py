"""What the pages of an agreement show, out of the rows: whose turn, the line of its life, the seam, grants, items."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from flask import g, url_for

from web.blueprints.agreements import changes, turns
from web.blueprints.filters import county_calendar, moment
from web.blueprints.pictures import SharingMap, draw_sharing
from web.core import clock, scopes
from web.core.saying import joined, say
from web.federation.agreements import clauses, effects, hub, listing, registers, service, texts
from web.federation.agreements.listing import Listed
from web.federation.agreements.models import (
    VERSION,
    Agreement,
    AgreementApproval,
    AgreementDecision,
    AgreementParty,
    AgreementSeal,
    AgreementState,
    AgreementVersion,
    VersionState,
)
from web.federation.post import keys
from web.federation.post import service as post
from web.federation.wire.canonical import unb64
from web.tenants.counties import service as counties


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


class View:
    """One agreement with what its pages ask again and again, read when it is first asked for, once."""

    def __init__(self, agreement: Agreement) -> None:
        self.agreement = agreement
        self.own: UUID = g.county.uid
        self.is_hub = agreement.hub_uid == self.own

    @classmethod
    def of(cls, row: Listed) -> View:
        """One of a list, with what the list read."""
        view = cls(row.agreement)
        vars(view).update({each.name: getattr(row, each.name) for each in fields(row)})
        return view

    @cached_property
    def version(self) -> AgreementVersion:
        return service.current(self.agreement)

    @cached_property
    def everyone(self) -> list[AgreementParty]:
        return effects.parties(self.agreement)

    @cached_property
    def parties(self) -> list[AgreementParty]:
        """Of the version in hand, which may add one; a party that has left is still named."""
        known = {party.uid: party for party in self.everyone}
        return effects.rows_of(self.agreement, self.text, known) if self.text else self.everyone

    @cached_property
    def names(self) -> dict[UUID, str]:
        return {party.uid: party.name for party in [*self.everyone, *self.parties]}

    @property
    def pairs(self) -> list[AgreementParty]:
        return [party for party in self.everyone if party.uid != self.own]

    @cached_property
    def verbs(self) -> list[str]:
        return service.can(self.agreement)

    @cached_property
    def seals(self) -> list[AgreementSeal]:
        return hub.seal_rows(self.agreement, self.version)

    @cached_property
    def sealed(self) -> set[UUID]:
        return {row.county_uid for row in self.seals}

    @cached_property
    def approval(self) -> AgreementApproval | None:
        return service.approval(self.agreement, self.version)

    @cached_property
    def decisions(self) -> list[AgreementDecision]:
        return service.decisions(self.agreement)

    @cached_property
    def effective(self) -> AgreementVersion | None:
        return effects.effective_of(self.agreement)

    @cached_property
    def liaisons(self) -> dict[int, dict[str, str]]:
        return service.liaisons(self.agreement)

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
    def may_follow(self) -> bool:
        """May our side begin the next version now?"""
        return self.is_hub and self.agreement.state is AgreementState.ACTIVE and not self.is_open

    @property
    def chip(self) -> tuple[str, str]:
        return turns.chip(self.agreement, self.version)

    @property
    def others(self) -> list[AgreementParty]:
        return [party for party in self.parties if party.uid != self.own]

    def name(self, uid: UUID | str | None) -> str:
        return self.names.get(UUID(str(uid)), "伙伴县") if uid else ""

    @property
    def turn(self) -> turns.Turn:
        return turns.of(self)

    def due(self) -> tuple[date, int] | None:
        """The day the open version lapses, and the working days left."""
        row = VERSION.row(self.version.state, "lapse")
        if row is None or row.timer is None:
            return None
        on = (self.version.state_at + row.timer).astimezone(clock.CHINA).date()
        return on, county_calendar().between(clock.today(), on)

    # --- the line of its life

    @property
    def line(self) -> list[dict[str, Any]]:
        version = self.version
        at: dict[str, Any] = {}
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
        steps.append(_step("各方同意", at.get("agree"), say("第 {rounds} 轮", rounds=rounds) if rounds > 1 else ""))
        steps.append(_step("定稿", at.get("render"), self.name(self.agreement.hub_uid)))
        followers = [party for party in self.parties if party.uid != self.agreement.hub_uid]
        for party in [*followers, *(p for p in self.parties if p.uid == self.agreement.hub_uid)]:
            said = "牵头方最后" if party.uid == self.agreement.hub_uid else ""
            steps.append(_step(say("{name}印签", name=party.name), sealed.get(party.uid), said))
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
            steps.append({"state": "off", "title": turns.VERBS[state], "lines": [clock_of(at.get(state))]})
        else:
            _mark_here(steps, self.turn.whose)
        return steps

    # --- the seam

    @property
    def seam(self) -> dict[str, Any]:
        others = self.others
        accepted = {*self.version.accepted_by, str(self.version.author_uid), str(self.agreement.hub_uid)}
        text, pdf = short(self.version.text_digest), short(self.version.pdf_digest)
        receipts = sum(m.is_ours and m.result == "applied" for m in post.traffic(self.agreement.id))
        rows = []
        for label, ours, theirs, missing, proof in (
            (
                "文本",
                text,
                [text if str(p.uid) in accepted else "" for p in others],
                "待答复",
                say("决定第 {n} 号", n=self.agreement.n),
            ),
            (
                "定稿文件",
                pdf if self.version.pdf_checked_at else "",
                [pdf if p.uid in self.sealed or p.uid == self.agreement.hub_uid else "" for p in others],
                "待印签时核对" if pdf else "未定稿",
                say("对方签收 {receipts} 件", receipts=receipts) if receipts else "",
            ),
            (
                "印签",
                self._seal_of(self.own),
                [self._seal_of(p.uid) for p in others],
                "未印签",
                "可生成印签证明页" if self.is_sealed else "",
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

    def _seal_of(self, uid: UUID) -> str:
        row = next((row for row in self.seals if row.county_uid == uid), None)
        return clock_of(row.at) if row else ""

    @property
    def is_sealed(self) -> bool:
        return self.version.state in (VersionState.SEALED, VersionState.EFFECTIVE, VersionState.SUPERSEDED)

    # --- the text

    @property
    def former(self) -> tuple[dict[str, Any] | None, str]:
        """The text to compare with (the last round's, else the version in effect), and what to call a change."""
        version = self.version
        if version.former is not None:
            return version.former, say("第 {round} 轮改", round=version.round)
        if self.effective is not None and self.effective.version != version.version:
            return self.effective.text, say("第 {version} 版改", version=version.version)
        return None, ""

    @property
    def other_changes(self) -> list[tuple[str, str, str]]:
        return changes.others(self.former[0], self.text, self.name)

    @property
    def cards(self) -> list[dict[str, Any]]:
        return changes.cards(*self.former, self.text)

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
        for scope, row in scopes.GRANTABLE.items():
            cells: list[tuple[str, str] | None] = []
            for owner, receiver, _ in self.directions:
                grant = held.get((owner, receiver, scope))
                if grant is None:
                    cells.append(None)
                elif {"all", scope} & (paused.get(owner, set()) | paused.get(receiver, set())):
                    cells.append(("off", "已暂停"))
                else:
                    kind = "done" if row.basis in ("agreement", "notice") else "todo"
                    said = {"consent": "逐人同意", "application": "本人申请"}.get(row.basis, row.frequency)
                    cells.append((kind, said))
            names = sorted({name for grant in text["grants"] if grant["scope"] == scope for name in grant["fields"]})
            fields = scopes.labels(names or sorted(row.fields))
            rows.append(
                {
                    "scope": scope,
                    "label": row.in_short,
                    "fields": fields,
                    "needs": scopes.BASES[row.basis],
                    "cells": cells,
                }
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
            words = said.get(item["key"], {})
            newest = next(iter(words.get(self.own, [])), None)
            theirs = [(p.name, words[p.uid][0]) for p in self.others if p.uid in words]
            due = date.fromisoformat(item["due"])
            left = county_calendar().between(clock.today(), due) if due >= clock.today() else -1
            percent = newest.percent if newest else 0
            found.append(
                {**item, "due_on": due, "left": left, "category": texts.CATEGORIES[item["category"]],
                 "owner": "各方" if item["owner"] == "all" else self.name(item["owner"]),
                 "is_ours": item["owner"] in ("all", str(self.own)), "percent": percent, "newest": newest, "theirs": theirs,
                 "kind": "done" if percent == 100 else "late" if left < 0 else ""}
            )  # fmt: skip
        return found

    def goal(self, key: str) -> str:
        """The goal of an item, by its key."""
        return next((str(item["goal"]) for item in (self.text or {"items": []})["items"] if item["key"] == key), "")

    @property
    def liaison_rows(self) -> list[tuple[str, tuple[str, str]]]:
        rows = []
        for party in self.parties:
            known = self.liaisons.get(party.place, {})
            beside = joined("　", (known[name] for name in ("post", "phone") if known.get(name)))
            rows.append((party.name, (known.get("name", ""), beside)))
        return rows

    @property
    def letters(self) -> list[dict[str, Any]]:
        """Messages with their receipts, newest first."""
        found = []
        for letter in reversed(post.traffic(self.agreement.id)):
            way = (
                say("我方 → {peer_uid}", peer_uid=self.name(letter.peer_uid))
                if letter.is_ours
                else say("{peer_uid} → 我方", peer_uid=self.name(letter.peer_uid))
            )
            if letter.result is None:
                state, note = "theirs", "等对方签收"
            elif letter.result == "applied":
                state, note = "done", say("{receipted_at} 已签收", receipted_at=clock_of(letter.receipted_at))
            else:
                state, note = (
                    "off",
                    say("{receipted_at} 未办：{code}", receipted_at=clock_of(letter.receipted_at), code=letter.code),
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

    @property
    def chain(self) -> list[dict[str, Any]]:
        return [
            {"n": row.n, "verb": turns.VERBS[row.verb], "by": self.name(row.by_uid), "at": row.at, "version": row.version,
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
            for party in self.pairs
        ]  # fmt: skip

    @property
    def own_party(self) -> AgreementParty | None:
        return next((p for p in self.parties if p.uid == self.own), None)

    def url(self, endpoint: str, **more: Any) -> str:
        return url_for(f"agreements.{endpoint}", agreement_id=self.agreement.id, **more)


def page(*where: Any, after: str = "", before: str = "", size: int) -> listing.Page[View]:
    """Those for which `where` holds, with what a list shows of them: `listing.page` with a View a row."""
    found = listing.page(*where, after=after, before=before, size=size)
    return listing.Page([View.of(row) for row in found.rows], found.total, found.before, found.after)


def clock_of(at: Any) -> str:
    """MM-DD HH:MM in China, or nothing."""
    return moment(at)


def _step(title: str, at: Any, words_: str = "") -> dict[str, Any]:
    return {"state": "done" if at else "todo", "title": title, "lines": [w for w in (words_, clock_of(at)) if w]}


def _mark_here(steps: list[dict[str, Any]], whose: str) -> None:
    here = next((s for s in steps if s["state"] == "todo"), None)
    if here is not None and whose in ("ours", "theirs"):
        here["state"] = "now" if whose == "ours" else "theirs"


PARTY_STEMS = clauses.STEMS
TWO_YEARS = timedelta(days=730)


def offices(uids: list[UUID]) -> list[str]:
    """Names of the offices of ourselves and these partners, for the first words of a text."""
    known = {peer.uid: peer.office for peer in keys.partners()}
    return [counties.own().office, *(known.get(uid, "") for uid in uids)]
