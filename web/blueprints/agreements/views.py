"""What the pages of an agreement show, out of the rows: whose turn, the line of its life, the seam, grants, items."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from flask import url_for

from web.blueprints.agreements import changes, life, turns
from web.blueprints.filters import workdays_left
from web.blueprints.pictures import SharingMap, draw_sharing
from web.core import clock, scopes
from web.core.saying import joined, say
from web.federation.agreements import clauses, duties, hub, listing, registers, service, standing, texts
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
from web.tenants.counties import service as counties


class View:
    """One agreement with what its pages ask again and again, read when it is first asked for, once."""

    def __init__(self, agreement: Agreement) -> None:
        self.agreement = agreement
        self.own: UUID = counties.own().uid
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
        return standing.parties(self.agreement)

    @cached_property
    def parties(self) -> list[AgreementParty]:
        """Of the version in hand, which may add one; a party that has left is still named."""
        known = {party.uid: party for party in self.everyone}
        return standing.rows_of(self.agreement, self.text, known) if self.text else self.everyone

    @cached_property
    def names(self) -> dict[UUID, str]:
        return {party.uid: party.name for party in [*self.everyone, *self.parties]}

    @property
    def pairs(self) -> list[AgreementParty]:
        return [party for party in self.everyone if party.uid != self.own]

    @cached_property
    def closed(self) -> set[tuple[UUID, UUID]]:
        """(who, with whom) of every word that nothing is open any more."""
        return {(row.by_uid, row.with_uid) for row in registers.closings(self.agreement)}

    @cached_property
    def unclosed(self) -> list[AgreementParty]:
        """With whom we are done, and have not said yet that nothing is open."""
        over = [party for party in self.pairs if party.ended_on is not None]
        return [party for party in over if (self.own, party.uid) not in self.closed] if over else []

    def is_stopped(self, owner: str, receiver: str) -> bool:
        """Whether the text in effect gives nothing any more between these two, as far as we know."""
        if self.version.state is not VersionState.EFFECTIVE:
            return False
        today, two = clock.today(), [party for party in self.parties if str(party.uid) in (owner, receiver)]
        if any(party.leaves_on is not None and party.leaves_on <= today for party in two):
            return True
        return str(self.own) in (owner, receiver) and any(party.ended_on is not None for party in two)

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
        return standing.effective_of(self.agreement)

    @cached_property
    def liaisons(self) -> dict[UUID, dict[str, str]]:
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

    def due(self) -> tuple[date, int | None] | None:
        """The day the open version lapses, or by which a pair that ended is to be closed, and `workdays_left` of it."""
        row = VERSION.row(self.version.state, "lapse")
        if row is not None and row.timer is not None:
            on = clock.day(self.version.state_at + row.timer)
        elif self.version.state is VersionState.EFFECTIVE and self.closing:
            on = min(self.closing)
        else:
            return None
        return on, workdays_left(on)

    @property
    def closing(self) -> list[date]:
        """By when each of our pairs that ended is to be closed: those that wait for our word, else for the partner's."""
        over = [party for party in self.pairs if party.ended_on is not None]
        waiting = self.unclosed or [party for party in over if (party.uid, self.own) not in self.closed]
        return [on for party in waiting if (on := registers.close_by(party)) is not None]

    # --- the line of its life, the seam, the letters

    @property
    def line(self) -> list[dict[str, Any]]:
        return life.line(self)

    @property
    def seam(self) -> dict[str, Any]:
        return life.seam(self)

    @property
    def letters(self) -> list[dict[str, Any]]:
        return life.letters(self)

    @property
    def chain(self) -> list[dict[str, Any]]:
        return life.chain(self)

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
        """Scope rows by directions; a cell is (knot, words) and what that direction leaves out of the row, or None."""
        text = self.text or {"grants": []}
        held = {(grant["owner"], grant["receiver"], grant["scope"]): grant for grant in text["grants"]}
        paused = {str(p.uid): set(p.paused) for p in self.parties}
        rows = []
        for scope, row in scopes.GRANTABLE.items():
            names = sorted({name for grant in text["grants"] if grant["scope"] == scope for name in grant["fields"]})
            cells: list[tuple[tuple[str, str], str] | None] = []
            for owner, receiver, _ in self.directions:
                grant = held.get((owner, receiver, scope))
                if grant is None:
                    cells.append(None)
                    continue
                if self.is_stopped(owner, receiver):
                    chip = ("off", "已停止")
                elif {"all", scope} & (paused.get(owner, set()) | paused.get(receiver, set())):
                    chip = ("off", "已暂停")
                else:
                    is_on = row.basis in ("agreement", "notice")
                    chip = ("done", row.frequency) if is_on else ("todo", scopes.IN_SHORT[row.basis])
                cells.append((chip, scopes.labels(name for name in names if name not in grant["fields"])))
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
            if self.is_stopped(grant["owner"], grant["receiver"]):
                continue
            found.setdefault((self.name(grant["owner"]), self.name(grant["receiver"])), []).append(grant["scope"])
        shares = [(a, b, " ".join(sorted(s)), set(s) <= {"S0", "S1"}) for (a, b), s in found.items()]
        return draw_sharing([party.name for party in self.parties], shares) if shares else None

    @property
    def items(self) -> list[dict[str, Any]]:
        """Of the text in hand."""
        return self._items(self.text)

    @property
    def items_in_force(self) -> list[dict[str, Any]]:
        """Of the text in effect: what is done and reported. The one in hand may drop some of them, or add others."""
        return self._items(self._in_force)

    @property
    def _in_force(self) -> dict[str, Any] | None:
        return self.effective.text if self.effective is not None else None

    def _items(self, text: dict[str, Any] | None) -> list[dict[str, Any]]:
        if text is None:
            return []
        said = service.progress(self.agreement)
        is_over = self.agreement.state is AgreementState.CLOSED
        in_force = {item["key"] for item in (self._in_force or {"items": []})["items"] if not is_over}
        found = []
        for item in text["items"]:
            words = {
                uid: mine
                for uid, rows in said.get(item["key"], {}).items()
                if (mine := [row for row in rows if duties.is_of_this_term(text, item, clock.day(row.at))])
            }
            newest = next(iter(words.get(self.own, [])), None)
            theirs = [(p.name, words[p.uid][0]) for p in self.others if p.uid in words]
            due = date.fromisoformat(item["due"])
            left = workdays_left(due)
            percent = newest.percent if newest else 0
            found.append(
                {**item, "due_on": due, "left": left, "category": texts.CATEGORIES[item["category"]],
                 "owner": "各方" if item["owner"] == "all" else self.name(item["owner"]),
                 "is_ours": item["owner"] in ("all", str(self.own)), "is_in_force": item["key"] in in_force,
                 "percent": percent, "newest": newest, "theirs": theirs,
                 "kind": "done" if percent == 100 else "late" if due < clock.today() else ""}
            )  # fmt: skip
        return found

    def goal(self, key: str) -> str:
        """The goal of an item, by its key: as it is in effect, else as it stands in the text in hand."""
        rows = [item for text in (self._in_force, self.text) if text for item in text["items"]]
        return next((str(item["goal"]) for item in rows if item["key"] == key), "")

    @property
    def liaison_rows(self) -> list[tuple[str, tuple[str, str]]]:
        rows = []
        for party in self.parties:
            known = self.liaisons.get(party.uid, {})
            beside = joined("　", (known[name] for name in ("post", "phone") if known.get(name)))
            rows.append((party.name, (known.get("name", ""), beside)))
        return rows

    @property
    def ends(self) -> list[dict[str, Any]]:
        """Our pairs: until when, and whether both closed."""
        own = next((p for p in self.parties if p.uid == self.own), None)
        if own is None or self.effective is None:
            return []
        said = self.closed
        return [
            {"party": party, "until": registers.ends_on(self.agreement, party, own), "is_over": party.ended_on is not None,
             "close_by": registers.close_by(party),
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


PARTY_STEMS = clauses.STEMS
TWO_YEARS = timedelta(days=730)


def offices(uids: list[UUID]) -> list[str]:
    """Names of the offices of ourselves and these partners, for the first words of a text."""
    known = {peer.uid: peer.office for peer in keys.partners()}
    return [counties.own().office, *(known.get(uid, "") for uid in uids)]
