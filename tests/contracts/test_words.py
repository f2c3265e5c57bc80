"""What the code can write or refuse has words at the edge: verbs of the log, codes of errors, permissions, roles."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterator
from pathlib import Path

import web.federation.models
import web.tenants.models  # noqa: F401
from web.blueprints import accounts, timeline, words
from web.core.fence import Tenanted
from web.core.states import Machine
from web.extensions import Model
from web.tenants.accounts.permissions import Permission, Role

WEB = Path(__file__).parents[2] / "web"


def calls(*names: str) -> Iterator[tuple[Path, ast.Call]]:
    """Every call of a function or class of these names in the product."""
    for path in sorted(WEB.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in names:
                    yield path, node


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


def test_every_verb_of_the_log_has_a_sentence(application, proved):
    verbs = {v for _, call in calls("record") if call.args for v in texts(call.args[0]) if "." in v}
    machines = [m for m in gc.get_objects() if isinstance(m, Machine) and m.states.__module__.startswith("web.")]
    verbs |= {f"{m.name}.{verb}" for m in machines for verb in m.verbs}
    verbs |= {
        f"{mapper.local_table}.{act}"
        for mapper in Model.registry.mappers
        if issubclass(mapper.class_, Tenanted) and mapper.class_.__logged__
        for act in timeline.EVERY
    }
    assert sorted(v for v in verbs if not timeline.sayable(v)) == []
    proved("verbs of the log in words", len(verbs))


def test_every_code_of_an_error_has_words(application):
    of_fields: set[str] = set()
    for _, call in calls("Invalid"):
        if call.args and isinstance(call.args[0], ast.Dict):
            of_fields |= {code for value in call.args[0].values for code in texts(value)}
    assert sorted(of_fields - set(words.FIELD_ERRORS)) == []
    of_errors: set[str] = set()
    for _, call in calls("NotFound", "NotPermitted", "WrongState", "Conflict", "TooMany", "DomainError"):
        of_errors |= set(texts(call.args[0])) if call.args else set()
    assert sorted(of_errors - set(words.ERRORS)) == []


def test_roles_and_permissions_have_words(application):
    assert set(Role) <= set(words.ROLES)
    assert set(accounts.PERMISSIONS) == set(Permission)
