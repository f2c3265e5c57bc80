"""Whatever the table admits is sealed, packed, sent and read back unchanged; whatever bytes come, only codes answer."""

import string
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.federation.kat.make import DECRYPTION_KEYS, PINS, SEAL_KEYS, build
from tests.federation.kat.samples import HOME, HOST
from web.federation.admission import admit, compose
from web.federation.messages import MESSAGES
from web.federation.wire.bundles import Bundle, bundle, open_enclosed, pack, unpack
from web.federation.wire.canonical import b64, canonical, instant, parse_canonical, read_instant, unb64
from web.federation.wire.channels import Place
from web.federation.wire.codes import WireError
from web.federation.wire.disclosures import commitments, sort_out
from web.federation.wire.envelope import AgreementRef, Envelope, open_envelope, seal

NAMES = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=60)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)).map(
    lambda at: at.replace(microsecond=0)
)
UUID7S = st.uuids(version=4).map(lambda found: type(found)(int=found.int & ~(0xF << 76) | (7 << 76)))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60)
@given(
    id_=UUID7S,
    about=st.uuids(),
    seq=st.integers(2, 2**53 - 1),
    n=st.integers(2, 2**53 - 1),
    at=INSTANTS,
    names=st.fixed_dictionaries({"/name": NAMES, "/from_org": NAMES, "/to_org": NAMES, "/letter_no": NAMES}),
)
def test_a_release_arrives_as_it_was_said(id_, about, seq, n, at, names):
    values = {
        **names,
        "/sex": "2",
        "/birth_on": "1980-01-01",
        "/ethnicity": "22",
        "/kind": "probationary",
        "/valid_days": 30,
        "/dues_until": "2025-08",
        "/contact": "15400000009",
    }
    body = {"issued_on": "2025-09-30"}
    shown = compose("handover.release", body, values)
    sent = Envelope(
        id=id_,
        type="handover.release",
        sender=HOME,
        receiver=HOST,
        seq=seq,
        prev="sha-256:" + "A" * 43,
        about=f"handover/{about}",
        at=at,
        body=body,
        sd=commitments(shown),
        n=n,
        agreement=AgreementRef(about, 1, "sha-256:" + "A" * 43),
    )
    packed = bundle(seal(sent, SEAL_KEYS[HOME]), DECRYPTION_KEYS[HOST].public, shown)
    (arrived,) = unpack(pack([packed]))
    found = open_envelope(arrived.envelope, PINS[HOME], HOST)
    assert found == sent
    key = DECRYPTION_KEYS[HOST]
    assert admit(found, open_enclosed(arrived.jwe, {key.kid: key})).values == values


@given(JSON)
def test_canonical_bytes_are_those_of_the_reference_and_read_back(value):
    assert canonical(value) == rfc8785.dumps(value)
    assert parse_canonical(canonical(value)) == value


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(list(Place)))
def test_what_the_fast_encoder_cannot_write_goes_to_the_reference(number, word):
    for value in (number, [number, {"a": number}], (1, word), {"\U0001f600": 1, "\ufb33": 2, "a": word}):
        assert canonical(value) == rfc8785.dumps(value)
    for value in (2**53, {1: 2}, "\ud800", float("nan"), b"", {"a": {1, 2}}):
        with pytest.raises(WireError, match="malformed"):
            canonical(value)


@given(st.binary(max_size=80), INSTANTS)
def test_spellings_are_exact(data, at):
    assert unb64(b64(data)) == data
    assert read_instant(instant(at)) == at


@settings(max_examples=200)
@given(st.sampled_from(sorted(MESSAGES)), st.data())
def test_a_changed_character_is_refused_or_means_the_same(type_, data):
    """One character of a bundle's tokens replaced: a code answers, nothing else, and never another message."""
    made = build(type_)
    packed = made.bundle()
    tokens = [packed.envelope, packed.jwe] if packed.jwe else [packed.envelope]
    which = data.draw(st.integers(0, len(tokens) - 1))
    index = data.draw(st.integers(0, len(tokens[which]) - 1))
    character = data.draw(st.sampled_from(string.ascii_letters + string.digits + "-_.=+ "))
    tokens[which] = tokens[which][:index] + character + tokens[which][index + 1 :]
    key = DECRYPTION_KEYS[made.receiver]
    try:
        found = open_envelope(tokens[0], PINS[made.sender], made.receiver)
        values = admit(found, open_enclosed(tokens[1] if packed.jwe else None, {key.kid: key})).values
    except WireError as error:
        assert error.name in ("bad_signature", "unknown_key", "disclosure_missing")
    else:
        assert found == made.envelope
        assert values == {item.pointer: item.value for item in made.disclosures}


@settings(max_examples=200)
@given(st.text(max_size=200), st.text(max_size=200), st.binary(max_size=200))
def test_any_text_gets_a_code(envelope, jwe, data):
    key = DECRYPTION_KEYS[HOST]
    for call in (
        lambda: open_envelope(envelope, PINS[HOME], HOST),
        lambda: open_enclosed(jwe, {key.kid: key}),
        lambda: unpack(data),
        lambda: parse_canonical(data),
    ):
        try:
            call()
        except WireError as error:
            assert error.coordinates is None


def test_one_jwe_for_several_sealed_objects():
    """Decisions attached to an envelope have their own commitments; each object gets its part."""
    first, second = build("handover.request"), build("handover.take_over")
    packed = bundle("e.e.e", DECRYPTION_KEYS[HOST].public, [*second.disclosures, *first.disclosures])
    key = DECRYPTION_KEYS[HOST]
    parts = sort_out([first.envelope.sd, second.envelope.sd], open_enclosed(packed.jwe, {key.kid: key}))
    assert [len(part.disclosures) for part in parts] == [2, 3]
    assert admit(first.envelope, parts[0]).values.keys() == {"/name", "/birth_on"}


def test_a_full_co_sign_list_fits():
    values: dict[str, object] = {
        f"/lines/{k}": ["01926b3c-1001-7000-8000-0000000000a1", "present", 90] for k in range(500)
    }
    values |= {"/title": "题" * 200, "/place": "地" * 200, "/responsible": "欧阳演丙"}
    made = build("cosign.offer")
    body = {**made.envelope.body}
    shown = compose("cosign.offer", body, values)
    sent = made.bundle(disclosures=shown)
    key = DECRYPTION_KEYS[made.receiver]
    assert len(open_enclosed(sent.jwe, {key.kid: key}).disclosures) == 503
    assert isinstance(unpack(pack([sent]))[0], Bundle)
    big = replace(made.envelope, sd=commitments(shown), seq=40)
    assert len(seal(big, SEAL_KEYS[made.sender])) < 64 * 1024
