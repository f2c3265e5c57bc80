"""The hub's pen: make a decision, apply it here, and send it, signed once by the relay, to every other party."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from web.core import clock, events
from web.core.errors import WrongState
from web.core.queue import Job
from web.core.saying import say
from web.extensions import db
from web.federation import admission
from web.federation.agreements import effects, standing, texts
from web.federation.agreements.models import (
    AGREEMENT,
    VERSION,
    Agreement,
    AgreementApproval,
    AgreementDecision,
    AgreementSeal,
    AgreementState,
    AgreementVersion,
    VersionState,
)
from web.federation.post import service as post
from web.federation.post.models import OutboxMessage
from web.federation.wire import documents, seals
from web.federation.wire.canonical import digest_of
from web.federation.wire.disclosures import commitments
from web.tenants.counties import service as counties
from web.tenants.tasks import service as tasks

ROUNDS = 10


def decide(
    agreement: Agreement,
    version: AgreementVersion,
    verb: str,
    *,
    by: UUID | None = None,
    body: Mapping[str, Any] | None = None,
    values: Mapping[str, Any] | None = None,
    text: str = "",
    cause: UUID | None = None,
    blobs: Sequence[str] = (),
    sealed: Mapping[str, tuple[dict[str, Any], str | None]] | None = None,
) -> None:
    """Decision n + 1: chained to the last, applied here, put down for every follower. Hold the agreement's lock."""
    body, values = dict(body or {}), dict(values or {})
    made = admission.compose(f"decision.{verb}", body, values)
    decision = documents.Decision(
        agreement.id,
        agreement.n + 1,
        agreement.head,
        verb,
        by or agreement.hub_uid,
        cause,
        version.version,
        text or version.text_digest,
        clock.now().replace(microsecond=0),
        body,
        commitments(made),
    )
    effects.apply(agreement, effects.Heard(decision, values, None, sealed))
    attached: list[dict[str, Any]] = [{"typ": seals.DECISION, "payload": decision.as_payload()}]
    if verb == "complete":
        attached += [
            {"typ": seals.SEAL, "payload": payload} if jws is None else {"jws": jws}
            for payload, jws in (sealed or {}).values()
        ]
    for uid in followers(agreement, version):
        post.send(
            uid,
            "agreement.decision",
            agreement.id,
            {"agreement": str(agreement.id), "n": decision.n, "digest": decision.digest},
            n=decision.n,
            cause=cause,
            attached=attached,
            blobs=blobs,
            disclosures=made,
            sd=[],
        )


def followers(agreement: Agreement, version: AgreementVersion) -> list[UUID]:
    """Every party but the hub, which is us."""
    own = counties.own().uid
    return [UUID(uid) for uid in standing.proposed_parties(agreement, version) if uid != str(own)]


def succeed(agreement: Agreement, successor: UUID) -> None:
    """The hub's last decision: another party numbers from the next one on."""
    version = standing.effective_of(agreement)
    assert version is not None
    decide(agreement, version, "succeed", body={"hub": str(successor)})


def attach_missing(message: OutboxMessage, n: int) -> bool:
    """The receiver of this envelope lacks our decisions from n on: they go with it, without their values. Seals too.

    Any party may do this for any other. False when all it could lack goes with it already.
    """
    is_decision = message.type == "agreement.decision"
    agreement_id = message.about_id if is_decision else message.agreement_id
    query = db.select(AgreementDecision).where(AgreementDecision.agreement_id == agreement_id, AgreementDecision.n >= n)
    if is_decision:
        query = query.where(AgreementDecision.n < message.n)
    here = [a.get("jws") or a["payload"] for a in message.attached]
    missing: list[dict[str, Any]] = []
    for row in db.session.scalars(query.order_by(AgreementDecision.n)):
        missing.append({"jws": row.jws} if row.jws else {"typ": seals.DECISION, "payload": row.payload})
        if row.verb == "complete":
            under = db.select(AgreementSeal).where(
                AgreementSeal.agreement_id == agreement_id, AgreementSeal.version == row.version
            )
            missing += [
                {"jws": seal.jws} if seal.jws else {"typ": seals.SEAL, "payload": seal.payload}
                for seal in db.session.scalars(under)
            ]
    new = [item for item in missing if (item.get("jws") or item["payload"]) not in here]
    message.attached = [*message.attached, *new]
    db.session.flush()
    return bool(new)


def agree_when_accepted(agreement: Agreement, version: AgreementVersion) -> None:
    """After the last acceptance: agreed, and the file is ordered."""
    if version.state is VersionState.PROPOSED and effects.is_accepted(agreement, version):
        decide(agreement, version, "agree")
        tasks.start(Job.RENDER_AGREEMENT, say("生成协议文件：{title}", title=agreement.title), subject_id=version.id)


def counter(
    agreement: Agreement,
    version: AgreementVersion,
    by: UUID,
    text: str,
    values: Mapping[str, Any],
    cause: UUID | None,
) -> None:
    """Another text on the table, whose blob is here."""
    if version.round >= ROUNDS:
        raise WrongState("too_many_rounds", rounds=ROUNDS)
    decide(
        agreement, version, "counter", by=by, body={"round": version.round + 1}, values=values, text=text, cause=cause,
        blobs=[text],
    )  # fmt: skip


def complete(agreement: Agreement, version: AgreementVersion, values: Mapping[str, Any]) -> None:
    """All other seals are in: ours last, and all of them go to everybody."""
    own = counties.own().uid
    if version.text is None or not texts.has_clause_14(version.text):
        raise WrongState("clause_14_missing")
    rows = seal_rows(agreement, version)
    missing = {uid for uid in followers(agreement, version) if uid not in {row.county_uid for row in rows if row.jws}}
    if missing:
        raise WrongState("seals_missing", count=len(missing))
    approved = approval_of(agreement, version)
    assert version.pdf_digest is not None
    ours = documents.AgreementSeal(
        agreement.id, version.version, version.text_digest, version.pdf_digest, own, approved.at.replace(microsecond=0)
    )
    sealed: dict[str, tuple[dict[str, Any], str | None]] = {
        row.digest: (dict(row.payload), row.jws) for row in rows if row.payload is not None
    }
    sealed[ours.digest] = (ours.as_payload(), None)
    body = {"pdf": version.pdf_digest, "seals": sorted(sealed)}
    decide(agreement, version, "complete", body=body, values=values, sealed=sealed)
    take_effect_when_due(agreement, version)


def seal_rows(agreement: Agreement, version: AgreementVersion) -> list[AgreementSeal]:
    """The seals under this version here."""
    query = db.select(AgreementSeal).where(
        AgreementSeal.agreement_id == agreement.id, AgreementSeal.version == version.version
    )
    return list(db.session.scalars(query.order_by(AgreementSeal.id)))


def completion(version: AgreementVersion) -> AgreementDecision | None:
    """The hub's decision that names the seals of all parties under this version."""
    query = db.select(AgreementDecision).where(
        AgreementDecision.agreement_id == version.agreement_id,
        AgreementDecision.version == version.version,
        AgreementDecision.verb == "complete",
    )
    return db.session.scalars(query).first()


def approval_of(agreement: Agreement, version: AgreementVersion) -> AgreementApproval:
    """Our leader's approval of exactly this text and file. WrongState while there is none."""
    query = db.select(AgreementApproval).where(
        AgreementApproval.agreement_id == agreement.id,
        AgreementApproval.version == version.version,
        AgreementApproval.text_digest == version.text_digest,
        AgreementApproval.pdf_digest == version.pdf_digest,
    )
    found: AgreementApproval | None = db.session.scalars(query.order_by(AgreementApproval.at.desc())).first()
    if found is None:
        raise WrongState("leader_not_approved")
    return found


def take_effect_when_due(agreement: Agreement, version: AgreementVersion) -> bool:
    """Its first day has come (in China): it takes effect. True if it did."""
    if version.state is not VersionState.SEALED or version.text is None or agreement.hub_uid != counties.own().uid:
        return False
    today = clock.today().isoformat()
    if version.text["effective_from"] > today:
        return False
    decide(agreement, version, "take_effect", body={"effective_on": today})
    return True


def void_when_over(agreement: Agreement, version: AgreementVersion) -> bool:
    """The agreement ended before a sealed version's first day."""
    if version.state is VersionState.SEALED and agreement.state in (AgreementState.WINDING_DOWN, AgreementState.CLOSED):
        decide(agreement, version, "void")
        return True
    return False


def lapse_when_late(agreement: Agreement, version: AgreementVersion) -> bool:
    """Thirty days proposed, sixty agreed, then it lapses."""
    row = VERSION.row(version.state, "lapse")
    if row is None or row.timer is None or clock.now() - version.state_at < row.timer:
        return False
    decide(agreement, version, "lapse")
    return True


def drop_draft(agreement: Agreement, version: AgreementVersion) -> None:
    """A draft nobody was told of is thrown away; with it the agreement it was the first of."""
    VERSION.apply(version, "discard")
    version.state_at = clock.now()
    if agreement.state is AgreementState.PENDING:
        AGREEMENT.apply(agreement, "drop")
        agreement.state_at = clock.now()
    db.session.flush()


@events.subscribe(post.Signed)
def _keep_signature(signed: post.Signed) -> None:
    """The relay signed a decision or a seal of ours: keep the signature with its row."""
    name = digest_of(signed.payload)
    if signed.typ == seals.DECISION:
        query = db.select(AgreementDecision).where(AgreementDecision.digest == name, AgreementDecision.jws.is_(None))
        for decision in db.session.scalars(query):
            decision.jws = signed.jws
    elif signed.typ == seals.SEAL:
        for seal in db.session.scalars(
            db.select(AgreementSeal).where(AgreementSeal.digest == name, AgreementSeal.jws.is_(None))
        ):
            seal.jws, seal.payload = signed.jws, signed.payload
