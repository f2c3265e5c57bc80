"""The pins: complete, hashed, and without the name of any host."""

import re
import tomllib

import pytest

from deploy.places import CHECKOUT

FILES = ["requirements.txt", "requirements-test.txt"]


def pins(name: str) -> dict[str, str]:
    """Package to version, as pinned in a requirements file."""
    return dict(re.findall(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==([^ ]+)", (CHECKOUT / name).read_text(), re.MULTILINE))


@pytest.mark.parametrize("name", FILES)
def test_every_pin_has_a_hash_and_no_host_is_named(name):
    text = (CHECKOUT / name).read_text()
    entries = re.split(r"\n(?=[a-z0-9])", text)
    assert len(pins(name)) > 50
    assert all("--hash=sha256:" in entry for entry in entries if "==" in entry)
    assert "://" not in text


def test_the_tests_run_on_what_the_demo_runs_on():
    demo, test = (pins(name) for name in FILES)
    assert demo.items() <= test.items()


def test_every_dependency_of_the_project_is_pinned():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    for wanted, name in ((project["dependencies"], FILES[0]), (project["optional-dependencies"]["test"], FILES[1])):
        names = {re.match(r"[a-z0-9-]+", entry)[0] for entry in wanted}
        assert names <= set(pins(name))


def test_ci_runs_exactly_the_test_command():
    lines = (CHECKOUT / ".ci" / "run").read_text().splitlines()
    commands = [line for line in lines if line and not line.startswith("#")]
    assert commands == ['exec "$(dirname "$0")/../deploy/test" "$@"']
