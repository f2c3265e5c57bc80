"""Make the known-answer files: `python -m tests.federation.kat.make`. Fixed keys, salts, ids and times.

Ed25519 is deterministic, so every byte of a seal is fixed. A JWE is not: a file keeps the one it was first made with,
and the tests open it. A file that changes without a new protocol version is a break of the protocol.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.federation.kat.samples import AGREEMENT, AT, CAUSE, HOME, HOST, PDF, SAMPLES, TEXT, THIRD
from web.federation.admission import content_digest
from web.federation.messages import MESSAGES
from web.federation.wire.bundles import Bundle, bundle, open_enclosed
from web.federation.wire.disclosures import Disclosure, commitments, disclose
from web.federation.wire.documents import AgreementSeal, Decision, sign_decision, sign_seal
from web.federation.wire.envelope import AgreementRef, Envelope, seal, to_payload
from web.federation.wire.keys import Pins, PrivateKey, key_from_secret, pins
from web.federation.wire.receipts import receipt, sign_receipt

FOLDER = Path(__file__).parent
NAMES = {HOME: "340828", HOST: "330110", THIRD: "331124"}


def _seed(label: str) -> bytes:
    return hashlib.sha256(f"kiteline known answer {label}".encode()).digest()


SEAL_KEYS: dict[UUID, PrivateKey] = {
    county: key_from_secret(f"{code}-seal-2025-1", "sig", _seed(f"seal {code}")) for county, code in NAMES.items()
}
DECRYPTION_KEYS: dict[UUID, PrivateKey] = {
    county: key_from_secret(f"{code}-open-2025-1", "enc", _seed(f"open {code}")) for county, code in NAMES.items()
}
PINS: dict[UUID, Pins] = {county: pins(county, [key.public]) for county, key in SEAL_KEYS.items()}

DECISION = Decision(UUID(AGREEMENT), 2, "sha-256:" + "A" * 43, "accept", HOST, CAUSE, 1, TEXT, AT)


@dataclass(frozen=True)
class Made:
    """An example ready to be sent: its envelope, its disclosures (the third county's lines apart), its attachments."""

    envelope: Envelope
    disclosures: list[Disclosure]
    attached: tuple[str, ...]

    @property
    def sender(self) -> UUID:
        return self.envelope.sender

    @property
    def receiver(self) -> UUID:
        return self.envelope.receiver

    @property
    def token(self) -> str:
        return seal(self.envelope, SEAL_KEYS[self.sender])

    def bundle(self, **changes: Any) -> Bundle:
        more = {"disclosures": self.disclosures, "attached": self.attached, **changes}
        return bundle(self.token, DECRYPTION_KEYS[self.receiver].public, **more)


@cache
def _number(type_: str) -> int:
    """An example keeps its number for ever, wherever its row stands in the table; a new one's comes from its name."""
    path = FOLDER / f"{type_}.json"
    if path.exists():
        return int(json.loads(path.read_text(encoding="utf-8"))["payload"]["seq"])
    return 1_000 + int.from_bytes(_seed(type_)[:4]) % 99_000


def build(type_: str) -> Made:
    """The example of one message type."""
    spec, sample = MESSAGES[type_], SAMPLES[type_]
    shown = [disclose(path, value, _seed(f"{type_} {path}")[:16]) for path, value in sample.values.items()]
    foreign = [disclose("/lines/2", ["01926b3c-1001-7000-8000-0000000000f1", "present", 90], _seed(type_)[:16])]
    sd = commitments(shown + (foreign if spec.has_foreign_lines else []))
    body = dict(sample.body)
    attached: tuple[str, ...] = ()
    if spec.has_foreign_lines:
        body["content"] = content_digest(body, sd)
    if type_ == "agreement.decision":
        body["digest"] = DECISION.digest
        attached = (sign_decision(DECISION, SEAL_KEYS[HOME]),)
    if type_ == "agreement.seal":
        given = AgreementSeal(UUID(AGREEMENT), 1, TEXT, PDF, HOST, AT)
        body["seal"] = given.digest
        attached = (sign_seal(given, SEAL_KEYS[HOST]),)
    number = _number(type_)
    envelope = Envelope(
        id=UUID(f"01926b3c-2001-7000-8000-{number:012d}"),
        type=type_,
        sender=sample.sender,
        receiver=HOST if sample.sender == HOME else HOME,
        seq=number,
        prev=None if number == 1 else "sha-256:" + "B" * 42 + "A",
        about=f"{spec.about}/{AGREEMENT if spec.about == 'agreement' else f'01926b3c-3001-7000-8000-{number:012d}'}",
        at=AT,
        body=body,
        sd=sd,
        n=sample.n,
        base=sample.base,
        cause=sample.cause,
        expires=sample.expires,
        agreement=AgreementRef(UUID(AGREEMENT), 1, TEXT) if spec.needs_agreement else None,
    )
    return Made(envelope, shown, attached)


def answer(type_: str, jwe: str | None = None) -> dict[str, Any]:
    """The content of one known-answer file; `jwe`: the one to keep, if it still opens to the same disclosures."""
    made = build(type_)
    receiver = DECRYPTION_KEYS[made.receiver]
    wanted = tuple(item.as_list() for item in made.disclosures)
    if jwe is None or open_enclosed(jwe, {receiver.kid: receiver}).disclosures != wanted:
        jwe = made.bundle().jwe
    return {
        "type": type_,
        "seal_key": SEAL_KEYS[made.sender].okp.as_dict(private=True) | {"kid": SEAL_KEYS[made.sender].kid},
        "decryption_key": receiver.okp.as_dict(private=True) | {"kid": receiver.kid},
        "receipt_key": SEAL_KEYS[made.receiver].okp.as_dict(private=True) | {"kid": SEAL_KEYS[made.receiver].kid},
        "payload": to_payload(made.envelope),
        "canonical": made.envelope.canonical.decode(),
        "digest": made.envelope.digest,
        "envelope": made.token,
        "disclosures": [[*item.as_list(), item.commitment] for item in made.disclosures],
        "jwe": jwe,
        "attached": list(made.attached),
        "receipt": sign_receipt(receipt(made.envelope.coordinates, AT), SEAL_KEYS[made.receiver]),
    }


def changed(made: Made, **fields: Any) -> Made:
    """The same example with other envelope fields."""
    return replace(made, envelope=replace(made.envelope, **fields))


def main() -> None:
    for type_ in MESSAGES:
        path = FOLDER / f"{type_}.json"
        kept = json.loads(path.read_text(encoding="utf-8"))["jwe"] if path.exists() else None
        text = json.dumps(answer(type_, kept), ensure_ascii=False, indent=1)
        path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
