"""Each mutation of an authentic message is refused with its own code, for every message type of the table.

The sender of these cases is the real county with its real key: the mutated payload is sealed again. Cases where the
seal itself is attacked are in `test_refused_seals`.
"""

import base64
import copy
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.federation.kat.make import DECRYPTION_KEYS, PINS, SEAL_KEYS, build, changed
from tests.federation.kat.samples import AT, HOST, SAMPLES, THIRD
from web.federation.admission import admit, check_envelope, content_digest
from web.federation.messages import MESSAGES, Numbering
from web.federation.wire import seals
from web.federation.wire.bundles import Bundle, bundle, encrypt, open_enclosed
from web.federation.wire.canonical import canonical
from web.federation.wire.codes import Outcome, WireError
from web.federation.wire.disclosures import commitments, disclose
from web.federation.wire.envelope import open_envelope, to_payload
from web.federation.wire.keys import generate_decryption_key

MADE = {type_: build(type_) for type_ in MESSAGES}
ABSENT = object()


def receive(packed: Bundle, sender, receiver, is_granted=None):
    """What the inbox does with one bundle, up to the aggregate."""
    envelope = open_envelope(packed.envelope, PINS[sender], receiver)
    check_envelope(envelope)
    key = DECRYPTION_KEYS[receiver]
    return admit(envelope, open_enclosed(packed.jwe, {key.kid: key}), is_granted)


def refusal(packed, made, is_granted=None):
    with pytest.raises(WireError) as caught:
        receive(packed, made.sender, made.receiver, is_granted)
    return caught.value


def sealed(payload, sender):
    """Sealed by the sender's own key, whatever it says."""
    return seals.sign(canonical(payload), seals.MESSAGE, SEAL_KEYS[sender])


# The whole envelope ---------------------------------------------------------------------------------------------------

WRONG: dict[str, list[tuple[Any, str]]] = {
    "v": [("2.0", "version_unsupported"), ("1.1", "version_unsupported"), (1, "malformed"), ("one", "malformed")],
    "id": [("01926b3c-2001-4000-8000-000000000001", "malformed"), ("X", "malformed"), (7, "malformed")],
    "type": [("handover.steal", "version_unsupported"), ("handover", "malformed"), (None, "malformed")],
    "from": [(str(THIRD), "bad_signature"), ("岳西", "malformed"), (None, "malformed")],
    "to": [(str(THIRD), "not_for_us"), ("余杭", "malformed"), (None, "malformed")],
    "epoch": [(0, "malformed"), ("1", "malformed"), (True, "malformed"), (1.5, "malformed")],
    "seq": [(0, "malformed"), (-1, "malformed"), ("1", "malformed"), (True, "malformed")],
    "prev": [("md5:0", "malformed"), ("sha-256:short", "malformed"), (7, "malformed")],
    "about": [
        ("nothing/01926b3c-3001-7000-8000-000000000001", "malformed"),
        ("handover", "malformed"),
        (None, "malformed"),
    ],
    "agreement": [({"id": "x"}, "malformed"), ("any", "malformed")],
    "cause": [("because", "malformed"), (1, "malformed")],
    "at": [
        ("2025-09-30T08:15:00+08:00", "malformed"),
        ("2025-02-30T08:15:00Z", "malformed"),
        (1759220100, "malformed"),
    ],
    "expires": [("soon", "malformed"), ("2025-09-30", "malformed")],
    "crit": [(["quantum"], "crit_unsupported"), ([1], "malformed"), ("quantum", "malformed"), (None, "malformed")],
    "body": [([], "malformed"), (None, "malformed"), ("free text", "malformed")],
    "sd": [(["sha-256:x"], "malformed"), (None, "malformed"), ("", "malformed")],
    "n": [(0, "malformed"), (-1, "malformed"), ("2", "malformed"), (1.5, "malformed"), (None, "malformed")],
    "base": [(-1, "malformed"), ("1", "malformed"), (None, "malformed")],
    "note": [("anything more", "malformed")],
}


def envelope_cases():
    for type_, made in MADE.items():
        payload = to_payload(made.envelope)
        for name in payload:
            yield pytest.param(type_, name, ABSENT, "malformed", id=f"{type_}-without-{name}")
        for name, values in WRONG.items():
            for index, (value, code) in enumerate(values):
                yield pytest.param(type_, name, value, code, id=f"{type_}-{name}-{index}")


@pytest.mark.parametrize(("type_", "name", "value", "code"), list(envelope_cases()))
def test_one_field_of_the_envelope(type_, name, value, code):
    made = MADE[type_]
    payload = to_payload(made.envelope)
    if value is ABSENT:
        # Without its number a proposal would be a register; a register has none to lose.
        del payload[name]
    else:
        payload[name] = value
    error = refusal(replace(made.bundle(), envelope=sealed(payload, made.sender)), made)
    assert error.name == code
    if name not in ("id", "from", "to", "epoch", "seq", "prev"):
        assert error.coordinates is not None
        assert error.coordinates.seq == made.envelope.seq


def test_a_whole_number_beyond_json_is_no_canonical_form():
    payload = to_payload(MADE["referral.accept"].envelope) | {"seq": 2**53}
    text = json.dumps(payload, sort_keys=True, separators=(",", ":")).encode()
    token = seals.sign(text, seals.MESSAGE, SEAL_KEYS[HOST])
    assert refusal(Bundle(token), MADE["referral.accept"]).name == "malformed"


# Numbering, references, times -----------------------------------------------------------------------------------------


def rule_cases():
    for type_, spec in MESSAGES.items():
        made = MADE[type_]
        other = "share" if spec.about != "share" else "handover"
        yield pytest.param(type_, {"about": f"{other}/{made.envelope.about_id}"}, id=f"{type_}-about")
        yield pytest.param(type_, {"n": 3, "base": 3}, id=f"{type_}-n-and-base")
        if spec.numbering is not Numbering.REGISTER:
            yield pytest.param(type_, {"n": None, "base": None}, id=f"{type_}-unnumbered")
        if spec.numbering in (Numbering.DECISION, Numbering.REGISTER):
            yield pytest.param(type_, {"n": None, "base": 3}, id=f"{type_}-proposed")
        if spec.numbering in (Numbering.PROPOSAL, Numbering.REGISTER):
            yield pytest.param(type_, {"n": 3, "base": None}, id=f"{type_}-decided")
        if not spec.opens:
            yield pytest.param(type_, {"n": 1, "base": None}, id=f"{type_}-opening-decision")
            yield pytest.param(type_, {"n": None, "base": 0}, id=f"{type_}-opening-proposal")
        if not spec.may_expire:
            yield pytest.param(type_, {"expires": AT + timedelta(days=1)}, id=f"{type_}-expires")
        yield pytest.param(
            type_,
            {"agreement": None if spec.needs_agreement else MADE["referral.offer"].envelope.agreement},
            id=f"{type_}-agreement",
        )
        if spec.needs_cause:
            yield pytest.param(type_, {"cause": None}, id=f"{type_}-cause")
        yield pytest.param(type_, {"prev": None, "seq": 2}, id=f"{type_}-no-prev")
        yield pytest.param(type_, {"prev": made.envelope.digest, "seq": 1}, id=f"{type_}-first-with-prev")
        if not spec.pointers:
            yield pytest.param(type_, {"sd": (made.envelope.digest,)}, id=f"{type_}-sd")


@pytest.mark.parametrize(("type_", "fields"), list(rule_cases()))
def test_one_rule_of_the_table(type_, fields):
    made = changed(MADE[type_], **fields)
    error = refusal(_packed(made), made)
    assert error.name == "malformed"
    assert error.outcome is Outcome.FINAL


def _packed(made):
    payload = to_payload(made.envelope)
    return Bundle(sealed(payload, made.sender), MADE[made.envelope.type].bundle().jwe, made.attached)


# The body -------------------------------------------------------------------------------------------------------------


def _leaves(value, path=()):
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _leaves(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    yield path


def body_cases():
    for type_, spec in MESSAGES.items():
        body = MADE[type_].envelope.body
        yield pytest.param(type_, ("surplus",), 1, id=f"{type_}-surplus")
        yield pytest.param(type_, ("name",), "李例乙", id=f"{type_}-personal-value")
        for path in _leaves(body):
            where = "-".join(map(str, path))
            if len(path) == 1 and path[0] not in spec.body.optional:
                yield pytest.param(type_, path, ABSENT, id=f"{type_}-without-{where}")
            for index, value in enumerate(("自由文字", 1.5, None, True, {"a": 1}, "9999-12-31")):
                if path:
                    yield pytest.param(type_, path, value, id=f"{type_}-{where}-{index}")


@pytest.mark.parametrize(("type_", "path", "value"), list(body_cases()))
def test_one_value_of_the_body(type_, path, value):
    made = MADE[type_]
    payload = copy.deepcopy(to_payload(made.envelope))
    *above, last = path
    holder = payload["body"]
    for step in above:
        holder = holder[step]
    if value is ABSENT:
        del holder[last]
    else:
        holder[last] = value
    if MESSAGES[type_].has_foreign_lines and "content" in payload["body"] and last != "content":
        payload["body"]["content"] = content_digest(payload["body"], payload["sd"])
    error = refusal(replace(made.bundle(), envelope=sealed(payload, made.sender)), made)
    assert error.name == "malformed"


def test_bodies_that_must_agree_with_the_envelope():
    made = MADE["agreement.decision"]
    for fields in ({"n": 3}, {"agreement": str(THIRD)}):
        error = refusal(_packed(changed(made, body={**made.envelope.body, **fields})), made)
        assert error.name == "malformed"
    made = MADE["cosign.offer"]
    error = refusal(_packed(changed(made, body={**made.envelope.body, "minutes": 91})), made)
    assert (error.name, error.params["where"]) == ("malformed", "envelope/body/content")


# Disclosures: what only the JWE says is asked for again, what the seal says is final ---------------------------------------

WITH_VALUES = [type_ for type_ in MESSAGES if SAMPLES[type_].values]


@pytest.mark.parametrize("type_", WITH_VALUES)
def test_the_enclosed_must_match_the_seal(type_):
    made = MADE[type_]
    first, *rest = made.disclosures
    foreign = disclose("/thoughts", "秘")
    hidden = (first.pointer, first.commitment)
    cases = {
        "none": Bundle(made.token),
        "surplus": made.bundle(disclosures=[*made.disclosures, foreign]),
        "twice": made.bundle(disclosures=[*made.disclosures, first]),
        "altered": made.bundle(disclosures=[replace(first, value="另一人"), *rest]),
        "salted anew": made.bundle(disclosures=[disclose(first.pointer, first.value), *rest]),
        "another pointer": made.bundle(disclosures=[replace(first, pointer="/thoughts"), *rest]),
        "withheld and disclosed": made.bundle(withheld=[hidden]),
        "withheld, another commitment": made.bundle(disclosures=rest, withheld=[(first.pointer, foreign.commitment)]),
        "withheld under an unknown name": made.bundle(disclosures=rest, withheld=[("/thoughts", first.commitment)]),
        "withheld twice": made.bundle(disclosures=rest, withheld=[hidden, hidden]),
        "withheld, ill-formed": made.bundle(disclosures=rest, withheld=[("name", first.commitment)]),
    }
    if not MESSAGES[type_].has_foreign_lines or MESSAGES[type_].pointer(first.pointer).is_required:
        cases["one missing"] = made.bundle(disclosures=rest)
    for label, packed in cases.items():
        error = refusal(packed, made)
        assert (error.name, error.outcome) == ("disclosure_missing", Outcome.RETRY), label


@pytest.mark.parametrize("type_", WITH_VALUES)
def test_a_value_withheld_does_not_stop_the_verb(type_):
    made = MADE[type_]
    packed = made.bundle(disclosures=[], withheld=[(item.pointer, item.commitment) for item in made.disclosures])
    admitted = receive(packed, made.sender, made.receiver)
    assert admitted.values == {}
    assert admitted.withheld == {item.pointer: item.commitment for item in made.disclosures}
    assert admitted.dropped == frozenset()


def resealed(type_, disclosures):
    """The same message, its seal made over these disclosures."""
    made = MADE[type_]
    sd = commitments(disclosures)
    body = dict(made.envelope.body)
    if MESSAGES[type_].has_foreign_lines:
        body["content"] = content_digest(body, sd)
    made = replace(changed(made, sd=sd, body=body), disclosures=list(disclosures))
    return made, made.bundle()


def value_cases():
    for type_ in WITH_VALUES:
        for path in SAMPLES[type_].values:
            # The longest text any message may carry has 2,000 characters: what a review meeting concluded.
            for index, value in enumerate(("", "长" * 2001, "甲\x00乙", -1, 1.5, {"a": 1}, True)):
                yield pytest.param(type_, path, value, id=f"{type_}-{path}-{index}")


@pytest.mark.parametrize(("type_", "path", "value"), list(value_cases()))
def test_a_sealed_value_of_another_kind(type_, path, value):
    shown = [item if item.pointer != path else replace(item, value=value) for item in MADE[type_].disclosures]
    made, packed = resealed(type_, shown)
    error = refusal(packed, made)
    assert error.name == "malformed"
    assert error.coordinates == made.envelope.coordinates


@pytest.mark.parametrize("type_", WITH_VALUES)
def test_a_sealed_disclosure_against_the_rules(type_):
    shown = MADE[type_].disclosures
    first, *rest = shown
    outside = disclose("/thoughts", "秘")
    cases = {
        "outside the scope": ([*shown, outside], "scope_violation"),
        "one pointer twice": ([*shown, disclose(first.pointer, first.value)], "malformed"),
        "a short salt": ([replace(first, salt="AAAA"), *rest], "malformed"),
        "a pointer of another form": ([replace(first, pointer="name"), *rest], "malformed"),
    }
    if MADE[type_].envelope.body:
        name = next(iter(MADE[type_].envelope.body))
        cases["also in the body"] = ([*shown, disclose(f"/{name}", "甲")], "malformed")
    if MESSAGES[type_].pointer(first.pointer).is_required:
        cases["a required one not sealed"] = (rest, "malformed")
    for label, (disclosures, code) in cases.items():
        made, packed = resealed(type_, disclosures)
        error = refusal(packed, made)
        assert (error.name, error.outcome) == (code, Outcome.FINAL), label


def test_a_share_carries_only_its_own_scope():
    phone = disclose("/phone", "15400000001")
    made, packed = resealed("share.snapshot", [*MADE["share.snapshot"].disclosures, phone])
    assert refusal(packed, made).name == "scope_violation"
    made, packed = resealed("share.snapshot", [phone])
    made = changed(made, body={**made.envelope.body, "scope": "S3"})
    assert receive(made.bundle(), made.sender, made.receiver).values == {"/phone": "15400000001"}


@pytest.mark.parametrize("type_", WITH_VALUES)
def test_what_no_grant_holds(type_):
    """An opening is refused; anything later applies, and the value is as if it had been withheld."""
    made, spec = MADE[type_], MESSAGES[type_]
    asked = []

    def is_granted(scope, field):
        asked.append((scope, field))
        return False

    scoped = {item.pointer for item in made.disclosures if spec.pointer(item.pointer).scope is not None}
    if scoped and spec.opens:
        error = refusal(made.bundle(), made, is_granted)
        assert (error.name, error.coordinates) == ("scope_violation", made.envelope.coordinates)
    else:
        admitted = receive(made.bundle(), made.sender, made.receiver, is_granted)
        assert admitted.dropped == scoped
        assert admitted.values.keys() == {item.pointer for item in made.disclosures} - scoped
        assert set(admitted.withheld) == scoped
    assert bool(asked) == bool(scoped)


def test_a_jwe_that_does_not_open():
    made = MADE["handover.release"]
    packed = made.bundle()
    parts = packed.jwe.split(".")
    stranger = generate_decryption_key(DECRYPTION_KEYS[made.receiver].kid)
    content = {"disclosures": [item.as_list() for item in made.disclosures], "withheld": []}
    ours = DECRYPTION_KEYS[made.receiver].public
    cases = {
        "made for another key of the same name": (
            bundle(made.token, stranger.public, made.disclosures).jwe,
            "disclosure_missing",
        ),
        "made for a key we do not have": (encrypt(content, replace(ours, kid="330110-open-2019-1")), "unknown_key"),
        "more inside": (encrypt({**content, "more": 1}, ours), "disclosure_missing"),
        "a list inside": (encrypt([], ours), "disclosure_missing"),
        "no text inside": (encrypt({"disclosures": 1, "withheld": []}, ours), "disclosure_missing"),
        "cut": (packed.jwe[:-30], "disclosure_missing"),
        "empty": ("", "disclosure_missing"),
        "not ASCII": ("密" + packed.jwe, "disclosure_missing"),
        "an encrypted key": (".".join([parts[0], "AAAA", *parts[2:]]), "disclosure_missing"),
    }
    for place in (2, 3, 4):
        flipped = "A" if parts[place][3] != "A" else "B"
        cases[f"flipped in part {place}"] = (
            ".".join([*parts[:place], parts[place][:3] + flipped + parts[place][4:], *parts[place + 1 :]]),
            "disclosure_missing",
        )
    header = json.loads(base64.urlsafe_b64decode(parts[0] + "=="))
    damaged: dict[str, dict[str, Any]] = {
        "zip": {"zip": "DEF"},
        "alg": {"alg": "dir"},
        "kid": {"kid": 7},
        "enc": {"enc": "A128GCM"},
    }
    for label, more in damaged.items():
        text = base64.urlsafe_b64encode(json.dumps({**header, **more}).encode()).rstrip(b"=").decode()
        cases[f"header {label}"] = (".".join([text, *parts[1:]]), "disclosure_missing")
    for label, (token, code) in cases.items():
        assert refusal(replace(packed, jwe=token), made).name == code, label
