"""Verbs: record a notice or consent, withdraw it; and the question every sharing asks: does it stand?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from web.core import clock, erasures, events, fence
from web.core.errors import Invalid
from web.core.scopes import WHILE_AWAY
from web.extensions import db
from web.tenants.consents import wordings
from web.tenants.consents.models import STANDS, Basis, Consent, Method
from web.tenants.members import merging
from web.tenants.members.models import Member

# What each data scope needs from the member (FED/1 §6). A scope that is not here needs nothing personal.
NEEDS: dict[str, Basis] = {
    "S2": Basis.NOTICE,
    "S3": Basis.CONSENT,
    "S4": Basis.APPLICATION,
    "S5": Basis.NOTICE,
    "S6": Basis.NOTICE,
    "S7": Basis.CONSENT,
}

# Scopes agreed to one request at a time: a consent that names its request stands for it alone.
PER_REQUEST = frozenset({"S7"})


@dataclass(frozen=True)
class ConsentWithdrawn:
    """Announced in the transaction of the withdrawal; sharing listens and purges. `about_ids`: of requests (S7)."""

    member_id: UUID
    partner_uid: UUID
    scopes: tuple[str, ...]
    about_ids: tuple[UUID, ...] = ()


def give(
    member: Member,
    partner_uid: UUID,
    scopes: Iterable[str],
    *,
    method: Method,
    on: date | None = None,
    about_id: UUID | None = None,
    scan_id: UUID | None = None,
    is_anew: bool = False,
) -> list[Consent]:
    """Record what the member was told or agreed to, by the notice in use now. Scopes that stand by these words already are
    left as they are, but for signed paper that one of them lacked; what stands by older words stands on beside the new, and
    each application is one of its own. Scopes that he withdrew after that day are left out: his last word counts.

    `about_id`: the request a consent of S7 is for, and stands for alone; anything but S7 with it is Invalid.
    `is_anew`: to something else by the same words, another number (S3); it stands beside what stood.
    """
    day = on or clock.today()
    if day > clock.today():
        raise Invalid({"given_on": "in_the_future"})
    wanted = list(dict.fromkeys(scopes))
    if not wanted or not set(wanted) <= set(NEEDS):
        raise Invalid({"scope": "unknown_scope" if wanted else "choose_one"})
    if any((scope in PER_REQUEST) != (about_id is not None) for scope in wanted):
        raise Invalid({"scope": "consent_per_request"})
    version = wordings.in_use().version
    stood = {
        c.scope: c for c in _by_these_words(member.id, partner_uid, version) if c.about_id == about_id and not is_anew
    }
    withdrawn = withdrawn_since(member.id, partner_uid, day) if about_id is None else set()
    given = []
    for scope in wanted:
        if (has := stood.get(scope)) is not None:
            if scan_id is not None and has.scan_id is None:
                events.record("consent.attach", has, details={"scope": scope})
                has.scan_id = scan_id
            continue
        if scope in withdrawn:
            continue
        row = Consent(
            member_id=member.id,
            partner_uid=partner_uid,
            scope=scope,
            basis=NEEDS[scope],
            method=method,
            version=version,
            about_id=about_id,
            scan_id=scan_id,
            given_on=day,
            recorded_by=events.actor().account_id,
            created_at=clock.now(),
        )
        db.session.add(row)
        events.record("consent.give", row, details={"scope": scope, "partner": str(partner_uid), "version": version})
        given.append(row)
    db.session.flush()
    return given


def withdrawn_since(member_id: UUID, partner_uid: UUID, day: date) -> set[str]:
    """Scopes towards that county that the member withdrew on a later day, and that do not stand again. Those of one request
    are not asked for here.
    """
    if day >= clock.today():
        return set()
    query = db.select(Consent.scope).where(
        Consent.member_id == member_id,
        Consent.partner_uid == partner_uid,
        Consent.about_id.is_(None),
        Consent.withdrawn_at >= clock.midnight(day + timedelta(days=1)),
    )
    return set(db.session.scalars(query)) - {c.scope for c in standing(member_id) if c.partner_uid == partner_uid}


def demand_choice(member: Member, chosen: str, partner_uid: UUID | None = None) -> None:
    """Invalid where the other of the two numbers is chosen while a county, but for `partner_uid`, has the member's consent to
    the one that is chosen now: it would get a number that he did not agree to for it.
    """
    agreed = {c.partner_uid for c in standing(member.id) if c.scope == "S3"} - {partner_uid}
    if chosen != member.chosen_phone and agreed:
        raise Invalid({"chosen_phone": "chosen_for_another"})


def takes_scan(member_id: UUID, partner_uid: UUID, scopes: Iterable[str]) -> bool:
    """Whether signed paper about these scopes belongs to any row: one to be given, or one that stands without."""
    stood = _by_these_words(member_id, partner_uid, wordings.in_use().version)
    return not set(scopes) <= {c.scope for c in stood if c.scan_id is not None}


def _by_these_words(member_id: UUID, partner_uid: UUID, version: int) -> list[Consent]:
    """What stands by this version of the notice and is not given anew: an application always is."""
    return [
        c
        for c in standing(member_id)
        if (c.partner_uid, c.version) == (partner_uid, version) and c.basis is not Basis.APPLICATION
    ]


def withdraw(
    member: Member, partner_uid: UUID, scopes: Iterable[str], reason: str = "", *, about_id: UUID | None = None
) -> list[Consent]:
    """End them now, with one event each, and tell the rooms that share under them. `about_id`: that request's alone."""
    wanted = set(scopes)
    rows = [
        c
        for c in standing(member.id)
        if c.partner_uid == partner_uid and c.scope in wanted and about_id in (None, c.about_id)
    ]
    for row in rows:
        events.record("consent.withdraw", row, reason=reason, details={"scope": row.scope})
        row.withdrawn_at = clock.now()
        erasures.note("consent", row.id)
    db.session.flush()
    if rows:
        about_ids = tuple(r.about_id for r in rows if r.about_id is not None)
        events.announce(ConsentWithdrawn(member.id, partner_uid, tuple(sorted({r.scope for r in rows})), about_ids))
    return rows


def lapse(member_id: UUID) -> None:
    """His flow ended, and with it what he was told and agreed to for as long as it lasts. What is shared under it ends with
    the flow itself, so nobody else is told.
    """
    for row in standing(member_id):
        if row.scope in WHILE_AWAY:
            events.record("consent.lapse", row, details={"scope": row.scope})
            row.lapsed_at = clock.now()
    db.session.flush()


@erasures.again("consent")
def _withdraw_again(consent_id: UUID) -> bool:
    """A backup that was put back has it standing."""
    row = db.session.get(Consent, (fence.tenant(), consent_id))
    if row is None or row.is_over:
        return False
    member = db.session.get_one(Member, (fence.tenant(), row.member_id))
    withdraw(member, row.partner_uid, [row.scope], about_id=row.about_id)
    return True


def standing(member_id: UUID) -> Sequence[Consent]:
    """Everything of this member that is neither withdrawn nor lapsed."""
    query = db.select(Consent).where(Consent.member_id == member_id, STANDS)
    return db.session.scalars(query.order_by(Consent.id)).all()


def history(member_id: UUID) -> Sequence[Consent]:
    """Everything this member was ever told or agreed to, the latest first."""
    return db.session.scalars(
        db.select(Consent).where(Consent.member_id == member_id).order_by(Consent.id.desc())
    ).all()


def stands(member_id: UUID, partner_uid: UUID, scope: str, about_id: UUID | None = None) -> bool:
    """May this scope of this member cross to that county, as far as the member is concerned? S7: for this request."""
    if scope not in NEEDS:
        return True
    query = db.select(Consent.id).where(
        Consent.member_id == member_id,
        Consent.partner_uid == partner_uid,
        Consent.scope == scope,
        STANDS,
    )
    if scope in PER_REQUEST:
        query = query.where(Consent.about_id == about_id, Consent.about_id.is_not(None))
    return db.session.scalar(query.limit(1)) is not None


def lacking(member_ids: Sequence[UUID], partner_uid: UUID, scope: str) -> set[UUID]:
    """Of these members, those for whom the scope does not stand: one query."""
    query = db.select(Consent.member_id).where(
        Consent.member_id.in_(member_ids),
        Consent.partner_uid == partner_uid,
        Consent.scope == scope,
        STANDS,
    )
    return set(member_ids) - set(db.session.scalars(query))


def _heed(kept: Member, stayed: Sequence[Consent]) -> None:
    """It is one person, and his last word counts: what he withdrew by the other record, and was not told of again there, ends
    what this one was told until that day. Parted again, it stays withdrawn: the partner has destroyed it.
    """
    stand_there = {_about(c) for c in stayed if not c.is_over}
    for gone in stayed:
        if gone.withdrawn_at is None or _about(gone) in stand_there:
            continue
        told = [c.given_on for c in standing(kept.id) if _about(c) == _about(gone)]
        if told and max(told) <= clock.day(gone.withdrawn_at):
            withdraw(kept, gone.partner_uid, [gone.scope], about_id=gone.about_id)


def _about(consent: Consent) -> tuple[UUID, str, UUID | None]:
    return consent.partner_uid, consent.scope, consent.about_id


merging.MOVES["consent"] = merging.Move(Consent, alone=(Consent.partner_uid, Consent.scope), stayed=_heed)
