"""What the database says, what the models say and what the registries say are one thing."""

from __future__ import annotations

import gc
import re
from typing import Any

import web.federation.models
import web.tenants.models  # noqa: F401
from tests.conftest import _database_of, owner
from web.core.fence import Exempt, Tenanted
from web.core.fields import FIELDS, EncryptedText
from web.core.states import EnumText, Machine
from web.extensions import Model
from web.federation.messages import DECISIONS, MESSAGES, scoped_fields

MODELS: dict[str, Any] = {m.class_.__tablename__: m.class_ for m in Model.registry.mappers}
TENANTED = {name for name, model in MODELS.items() if issubclass(model, Tenanted)}
# Columns of a person's row that are about the row, not about the person.
TECHNICAL = {
    "tenant_id", "id", "state", "state_at", "created_at", "updated_at", "received_at", "at", "relation", "frozen_by", "purged_at",
    "partner_uid", "role", "n", "pending", "agreement_version", "agreement_digest", "refused_code", "stopped", "reason",
    "notice_on", "pointer", "scope", "commitment", "is_withheld", "field", "line", "answer",
}  # fmt: skip
# The flow's own places and days, the activity's title and day: what happened, personal by the row they stand in.
OF_THE_MATTER = {
    "letter_stub": {"year", "serial", "issued_on", "issued_by", "valid_until", "receipt_on", "void_on"},
    "flow": {"host_code", "host_text", "ended_on", "ended_as", "contacted_on", "confirmed_on"},
    "referral": {"accepted_on", "reported_on", "reported_how", "assigned_on", "ended_on", "told_how"},
    "study_record": {"title", "held_on"},
}
# Values under a record's own key: many in one column, or the words written beside an answer; purged with the key.
UNDER_A_KEY = {
    "disclosure.wrapped",
    "shared_member.wrapped",
    "shared_value.wrapped",
    "cosign_line.wrapped",
    "cosign.words",
    "request.words",
}
# Words that mean something else of an organisation or an account than of a member.
OF_OFFICES = {
    "import_batch": {"counts"}, "peer": {"name", "address"}, "county": {"name"}, "account": {"name"}, "operator": {"name"}, "party_org": {"name", "phone", "address", "venue"},
    "agreement_party": {"name", "post", "phone"}, "agreement_approval": {"name"}, "cooperation_progress": {"name", "note"},
    "agreement_duty": {"name", "note"}, "agreement_template": {"name"},
    "handover": {"letter_no", "valid_days", "from_org", "to_org"},
}  # fmt: skip


def machines() -> list[Machine[Any]]:
    """Every machine of the product."""
    found = [m for m in gc.get_objects() if isinstance(m, Machine) and m.states.__module__.startswith("web.")]
    return sorted(found, key=lambda m: m.name)


def test_every_table_chose_its_side():
    for name, model in MODELS.items():
        assert issubclass(model, Tenanted) != issubclass(model, Exempt), (
            f"{name} is of one county, or exempt with a reason"
        )
        if issubclass(model, Exempt):
            assert len(model.__exempt__) > 20, f"{name}: the reason is a sentence"


def test_states_of_the_machines_are_the_checks_of_the_database(fresh, proved):
    with owner(_database_of(fresh)) as connection:
        checks = dict(
            connection.execute(
                "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint"
                " WHERE contype = 'c' AND connamespace = 'public'::regnamespace AND conname LIKE 'ck\\_%\\_state'"
            ).fetchall()
        )
    stateful = {
        name: model.__table__.c.state.type.states
        for name, model in MODELS.items()
        if "state" in model.__table__.c and isinstance(model.__table__.c.state.type, EnumText)
    }
    assert set(checks) == set(stateful), "a state column has a CHECK, and a CHECK its enum"
    for name, states in stateful.items():
        assert set(re.findall(r"'([a-z_]+)'::", checks[name])) == {s.value for s in states}, name
    assert {m.states for m in machines()} == set(stateful.values()), (
        "a state column is written by a machine, and a machine writes one"
    )
    proved("states checked by machine and database", sum(map(len, stateful.values())))


def test_state_columns_refuse_to_be_written(proved):
    """Every stateful model is guarded: assigning its state outside the machine raises."""
    from web.core.errors import WrongState

    looked = 0
    for name, model in MODELS.items():
        if "state" not in model.__table__.c or not isinstance(model.__table__.c.state.type, EnumText):
            continue
        row = model()
        try:
            row.state = next(iter(model.__table__.c.state.type.states))
        except WrongState as error:
            assert error.code == "state_written_outside_its_machine"
            looked += 1
        else:
            raise AssertionError(f"{name}.state can be assigned from anywhere")
    proved("state columns guarded", looked)


def registered(column: Any) -> str | None:
    """The field of the registry this column holds, or None when it is technical."""
    name = column.info.get("field", column.name)
    return name if name in FIELDS else None


def test_every_personal_column_is_in_the_registry_of_fields(proved):
    looked = 0
    for name, model in MODELS.items():
        for column in model.__table__.c:
            encrypted = isinstance(column.type, EncryptedText)
            if not encrypted and not getattr(model, "__person__", False):
                continue
            known = TECHNICAL | OF_THE_MATTER.get(name, set())
            if (column.name in known or column.name.endswith("_id")) and not encrypted:
                continue
            where = f"{name}.{column.name}"
            assert registered(column) or where in UNDER_A_KEY, f"{where} is personal and not in core.fields.FIELDS"
            looked += 1
    proved("personal columns in the registry", looked)


def test_what_is_encrypted_stands_in_no_event_in_clear():
    """The log encrypts what is registered in a person's row, and leaves a secret out; anything else it would write as it is."""
    clear = {
        f"{name}.{c.name}"
        for name, model in MODELS.items()
        for c in model.__table__.c
        if isinstance(c.type, EncryptedText) and not c.info.get("secret")
        if (field := registered(c)) is None or not (FIELDS[field].is_personal and getattr(model, "__person__", False))
    }
    assert clear == set()


def test_personal_words_are_not_kept_outside_persons_rows():
    """A column named like a field of the registry stands in a model that says it holds a person."""
    found: set[str] = set()
    for name, model in MODELS.items():
        if not getattr(model, "__person__", False):
            found |= {
                f"{name}.{c.name}"
                for c in model.__table__.c
                if c.name in FIELDS and c.name not in OF_OFFICES.get(name, set())
            }
    assert found == set()


def test_every_personal_field_has_purpose_retention_and_label():
    for name, field in FIELDS.items():
        assert field.label, name
        if field.is_personal:
            assert field.purpose, f"{name}: why do we keep it"
            assert field.retention, f"{name}: for how long"
        assert field.scopes <= {f"S{n}" for n in range(8)}, name


def test_scopes_of_the_messages_are_those_of_the_registry(proved):
    used: dict[str, set[str]] = {}
    for spec in [*MESSAGES.values(), *DECISIONS.values()]:
        for pointer in spec.pointers:
            if pointer.scope is not None:
                assert pointer.field in FIELDS, f"{spec.type} {pointer.path}: no field of the registry"
                used.setdefault(pointer.field, set()).add(pointer.scope.value)
    declared = {name: set(field.scopes) for name, field in FIELDS.items() if field.scopes}
    assert used == declared, "a scope without a message, or a message without its scope"
    assert {name for fields in scoped_fields().values() for name in fields} == set(used)
    proved("fields that may cross, each under its scopes", len(used))
