"""The file of an agreed version, the leader's approval, and our seal."""

from __future__ import annotations

from uuid import UUID

from web.core import clock, events
from web.core.errors import NotFound, WrongState
from web.extensions import db
from web.federation.agreements import follower, hub, standing, texts
from web.federation.agreements.models import VERSION, Agreement, AgreementApproval, AgreementVersion, VersionState
from web.federation.agreements.negotiating import demand_partners
from web.federation.agreements.reading import get, opened, role
from web.federation.post import service as post
from web.federation.wire import documents, seals
from web.tenants.counties import service as counties


def rendered(version_id: UUID, pdf: bytes) -> None:
    """The hub's file of an agreed version is made (by the job, once): everybody gets it."""
    query = db.select(AgreementVersion).where(AgreementVersion.id == version_id)
    version = db.session.scalars(query).first()
    if version is None:
        raise NotFound()
    agreement = get(version.agreement_id, lock=True)
    if version.state is not VersionState.AGREED or version.pdf_digest is not None:
        return
    name = post.keep_blob(agreement.id, pdf)
    hub.decide(agreement, version, "render", body={"pdf": name}, blobs=[name])


def approve(agreement_id: UUID) -> AgreementApproval:
    """Our leader approves sealing exactly the text and file that are here, checked; logged with who and when."""
    agreement = get(agreement_id, lock=True)
    version = standing.open_of(agreement)
    if version is None or version.state is not VersionState.AGREED:
        raise WrongState("nothing_to_approve")
    if version.pdf_checked_at is None or version.pdf_digest is None or version.fault:
        raise WrongState("file_not_checked")
    who = events.actor()
    row = AgreementApproval(
        agreement_id=agreement.id, version=version.version, text_digest=version.text_digest,
        pdf_digest=version.pdf_digest, account_id=who.account_id, name=who.name, at=clock.now(),
    )  # fmt: skip
    details = {"version": version.version, "text": version.text_digest, "pdf": version.pdf_digest}
    events.record("agreement.approve", agreement, details=details)
    db.session.add(row)
    db.session.flush()
    return row


def approval(agreement: Agreement, version: AgreementVersion) -> AgreementApproval | None:
    """Our leader's approval of what is here now."""
    try:
        return hub.approval_of(agreement, version)
    except WrongState:
        return None


def seal(agreement_id: UUID, signer_name: str = "", signer_post: str = "") -> None:
    """Our county seals; the hub only after every other party, which completes the version. The seal itself is put on by
    the relay, which holds the key. WrongState without the leader's approval, the checked file, or clause 14.
    """
    agreement = get(agreement_id, lock=True)
    version, own = opened(agreement), counties.own().uid
    mine = role(agreement)
    VERSION.demand(version.state, "complete" if mine == "hub" else "seal", mine)
    if version.pdf_checked_at is None or version.pdf_digest is None or version.fault:
        raise WrongState("file_not_checked")
    if version.text is None or not texts.has_clause_14(version.text):
        raise WrongState("clause_14_missing")
    if own in {row.county_uid for row in hub.seal_rows(agreement, version)}:
        raise WrongState("sealed_already")
    demand_partners(agreement)
    approved = hub.approval_of(agreement, version)
    values = {"/signer_name": signer_name, "/signer_post": signer_post}
    values = {pointer: value for pointer, value in values.items() if value}
    if mine == "hub":
        hub.complete(agreement, version, values)
        return
    ours = documents.AgreementSeal(
        agreement.id, version.version, version.text_digest, version.pdf_digest, own, approved.at.replace(microsecond=0)
    )
    follower.say(
        agreement, version, "seal", {"pdf": version.pdf_digest, "seal": ours.digest}, values,
        attached=[{"typ": seals.SEAL, "payload": ours.as_payload()}],
    )  # fmt: skip
