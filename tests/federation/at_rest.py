"""What must be so of three counties when a storm is at rest: both copies of everything agree, and nothing crosses unallowed."""

from __future__ import annotations

from itertools import product
from typing import Any
from uuid import UUID

from tests.federation.copies import KINDS
from tests.federation.lived import Lived
from web.core import clock
from web.extensions import db
from web.federation.agreements import service as agreements
from web.federation.agreements import standing
from web.federation.agreements.models import OPEN as OPEN_VERSIONS
from web.federation.agreements.models import Agreement, AgreementGrant, AgreementParty, VersionState
from web.federation.handovers import service as handovers
from web.federation.handovers.models import HandoverState
from web.federation.messages import MESSAGES
from web.federation.pairs import Kind
from web.federation.post import service as post
from web.federation.requests.models import Request
from web.federation.sharing import service as sharing
from web.federation.sharing import values
from web.federation.sharing.models import ShareState, StatusShare
from web.tenants.members.models import Member, Relation

IN_FORCE = (VersionState.EFFECTIVE, VersionState.SUPERSEDED)


def copies(lived: Lived) -> dict[UUID, dict[tuple[str, UUID], Any]]:
    """What each county holds of everything that two counties share."""
    found = {}
    for side in lived.sides:
        with side.act():
            found[side.uid] = {
                (kind.name, row.id): row for kind in KINDS.values() for row in db.session.scalars(db.select(kind.model))
            }
    return found


def demand_agreed(lived: Lived) -> None:
    """At rest: both copies of everything say the same, nobody has two owners, and nothing crosses that may not."""
    assert lived.owners() == dict.fromkeys(lived.names, 1), "each has one owner"
    held = copies(lived)
    for side in lived.sides:
        for (name, id_), row in held[side.uid].items():
            kind, theirs = KINDS[name], held[row.partner_uid].get((name, id_))
            assert (row.pending, row.stopped) == ("", ""), (name, id_, stands(row))
            if theirs is None:
                assert is_over(kind, row), (name, id_, stands(row))
            else:
                assert stands(row) == stands(theirs), (name, id_)
    demand_settled(lived)
    demand_one_text(lived)
    demand_granted(lived)
    owners, receivers = shown(lived)
    assert owners == receivers, "a share says here what it says there"
    asked, answered = wanted(lived)
    assert {id_: said for id_, said in asked.items() if id_ in answered} == answered, "a request ended alike"


def demand_one_text(lived: Lived) -> None:
    """Every party of an agreement holds the same chain, versions, files, grants and stops. Who gave notice for the first day
    of a version is not named in it and told nothing of it: what it holds is the same as far as it goes.
    """
    for id_, by_county in written(lived).items():
        texts = {uid: said.pop("named") for uid, said in by_county.items()}
        longest, whole = max(by_county.items(), key=lambda each: each[1]["chain"][2])
        for uid, said in by_county.items():
            if _is_named_on(uid, texts[longest]):
                assert said == whole, (id_, uid)
            else:
                assert said["stops"] == whole["stops"] and said["versions"], (id_, uid)
                assert all(version in whole["versions"] for version in said["versions"]), (id_, uid)


def _is_named_on(uid: UUID, named: list[list[str]]) -> bool:
    """Whether every version since the first that named it does, oldest first."""
    since = next(at for at, uids in enumerate(named) if str(uid) in uids)
    return all(str(uid) in uids for uids in named[since:])


def written(lived: Lived) -> dict[UUID, dict[UUID, dict[str, Any]]]:
    """Agreement → county → what it holds of it, for parties that have not left."""
    found: dict[UUID, dict[UUID, dict[str, Any]]] = {}
    for side in lived.sides:
        with side.act():
            for agreement in db.session.scalars(db.select(Agreement).where(Agreement.n > 0)):
                parties = agreements.parties(agreement)
                assert (agreement.pending, agreement.stopped, agreement.awaiting) == ("", "", []), agreement.id
                versions = [v for v in agreements.versions(agreement) if v.text_digest]
                for version in versions:
                    if version.state in (*OPEN_VERSIONS, *IN_FORCE):
                        assert version.text is not None and not version.fault, (side.name, version.version)
                        assert (version.pdf_digest is None) == (version.pdf_checked_at is None)
                        assert version.pdf_digest is None or post.blob(agreement.id, version.pdf_digest)
                if not standing.stays(next(p for p in parties if p.uid == side.uid), clock.today()):
                    continue
                found.setdefault(agreement.id, {})[side.uid] = {
                    "chain": (agreement.state, agreement.hub_uid, agreement.n, agreement.head),
                    "versions": [
                        (v.version, v.state, v.round, v.text_digest, v.pdf_digest, v.accepted_by, v.effective_on)
                        for v in versions
                        if v.state is not VersionState.DRAFT
                    ],
                    "named": [[p["uid"] for p in v.text["parties"]] for v in reversed(versions) if v.text is not None],
                    "grants": [
                        (g.version, g.owner_uid, g.receiver_uid, g.scope, g.fields)
                        for g in agreements.grants(agreement)
                    ],
                    "stops": {p.uid: (p.leaves_on, p.paused, p.ended_on) for p in parties},
                }
    return found


def demand_granted(lived: Lived) -> None:
    """What a live share says is granted by a version that is in effect between the two, at its owner and at its receiver;
    and unless it is paused, it says what its owner knows.
    """
    fields = {pointer.path: pointer.field for pointer in MESSAGES["share.snapshot"].pointers}
    for side in lived.sides:
        with side.act():
            live = list(db.session.scalars(db.select(StatusShare).where(StatusShare.state == ShareState.LIVE)))
            said = values.held([share.id for share in live])
            for share in live:
                is_ours = share.role == "owner"
                rows = (
                    db.select(AgreementGrant.fields)
                    .join(AgreementParty, AgreementParty.agreement_id == AgreementGrant.agreement_id)
                    .where(AgreementParty.uid == share.partner_uid, AgreementParty.ended_on.is_(None))
                    .where(AgreementGrant.owner_uid == (side.uid if is_ours else share.partner_uid))
                    .where(AgreementGrant.receiver_uid == (share.partner_uid if is_ours else side.uid))
                    .where(AgreementGrant.scope == share.scope)
                )
                granted = {name for names in db.session.scalars(rows) for name in names}
                shown = {fields[pointer] for pointer in said.get(share.id, {})}
                assert granted and shown <= granted, (side.name, share.id, share.role, shown - granted)
                if is_ours:
                    assert not sharing.follow(sharing.get(share.id, lock=True)), (side.name, share.id)


def wanted(lived: Lived) -> list[dict[UUID, Any]]:
    """What is known of each request, where it was asked and where it was answered."""
    found: list[dict[UUID, Any]] = [{}, {}]
    for side in lived.sides:
        with side.act():
            for row in db.session.scalars(db.select(Request)):
                is_gone = row.done_on is not None and row.wrapped is None
                found[row.role == "asked"][row.id] = (
                    row.kind,
                    row.due_on,
                    row.reason,
                    row.rating,
                    row.done_on,
                    is_gone,
                )
    return found


def shown(lived: Lived) -> list[dict[UUID, dict[str, Any]]]:
    """What each live share says, at its owner and at its receiver."""
    found: list[dict[UUID, dict[str, Any]]] = [{}, {}]
    for side, (role, here) in product(lived.sides, zip(("owner", "receiver"), found, strict=True)):
        with side.act():
            live = db.select(StatusShare.id).where(StatusShare.role == role, StatusShare.state == ShareState.LIVE)
            here |= values.held(db.session.scalars(live).all())
    return found


def demand_settled(lived: Lived) -> None:
    """Nobody stands in a register for the time being, and who is locked has a letter on its way."""
    for side in lived.sides:
        with side.act():
            query = db.select(Member).where(Member.name.in_(lived.names))
            for member in db.session.scalars(query):
                assert member.relation is not Relation.PROVISIONAL, (side.name, member.name)
                if member.frozen_by is not None:
                    assert handovers.get(member.frozen_by).state is HandoverState.RELEASED, (side.name, member.name)


def stands(row: Any) -> tuple[str, int, str, str]:
    """What both copies must agree in, and what must not be."""
    return str(row.state), row.n, row.pending, row.stopped


def is_over(kind: Kind, row: Any) -> bool:
    """Whether it came to an end here."""
    return row.state in kind.machine.terminal
