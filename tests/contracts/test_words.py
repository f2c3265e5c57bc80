"""What the code can write or refuse has words at the edge: verbs of the log, codes of errors, permissions, roles."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator

import web.federation.models
import web.tenants.models  # noqa: F401
from tests.contracts.source import Call, calls
from tests.contracts.test_schema import machines
from web.blueprints import events, navigation, sentences, timeline, words
from web.core.errors import DomainError
from web.core.fence import Tenanted
from web.core.states import EnumText
from web.extensions import Model
from web.federation.agreements.models import VERSION
from web.federation.messages import REQUEST_DECLINED, REQUEST_FAILED
from web.federation.verbs import KINDS
from web.federation.wire.codes import CODES, Outcome
from web.tenants.accounts.permissions import Permission, Role
from web.tenants.imports import reasons


def texts(node: ast.AST | None) -> Iterator[str]:
    """Plain strings that the expression can be."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from texts(node.body)
        yield from texts(node.orelse)
    elif isinstance(node, ast.List | ast.Tuple):
        for one in node.elts:
            yield from texts(one)


def said(*names: str) -> Iterator[Call]:
    """Every call of a function or class of these names."""
    return (call for call in calls() if call.last in names)


def errors() -> set[type[DomainError]]:
    """The family of domain errors, wherever a room defines one."""
    found, new = set(), {DomainError}
    while new:
        found |= new
        new = {derived for kind in new for derived in kind.__subclasses__()} - found
    return found


def test_every_verb_of_the_log_has_a_sentence(application, proved):
    verbs = {v for call in said("record") if call.node.args for v in texts(call.node.args[0]) if "." in v}
    verbs |= {f"{m.name}.{verb}" for m in machines() for verb in m.verbs}
    verbs |= {f"agreement.{said}{verb}" for said in ("propose_", "drop_") for verb in VERSION.verbs}
    said_of = [(kind.name, verb) for kind in KINDS.values() for verb in kind.machine.verbs]
    verbs |= {f"{name}.{before}{verb}" for name, verb in said_of for before in ("propose_", "drop_")}
    verbs |= {f"{name}.stop" for name in KINDS}
    verbs |= {
        f"{mapper.local_table}.{act}"
        for mapper in Model.registry.mappers
        if issubclass(mapper.class_, Tenanted) and mapper.class_.__logged__
        for act in sentences.EVERY
    }
    assert sorted(v for v in verbs if not timeline.sayable(v)) == []
    proved("verbs of the log in words", len(verbs))


def test_every_reason_the_program_gives_has_words(application):
    """A member's timeline once said 事由：notice_withdrawn, and the log's column too."""
    given = {code for call in calls() for k in call.node.keywords if k.arg == "reason" for code in texts(k.value)}
    given = {code for code in given if code and code.isascii()}
    given |= {*REQUEST_DECLINED.words, *REQUEST_FAILED.words}
    known = set(sentences.REASONS) | {code for of in sentences.REASONS_OF.values() for code in of} | set(words.ERRORS)
    assert sorted(given - known) == []
    assert timeline.because("share.revoke", "notice_withdrawn") == "本人撤回告知"
    assert (
        timeline.because("request.propose_fail", "not_able")
        != timeline.because("request.decline", "not_able")
        != "not_able"
    )
    assert timeline.because("request.decline", "人不在") == "人不在"


def test_every_value_of_a_closed_list_that_the_log_shows_has_words(application):
    """A member's own page once said 到会情况 present."""
    shown = [
        (mapper.class_.__tablename__, column.name, column.type.states)
        for mapper in Model.registry.mappers
        if getattr(mapper.class_, "__logged__", False)
        for column in mapper.local_table.columns
        if isinstance(column.type, EnumText)
        and column.name != "state"
        and timeline._label(mapper.class_.__tablename__, column.name)
    ]
    assert {("attendance", "presence"), ("activity", "kind")} <= {(noun, field) for noun, field, _ in shown}
    for noun, field, values in shown:
        assert not {value.value for value in values} - set(map(str, sentences.VALUES.get((noun, field), {}))), (
            noun,
            field,
        )


def test_what_is_told_and_opened_is_called_as_the_log_calls_it():
    """A notice or a link under another name than its table's would silently never come."""
    tables = {str(table) for table in Model.metadata.tables}
    told = {*navigation.TOLD, *navigation.SEEN, *navigation.PAGES, *events.PAGES}
    assert sorted(told - tables) == []
    assert sorted(told - sentences.NOUNS.keys()) == []


def test_every_code_of_an_error_has_words(application, proved):
    of_fields: set[str] = set()
    of_errors: set[str] = set()
    for call in said(*(kind.__name__ for kind in errors())):
        first = call.node.args[0] if call.node.args else None
        if isinstance(first, ast.Dict):
            of_fields |= {code for value in first.values for code in texts(value)}
        else:
            of_errors |= set(texts(first))
        of_errors |= {code for keyword in call.node.keywords if keyword.arg == "code" for code in texts(keyword.value)}
    for kind in errors():
        code = inspect.signature(kind).parameters.get("code")
        of_errors |= {code.default} if code is not None and isinstance(code.default, str) else set()
    known = set(words.ERRORS) | set(reasons.REFUSALS)
    assert sorted(of_fields - set(words.FIELD_ERRORS)) == []
    assert sorted(of_errors - known) == []
    proved("codes of errors in words", len(of_fields) + len(of_errors))


def test_what_a_partner_refuses_or_stops_has_words(application):
    """Final codes stand on pages as the reason of a refusal, stopping ones on the page of the partners."""
    shown = {name for name, code in CODES.items() if code.outcome is not Outcome.RETRY}
    assert sorted(shown - set(words.ERRORS)) == []


def test_roles_and_permissions_have_words(application):
    assert set(Role) <= set(words.ROLES)
    assert set(words.PERMISSIONS) == set(Permission)
