"""The offline script: a second reading of the protocol, with no code of the product, agrees with the first."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.federation.kat.make import SEAL_KEYS, build
from tests.federation.kat.samples import AT, HOME, HOST
from web.federation import verify
from web.federation.messages import MESSAGES
from web.federation.wire.canonical import instant
from web.federation.wire.receipts import receipt, sign_receipt


def evidence(type_, **changes):
    made = build(type_)
    given = sign_receipt(receipt(made.envelope.coordinates, AT), SEAL_KEYS[made.receiver])
    return {
        "envelope": made.token,
        "receipt": given,
        "keys": [{"county": str(county), "jwk": SEAL_KEYS[county].jwk} for county in (HOME, HOST)],
        "disclosures": [item.as_list() for item in made.disclosures],
        **changes,
    }


@pytest.mark.parametrize("type_", MESSAGES)
def test_every_message_type_holds(type_):
    proved = verify.verdict(evidence(type_))
    assert type_ in proved[0]
    assert any("signed for it" in sentence for sentence in proved)


def test_it_holds_after_the_values_were_erased():
    proved = verify.verdict(evidence("handover.release", disclosures=[]))
    assert proved[-1] == "11 sealed values were not shown; they may have been erased."


def test_a_refusal_is_told_as_one():
    made = build("handover.request")
    given = sign_receipt(receipt(made.envelope.coordinates, AT, "already_open"), SEAL_KEYS[made.receiver])
    assert any(
        "refused (already_open)" in sentence for sentence in verify.verdict(evidence("handover.request", receipt=given))
    )


def test_what_does_not_hold():
    made, other = build("handover.request"), build("handover.accept")
    key = SEAL_KEYS[made.receiver]
    coordinates = made.envelope.coordinates
    (first, *_) = made.disclosures
    keys = evidence("handover.request")["keys"]
    (head, body, signature) = made.token.split(".")
    cases = {
        "the receipt names another seq": {"receipt": sign_receipt(receipt(replace(coordinates, seq=1), AT), key)},
        "the receipt is over another content": {
            "receipt": sign_receipt(receipt(replace(coordinates, digest=other.envelope.digest), AT), key)
        },
        "the header is not that of a fed1-receipt": {"receipt": made.token},
        "the header is not that of a fed1-msg": {"envelope": sign_receipt(receipt(coordinates, AT), key)},
        "the signature of the fed1-msg does not hold": {"envelope": f"{head}.{body}.{signature[:-4]}AAAA"},
        "the fed1-msg is not a JWS": {"envelope": "x"},
        "no key": {"keys": keys[1:]},
        "the value shown for /name": {"disclosures": [replace(first, value="另一人").as_list()]},
        "a disclosure is not": {"disclosures": [first.as_list(), first.as_list()]},
        "no earlier receipt": {"receipt": None, "keys": [{**keys[0], "revoked_at": instant(AT)}, keys[1]]},
        "the seal key was revoked": {"keys": [{**keys[0], "revoked_at": instant(AT)}, keys[1]]},
        "with a key already revoked": {"keys": [keys[0], {**keys[1], "revoked_at": instant(AT)}]},
    }
    for words, changes in cases.items():
        with pytest.raises(verify.Refused, match=words):
            verify.verdict(evidence("handover.request", **changes))


def test_a_seal_older_than_the_cut_counts():
    keys = evidence("handover.request")["keys"]
    later = instant(AT + timedelta(seconds=1))
    assert verify.verdict(evidence("handover.request", keys=[{**keys[0], "revoked_at": later}, keys[1]]))


def test_it_runs_alone(tmp_path):
    """In another folder, isolated from this one: only Python and `cryptography`."""
    script = tmp_path / "verify.py"
    script.write_text(Path(verify.__file__).read_text(encoding="utf-8"), encoding="utf-8")
    good, bad, unreadable = tmp_path / "good.json", tmp_path / "bad.json", tmp_path / "unreadable.json"
    good.write_text(json.dumps(evidence("cosign.offer")), encoding="utf-8")
    bad.write_text(json.dumps(evidence("cosign.offer", receipt=evidence("cosign.lapse")["receipt"])), encoding="utf-8")
    unreadable.write_text("[]", encoding="utf-8")
    for path, status, word in ((good, 0, "HOLDS."), (bad, 1, "DOES NOT HOLD"), (unreadable, 2, "")):
        run = subprocess.run(
            [sys.executable, "-I", "-X", "utf8", script, path],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            encoding="utf-8",
        )
        assert run.returncode == status, run.stderr
        assert word in run.stdout
    assert verify.main([]) == 2
