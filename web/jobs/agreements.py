"""Papers of agreements: the text, made once by the hub, and the proof sheet, which may be printed again."""

from __future__ import annotations

import json
import os
from datetime import date
from typing import Any
from uuid import UUID

from web import reports
from web.core import clock, scopes
from web.core.errors import NotFound, WrongState
from web.extensions import db
from web.federation.agreements import clauses, hub, service, texts
from web.federation.agreements.models import AgreementDecision, AgreementSeal, AgreementVersion, VersionState
from web.federation.post import evidence, keys
from web.federation.post import service as post
from web.federation.post.models import InboxMessage, OutboxMessage
from web.federation.wire.canonical import unb64
from web.federation.wire.seals import kid_of, unverified
from web.tenants.counties import service as counties
from web.tenants.documents import service as documents
from web.tenants.documents.models import DocumentKind
from web.tenants.tasks import service as tasks
from web.tenants.tasks.models import Task

SAID = {
    "propose": "提出",
    "counter": "改稿",
    "accept": "同意",
    "agree": "商定",
    "render": "生成文件",
    "seal": "印签",
    "complete": "印签齐全",
    "take_effect": "生效",
    "reject": "不同意",
    "withdraw": "撤回",
    "lapse": "逾期终止",
    "void": "作废",
    "succeed": "移交牵头",
}


def render_text(task_id: UUID) -> None:
    """The file of an agreed version, once: its digest goes to every party with the next decision."""
    task = tasks.run(task_id)
    if task is None:
        return
    version = _version(task)
    if version.state is not VersionState.AGREED or version.pdf_digest is not None or version.text is None:
        tasks.finish(task, result_id=version.document_id)
        return
    agreement = service.get(version.agreement_id)
    canonical = post.blob(agreement.id, version.text_digest)
    if canonical is None:
        tasks.fail(task, "text_not_here")
        return
    code = documents.new_code()
    paper = text_paper(version, code)
    made = reports.render(paper, attachments=[reports.Attached("agreement.json", canonical, "协议正文，机器可读")])
    row = documents.keep(DocumentKind.AGREEMENT_TEXT, paper.title, reports.filename(paper), version.id, made, code=code)
    version.document_id = row.id
    service.rendered(version.id, made.pdf)
    tasks.finish(task, result_id=row.id)


def render_proof(task: Task) -> UUID:
    """The proof sheet of a completed version, as this county holds it, with the seals themselves inside; the document's id."""
    version = _version(task)
    code = documents.new_code()
    paper = proof_paper(version, code)
    rows = hub.seal_rows(service.get(version.agreement_id), version)
    public, sent = evidence.keys_of([row.county_uid for row in rows]), evidence.of(version.agreement_id)
    done = hub.completion(version)
    given = [{"seal": row.jws, "keys": public} | _brought(row, sent, done) for row in rows]
    data = json.dumps(given, ensure_ascii=False, indent=1).encode()
    made = reports.render(paper, attachments=[reports.Attached("evidence.json", data, "各方的封印，机器可读")])
    return documents.keep(
        DocumentKind.PROOF_SHEET, paper.title, reports.filename(paper), version.id, made, code=code
    ).id


def _brought(row: AgreementSeal, sent: list[evidence.Sealed], done: AgreementDecision | None) -> dict[str, Any]:
    """The message that brought this seal, with another county's receipt: it shows that the seal is older than a revocation
    of its key. A follower's message names its seal, the hub's the decision that names all.
    """
    for each in sent:
        if each.giver == row.county_uid and each.receipt is not None:
            body, found = unverified(each.envelope)["body"], {"envelope": each.envelope, "receipt": each.receipt}
            if body.get("seal") == row.digest:
                return found
            if done is not None and body.get("digest") == done.digest:
                return found | {"decision": done.jws}
    return {}


def _version(task: Task) -> AgreementVersion:
    query = db.select(AgreementVersion).where(AgreementVersion.id == task.subject_id)
    found: AgreementVersion | None = db.session.scalars(query).first()
    if found is None:
        raise NotFound()
    return found


def _common(code: str) -> dict[str, Any]:
    own = counties.own()
    return {
        "issuer": own.office,
        "code": documents.spelled(code),
        "link": documents.link(code),
        "made_at": clock.now(),
        "is_demo": own.is_demo,
        "salt": os.urandom(16),
    }


def _parties(text: dict[str, Any]) -> tuple[reports.Party, ...]:
    prints = keys.fingerprints()
    return tuple(
        reports.Party(
            stem=stem,
            name=party["office"],
            county=party["name"],
            division=party["code"],
            fingerprint=prints[UUID(party["uid"])].replace(" ", "").lower(),
        )
        for stem, party in zip(clauses.STEMS, text["parties"], strict=False)
    )


def text_paper(version: AgreementVersion, code: str) -> reports.AgreementText:
    """The paper of a version's text."""
    text = version.text
    assert text is not None
    agreement = service.get(version.agreement_id)
    stems = dict(zip((party["uid"] for party in text["parties"]), clauses.STEMS, strict=False))
    known = service.liaisons(agreement)
    return reports.AgreementText(
        **_common(code),
        name=text["title"],
        number=text["number"],
        version=version.version,
        effective_from=date.fromisoformat(text["effective_from"]),
        effective_to=date.fromisoformat(text["effective_to"]),
        parties=_parties(text),
        preamble=clauses.preamble(len(text["parties"])),
        clauses=tuple(reports.Clause(c["heading"], tuple(c["paragraphs"])) for c in text["clauses"]),
        grants=tuple(
            reports.Grant(
                stems[grant["owner"]],
                (stems[grant["receiver"]],),
                f"{grant['scope']} {scopes.SCOPES[grant['scope']].label}",
                scopes.labels(grant["fields"]),
                grant["purpose"],
                scopes.BASES[scopes.SCOPES[grant["scope"]].basis],
            )
            for grant in sorted(text["grants"], key=lambda g: (stems[g["owner"]], stems[g["receiver"]], g["scope"]))
        ),
        home_duties=_responsibilities(text, "home"),
        host_duties=_responsibilities(text, "host"),
        townships=tuple(
            (stem, party["org"]) for stem, party in zip(clauses.STEMS, text["parties"], strict=False) if "org" in party
        ),
        frequencies=tuple(
            (words, texts.FREQUENCIES[text["frequencies"][k]]) for k, words in texts.FREQUENCY_OF.items()
        ),
        items=tuple(
            reports.CooperationItem(
                texts.CATEGORIES[item["category"]],
                item["goal"],
                item["measure"],
                "各方" if item["owner"] == "all" else f"{stems[item['owner']]}方",
                item["due"],
            )
            for item in text["items"]
        ),
        liaisons=tuple(
            reports.Liaison(
                clauses.STEMS[place],
                known.get(uid, {}).get("post", "县委组织部联络员"),
                known.get(uid, {}).get("name", ""),
                known.get(uid, {}).get("phone", ""),
            )
            for place, uid in enumerate(texts.party_uids(text))
        ),
    )


def _responsibilities(text: dict[str, Any], side: str) -> tuple[reports.Responsibility, ...]:
    return tuple(
        reports.Responsibility(row["item"], row["owner"], row["evidence"], texts.HOW_OFTEN[row["frequency"]])
        for row in texts.responsibilities(text, side)
    )


def _hex(digest: str) -> str:
    return unb64(digest.removeprefix("sha-256:")).hex()


def proof_paper(version: AgreementVersion, code: str) -> reports.ProofSheet:
    """What this county holds: seals with their signatures, and the chain of decisions. WrongState before completion."""
    agreement, text = service.get(version.agreement_id), version.text
    if text is None or version.pdf_digest is None or version.document_id is None:
        raise WrongState("not_sealed_yet")
    parties = {party["uid"]: row for party, row in zip(text["parties"], _parties(text), strict=True)}
    rows = {str(row.county_uid): row for row in hub.seal_rows(agreement, version) if row.jws}
    if set(rows) != set(parties):
        raise WrongState("not_sealed_yet")
    sealed = tuple(
        reports.Seal(party, kid_of(rows[uid].jws or ""), (rows[uid].jws or "").rpartition(".")[2], rows[uid].at)
        for uid, party in parties.items()
    )
    chain = tuple(
        reports.Decision(row.n, SAID[row.verb], f"{parties[str(row.by_uid)].stem}方", row.at, _hex(row.digest))
        for row in service.decisions(agreement)
        if row.version == version.version
    )
    return reports.ProofSheet(
        **_common(code),
        name=text["title"],
        number=text["number"],
        version=version.version,
        pages=documents.get(version.document_id).pages,
        effective_from=date.fromisoformat(text["effective_from"]),
        effective_to=date.fromisoformat(text["effective_to"]),
        text_digest=_hex(version.text_digest),
        pdf_digest=_hex(version.pdf_digest),
        seals=sealed,
        decisions=chain,
        channels=_channels(parties),
    )


def _channels(parties: dict[str, reports.Party]) -> tuple[reports.ChannelHead, ...]:
    """Our channels with the other parties, both ways, up to the last message its receiver signed for."""
    own = parties[str(counties.own().uid)]
    found = []
    for uid, other in parties.items():
        sent = db.select(OutboxMessage.epoch, OutboxMessage.seq, OutboxMessage.digest).where(
            OutboxMessage.peer_uid == UUID(uid), OutboxMessage.receipt.is_not(None)
        )
        heard = db.select(InboxMessage.epoch, InboxMessage.seq, InboxMessage.digest).where(
            InboxMessage.peer_uid == UUID(uid)
        )
        for giver, taker, query, model in ((own, other, sent, OutboxMessage), (other, own, heard, InboxMessage)):
            last = db.session.execute(query.order_by(model.epoch.desc(), model.seq.desc()).limit(1)).first()
            if last is not None:
                direction = f"{giver.stem}→{taker.stem}"
                found.append(
                    reports.ChannelHead(direction, last.epoch, last.seq, _hex(last.digest), f"{taker.stem}方已签收")
                )
    return tuple(found)
