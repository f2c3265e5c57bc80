"""Known-answer files: every byte of a seal is fixed; the JWE opens to the disclosures; the files are complete."""

import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.federation.kat.make import DECRYPTION_KEYS, FOLDER, PINS, SEAL_KEYS, answer, build
from tests.federation.kat.samples import SAMPLES
from web.federation.admission import admit, attached_decisions, attached_seals
from web.federation.messages import MESSAGES
from web.federation.wire.bundles import open_enclosed
from web.federation.wire.envelope import open_envelope, to_payload
from web.federation.wire.receipts import open_receipt


def _read(type_):
    return json.loads((FOLDER / f"{type_}.json").read_text(encoding="utf-8"))


def _unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_every_message_type_has_one_example_and_one_file():
    assert set(SAMPLES) == set(MESSAGES)
    assert {path.stem for path in FOLDER.glob("*.json")} == set(MESSAGES)


@pytest.mark.parametrize("type_", MESSAGES)
def test_we_still_make_the_same_bytes(type_):
    kept = _read(type_)
    assert answer(type_, kept["jwe"]) == kept


@pytest.mark.parametrize("type_", MESSAGES)
def test_the_file_holds_by_plain_cryptography(type_):
    """The file read with nothing of ours: what another implementation would do first."""
    kept = _read(type_)
    head, body, signature = kept["envelope"].split(".")
    assert json.loads(_unb64(head)) == {"alg": "Ed25519", "kid": kept["seal_key"]["kid"], "typ": "fed1-msg"}
    assert _unb64(body).decode() == kept["canonical"]
    assert json.loads(kept["canonical"]) == kept["payload"]
    Ed25519PublicKey.from_public_bytes(_unb64(kept["seal_key"]["x"])).verify(
        _unb64(signature), f"{head}.{body}".encode()
    )
    found = base64.urlsafe_b64encode(hashlib.sha256(_unb64(body)).digest()).rstrip(b"=").decode()
    assert kept["digest"] == f"sha-256:{found}"
    for salt, pointer, value, commitment in kept["disclosures"]:
        text = json.dumps([salt, pointer, value], ensure_ascii=False, separators=(",", ":"))
        found = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        assert commitment == f"sha-256:{found}"
        assert commitment in kept["payload"]["sd"]
        # Dates, codes and numbers stand in many fields; names, texts and long numbers must not be in the seal.
        if isinstance(value, str) and (not value.isascii() or len(value) > 8):
            assert value not in kept["canonical"]


@pytest.mark.parametrize("type_", MESSAGES)
def test_we_read_it_back(type_):
    kept, made = _read(type_), build(type_)
    envelope = open_envelope(kept["envelope"], PINS[made.sender], made.receiver)
    assert envelope == made.envelope
    assert to_payload(envelope) == kept["payload"]
    assert envelope.digest == kept["digest"]
    key = DECRYPTION_KEYS[made.receiver]
    admitted = admit(envelope, open_enclosed(kept["jwe"], {key.kid: key}))
    assert admitted.values == SAMPLES[type_].values
    assert admitted.withheld == {}
    given = open_receipt(kept["receipt"], PINS[made.receiver], envelope.coordinates)
    assert given.is_for(made.envelope.coordinates)
    assert given.code is None


def test_attachments_are_found_by_the_digest_in_the_body():
    made = build("agreement.decision")
    (decision,) = attached_decisions(made.envelope, made.attached, PINS[made.sender])
    assert (decision.verb, decision.n) == ("accept", 2)
    made = build("agreement.seal")
    (given,) = attached_seals(made.attached, PINS, [made.envelope.body["seal"]])
    assert given.county == made.sender


def test_no_secret_is_printed():
    for key in [*SEAL_KEYS.values(), *DECRYPTION_KEYS.values()]:
        assert str(key.okp.as_dict(private=True)["d"]) not in repr(key)
    (shown, *_) = build("handover.request").disclosures
    assert shown.value not in repr(shown)
