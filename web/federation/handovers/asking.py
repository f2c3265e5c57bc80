"""The words before a letter: home requests or the host asks; the other gives back, accepts or refuses; either cancels."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from web.core import clock
from web.core.errors import DomainError, Invalid, WrongState
from web.core.ids import uuid7
from web.extensions import db
from web.federation import verbs
from web.federation.agreements import service as agreements
from web.federation.handovers import effects, packet
from web.federation.handovers.effects import SCOPE
from web.federation.handovers.kind import KIND
from web.federation.handovers.models import HANDOVER, UNANSWERED, Handover, HandoverState
from web.federation.post.models import Peer, PeerState
from web.federation.wire.envelope import AgreementRef
from web.tenants.consents import service as consents
from web.tenants.consents.models import Method
from web.tenants.counties import service as counties
from web.tenants.members import service as members
from web.tenants.members.models import Member, Relation

S = HandoverState
APPLIED_FOR = (SCOPE, "S5")
"""What one application covers: the letter, and the study countersigned later, which follows the member."""


def covering(partner_uid: UUID) -> AgreementRef:
    """The agreement under which we may send that county a transfer packet; its DomainError says what is missing."""
    own = counties.own().uid
    return agreements.covering(partner_uid, SCOPE, owner_uid=own, receiver_uid=partner_uid)


def partners() -> list[Peer]:
    """The counties with which relations may be handed over today."""
    found = []
    query = db.select(Peer).where(Peer.state == PeerState.CONFIRMED)
    for peer in db.session.scalars(query.order_by(Peer.code)):
        try:
            covering(peer.uid)
        except DomainError:
            continue
        found.append(peer)
    return found


def came_from(member_id: UUID, partner_uid: UUID) -> Handover | None:
    """The last closed handover with that county in which this member changed between us: what a return reverses."""
    query = db.select(Handover).where(
        Handover.member_id == member_id, Handover.partner_uid == partner_uid, Handover.state == S.CLOSED
    )
    found: Handover | None = db.session.scalars(query.order_by(Handover.id.desc()).limit(1)).first()
    return found


# Home begins


def begin(member: Member, partner_uid: UUID, *, method: Method, applied_on: date | None, to_org: str) -> Handover:
    """Record the member's own application and ask the partner to receive. Load the member with `lock=True`.

    `to_org`: the organisation the member goes to, as the member says it. WrongState `already_open` while one is open
    with this partner; Invalid for a wrong day, an empty destination, or a member without a birth date. Whoever came from
    that county goes back by a handover that reverses the one he came by.
    """
    _demand(to_org, applied_on)
    if member.birth_on is None:
        raise Invalid({"": "birth_on_missing"})
    if SCOPE in consents.withdrawn_since(member.id, partner_uid, applied_on or clock.today()):
        raise Invalid({"applied_on": "withdrawn_since"})
    agreement = covering(partner_uid)
    consents.give(member, partner_uid, APPLIED_FOR, method=method, on=applied_on)
    person, before = packet.identity(member), came_from(member.id, partner_uid)
    handover = Handover(
        id=uuid7(),
        partner_uid=partner_uid,
        role="home",
        begun_by="home",
        member_id=member.id,
        branch_id=member.branch_id,
        person_blind=packet.person_blind(person),
        reverses=before.id if before is not None and before.role == "host" else None,
        returned_fields=[],
    )
    handover.under(agreement)
    handover.keep(**person, to_org=to_org.strip())
    body = {"reverses": str(handover.reverses)} if handover.reverses else {}
    verbs.say(KIND, handover, "request", body, packet.pointers(person))
    return handover


def ask_again(handover: Handover, *, to_org: str = "") -> None:
    """Mended: home's request goes out once more, with the member's fields as they are now."""
    member = members.get(effects.held(handover), lock=True)
    person = packet.identity(member)
    verbs.say(KIND, handover, "request", {}, packet.pointers(person))
    handover.person_blind = packet.person_blind(person)
    handover.keep(**person, text=None, **({"to_org": to_org.strip()} if to_org.strip() else {}))
    db.session.flush()


# The host begins


def ask(
    partner_uid: UUID,
    *,
    name: str,
    birth_on: date | None,
    to_org: str,
    method: Method,
    applied_on: date | None,
    referral_id: UUID | None = None,
    branch_id: UUID | None = None,
    old: Member | None = None,
) -> Handover:
    """Ask a member's home county to hand him over: he applied here, on that day, on paper or in person.

    `referral_id`: he is our guest by it; `old`: he was ours before, and went to that county. WrongState `already_open`
    while one is open for the same person; Invalid for what is missing.
    """
    _demand(to_org, applied_on, name=name, birth_on=birth_on, how=method)
    before = came_from(old.id, partner_uid) if old is not None else None
    agreement = covering(partner_uid)
    handover = Handover(
        id=uuid7(),
        partner_uid=partner_uid,
        role="host",
        begun_by="host",
        branch_id=branch_id,
        referral_id=referral_id,
        reverses=before.id if before is not None and before.role == "home" else None,
        applied_on=applied_on or clock.today(),
        applied_how=method.value,
        returned_fields=[],
    )
    handover.under(agreement)
    _say_ask(handover, name, birth_on, to_org)
    handover.due_on = clock.day(clock.now() + UNANSWERED)
    db.session.flush()
    return handover


def ask_mended(handover: Handover, *, name: str, birth_on: date | None, to_org: str) -> None:
    """The ask goes out once more, corrected."""
    _demand(to_org, None, name=name, birth_on=birth_on)
    _say_ask(handover, name, birth_on, to_org)


def _say_ask(handover: Handover, name: str, birth_on: date | None, to_org: str) -> None:
    assert birth_on is not None
    assert handover.applied_on is not None
    given = {"name": name.strip(), "birth_on": birth_on.isoformat(), "to_org": to_org.strip()}
    handover.person_blind = packet.person_blind(given)
    handover.keep(**given)
    body: dict[str, Any] = {"applied_on": handover.applied_on.isoformat(), "how": handover.applied_how}
    body |= {"referral": str(handover.referral_id)} if handover.referral_id else {}
    body |= {"reverses": str(handover.reverses)} if handover.reverses else {}
    verbs.say(KIND, handover, "ask", body, packet.pointers(given))


def _demand(to_org: str, applied_on: date | None, **needed: object) -> None:
    """Invalid with every field that is wrong. `needed`: what must be there besides the destination."""
    wrong: dict[str, object] = {
        field: "required" for field, value in {"to_org": to_org, **needed}.items() if not str(value or "").strip()
    }
    if applied_on is not None and applied_on > clock.today():
        wrong["applied_on"] = "in_the_future"
    born = needed.get("birth_on")
    if isinstance(born, date) and born >= clock.today():
        wrong["birth_on"] = "in_the_future"
    if needed.get("how") not in (None, Method.PAPER, Method.IN_PERSON):
        wrong["method"] = "choose_one"
    if wrong:
        raise Invalid(wrong)


def candidates(handover: Handover) -> Sequence[members.Candidate]:
    """At home: members with the name and the birth date of an ask, for a person to choose among."""
    given = handover.values()
    if not given.get("name") or not given.get("birth_on"):
        return []
    return members.duplicates(name=given["name"], birth_on=date.fromisoformat(given["birth_on"]))


# Answers


def accept(handover: Handover, member_id: UUID | None = None) -> None:
    """Yes: home may issue the letter. Home's yes to an ask names the member meant, whom a person chose."""
    if handover.state is S.ASKED:
        HANDOVER.demand(handover.state, "accept", handover.role)
        _choose(handover, member_id or handover.member_id)
    verbs.say(KIND, handover, "accept")


def _choose(handover: Handover, member_id: UUID | None) -> None:
    if member_id is None:
        raise Invalid({"member_id": "choose_one"})
    member = members.get(member_id, lock=True)
    members.demand_open(member)
    if member.relation is not Relation.HELD:
        raise WrongState("member_is_history")
    covering(handover.partner_uid)
    consents.give(
        member, handover.partner_uid, APPLIED_FOR, method=Method(handover.applied_how), on=handover.applied_on
    )
    handover.member_id, handover.branch_id = member.id, member.branch_id
    db.session.flush()


def give_back(handover: Handover, fields: Sequence[str], text: str = "") -> None:
    """Name the fields that do not fit, so that the other mends them and says it again."""
    if not fields:
        raise Invalid({"mend": "choose_one"})
    effects.keep_text(handover, text)
    verbs.say(KIND, handover, "return", {"fields": sorted(set(fields))}, said(text))


def refuse(handover: Handover, reason: str, text: str = "") -> None:
    """No, for a reason of the closed list; `other` needs words."""
    effects.demand_words(reason, text)
    # The log keeps no words that home's packet keeps; an ask that was refused leaves none at either county.
    why = text.strip() or reason if handover.state is S.ASKED else reason
    verbs.say(KIND, handover, "refuse", {"reason": reason}, said(text), reason=why)


def cancel(handover: Handover, text: str = "") -> None:
    """Nothing comes of it, before a letter was issued."""
    lift_stop(handover)
    is_kept = handover.role == handover.begun_by == "home"  # every other copy is emptied at its end
    verbs.say(KIND, handover, "cancel", {}, said(text), reason="" if is_kept else text)


def lift_stop(handover: Handover) -> None:
    """Home ends its own copy also where that has stopped: until its own confirmation the member is home's, and what is over
    takes no take-over. The host's copy destroys what it was told, and a person there puts it away.
    """
    if handover.role == "home" and handover.is_open:
        handover.stopped = ""


def said(text: str) -> dict[str, str]:
    """Free words as the pointer they travel under."""
    return {"/text": text.strip()} if text.strip() else {}
