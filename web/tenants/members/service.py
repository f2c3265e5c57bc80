"""Verbs of the member: enroll, amend, assign to a branch, mark dues and contact, end; and what a handover does to the row.

Every change passes the event log's choke point. A row that a handover holds (`frozen_by`) is refused to everybody else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, or_

from web.core import clock, events, fence
from web.core.errors import Invalid, NotFound, WrongState
from web.core.events import Event
from web.core.fields import blind
from web.extensions import db
from web.tenants.members import citizen_id, names, search, values, versions
from web.tenants.members.codes import ENDED_STANDINGS, Standing
from web.tenants.members.models import Member, MemberGram, Relation
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import OrgKind, PartyOrg

LIVE = (Relation.HELD, Relation.PROVISIONAL)
"""Relations of members who are ours today; the others are history."""
HOLDS_MEMBERS = (OrgKind.BRANCH, OrgKind.AWAY_BRANCH)


@dataclass(frozen=True)
class MemberEnded:
    """Announced when membership ends here: open flows end with it."""

    member_id: UUID
    standing: Standing
    reason: str


@dataclass(frozen=True)
class MemberChanged:
    """Announced when columns of a member's row changed: what is shared with a partner follows."""

    member_id: UUID
    fields: frozenset[str]


@dataclass(frozen=True)
class RelationFreezing:
    """Announced before `by` locks the row to carry the relation away: a room where another does so already refuses."""

    member_id: UUID
    by: UUID


@dataclass(frozen=True)
class Candidate:
    """A member who may be the same person. `why`: id_number (the same for sure), name_birth, name_phone, birth_phone."""

    member_id: UUID
    name: str
    gender: str
    birth_on: date | None
    branch: str
    branch_path: str
    why: str


def get(member_id: UUID, *, lock: bool = False) -> Member:
    """NotFound when it is absent or another county's. `lock`: FOR UPDATE, and read again."""
    query = db.select(Member).where(Member.id == member_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found: Member | None = db.session.scalars(query).first()
    if found is None:
        raise NotFound()
    return found


def demand_open(member: Member) -> None:
    """WrongState when a handover holds the row, or when it is history."""
    if member.frozen_by is not None:
        raise WrongState("member_in_transfer")
    if member.relation not in LIVE:
        raise WrongState("member_is_history")


def demand_held(member: Member) -> None:
    """WrongState also of a provisional row: until the other county confirms, its word on the person goes first."""
    demand_open(member)
    if member.relation is not Relation.HELD:
        raise WrongState("member_in_transfer")


def duplicates(
    *, name: str = "", birth_on: date | None = None, id_number: str | None = None, phone: str | None = None,
    but: UUID | None = None,
) -> list[Candidate]:  # fmt: skip
    """Live members with the same number, or with two of name, birth and telephone: one query, the surest first."""
    same_name = Member.name == names.normalise(name)
    same_birth = Member.birth_on == birth_on
    same_phone = Member.phone_blind == (blind("phone", phone) if phone else None)
    tests = {
        "id_number": Member.id_blind == blind("id_number", id_number) if id_number else None,
        "name_birth": and_(same_name, same_birth) if name and birth_on else None,
        "name_phone": and_(same_name, same_phone) if name and phone else None,
        "birth_phone": and_(same_birth, same_phone) if birth_on and phone else None,
    }
    asked = {why: test for why, test in tests.items() if test is not None}
    if not asked:
        return []
    columns = [test.label(why) for why, test in asked.items()]
    query = (
        db.select(Member, PartyOrg.full_name, PartyOrg.path, *columns)
        .join(PartyOrg, (PartyOrg.tenant_id == Member.tenant_id) & (PartyOrg.id == Member.branch_id))
        .where(or_(*asked.values()), Member.relation.in_(LIVE), Member.id != but if but else Member.id.is_not(None))
        .limit(20)
    )
    found = []
    for row in db.session.execute(query):
        why = next(w for w in asked if getattr(row, w))
        m = row[0]
        found.append(Candidate(m.id, m.name, m.gender, m.birth_on, row[1], row[2], why))
    return sorted(found, key=lambda c: list(tests).index(c.why))


def enroll(
    branch_id: UUID,
    *,
    relation: Relation = Relation.HELD,
    away_org_id: UUID | None = None,
    reason: str = "",
    **given: Any,
) -> Member:
    """Enter a member. `given`: fields of `values.READERS`; birth and gender come from the number where they are missing.

    Invalid for a wrong value, a branch that takes no members, or an identity number that a live member has.
    """
    given = {"member_kind": "", "name": "", **given}
    if number := given.get("id_number"):
        number = citizen_id.normalise(number)
        if citizen_id.is_valid(number):
            given["birth_on"] = given.get("birth_on") or citizen_id.birth_on(number)
            given["gender"] = given.get("gender") or citizen_id.gender_of(number)
    kept = values.read({"gender": "", **given})
    values.compare(kept.get("birth_on"), kept.get("joined_on"), kept.get("confirmed_on"))
    values.demand_listed(kept)
    demand_branch(branch_id, "branch_id")
    if away_org_id is not None:
        demand_branch(away_org_id, "away_org_id")
    _demand_unique(kept.get("id_number"))
    now = clock.now()
    member = Member(
        **values.with_derived(kept),
        branch_id=branch_id,
        away_org_id=away_org_id,
        relation=relation,
        created_at=now,
        updated_at=now,
    )
    events.record("member.enroll", member, reason=reason)
    db.session.add(member)
    db.session.flush()
    index(member, fresh=True)
    return member


def amend(
    member: Member, given: Mapping[str, object], *, version: datetime | None = None, reason: str = ""
) -> set[str]:
    """Change fields of `values.READERS`; returns those that changed. Load the member with `lock=True`.

    `version`: the `updated_at` the person saw. What others changed since and this person left alone stays theirs; where
    both changed one field, Conflict carries `fields` (name → ours, theirs), `left` (name → theirs, of what this person left
    alone), `who` and `at`, and nothing is written.
    """
    demand_open(member)
    kept = values.read(given)
    if version is not None and version != member.updated_at:
        kept = versions.without_stale(member, kept, version)
    both = {f: kept.get(f, getattr(member, f)) for f in ("birth_on", "joined_on", "confirmed_on")}
    values.compare(*both.values())
    changed = {f: v for f, v in kept.items() if v != getattr(member, f)}
    if not changed:
        return set()
    values.demand_listed(changed)
    if "id_number" in changed:
        _demand_unique(changed["id_number"], member.id)
    events.record("member.amend", member, reason=reason)
    write(member, values.with_derived(changed))
    if {"name", "id_number", "phone", "second_phone"} & set(changed):
        index(member)
    return set(changed)


def assign_branch(member: Member, branch_id: UUID, *, reason: str = "") -> None:
    """Move to another branch of this county."""
    demand_open(member)
    if branch_id == member.branch_id:
        return
    demand_branch(branch_id, "branch_id")
    events.record("member.assign_branch", member, reason=reason)
    write(member, {"branch_id": branch_id})


def assign_away(member: Member, away_org_id: UUID | None, *, reason: str = "") -> None:
    """Let an away branch (驻外支部) look after the member as well, or no longer."""
    demand_open(member)
    if away_org_id is not None:
        demand_branch(away_org_id, "away_org_id", OrgKind.AWAY_BRANCH)
    events.record("member.assign_away", member, reason=reason)
    write(member, {"away_org_id": away_org_id})


def mark_dues(member: Member, until: str, *, reason: str = "") -> None:
    """Dues are paid up to and with the month `until` (YYYY-MM)."""
    demand_open(member)
    kept = values.read({"dues_until": until})
    events.record("member.mark_dues", member, reason=reason)
    write(member, kept)


def mark_contact(member: Member, *, is_lost: bool, reason: str = "") -> None:
    """A person's finding that contact is lost, or was regained. Membership is untouched."""
    if member.is_lost_contact == is_lost:
        return
    demand_open(member)
    events.record("member.lose_contact" if is_lost else "member.regain_contact", member, reason=reason)
    write(member, {"is_lost_contact": is_lost})


def end(member: Member, standing: Standing, *, reason: str) -> None:
    """Membership ended by a decision of people, or by death. Open flows end in the same transaction."""
    demand_held(member)
    wrong: dict[str, object] = {}
    if standing not in ENDED_STANDINGS:
        wrong["standing"] = "choose_one"
    if not reason.strip():
        wrong["reason"] = "required"
    if wrong:
        raise Invalid(wrong)
    events.announce(MemberEnded(member.id, standing, reason))
    events.record("member.end", member, reason=reason)
    write(member, {"standing": standing.value, "relation": Relation.ENDED})


def put_back(entry: Event) -> bool:
    """Undo one change that the log holds: False when the row was changed since, is held by a handover or is history, when
    somebody else has the identity number that it had, or where it was is closed now.
    """
    if entry.subject_id is None:
        return False
    member = get(entry.subject_id, lock=True)
    after = entry.changes.get("updated_at", [None, None])[1]
    if member.frozen_by is not None or member.relation not in LIVE or after != versions.stands_at(member):
        return False
    was = versions.before(entry)
    if is_taken(was.get("id_number"), member.id) or not are_open(*(was.get(c) for c in versions.PLACES)):
        return False
    events.record("member.undo", member, details={"version": entry.changes["updated_at"][0]})
    write(member, was)
    index(member)
    return True


def reinstate(entry: Event) -> bool:
    """Undo an end of membership: False when the row was changed since, another live member has the identity number, or the branch
    is closed. What ended with it stays ended, as partner counties were told: an away episode is written down anew.
    """
    if entry.subject_id is None:
        return False
    member = get(entry.subject_id, lock=True)
    version = entry.changes.get("updated_at", [None, None])
    if member.relation is not Relation.ENDED or version[1] != versions.stands_at(member):
        return False
    if is_taken(member.id_number, member.id) or not are_open(*(getattr(member, c) for c in versions.PLACES)):
        return False
    was = events.revealed(entry)["standing"][0]
    events.record("member.undo", member, details={"version": version[0]})
    write(member, {"standing": was, "relation": Relation.HELD})
    return True


# What a handover or a case does to the row (FED/1 §8). Only federation.handovers and transfers call these.


def freeze(member: Member, holder_id: UUID) -> None:
    """On its way: the row is locked until the handover, or the case, ends. WrongState when another one holds it."""
    if member.frozen_by not in (None, holder_id) or member.relation is not Relation.HELD:
        raise WrongState("member_in_transfer")
    events.announce(RelationFreezing(member.id, holder_id))
    events.record("member.freeze", member, details={"handover": str(holder_id)})
    write(member, {"frozen_by": holder_id})


def thaw(member: Member) -> None:
    """The handover came to nothing: the row is ours to change again."""
    events.record("member.thaw", member)
    write(member, {"frozen_by": None})


def become_history(member: Member) -> None:
    """Confirmed to another county: the row stays as history."""
    events.record("member.transfer", member)
    write(member, {"frozen_by": None, "relation": Relation.TRANSFERRED})


def settle(member: Member, id_number: str | None = None) -> None:
    """The other county confirmed: provisional becomes held, and the identity number arrives."""
    if member.relation is not Relation.PROVISIONAL:
        raise WrongState("member_is_history")
    kept = values.read({"id_number": id_number}) if id_number else {}
    events.record("member.settle", member)
    write(member, {**values.with_derived(kept), "relation": Relation.HELD})
    if kept:
        index(member)


def withdraw(member: Member) -> None:
    """A provisional row that will not be confirmed: history."""
    if member.relation is not Relation.PROVISIONAL:
        raise WrongState("member_is_history")
    events.record("member.withdraw", member)
    write(member, {"relation": Relation.ENDED})


def reopen(member: Member, branch_id: UUID, given: Mapping[str, object], id_number: str | None = None) -> None:
    """Back from another county: the old record is ours again, in a branch, with what the letter says of today.

    The branch is looked at when the receipt is sent (`demand_branch`): the other county's confirmation is never refused.
    """
    if member.relation is not Relation.TRANSFERRED:
        raise WrongState("member_is_history")
    kept = values.read({**given, **({"id_number": id_number} if id_number else {})})
    changed = {field: value for field, value in kept.items() if value != getattr(member, field)}
    events.record("member.reopen", member)
    write(
        member, {**values.with_derived(changed), "branch_id": branch_id, "away_org_id": None, "relation": Relation.HELD}
    )
    index(member)


def write(member: Member, columns: Mapping[str, object]) -> None:
    """Set columns of the row, a new version of it; for verbs of this room, which record their event first."""
    for column, value in columns.items():
        setattr(member, column, value)
    # Strictly later than before, so that two changes within one millisecond are two versions.
    member.updated_at = max(clock.now(), member.updated_at + timedelta(milliseconds=1))
    db.session.flush()
    events.announce(MemberChanged(member.id, frozenset(columns)))


def index(member: Member, *, fresh: bool = False) -> None:
    """The search tokens, in the transaction of the row they belong to."""
    if not fresh:
        db.session.execute(delete(MemberGram).where(MemberGram.member_id == member.id))
    tokens = search.grams_of(member.name, member.id_number, member.phone, member.second_phone)
    db.session.add_all(MemberGram(member_id=member.id, gram=gram) for gram in sorted(tokens))
    db.session.flush()


def demand_branch(org_id: UUID, field: str, *kinds: OrgKind) -> None:
    """Invalid in this field unless members can be entered there: an open branch, or one of these kinds."""
    organisations.hold(org_id)
    org = db.session.get(PartyOrg, (fence.tenant(), org_id))
    if org is None or not org.is_active or org.kind not in (kinds or HOLDS_MEMBERS):
        raise Invalid({field: "takes_no_members"})


def are_open(*org_ids: object) -> bool:
    """Whether these organisations, None aside, are open; they stay so until this unit of work ends."""
    given = [org_id for org_id in org_ids if isinstance(org_id, UUID)]
    for org_id in given:
        organisations.hold(org_id)
    return all(organisations.get(org_id).is_active for org_id in given)


def is_taken(id_number: object, *but: UUID) -> bool:
    """Whether a live member has this identity number, other than these."""
    if not id_number:
        return False
    query = db.select(Member.id).where(Member.id_blind == blind("id_number", str(id_number)), Member.relation.in_(LIVE))
    return not set(db.session.scalars(query)) <= set(but)


def _demand_unique(id_number: object, *but: UUID) -> None:
    if is_taken(id_number, *but):
        raise Invalid({"id_number": "already_registered"})
