"""Verify evidence of FED/1 offline: `python verify.py evidence.json`. Needs only Python and `cryptography`.

This one file can be handed to anybody (a court, an auditor, the other county) with the evidence. It shares no code
with the product on purpose: it is the second reading of the protocol. Evidence is a JSON object:

    {"envelope": "<JWS>", "receipt": "<JWS>" or null,
     "keys": [{"county": "<uuid>", "jwk": {…}, "revoked_at": "<instant>" or absent}],
     "disclosures": [["<salt>", "/pointer", value], …]}

or a list of such objects, one a message, as it rides inside a certificate; or, for an agreement, a list of the seals of
its parties over one version: {"seal": "<JWS>", "keys": […]}. Where the key of such a seal was revoked later, the message that
brought the seal, with its receipt, stands beside it: {"seal", "keys", "envelope", "receipt", "decision": "<JWS>" or absent}:
either the message names the seal, or it names the decision of the hub that names the seal. Every entry must hold.

The keys are those whose fingerprints were compared by persons (printed on the agreement): the verdict is worth what
that comparison is worth, so it prints the fingerprints. Values already erased do not matter: the seal covers their
commitments only. A seal made with a key revoked later counts if the *receiver's* receipt is older than the revocation.
Exit status 0 = it holds, 1 = it does not, 2 = the evidence cannot be read.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Refused(Exception):
    """The evidence does not hold; the argument says why."""


def _bytes(text: str) -> bytes:
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != text:
        raise Refused("a binary value is not exact base64url")
    return data


def _canonical(value: Any) -> bytes:
    """RFC 8785 for the values FED/1 admits: objects with ASCII names, lists, strings, whole numbers, null."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _digest(data: bytes) -> str:
    return "sha-256:" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def fingerprint(jwk: dict[str, str]) -> str:
    """16 groups of 4 hexadecimal digits of the RFC 7638 thumbprint."""
    digits = hashlib.sha256(_canonical({name: jwk[name] for name in ("crv", "kty", "x")})).hexdigest()
    return " ".join(digits[start : start + 4] for start in range(0, 64, 4))


def _open(
    token: str, typ: str, signer: str, keys: list[dict[str, Any]], county: str | None = None
) -> tuple[dict[str, Any], bytes, dict[str, Any]]:
    """The payload of a JWS, its bytes, and the entry of the key that made it; `signer`: the payload's
    field naming who, unless it is said by `county`.
    """
    try:
        head, body, signature = token.split(".")
        header, data = json.loads(_bytes(head)), _bytes(body)
        payload = json.loads(data)
    except ValueError as error:
        raise Refused(f"the {typ} is not a JWS") from error
    if header.keys() != {"alg", "kid", "typ"} or header["alg"] != "Ed25519" or header["typ"] != typ:
        raise Refused(f"the header is not that of a {typ}")
    if _canonical(payload) != data:
        raise Refused(f"the {typ} is not in canonical form")
    county = payload[signer] if county is None else county
    entry = next((k for k in keys if k["county"] == county and k["jwk"]["kid"] == header["kid"]), None)
    if entry is None:
        raise Refused(f"no key {header['kid']} was given for county {county}")
    if entry["jwk"].get("crv") != "Ed25519":
        raise Refused(f"the key {header['kid']} is not a seal key")
    try:
        Ed25519PublicKey.from_public_bytes(_bytes(entry["jwk"]["x"])).verify(
            _bytes(signature), f"{head}.{body}".encode()
        )
    except InvalidSignature as error:
        raise Refused(f"the signature of the {typ} does not hold") from error
    return payload, data, entry


def _seal(evidence: dict[str, Any]) -> list[str]:
    seal, data, sealer = _open(evidence["seal"], "fed1-seal", "county", evidence["keys"])
    older = []
    if sealer.get("revoked_at"):
        if not evidence.get("envelope") or not evidence.get("receipt"):
            raise Refused("the seal key was revoked, and a seal alone cannot show that it is older")
        older = _brought(evidence, _digest(data), seal["county"], sealer["revoked_at"])
    return [
        (
            f"County {seal['county']} sealed version {seal['version']} of agreement {seal['agreement']} on {seal['at']}: "
            f"text {seal['text']}, file {seal['pdf']}."
        ),
        f"Seal key {sealer['jwk']['kid']}, fingerprint {fingerprint(sealer['jwk'])}.",
        *older,
    ]


def _brought(evidence: dict[str, Any], name: str, county: str, revoked_at: str) -> list[str]:
    """That another county signed, before the key was revoked, for a message of this county that names the seal."""
    proved = verdict({key: evidence[key] for key in ("envelope", "receipt", "keys")})
    message, receipt = (json.loads(_bytes(evidence[each].split(".")[1])) for each in ("envelope", "receipt"))
    if revoked_at <= receipt["at"]:
        raise Refused("the seal key was revoked, and no earlier receipt of another county shows the seal is older")
    if message["from"] != county or message["to"] == county:
        raise Refused("the message beside the seal is not of the county that sealed, or for itself")
    names = [message["body"].get("seal")]
    if evidence.get("decision"):
        decision, data, _ = _open(evidence["decision"], "fed1-decision", "", evidence["keys"], county)
        if message["body"].get("digest") != _digest(data):
            raise Refused("the message beside the seal names another decision")
        names = decision["body"].get("seals") or []
    if name not in names:
        raise Refused("the message beside the seal does not name it")
    return proved


def verdict(evidence: dict[str, Any]) -> list[str]:
    """What the evidence proves, a sentence each. Raises Refused with the first thing that does not hold."""
    if "seal" in evidence:
        return _seal(evidence)
    keys = evidence["keys"]
    message, data, sealer = _open(evidence["envelope"], "fed1-msg", "from", keys)
    digest = _digest(data)
    proved = [
        (
            f"County {message['from']} sealed {message['type']} about {message['about']} for county {message['to']}: "
            f"number {message['seq']} of epoch {message['epoch']}, dated {message['at']}, digest {digest}."
        ),
        f"Seal key {sealer['jwk']['kid']}, fingerprint {fingerprint(sealer['jwk'])}.",
    ]
    receipt = None
    if evidence.get("receipt"):
        receipt, _, receiver = _open(evidence["receipt"], "fed1-receipt", "to", keys)
        for name in ("from", "to", "epoch", "seq"):
            if receipt[name] != message[name]:
                raise Refused(f"the receipt names another {name}")
        if receipt["digest"] != digest:
            raise Refused("the receipt is over another content")
        if receiver.get("revoked_at") and receiver["revoked_at"] <= receipt["at"]:
            raise Refused("the receipt was made with a key already revoked")
        word = receipt["result"] + (f" ({receipt['code']})" if "code" in receipt else "")
        if receiver.get("revoked_at"):
            proved.append(
                f"The key of this receipt was revoked on {receiver['revoked_at']}: that the receipt is older stands on its own "
                f"date, which county {message['to']} can confirm from its log."
            )
        proved += [
            (
                f"County {message['to']} signed for it on {receipt['at']}: {word}; with it, for everything before it in the "
                f"channel down to digest {message['prev']}."
            ),
            f"Receipt key {receiver['jwk']['kid']}, fingerprint {fingerprint(receiver['jwk'])}.",
        ]
    if sealer.get("revoked_at") and (receipt is None or sealer["revoked_at"] <= receipt["at"]):
        raise Refused("the seal key was revoked, and no earlier receipt of the receiver shows the seal is older")
    pointers = set()
    commitments = set(message["sd"])
    for item in evidence.get("disclosures") or []:
        if len(item) != 3 or len(_bytes(item[0])) != 16 or item[1] in pointers:
            raise Refused("a disclosure is not [salt, pointer, value] with its own pointer")
        if _digest(_canonical(item)) not in commitments:
            raise Refused(f"the value shown for {item[1]} is not the one that was sealed")
        pointers.add(item[1])
        proved.append(f"Sealed value {item[1]}: {json.dumps(item[2], ensure_ascii=False)}.")
    if len(commitments) > len(pointers):
        proved.append(f"{len(commitments) - len(pointers)} sealed values were not shown; they may have been erased.")
    return proved


def main(arguments: list[str]) -> int:
    """Print the verdict on a file of evidence."""
    if len(arguments) != 1:
        sys.stderr.write("usage: verify.py EVIDENCE.json\n")
        return 2
    try:
        given = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
        proved = [sentence for each in (given if isinstance(given, list) else [given]) for sentence in verdict(each)]
    except Refused as refusal:
        sys.stdout.write(f"DOES NOT HOLD: {refusal}\n")
        return 1
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        sys.stderr.write(f"the evidence cannot be read: {error!r}\n")
        return 2
    if not proved:
        sys.stderr.write("an empty list proves nothing\n")
        return 2
    sys.stdout.write("".join(f"{sentence}\n" for sentence in [*proved, "HOLDS."]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
