"""What other rooms announce, and what becomes of our shares by it: they follow a change, rest with a pause, end, open anew."""

from __future__ import annotations

from uuid import UUID

import structlog
from sqlalchemy import ColumnElement

from web.core import events
from web.extensions import db
from web.federation import pairs
from web.federation.agreements.models import AgreementParty
from web.federation.agreements.registers import AT_REST, PairEnded
from web.federation.agreements.taking_effect import GrantsChanged
from web.federation.post import service as post
from web.federation.referrals import service as referrals
from web.federation.referrals.models import OPEN, Referral, ReferralState
from web.federation.sharing import lists, service, values
from web.federation.sharing.models import STANDING, ShareState, StatusShare
from web.tenants.consents.service import NEEDS, ConsentWithdrawn
from web.tenants.counties import service as counties
from web.tenants.members.service import MemberChanged

log = structlog.get_logger(__name__)


@events.subscribe(post.Forgotten)
def _take_out(what: post.Forgotten) -> None:
    """Of a share: what was last sent or heard under these pointers goes with the disclosures."""
    values.take_out(what.about_id, what.pointers)


def _take_back(shares: list[StatusShare], reason: str, *, goes_again: bool = False) -> None:
    for share in shares:
        if share.stopped:
            log.warning("share.stopped", share=str(share.id), wanted=reason)
        else:
            service.revoke(share, reason, goes_again=goes_again)


@events.subscribe(pairs.Moved)
def _paused(moved: pairs.Moved) -> None:
    """A pause: what is on its way may be sealed without its values, so all of them go again when it is over. Resumed:
    they go, and what could not be opened meanwhile is opened, under whichever agreement its referral was begun.
    """
    if moved.kind != "agreement" or moved.verb not in ("pause", "resume"):
        return
    for share in service.ours(StatusShare.agreement_id == moved.about_id, StatusShare.state == ShareState.LIVE):
        if moved.verb == "pause" and service.is_shut(share):
            share.needs_snapshot = True
        elif share.needs_snapshot:
            service.follow(share)
    if moved.verb == "resume":
        parties = db.select(AgreementParty.uid).where(AgreementParty.agreement_id == moved.about_id)
        for referral in _taken_on(Referral.partner_uid.in_(parties)):
            service.open_for(referral)


@events.subscribe(pairs.Moved)
def _said_at_last(moved: pairs.Moved) -> None:
    """Another version is in effect, or nothing is paused any more: what the other side refused to open, as it went by that
    version already, and a no of a member that could not be told, are tried again.
    """
    if moved.kind != "agreement" or moved.verb not in ("take_effect", "resume"):
        return
    parties = db.select(AgreementParty.uid).where(AgreementParty.agreement_id == moved.about_id)
    refused = db.select(StatusShare.referral_id).where(
        StatusShare.role == "owner", StatusShare.state == ShareState.NOT_OPENED, StatusShare.partner_uid.in_(parties)
    )
    for referral in _taken_on(Referral.id.in_(refused)):
        service.open_for(referral)
    query = db.select(StatusShare).where(lists.untold(), StatusShare.partner_uid.in_(parties))
    for theirs in db.session.scalars(query.order_by(StatusShare.id).with_for_update()).all():
        service.say_withdrawn(theirs, theirs.reason)


@events.subscribe(GrantsChanged)
def _grants_changed(what: GrantsChanged) -> None:
    """Another version took effect: a share whose fields changed is taken back, purged there with proof, and opened anew
    with what is granted now; what is newly granted is opened.
    """
    own = counties.own().uid
    for owner, receiver, scope in sorted(what.changed, key=str):
        if owner == own and scope in service.SCOPES:
            now = service.granted(service.reference_for(scope, receiver), scope, receiver)
            mine = service.ours(StatusShare.partner_uid == receiver, StatusShare.scope == scope)
            then = {ref: service.granted(ref, scope, receiver) for ref in {share.agreement for share in mine}}
            _take_back([share for share in mine if then[share.agreement] != now], "narrowed", goes_again=True)
    for receiver in sorted(
        {receiver for owner, receiver, scope in what.changed if owner == own and scope in service.SCOPES}
    ):
        for referral in _taken_on(Referral.partner_uid == receiver):
            service.open_for(referral)


@events.subscribe(PairEnded)
def _pair_ended(what: PairEnded) -> None:
    """What is shared under it goes with it, also where the referral goes on under another agreement; what that one grants is
    opened anew.
    """
    mine = service.ours(StatusShare.agreement_id == what.agreement_id, StatusShare.partner_uid == what.partner_uid)
    _take_back(mine, "wound_down", goes_again=True)


def _taken_on(*where: ColumnElement[bool]) -> list[Referral]:
    query = db.select(Referral).where(Referral.state == ReferralState.TAKEN_ON, *where)
    return list(db.session.scalars(query.order_by(Referral.id)))


def _hinders(agreement_id: UUID, partner_uid: UUID) -> list[str]:
    """A pair is at rest when every share under its agreement is proved purged."""
    query = db.select(StatusShare.id).where(
        StatusShare.agreement_id == agreement_id,
        StatusShare.partner_uid == partner_uid,
        StatusShare.state.not_in([ShareState.PURGED, ShareState.NOT_OPENED]),
    )
    return ["unproved_purges"] if db.session.scalar(query.limit(1)) else []


AT_REST.append(_hinders)

_BECAUSE = {"notice_withdrawn": "notice_withdrawn", "transferred": "transferred", "wound_down": "wound_down"}


@events.subscribe(pairs.Moved)
def _referral_moved(moved: pairs.Moved) -> None:
    if moved.kind != referrals.KIND.name:
        return
    referral = referrals.get(moved.about_id)
    if referral.state is ReferralState.TAKEN_ON:
        service.open_for(referral)
    elif referral.state not in OPEN:
        _take_back(
            service.ours(StatusShare.referral_id == referral.id), _BECAUSE.get(referral.reason, "referral_ended")
        )


@events.subscribe(referrals.BranchAssigned)
def _branch_changed(what: referrals.BranchAssigned) -> None:
    for share in service.ours(StatusShare.referral_id == what.referral_id):
        service.follow(share)


@events.subscribe(MemberChanged)
def _member_changed(what: MemberChanged) -> None:
    if what.fields & values.WATCHED:
        for share in service.ours(StatusShare.member_id == what.member_id):
            service.follow(share)


@events.subscribe(ConsentWithdrawn)
def _scope_withdrawn(what: ConsentWithdrawn) -> None:
    for scope in set(service.SCOPES) & set(what.scopes):
        mine = service.ours(
            StatusShare.member_id == what.member_id,
            StatusShare.partner_uid == what.partner_uid,
            StatusShare.scope == scope,
        )
        reason = "notice_withdrawn" if NEEDS[scope].value == "notice" else "consent_withdrawn"
        _take_back(mine, reason)
        if "S2" in what.scopes:
            continue  # the referral ends, and the host's share with it
        theirs = db.select(StatusShare).where(
            StatusShare.role == "receiver", StatusShare.state.in_(STANDING), StatusShare.scope == scope,
            StatusShare.member_id == what.member_id, StatusShare.partner_uid == what.partner_uid,
            StatusShare.referral_id.not_in([share.referral_id for share in mine]),
        )  # fmt: skip
        for share in db.session.scalars(theirs).all():
            service.say_withdrawn(share, reason)
