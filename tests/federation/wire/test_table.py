"""The table of messages keeps its own rules, and the registry of fields agrees with it."""

from dataclasses import replace
from uuid import UUID

import pytest

from tests.federation.kat.make import DECISION as ACCEPTED
from web.core.fields import FIELDS
from web.core.scopes import GRANTABLE
from web.federation.admission import check_decision, compose
from web.federation.agreements import texts
from web.federation.messages import DECISION, DECISIONS, MESSAGES, MessageSpec, Pointer, scoped_fields
from web.federation.wire.codes import WireError
from web.federation.wire.kinds import DATE, Record, Text

# Words that may never cross a border, as they would be named.
NEVER = {"thoughts", "talk", "visit", "difficulty", "health", "religion", "family", "discipline", "income", "address"}
# Of no person: they cross under S0 and S1, and in a letter.
NOBODYS = {"organisation", "venue", "liaison", "counts", "valid_days"}
NEVER |= {"photo", "location", "points", "satisfaction", "dues_amount"}


def test_the_registry_lets_each_scoped_field_cross_under_that_scope():
    for scope, fields in scoped_fields().items():
        for name in fields:
            assert scope.value in FIELDS[name].scopes, (scope, name)


def test_a_county_leaves_out_of_a_grant_only_what_nothing_needs():
    whole = {scope: list(GRANTABLE[scope].fields) for scope in ("S0", "S6")}
    some = {"S2": ["host_township", "arrival_month"], "S7": ["skills"]}
    assert {scope: names for scope in GRANTABLE if (names := texts.may_lack(scope))} == whole | some
    a, b = UUID(int=1), UUID(int=2)
    assert texts.grant(a, b, "S5", ["presence"]) == texts.grant(a, b, "S5"), "nor does a template begin without it"
    assert "skills" not in texts.grant(a, b, "S7", ["skills", "job_intent"])["fields"]


def test_nothing_that_may_never_cross_is_in_the_table():
    for spec in [*MESSAGES.values(), *DECISIONS.values()]:
        for pointer in spec.pointers:
            assert not NEVER & {pointer.field, *pointer.path.split("/")}
            assert pointer.field != "id_number" or spec.type == "handover.confirm"
            assert pointer.scope is None or (FIELDS[pointer.field].is_personal or pointer.field in NOBODYS)


def test_a_body_can_hold_nothing_personal():
    with pytest.raises(TypeError, match="plain"):
        MessageSpec("handover.x", DECISION, Record({"name": Text(60)}))
    with pytest.raises(TypeError, match="never in both"):
        MessageSpec("handover.x", DECISION, Record({"on": DATE}), (Pointer("/on", Text(9)),))


def test_only_openings_and_counters_may_expire():
    assert {spec.type for spec in MESSAGES.values() if spec.may_expire} == {
        "agreement.counter",
        "referral.offer",
        "referral.claim",
        "handover.request",
        "handover.ask",
        "cosign.offer",
        "request.ask",
    }
    assert {spec.type for spec in MESSAGES.values() if spec.opens} == {
        "agreement.decision",
        "referral.offer",
        "referral.claim",
        "share.grant",
        "handover.request",
        "handover.ask",
        "cosign.offer",
        "request.ask",
    }


@pytest.mark.parametrize(
    ("type_", "body", "values", "code"),
    [
        ("handover.request", {}, {"/name": "李例乙"}, "malformed"),
        ("handover.request", {"name": "李例乙"}, {"/name": "李例乙", "/birth_on": "1980-01-01"}, "malformed"),
        ("handover.request", {}, {"/name": "", "/birth_on": "1980-01-01"}, "malformed"),
        ("handover.request", {}, {"/name": "李例乙", "/birth_on": "1980-01-01", "/phone": "1"}, "scope_violation"),
        ("decision.reject", {}, {}, "malformed"),
        ("decision.counter", {"round": 11}, {}, "malformed"),
    ],
)
def test_a_sender_cannot_compose_what_a_receiver_would_refuse(type_, body, values, code):
    with pytest.raises(WireError) as caught:
        compose(type_, body, values)
    assert caught.value.name == code


def test_an_unknown_verb_of_a_hub():
    assert check_decision(ACCEPTED) is DECISIONS["accept"]
    with pytest.raises(WireError) as caught:
        check_decision(replace(ACCEPTED, verb="seize"))
    assert caught.value.name == "version_unsupported"
    with pytest.raises(WireError) as caught:
        check_decision(replace(ACCEPTED, body={"round": 1}))
    assert caught.value.name == "malformed"
