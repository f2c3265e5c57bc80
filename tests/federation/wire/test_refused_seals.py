"""Seals, keys and attachments that do not hold, each refused by its own code."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jws
from joserfc.jwk import OctKey

from tests.federation.kat.make import DECRYPTION_KEYS, PINS, SEAL_KEYS
from tests.federation.kat.samples import HOME, HOST, THIRD
from tests.federation.wire.test_refusals import MADE, refusal
from web.federation.admission import attached_decisions, attached_seals
from web.federation.wire import seals
from web.federation.wire.bundles import Bundle
from web.federation.wire.canonical import digest_of
from web.federation.wire.codes import Outcome, WireError
from web.federation.wire.envelope import open_envelope
from web.federation.wire.keys import generate_seal_key, pins

# The seal -------------------------------------------------------------------------------------------------------------


def _token(header, data, key):
    head = base64.urlsafe_b64encode(json.dumps(header, separators=(",", ":")).encode()).rstrip(b"=")
    body = base64.urlsafe_b64encode(data).rstrip(b"=")
    raw = key.okp.get_op_key("sign").sign(head + b"." + body)
    return b".".join([head, body, base64.urlsafe_b64encode(raw).rstrip(b"=")]).decode()


def seal_cases():
    made = MADE["handover.confirm"]
    data, own, other = made.envelope.canonical, SEAL_KEYS[made.sender], SEAL_KEYS[made.receiver]
    header = {"alg": "Ed25519", "kid": own.kid, "typ": "fed1-msg"}
    head, body, signature = made.token.split(".")
    yield "EdDSA", _token({**header, "alg": "EdDSA"}, data, own), "bad_signature"
    yield "none", _token({**header, "alg": "none"}, data, own), "bad_signature"
    yield "no alg", _token({"kid": own.kid, "typ": "fed1-msg"}, data, own), "bad_signature"
    hs256 = jws.serialize_compact(
        {**header, "alg": "HS256"}, data, OctKey.import_key(own.jwk["x"]), algorithms=["HS256"]
    )
    yield "the public key as a shared secret", hs256, "bad_signature"
    for typ in sorted(seals.TYPES - {"fed1-msg"}):
        yield f"typ {typ}", seals.sign(data, typ, own), "bad_signature"
    yield "no typ", _token({"alg": "Ed25519", "kid": own.kid}, data, own), "bad_signature"
    yield "a header more", _token({**header, "crit": ["b64"], "b64": True}, data, own), "bad_signature"
    yield "its own key in the header", _token({**header, "jwk": own.jwk}, data, own), "bad_signature"
    yield "kid a number", _token({**header, "kid": 1}, data, own), "bad_signature"
    yield "kid unknown", _token({**header, "kid": "340828-seal-1999-1"}, data, own), "unknown_key"
    yield "another county's key and name", _token({**header, "kid": other.kid}, data, other), "unknown_key"
    yield "another county's key, this name", _token(header, data, other), "bad_signature"
    yield "a new key, this name", _token(header, data, generate_seal_key(own.kid)), "bad_signature"
    yield (
        "signature of another message",
        f"{head}.{body}.{MADE['handover.recall'].token.split('.')[2]}",
        "bad_signature",
    )
    yield "no signature", f"{head}.{body}.", "bad_signature"
    yield "no payload", f"{head}..{signature}", "bad_signature"
    yield "two parts", f"{head}.{body}", "bad_signature"
    yield "not ASCII", f"{head}.{body}.印", "bad_signature"
    yield "empty", "", "bad_signature"
    yield "huge", "A" * (seals.MAX_BYTES + 1), "too_large"
    for index in range(0, len(body), 37):
        flipped = "A" if body[index] != "A" else "B"
        yield (
            f"payload flipped at {index}",
            f"{head}.{body[:index]}{flipped}{body[index + 1 :]}.{signature}",
            "bad_signature",
        )
    for index in range(0, len(signature) - 2, 17):
        flipped = "A" if signature[index] != "A" else "B"
        yield (
            f"signature flipped at {index}",
            f"{head}.{body}.{signature[:index]}{flipped}{signature[index + 1 :]}",
            "bad_signature",
        )


@pytest.mark.parametrize(("token", "code"), [pytest.param(t, c, id=label) for label, t, c in seal_cases()])
def test_a_seal_that_does_not_hold(token, code):
    made = MADE["handover.confirm"]
    error = refusal(replace(made.bundle(), envelope=token), made)
    assert error.name == code
    assert error.coordinates is None


def test_authentic_bytes_that_are_not_canonical():
    made = MADE["referral.accept"]
    text = made.envelope.canonical.decode()
    for data in (
        text.replace(",", ", ", 1),
        text.replace("{", '{"zz":1,', 1),
        text[:-1] + ',"v":"1.0"}',
        text.replace('"base":1', '"base":1.0'),
        text.replace('"base":1', '"base":NaN'),
        text.replace("岳", "\\u5cb3") + " ",
        "[" * 100_000,
        "\ufeff" + text,
        "",
    ):
        error = refusal(Bundle(seals.sign(data.encode(), seals.MESSAGE, SEAL_KEYS[HOST])), made)
        assert error.name == "malformed"


def test_keys_out_of_their_time():
    made = MADE["referral.accept"]
    now = datetime(2026, 1, 1, tzinfo=UTC)
    public = SEAL_KEYS[made.sender].public
    for key in (replace(public, revoked_at=now), replace(public, valid_until=now)):
        with pytest.raises(WireError) as caught:
            open_envelope(made.token, pins(made.sender, [key]), made.receiver, now)
        assert caught.value.name == "key_revoked"
    still = replace(public, valid_until=now + timedelta(seconds=1))
    assert open_envelope(made.token, pins(made.sender, [still]), made.receiver, now) == made.envelope
    with pytest.raises(WireError) as caught:
        open_envelope(made.token, pins(made.sender, [DECRYPTION_KEYS[made.sender].public]), made.receiver)
    assert caught.value.name == "unknown_key"


# Attachments ----------------------------------------------------------------------------------------------------------


def test_attachments_that_do_not_hold():
    made, other = MADE["agreement.decision"], MADE["agreement.seal"]
    for attached in ((), other.attached, (made.attached[0][:-8] + "AAAAAAAA",), ("x",)):
        with pytest.raises(WireError) as caught:
            attached_decisions(made.envelope, attached, PINS[HOME])
        assert (caught.value.name, caught.value.outcome) == ("disclosure_missing", Outcome.RETRY)
    with pytest.raises(WireError) as caught:
        attached_decisions(made.envelope, made.attached, PINS[THIRD])
    assert caught.value.name == "unknown_key"
    no_seal = (seals.sign(b"[1]", seals.SEAL, SEAL_KEYS[HOST]),), digest_of([1])
    for attached, digest in (((), other.envelope.body["seal"]), (other.attached, made.envelope.digest), no_seal):
        with pytest.raises(WireError) as caught:
            attached_seals(attached, PINS, [digest])
        assert caught.value.name == "disclosure_missing"
    with pytest.raises(WireError) as caught:
        attached_seals(other.attached, {THIRD: PINS[THIRD]}, [other.envelope.body["seal"]])
    assert caught.value.name == "unknown_key"
