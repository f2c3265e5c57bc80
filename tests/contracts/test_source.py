"""Rules read from the syntax tree: one clock, one commit, no SQL made of strings, owners alone construct their rows."""

from __future__ import annotations

import ast
from pathlib import Path

import web.federation.models
import web.tenants.models  # noqa: F401
from tests.contracts.source import ROOT, calls, here, modules, name_of
from web.extensions import Model

FORBIDDEN_NAMES = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "base"}
VAGUE_VERBS = ("process", "handle", "manage")
SQL_TEXT = {"sqlalchemy.text", "sqlalchemy.literal_column", "sqlalchemy.sql.text", "web.extensions.db.text"}


def test_one_clock():
    asked = {"now", "utcnow", "today", "fromtimestamp", "utcfromtimestamp"}
    found = [
        call.where
        for call in calls()
        if call.path != "web/core/clock.py"
        and call.last in asked
        and call.full.rpartition(".")[0] in {"datetime", "datetime.datetime", "datetime.date", "time"}
    ]
    assert found == []
    # Seconds since the epoch: identifiers alone are made of them.
    epoch = {"time.time", "time.time_ns", "time.localtime", "time.gmtime"}
    assert {call.path for call in calls() if call.full in epoch} <= {"web/core/ids.py", "web/core/clock.py"}


def test_one_commit():
    assert [c.path for c in calls() if c.name.endswith("session.commit")] == ["web/core/fence.py"]


def test_who_commits_opened_the_unit_of_work():
    """The edge commits a request, `jobs.run` a job; anywhere else a commit stands inside a unit opened right there."""
    edge = {"web/blueprints/edge.py"}
    for path, module in modules():
        if path in edge:
            continue
        for function in [n for n in ast.walk(module) if isinstance(n, ast.FunctionDef)]:
            said = [name_of(n.func) for n in ast.walk(function) if isinstance(n, ast.Call)]
            if "fence.commit" in said:
                opened = any(name.endswith((".acting_for", ".platform", ".acting")) for name in said)
                assert opened, f"{here(path, function)}: {function.name} commits a unit of work it did not open"


def is_plain(node: ast.expr) -> bool:
    """A text that is the same at every run."""
    if isinstance(node, ast.Constant):
        return True
    return isinstance(node, ast.BinOp) and is_plain(node.left) and is_plain(node.right)


def test_no_sql_is_made_of_strings():
    for call in calls():
        first = call.node.args[0] if call.node.args else None
        if call.path == "web/core/fence.py" and call.name == "dbapi_connection.execute":
            # The fence writes the county into the transaction: the one statement made of parts, and its part is an int.
            tenant = """f"SET LOCAL app.tenant = '{int(work.tenant_id)}'\""""
            assert ast.unparse(first) in ("'SELECT 1'", tenant), call.where
            continue
        if call.last in {"execute", "scalar", "scalars", "exec_driver_sql"}:
            assert not isinstance(first, ast.JoinedStr | ast.Constant | ast.BinOp), (
                f"{call.where}: a statement that is a string"
            )
        if call.full in SQL_TEXT:
            assert first is not None and is_plain(first), f"{call.where}: SQL made of parts"


def home_of(model: type) -> str:
    """The package that owns a model: web.tenants.members.models → web/tenants/members/."""
    path = Path(model.__module__.replace(".", "/"))
    return f"{path.parent.as_posix()}/" if path.name == "models" else f"{path.as_posix()}.py"


def test_only_the_owner_constructs_changes_in_bulk_and_deletes(proved):
    owners = {f"{m.class_.__module__}.{m.class_.__name__}": home_of(m.class_) for m in Model.registry.mappers}
    bulk = {"sqlalchemy.delete", "sqlalchemy.update", "sqlalchemy.insert", "sqlalchemy.dialects.postgresql.insert"}
    for call in calls():
        made = [call.full]
        if (call.full in bulk or call.name in {"db.delete", "db.update", "db.insert"}) and call.node.args:
            made.append(call.resolve(call.node.args[0]))
        for name in made:
            owner = owners.get(name)
            assert owner is None or call.path.startswith(owner), f"{call.where}: {owner} alone makes or ends {name}"
    proved("models with one owner", len(owners))


def test_every_module_says_what_it_owns(proved):
    looked = 0
    for path, module in modules("web", "deploy", "migrations"):
        said = ast.get_docstring(module)
        assert said, f"{path}: the first line says what it owns"
        assert (
            said.splitlines()[0].rstrip().endswith((".", "。", ",", ":", ";", ")", "?")) or len(said.splitlines()) > 1
        ), path
        looked += 1
    proved("modules that say what they own", looked)


def test_names_say_something():
    for path, module in modules("web", "deploy"):
        assert not FORBIDDEN_NAMES & set(Path(path).with_suffix("").parts), path
        if path.endswith("service.py"):
            for node in module.body:
                if isinstance(node, ast.FunctionDef):
                    assert not node.name.startswith(VAGUE_VERBS), f"{here(path, node)}: {node.name}"


def test_modules_are_small_or_data():
    """About 400 lines; tables of data are exempt."""
    data = {"messages.py", "samples.py", "words.py"}
    large = {}
    for folder in ("web", "deploy"):
        for path in (ROOT / folder).rglob("*.py"):
            lines = len(path.read_text(encoding="utf-8").splitlines())
            if lines > 600 and path.name not in data:
                large[path.relative_to(ROOT).as_posix()] = lines
    assert large == {}


def test_enumerations_are_texts():
    """A state is stored as text and compared as text: every Enum of the product is a StrEnum."""
    plain = [
        here(path, node)
        for path, module in modules()
        for node in ast.walk(module)
        if isinstance(node, ast.ClassDef)
        and {"Enum", "enum.Enum", "IntEnum", "enum.IntEnum"} & {name_of(b) for b in node.bases}
    ]
    assert plain == []
