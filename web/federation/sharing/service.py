"""Verbs of the share: grant, snapshot, delta, revoke by the owner; purged by the receiver. Most are said by the program.

A referral that is taken on opens what the agreement grants and the member was told of; a change of a shared value
travels as a delta; the end of the referral, a withdrawal, or the end of the agreement revokes, and the receiver purges
in the transaction that hears of it.
"""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import structlog

from web.core import clock, erasures, events, fence
from web.core.errors import Invalid, WrongState
from web.extensions import db
from web.federation import admission, pairs, verbs
from web.federation.agreements import service as agreements
from web.federation.messages import SHARE_REVOKED
from web.federation.pairs import FAIL, Said
from web.federation.post import service as post
from web.federation.post.models import OutboxMessage
from web.federation.referrals import grants
from web.federation.referrals.models import KNOWN, Referral, ReferralState
from web.federation.sharing import values
from web.federation.sharing.models import SHARE, STANDING, ShareState, StatusShare
from web.federation.wire.codes import WireError
from web.federation.wire.envelope import AgreementRef, Envelope
from web.tenants.consents.models import STANDS, Consent
from web.tenants.consents.service import NEEDS
from web.tenants.counties import service as counties

log = structlog.get_logger(__name__)

SCOPES = ("S6", "S3")
REVOKED_FOR = SHARE_REVOKED.words
WITHDRAWN = ("notice_withdrawn", "consent_withdrawn")
BY_PROGRAM = ("narrowed", "wound_down", "")
"""Why a share ended that may be opened anew; what a person narrowed is left out by `open_for`."""
BACKUP_DAYS = 90
"""How long a receiver's backups may still hold what it purged."""
OVERDUE = timedelta(hours=24)


def _opens(envelope: Envelope, admitted: admission.Admitted) -> StatusShare:
    """Only about a referral that both have, from its other side, with a scope that side may send us."""
    referral = _referral(UUID(envelope.body["referral"]))
    if referral is None or referral.partner_uid != envelope.sender or referral.state not in KNOWN:
        raise WireError("not_open")
    share = StatusShare(
        role="receiver", referral_id=referral.id, member_id=referral.member_id, scope=envelope.body["scope"],
        basis=envelope.body["basis"], basis_on=date.fromisoformat(envelope.body["basis_on"]),
        needs_snapshot=False, reason="",
    )  # fmt: skip
    own = counties.own().uid
    theirs = values.pointers(share.scope, values.owner_role(share, referral))
    if not any(post.HOOKS.is_granted(own, envelope, share.scope, p.field) for p in theirs):
        raise WireError("scope_violation")
    if standing(referral.id, "receiver", share.scope) is not None:
        raise WireError("already_open")
    return share


def _referral(referral_id: UUID) -> Referral | None:
    found: Referral | None = db.session.scalars(db.select(Referral).where(Referral.id == referral_id)).first()
    return found


def _of(share: StatusShare) -> Referral:
    found = _referral(share.referral_id)
    assert found is not None, "a share stands on its referral by a foreign key"
    return found


def _snapshot(share: StatusShare, said: Said) -> None:
    if share.role == "receiver":
        values.demand_owner(share, _of(share), said.values)
    values.keep(share, said.values, whole=said.verb == "snapshot")
    if said.verb == "snapshot":
        # What is not in it any more was narrowed away or is no longer so: its former values go too.
        post.forget(share.id, sorted({*values.LABELS} - {*said.values}))
    share.needs_snapshot = False if said.verb == "snapshot" else share.needs_snapshot


def _granted(share: StatusShare, said: Said) -> None:
    """The host opens on the notice home gave with its offer. The member may have said no to the scope since, when no share
    stood that could tell it, or the one that waited for a telephone call is over: it is answered with his no.
    """
    referral = _of(share)
    if share.role == "owner" or referral.role != "home" or referral.state is not ReferralState.TAKEN_ON:
        return
    if basis_of(referral, share.scope) is None and _is_withdrawn(referral, share.scope):
        say_withdrawn(share, f"{NEEDS[share.scope].value}_withdrawn")


def _is_withdrawn(referral: Referral, scope: str) -> bool:
    """At home: is the member's last word on the scope a no?"""
    query = db.select(Consent.withdrawn_at).where(
        Consent.member_id == referral.member_id, Consent.partner_uid == referral.partner_uid, Consent.scope == scope
    )
    return db.session.scalar(query.order_by(Consent.id.desc()).limit(1)) is not None


def _revoked(share: StatusShare, said: Said) -> None:
    share.reason = said.body["reason"]
    if share.role != "receiver":
        return
    db.session.flush()
    values.purge(share)
    share.backups_until = clock.today() + timedelta(days=BACKUP_DAYS)
    body = {**_named(share), "backups_until": share.backups_until.isoformat()}
    verbs.say(KIND, share, "purged", body)
    if said.body["reason"] in WITHDRAWN:
        # The member said no to the scope: what we send the other way goes too.
        back = standing(share.referral_id, "owner", share.scope)
        if back is not None:
            revoke(back, said.body["reason"])


def _purged(share: StatusShare, said: Said) -> None:
    share.backups_until = date.fromisoformat(said.body["backups_until"])
    if share.role == "owner":
        values.purge(share)


def _opened_anew(share: StatusShare) -> None:
    """Taken back because the agreement changed or ended, with its proof here, or lost by the receiver: what is granted now is
    opened. What the member withdrew while the proof was on its way is said now; it proves a no that it was taken back for itself.
    """
    referral, theirs = _of(share), standing(share.referral_id, "receiver", share.scope)
    is_told = share.state is ShareState.PURGED and share.reason in WITHDRAWN
    if not is_told and theirs is not None and theirs.reason in WITHDRAWN and basis_of(referral, share.scope) is None:
        say_withdrawn(theirs, theirs.reason)
    if share.reason in BY_PROGRAM and referral.state is ReferralState.TAKEN_ON:
        open_for(referral)


def _failed(share: StatusShare, said: Said) -> None:
    """Ours finds nothing at the other side. Sealed under a version that is not in effect any more by now, it goes again."""
    values.purge(share)
    referral = _of(share)
    if share.role != "owner" or referral.state is not ReferralState.TAKEN_ON:
        return
    if share.reason in BY_PROGRAM and _under(referral, share.scope) != share.agreement:
        open_for(referral)
    if share.reason not in WITHDRAWN or referral.role != "home":
        return
    theirs = standing(referral.id, "receiver", share.scope)
    if theirs is None or basis_of(referral, share.scope) is not None:
        return
    if _reference_to_tell(theirs) == share.agreement:
        _keep_untold(theirs, share.reason)  # the member said no, and the word that told it was not heard
    else:
        say_withdrawn(theirs, share.reason)


def _refused(share: StatusShare, verb: str, code: str) -> None:
    """A snapshot or delta the receiver refused consumed no number there: take it back, and send all values next time."""
    if code == "not_open":  # it took our grant and has lost it since; of one that we took back this is the proof
        verbs.fail(KIND, share, code)
        _opened_anew(share)
        return
    if share.state not in STANDING:
        return
    query = db.select(OutboxMessage.n, OutboxMessage.result).where(OutboxMessage.about_id == share.id)
    said = [(n, result == "refused") for n, result in db.session.execute(query)]
    # A number given back is used again: it is free only while nothing but refused words have it.
    free = {n for n, is_refused in said if is_refused} - {n for n, is_refused in said if not is_refused}
    while share.n in free and share.n > 1:
        share.n -= 1
    share.needs_snapshot, share.refused_code = True, code
    events.record("share.need_snapshot", share, reason=code, peer=str(share.partner_uid))
    log.warning("share.refused", verb=verb, code=code)


KIND = verbs.register(
    pairs.Kind(
        "share",
        SHARE,
        StatusShare,
        _opens,
        effects={
            "grant": _granted,
            "snapshot": _snapshot,
            "delta": _snapshot,
            "revoke": _revoked,
            "purged": _purged,
            FAIL: _failed,
        },
        clears={"revoke": values.purge},
        answered={"purged": _opened_anew},
        refused=_refused,
    )
)


def get(share_id: UUID, *, lock: bool = False) -> StatusShare:
    """NotFound when it is absent or another county's."""
    found: StatusShare = KIND.get(share_id, lock=lock)
    return found


def standing(referral_id: UUID, role: str, scope: str) -> StatusShare | None:
    """The share of a referral that stands in our role (owner or receiver), locked."""
    query = db.select(StatusShare).where(
        StatusShare.referral_id == referral_id,
        StatusShare.role == role,
        StatusShare.scope == scope,
        StatusShare.state.in_(STANDING),
    )
    return db.session.scalars(query.with_for_update()).first()


def _is_there(referral_id: UUID, scope: str) -> bool:
    """Does a share of ours stand, or wait for the proof that it was purged?"""
    query = db.select(StatusShare.id).where(
        StatusShare.referral_id == referral_id,
        StatusShare.role == "owner",
        StatusShare.scope == scope,
        StatusShare.state.not_in((ShareState.PURGED, ShareState.NOT_OPENED)),
    )
    return db.session.scalar(query.limit(1)) is not None


def _named(share: StatusShare) -> dict[str, str]:
    return {"referral": str(share.referral_id), "scope": share.scope}


def reference_for(scope: str, partner_uid: UUID) -> AgreementRef | None:
    """The agreement under which we may share this scope with the partner now."""
    return grants.covers(scope, owner_uid=counties.own().uid, receiver_uid=partner_uid)


def granted(reference: AgreementRef | None, scope: str, partner_uid: UUID, role: str = "") -> frozenset[str]:
    """Pointers this agreement lets us share with the partner under the scope. `role`: only what is ours to share as home, or
    as host; a share that may carry none of it the other side does not open.
    """
    if reference is None:
        return frozenset()
    us = counties.own().uid
    found = grants.granted("share.snapshot", scope, reference, owner_uid=us, receiver_uid=partner_uid)
    return found & {p.path for p in values.pointers(scope, role)} if role else found


def _under(referral: Referral, scope: str) -> AgreementRef | None:
    """The agreement under which we may share something of it now."""
    found = reference_for(scope, referral.partner_uid)
    return found if granted(found, scope, referral.partner_uid, referral.role) else None


def _sendable(share: StatusShare, referral: Referral) -> dict[str, object]:
    """The owner's values as they are now, without what the agreement does not hold."""
    allowed = granted(share.agreement, share.scope, share.partner_uid)
    return {pointer: value for pointer, value in values.current(share, referral).items() if pointer in allowed}


def basis_of(referral: Referral, scope: str) -> tuple[str, date] | None:
    """(notice or consent, its day) under which our county may share this scope; None when nothing stands.

    The host relies on the notice home gave with the offer, until home's own share says that the member withdrew it; a
    consent is home's to record.
    """
    kind = NEEDS[scope].value
    if referral.role == "host":
        theirs = db.select(StatusShare.reason).where(
            StatusShare.referral_id == referral.id, StatusShare.role == "receiver", StatusShare.scope == scope
        )
        reason = db.session.scalar(theirs.order_by(StatusShare.id.desc()).limit(1))
        return (kind, referral.notice_on) if kind == "notice" and reason not in WITHDRAWN else None
    query = db.select(Consent.given_on).where(
        Consent.member_id == referral.member_id,
        Consent.partner_uid == referral.partner_uid,
        Consent.scope == scope,
        STANDS,
    )
    given_on = db.session.scalar(query.order_by(Consent.id.desc()).limit(1))
    return (kind, given_on) if given_on is not None else None


def _is_stopped(referral: Referral, scope: str) -> bool:
    """Did a person take back our last share of it? What the program took back, as what is granted changed, goes again."""
    query = db.select(StatusShare).where(
        StatusShare.referral_id == referral.id, StatusShare.role == "owner", StatusShare.scope == scope
    )
    last = db.session.scalars(query.order_by(StatusShare.id.desc()).limit(1)).first()
    return last is not None and last.reason == "narrowed" and not last.needs_snapshot


def open_for(referral: Referral, asked: str = "") -> list[StatusShare]:
    """Grant and fill every share the agreement and the member's notice or consent allow and that does not stand yet; what a
    person stopped only where a person `asked` for this scope again.
    """
    made = []
    if referral.state is not ReferralState.TAKEN_ON:
        raise WrongState("not_taken_on")
    for scope in SCOPES:
        if not values.pointers(scope, referral.role) or _is_there(referral.id, scope):
            continue
        basis = basis_of(referral, scope)
        reference = _under(referral, scope)
        if basis is None or reference is None or (scope != asked and _is_stopped(referral, scope)):
            continue
        share = StatusShare(
            role="owner", partner_uid=referral.partner_uid, referral_id=referral.id, member_id=referral.member_id,
            scope=scope, basis=basis[0], basis_on=basis[1], needs_snapshot=False, reason="",
        )  # fmt: skip
        share.under(reference)
        body = {**_named(share), "basis": share.basis, "basis_on": share.basis_on.isoformat()}
        verbs.say(KIND, share, "grant", body)
        snapshot(share)
        made.append(share)
    return made


def say_withdrawn(theirs: StatusShare, reason: str) -> None:
    """The member said no to a scope of which only the host's share stands: home tells it by one of its own that is taken
    back unfilled. While the proof of the last is on its way nothing can be said, and where no agreement in force grants home
    any, nothing at all: then `reason` stands on the host's share, and a person telephones; so also where the host refuses it.
    """
    reference = _reference_to_tell(theirs)
    if reference is None or _is_there(theirs.referral_id, theirs.scope):
        _keep_untold(theirs, reason)
        return
    theirs.reason = ""
    share = StatusShare(
        role="owner", partner_uid=theirs.partner_uid, referral_id=theirs.referral_id, member_id=theirs.member_id,
        scope=theirs.scope, basis=theirs.basis, basis_on=theirs.basis_on, needs_snapshot=False, reason="",
    )  # fmt: skip
    share.under(reference)
    verbs.say(KIND, share, "grant", {**_named(share), "basis": share.basis, "basis_on": share.basis_on.isoformat()})
    revoke(share, reason)


def _reference_to_tell(theirs: StatusShare) -> AgreementRef | None:
    """What opens wants a version in force, not the one the host's share goes by; paused or not, as it carries nothing."""
    versions = (AgreementRef(a.id, v.version, v.text_digest) for a, v in agreements.in_force(theirs.partner_uid))
    return next((ref for ref in versions if granted(ref, theirs.scope, theirs.partner_uid, "home")), None)


def _keep_untold(theirs: StatusShare, reason: str) -> None:
    if theirs.reason != reason:
        events.record("share.withdrawal_untold", theirs, reason=reason)
        theirs.reason = reason
        db.session.flush()


def snapshot(share: StatusShare) -> None:
    """Send all values, those that are none left out."""
    now = _sendable(share, _of(share))
    verbs.say(KIND, share, "snapshot", _named(share), {p: v for p, v in now.items() if v is not None})


def send_again(share: StatusShare) -> None:
    """A person wants all values sent. WrongState while either paused the scope: sealed without its values, it would empty
    the other side's copy, and nothing would go when it is resumed.
    """
    if share.agreement_id is not None and agreements.is_paused(share.agreement_id, share.partner_uid, share.scope):
        raise WrongState("already_paused")
    snapshot(share)


def follow(share: StatusShare) -> bool:
    """Send what changed since the last time; False when nothing did. Load the share locked."""
    if share.state is not ShareState.LIVE or share.stopped:
        return False
    if is_shut(share):
        share.needs_snapshot = True  # paused: all values go when it is resumed
        db.session.flush()
        return False
    now = _sendable(share, _of(share))
    before = values.held([share.id]).get(share.id, {})
    changed = {pointer: value for pointer, value in now.items() if value != before.get(pointer)}
    if not changed and not share.needs_snapshot:
        return False
    if share.needs_snapshot:
        snapshot(share)
    else:
        verbs.say(KIND, share, "delta", _named(share), changed)
    return True


def is_shut(share: StatusShare) -> bool:
    """Would what is said now be sealed without its values? Its own agreement is asked, whatever another still grants."""
    assert share.agreement_id is not None
    if agreements.is_paused(share.agreement_id, share.partner_uid, share.scope):
        return True
    return reference_for(share.scope, share.partner_uid) is None


def may_open(referral: Referral, scope: str) -> bool:
    """Would our share of it open now? None stands, the member was told or agreed, and an agreement grants something."""
    return (
        referral.state is ReferralState.TAKEN_ON
        and not _is_there(referral.id, scope)
        and basis_of(referral, scope) is not None
        and _under(referral, scope) is not None
    )


def may_open_again(share: StatusShare) -> bool:
    """Was it stopped or withdrawn, or did its agreement end, and could the same be shared now?"""
    return (
        share.role == "owner"
        and share.state is ShareState.PURGED
        and share.reason in ("narrowed", "wound_down", *WITHDRAWN)
        and may_open(_of(share), share.scope)
    )


def open_again(share: StatusShare) -> StatusShare:
    """A person opens again what a person stopped or withdrew: the new share. WrongState where it cannot be."""
    if not may_open_again(share):
        raise WrongState("illegal_transition", state=share.state.value, verb="grant")
    return next(made for made in open_for(_of(share), asked=share.scope) if made.scope == share.scope)


def revoke(share: StatusShare, reason: str, *, goes_again: bool = False) -> None:
    """Take it back: the receiver purges at once. `reason`: a word of REVOKED_FOR. `goes_again`: no person stopped it, so it is
    opened anew when that is proved and something is granted.
    """
    if reason not in REVOKED_FOR:
        raise Invalid({"reason": "choose_one"})
    share.needs_snapshot = goes_again
    erasures.note("status_share", share.id)
    verbs.say(KIND, share, "revoke", {**_named(share), "reason": reason}, reason=reason)


@erasures.again("status_share")
def _revoke_again(share_id: UUID) -> bool:
    """A backup that was put back has it standing. As if a person had stopped it: only a person opens it again."""
    share = db.session.get(StatusShare, (fence.tenant(), share_id), with_for_update=True)
    if share is None or share.state not in STANDING or share.stopped:
        return False
    revoke(share, "narrowed")
    return True


def ours(*where: object) -> list[StatusShare]:
    """What we share and stands, for which `where` holds, locked."""
    query = db.select(StatusShare).where(StatusShare.role == "owner", StatusShare.state.in_(STANDING), *where)
    return list(db.session.scalars(query.order_by(StatusShare.id).with_for_update()))


def is_overdue(share: StatusShare) -> bool:
    """A day has passed since we took it back, and no proof that it was purged has come."""
    return (
        share.role == "owner" and share.state is ShareState.PURGE_REQUESTED and clock.now() - share.state_at >= OVERDUE
    )
