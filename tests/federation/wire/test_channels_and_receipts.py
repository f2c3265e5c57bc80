"""The place of an envelope in its channel, the receiver's last word on it, and what travels together."""

import json
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from tests.federation.kat.make import DECISION, PINS, SEAL_KEYS, build
from tests.federation.kat.samples import AGREEMENT, AT, HOME, HOST, PDF, TEXT, THIRD
from web.federation.messages import MESSAGES
from web.federation.wire import seals
from web.federation.wire.bundles import MAX_BYTES, Bundle, batches, pack, unpack
from web.federation.wire.canonical import canonical, digest
from web.federation.wire.channels import Head, Place, place
from web.federation.wire.codes import CODES, FINAL_CODES, Outcome, WireError
from web.federation.wire.documents import (
    AgreementSeal,
    Descriptor,
    introduce,
    open_decision,
    open_descriptor,
    open_seal,
    sign_decision,
    sign_descriptor,
    sign_seal,
)
from web.federation.wire.envelope import Coordinates
from web.federation.wire.keys import (
    Use,
    generate_decryption_key,
    generate_seal_key,
    key_from_secret,
    lock,
    pins,
    read_jwk,
    unlock,
)
from web.federation.wire.receipts import Receipt, Result, open_receipt, receipt, sign_receipt


def refused(code, call, *arguments, **named):
    with pytest.raises(WireError) as caught:
        call(*arguments, **named)
    assert caught.value.name == code
    return caught.value


def at(seq, prev, content=b"a", epoch=1, id_=1):
    return Coordinates(UUID(int=id_), HOME, HOST, epoch, seq, prev, digest(content))


A, B, C = digest(b"a"), digest(b"b"), digest(b"c")


def test_a_chain_is_taken_one_by_one():
    head = Head()
    for seq, content in enumerate((b"a", b"b", b"c"), start=1):
        found = at(seq, head.prev, content, id_=seq)
        assert place(head, found, None, None) is Place.ACCEPT
        head = head.after(found)
    assert head == Head(1, 3, C)


def test_a_replay_is_answered_with_its_receipt():
    assert place(Head(1, 3, C), at(1, None), A, A) is Place.DUPLICATE


@pytest.mark.parametrize(
    ("found", "by_id", "by_seq", "code"),
    [
        (at(5, C), None, None, "sequence_gap"),
        (at(1, None), None, None, "sequence_gap"),
        (at(4, C, epoch=2), None, None, "sequence_gap"),
        (at(4, B), None, None, "chain_mismatch"),
        (at(4, None), None, None, "chain_mismatch"),
        (at(2, A), None, B, "fork"),
        (at(4, C), B, None, "id_reuse"),
        (at(2, A), B, B, "id_reuse"),
        (at(2, A), A, B, "fork"),
    ],
)
def test_what_is_not_the_next(found, by_id, by_seq, code):
    error = refused(code, place, Head(1, 3, C), found, by_id, by_seq)
    assert error.coordinates == found
    if code == "sequence_gap":
        assert (error.params["expected_epoch"], error.params["expected"]) == (1, 4)


def test_a_receipt_says_applied_or_a_final_code():
    made = build("handover.request")
    found, key, county = made.envelope.coordinates, SEAL_KEYS[made.receiver], PINS[made.receiver]
    assert open_receipt(sign_receipt(receipt(found, AT), key), county, found) == receipt(found, AT)
    for code in FINAL_CODES:
        given = receipt(found, AT, code, 7 if code == "stale_base" else None)
        assert open_receipt(sign_receipt(given, key), county, found) == given
        assert given.result is Result.REFUSED
    for code in CODES.keys() - FINAL_CODES:
        refused("malformed", sign_receipt, receipt(found, AT, code), key)
    contradictory = Receipt(HOME, HOST, 1, 1, A, Result.APPLIED, AT, "malformed")
    refused("malformed", sign_receipt, contradictory, key)


@pytest.mark.parametrize(
    ("name", "value"), [("sender", THIRD), ("epoch", 2), ("seq", 99), ("digest", A)], ids=lambda v: str(v)[:12]
)
def test_a_receipt_of_another_envelope_stops_the_channel(name, value):
    made = build("handover.request")
    found = made.envelope.coordinates
    token = sign_receipt(replace(receipt(found, AT), **{name: value}), SEAL_KEYS[made.receiver])
    error = refused("digest_mismatch", open_receipt, token, PINS[made.receiver], found)
    assert error.outcome is Outcome.STOP


def test_only_the_receiver_can_give_a_receipt():
    made = build("handover.request")
    given = receipt(made.envelope.coordinates, AT)
    refused("unknown_key", open_receipt, sign_receipt(given, SEAL_KEYS[THIRD]), PINS[made.receiver])
    for_other = replace(given, receiver=THIRD)
    refused("bad_signature", open_receipt, sign_receipt(for_other, SEAL_KEYS[made.receiver]), PINS[made.receiver])
    refused("bad_signature", open_receipt, made.token, PINS[made.sender])


def test_batches_keep_order_and_limits():
    small = [Bundle(f"{number}.x.y") for number in range(120)]
    assert [len(batch) for batch in batches(small)] == [50, 50, 20]
    assert [item for batch in batches(small) for item in batch] == small
    large = [Bundle("a" * 200_000, None, ("b" * 100_000,)) for _ in range(7)]
    assert [len(batch) for batch in batches(large)] == [3, 3, 1]
    for batch in [*batches(small), *batches(large)]:
        data = pack(batch)
        assert len(data) <= MAX_BYTES
        assert unpack(data) == batch
    refused("too_large", batches, [Bundle("a", "b" * MAX_BYTES)])
    refused("too_large", pack, small[:51])
    refused("too_large", unpack, b" " * (MAX_BYTES + 1))
    refused("too_large", unpack, json.dumps({"bundles": [item.as_json() for item in small]}).encode())


def test_a_number_for_the_logs_is_a_uuid_or_it_is_dropped():
    number = "01926b3c-0001-7000-8000-000000340828"
    packed = json.loads(pack([Bundle("a.b.c", trace=number), Bundle("a.b.c")]))
    assert [item.get("trace") for item in packed["bundles"]] == [number, None]
    for told in (
        number,
        number.upper(),
        number + "0",
        number + "\n",
        "王示甲",
        "9" * 900_000,
        7,
        None,
        [number],
        {"n": number},
    ):
        found = unpack(json.dumps({"bundles": [packed["bundles"][1] | {"trace": told}]}).encode())
        assert [(item.envelope, item.trace) for item in found] == [("a.b.c", number if told == number else None)]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"bundles":{}}',
        b'{"bundles":[],"more":1}',
        b'{"bundles":[1]}',
        b'{"bundles":[{"envelope":"a","jwe":null}]}',
        b'{"bundles":[{"envelope":1,"jwe":null,"attached":[]}]}',
        b'{"bundles":[{"envelope":"a","jwe":1,"attached":[]}]}',
        b'{"bundles":[{"envelope":"a","jwe":null,"attached":[1]}]}',
        b"[" * 100_000,
    ],
)
def test_a_batch_of_another_form_consumes_nothing(data):
    assert refused("malformed", unpack, data).coordinates is None


def test_keys_at_rest_open_only_in_their_place():
    secret, other = bytes(32), bytes(31) + b"\x01"
    for key in (generate_seal_key("330110-seal-2025-1"), generate_decryption_key("330110-open-2025-1")):
        blob = lock(key, secret, HOST)
        assert unlock(blob, secret, HOST, key.kid, key.use).jwk == key.jwk
        assert lock(key, secret, HOST) != blob
        wrong_use: Use = "enc" if key.use == "sig" else "sig"
        wrong: list[tuple[bytes, bytes, UUID, str, Use]] = [
            (blob, other, HOST, key.kid, key.use),
            (blob, secret, HOME, key.kid, key.use),
            (blob, secret, HOST, "330110-seal-2025-2", key.use),
            (blob, secret, HOST, key.kid, wrong_use),
            (blob[:-1] + bytes([blob[-1] ^ 1]), secret, HOST, key.kid, key.use),
            (b"\x02" + blob[1:], secret, HOST, key.kid, key.use),
            (b"", secret, HOST, key.kid, key.use),
        ]
        for arguments in wrong:
            with pytest.raises(ValueError):
                unlock(*arguments)


def test_a_fingerprint_is_the_published_thumbprint():
    """RFC 8037, appendix A.3: the thumbprint of the key of appendix A.1."""
    jwk = {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "kid": "published",
        "use": "sig",
        "alg": "Ed25519",
    }
    spoken = read_jwk(jwk).fingerprint
    assert spoken.replace(" ", "") == "90facafea9b1556698540f70c0117a22ea37bd5cf3ed3c47093c1707282b4b89"
    assert [len(group) for group in spoken.split(" ")] == [4] * 16


@pytest.mark.parametrize(
    "fields", [{"d": "AAAA"}, {"x": "AAAA"}, {"crv": "X25519"}, {"alg": "EdDSA"}, {"use": "any"}, {"kid": "../x"}]
)
def test_a_public_key_of_another_form(fields):
    refused("malformed", read_jwk, {**generate_seal_key("a").jwk, **fields})


def test_decisions_seals_and_descriptors():
    assert open_decision(sign_decision(DECISION, SEAL_KEYS[HOME]), PINS[HOME]) == DECISION
    first_with_prev = replace(DECISION, n=1)
    refused("malformed", open_decision, sign_decision(first_with_prev, SEAL_KEYS[HOME]), PINS[HOME])
    given = AgreementSeal(UUID(AGREEMENT), 1, TEXT, PDF, HOST, AT)
    assert open_seal(sign_seal(given, SEAL_KEYS[HOST]), PINS[HOST]) == given
    refused("bad_signature", open_seal, sign_seal(given, SEAL_KEYS[HOME]), PINS[HOME])
    key, opener = SEAL_KEYS[HOST].public, generate_decryption_key("330110-open-2025-1").public
    keys = tuple(replace(item, valid_from=AT, valid_until=AT + timedelta(days=365)) for item in (key, opener))
    said = Descriptor(HOST, "330110", "余杭区", keys, tuple(sorted(MESSAGES)), {"messages": 50, "bytes": MAX_BYTES}, AT)
    token = sign_descriptor(said, SEAL_KEYS[HOST])
    found = open_descriptor(token, PINS[HOST])
    assert found.as_payload() == said.as_payload()
    introduced, claimed = introduce(token)
    assert (introduced.county, claimed.fingerprint) == (HOST, key.fingerprint)
    stranger = key_from_secret(key.kid, "sig", bytes(32))
    refused("bad_signature", introduce, sign_descriptor(said, stranger))
    refused("unknown_key", introduce, sign_descriptor(said, generate_seal_key("another")))
    refused("bad_signature", open_descriptor, sign_descriptor(replace(said, county=HOME), SEAL_KEYS[HOST]), PINS[HOST])
    refused("malformed", introduce, sign_descriptor(replace(said, keys=(keys[0], keys[0])), SEAL_KEYS[HOST]))
    refused("malformed", sign_descriptor, replace(said, code="余杭"), SEAL_KEYS[HOST])


@pytest.mark.parametrize("name", ["agreement", "n", "prev", "verb", "by", "version", "text", "at", "body", "sd"])
def test_a_decision_has_exactly_its_fields(name):
    payload = DECISION.as_payload()
    for changed in (
        {k: v for k, v in payload.items() if k != name},
        {**payload, name: 1.5},
        {**payload, "to": str(HOST)},
    ):
        token = seals.sign(canonical(changed), seals.DECISION, SEAL_KEYS[HOME])
        refused("malformed", open_decision, token, PINS[HOME])


def test_every_code_says_what_to_do_and_whose_turn_it_is():
    assert len(CODES) == 29
    for code in CODES.values():
        assert code.sentence.endswith(".")
        assert code.outcome in Outcome
    error = WireError("sequence_gap", expected=4)
    assert str(error) == "sequence_gap expected=4"


def test_pins_belong_to_one_county():
    key = generate_seal_key("one")
    assert pins(HOME, [key.public]).find("one").jwk == key.jwk
    refused("unknown_key", pins(HOME, [key.public]).find, "two")
