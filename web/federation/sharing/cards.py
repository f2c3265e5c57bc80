"""Field cards: in plain words what crosses, from whom to whom, for what purpose, until when, on which basis.

Made of the registry of fields, the table of scopes and the agreement's grants, so a page, a paper and an English one say
the same. Nothing here is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from web.core.fields import FIELDS, Class
from web.core.scopes import BASES, OFF, SCOPES, DataScope
from web.federation.agreements import service as agreements
from web.federation.agreements import standing
from web.federation.agreements.models import Agreement, AgreementVersion
from web.federation.sharing import lists
from web.federation.sharing.models import STANDING
from web.tenants.consents import service as consents
from web.tenants.consents.models import Consent
from web.tenants.counties import service as counties

CLAUSE = 14
"""The agreement's clause about personal information, which every grant rests on."""
MARKS = {Class.SENSITIVE: "敏感", Class.RESTRICTED: "限制"}


@dataclass(frozen=True)
class Line:
    """One field: its label, and 敏感 or 限制 where it is so."""

    label: str
    mark: str
    purpose: str


@dataclass(frozen=True)
class Card:
    """One scope in one direction. `is_on`: it may cross now; else `why_not` (not_granted, paused, off, no_basis).

    `number`, `version`, `clause`: of the agreement it rests on. `consent`: the member's row, on a member's card.
    `live`: how many shares stand under it.
    """

    scope: DataScope
    is_ours: bool
    lines: tuple[Line, ...]
    basis: str
    until: str
    is_on: bool
    why_not: str = ""
    number: str = ""
    version: int = 0
    clause: int = CLAUSE
    ends_on: date | None = None
    consent: Consent | None = None
    live: int = 0


def _line(name: str) -> Line:
    field = FIELDS[name]
    return Line(field.label, MARKS.get(field.cls, ""), field.purpose)


def of_partner(partner_uid: UUID) -> list[Card]:
    """A card a scope and direction, ours first; what no agreement in force grants is there too, and says so."""
    own = counties.own().uid
    in_force = [
        (agreement, version, {w for p in standing.parties(agreement) if p.uid in (own, partner_uid) for w in p.paused})
        for agreement, version in agreements.in_force(partner_uid)
    ]
    return [
        _card(scope, owner == own, owner, receiver, in_force)
        for owner, receiver in ((own, partner_uid), (partner_uid, own))
        for scope in SCOPES.values()
    ]


def _card(
    scope: DataScope,
    is_ours: bool,
    owner: UUID,
    receiver: UUID,
    in_force: Sequence[tuple[Agreement, AgreementVersion, set[str]]],
) -> Card:
    lines = tuple(_line(name) for name in scope.fields)
    card = Card(scope, is_ours, lines, BASES[scope.basis], scope.until, is_on=False, why_not="not_granted")
    if scope.scope in OFF:
        return replace(card, why_not="off")
    for agreement, version, paused in in_force:
        assert version.text is not None
        grant = next(
            (
                g
                for g in version.text["grants"]
                if (g["owner"], g["receiver"], g["scope"]) == (str(owner), str(receiver), scope.scope)
            ),
            None,
        )
        if grant is None:
            continue
        is_paused = bool({"all", scope.scope} & paused)
        named = tuple(_line(name) for name in scope.fields if name in grant["fields"])
        return replace(
            card,
            lines=named or lines,
            is_on=not is_paused,
            why_not="paused" if is_paused else "",
            number=agreement.number,
            version=version.version,
            ends_on=date.fromisoformat(version.text["effective_to"]),
        )
    return card


def of_member(member_id: UUID, partner_uid: UUID) -> list[Card]:
    """What of this member may go to that partner: our cards, each with the member's notice or consent."""
    standing = {c.scope: c for c in consents.standing(member_id) if c.partner_uid == partner_uid}
    live: dict[str, int] = {}
    for share in lists.of_member(member_id, partner_uid):
        live[share.scope] = live.get(share.scope, 0) + (share.state in STANDING)
    found = []
    for card in of_partner(partner_uid):
        needs_member = card.scope.scope in consents.NEEDS
        if not card.is_ours or not needs_member:
            continue
        consent = standing.get(card.scope.scope)
        is_on = card.is_on and consent is not None
        why_not = card.why_not or ("" if consent else "no_basis")
        found.append(replace(card, is_on=is_on, why_not=why_not, consent=consent, live=live.get(card.scope.scope, 0)))
    return found
