"""The checkout: what lies at the top, and that the papers name commands, rooms and words that exist."""

from __future__ import annotations

import re
import subprocess
from enum import Enum

import pytest

import web.federation.models
import web.tenants.models  # noqa: F401
from tests.contracts.source import ROOT, WEB, modules
from tests.contracts.test_schema import machines
from web import create_app
from web.extensions import Model
from web.tenants.accounts.permissions import Role

TOP = {
    "pyproject.toml", "web", "migrations", "tests", "deploy", "README.md", "README.zh-CN.md", "LICENSE",
    "requirements.txt", "requirements-test.txt", ".ci", ".gitignore",
}  # fmt: skip


def test_the_top_level_is_this_and_no_more():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.fail(f"this checkout is no git repository: {listed.stderr}")
    tops = {line.split("/")[0] for line in listed.stdout.splitlines()}
    assert tops == TOP


def test_ci_runs_the_command_of_the_readme():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    commands = [line for line in script.splitlines() if line and not line.startswith("#")]
    assert commands == ['exec "$(dirname "$0")/../deploy/test" "$@"']


@pytest.mark.parametrize("paper", ["README.md", "README.zh-CN.md"])
def test_the_readmes_commands_are_those_that_exist(paper):
    text = (ROOT / paper).read_text(encoding="utf-8")
    fenced = "\n".join(re.findall(r"```(?:sh|console)?\n(.*?)```", text, flags=re.DOTALL))
    named = set(re.findall(r"deploy/[a-z]+\b", text)) | set(re.findall(r"(?m)^\.?/?(deploy/[a-z]+)", fenced))
    assert {"deploy/demo", "deploy/test"} <= named
    for command in named - {"deploy/README"}:
        assert (ROOT / command).stat().st_mode & 0o111, f"{command} is no command"


PAPERS = ("README.md", "README.zh-CN.md", "web/README.md", "web/federation/README.md", "deploy/README.md")
# Where a paper's `room/file.py` may begin.
NEAR = (ROOT, WEB, WEB / "tenants", WEB / "federation")


def test_the_papers_commands_exist():
    text = "".join((ROOT / paper).read_text(encoding="utf-8") for paper in PAPERS)
    named = set(re.findall(r"flask --app web ([a-z]+)", text))
    assert {"migrate", "county", "operator", "worker", "scheduler", "words"} <= named <= set(create_app().cli.commands)


@pytest.mark.parametrize("paper", PAPERS)
def test_the_papers_name_files_that_exist(paper):
    text = (ROOT / paper).read_text(encoding="utf-8")
    modules_named = [f"{name.replace('.', '/')}.py" for name in re.findall(r"python -m (tests[a-z_.]+)", text)]
    for name in modules_named + re.findall(r"`([a-z_]+(?:/[a-z_0-9]+)+\.[a-z]+)\b", text):
        assert any((near / name).exists() for near in NEAR), f"{paper}: {name}"


@pytest.mark.parametrize("paper", PAPERS)
def test_links_between_papers_lead_somewhere(paper):
    path = ROOT / paper
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), f"{paper}: {target}"


def words_of_the_code() -> set[str]:
    """Names of classes, states, verbs, roles, tables, kinds, packages and columns: what a glossary may speak of."""
    found = {m.class_.__tablename__ for m in Model.registry.mappers} | {
        m.class_.__name__ for m in Model.registry.mappers
    }
    found |= {c.name for m in Model.registry.mappers for c in m.local_table.c}
    for machine in machines():
        found |= {machine.name, *machine.verbs, *(s.value for s in machine.states), *machine.roles}
    found |= {role.value for role in Role}
    for path, _ in modules():
        found |= set(path.removesuffix(".py").split("/"))
    for enumeration in Enum.__subclasses__():
        found |= everything(enumeration)
    return found


def everything(enumeration: type[Enum]) -> set[str]:
    """Values of an enumeration of the product and of those derived from it."""
    found = {str(e.value) for e in enumeration} if enumeration.__module__.startswith("web.") else set()
    for derived in enumeration.__subclasses__():
        found |= everything(derived)
        found.add(derived.__name__)
    return found


def test_the_glossary_speaks_of_what_exists(proved):
    text = (WEB / "README.md").read_text(encoding="utf-8")
    table = re.search(r"## Glossary\n(.*?)\n## ", text, flags=re.DOTALL)
    assert table
    rows = re.findall(r"(?m)^\| (.+?) \| (.+?) \| (.+?) \|$", table.group(1))[2:]
    known, looked = words_of_the_code(), 0
    for chinese, names, _ in rows:
        for name in re.findall(r"`([^`]+)`", names):
            assert name in known, f"{chinese}: {name} is no class, state, verb or column"
            looked += 1
    assert looked > 40
    proved("words of the glossary that are names in the code", looked)


def test_every_table_is_in_the_glossary():
    """Whoever adds a table says in a phrase what it is."""
    text = (WEB / "README.md").read_text(encoding="utf-8")
    table = re.search(r"## Glossary\n(.*?)\n## ", text, flags=re.DOTALL)
    assert table
    told = {
        name
        for names in re.findall(r"(?m)^\| .+? \| (.+?) \| .+? \|$", table[1])
        for name in re.findall(r"`([^`]+)`", names)
    }
    tables = {mapper.class_.__tablename__ for mapper in Model.registry.mappers}
    assert sorted(tables - told) == [], "a line of the glossary for each"


def test_every_room_is_on_the_map():
    text = (WEB / "README.md").read_text(encoding="utf-8")
    for folder in ("tenants", "federation"):
        for room in sorted(p.name for p in (WEB / folder).iterdir() if (p / "__init__.py").exists()):
            assert f"`{room}`" in text or f"`{room}/`" in text, f"web/{folder}/{room} is not on the map"


@pytest.mark.parametrize("paper", ["README.md", "README.zh-CN.md"])
def test_the_readme_shows_both_windows_and_a_paper(paper):
    """Before its first command the reader sees the product: both windows, and a page a county prints."""
    first = (ROOT / paper).read_text(encoding="utf-8").split("\n## ", 1)[0]
    for picture in ("windows.png", "letter.png"):
        found = ROOT / "deploy" / "pictures" / picture
        assert f"deploy/pictures/{picture}" in first
        data = found.read_bytes()
        assert data.startswith(b"\x89PNG") and 10_000 < len(data) < 300_000
