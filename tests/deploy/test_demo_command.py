"""The demo command's refusals, and what it says when a step fails; the whole run is test_demo_run (long)."""

import socket
import sys
from pathlib import Path

import pytest

from deploy import run_demo, run_test
from deploy.console import Stopped, explain, step
from deploy.places import Instance, state_root


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("KITELINE_STATE_DIR", str(tmp_path))
    return state_root()


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_a_taken_port_is_answered_with_the_next_one(taken):
    with pytest.raises(Stopped, match=f"port {taken} is taken") as stopped:
        run_demo.main(["--port", str(taken)])
    assert stopped.value.fix == f"deploy/demo --port {taken + 1}"


def test_the_same_port_twice_is_answered_with_the_next_one():
    with Instance("demo-8123").held(""), pytest.raises(Stopped, match="running already") as stopped:
        run_demo.main(["--port", "8123"])
    assert stopped.value.fix == "deploy/demo --port 8124"


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
def test_fresh_never_empties_a_server_of_the_operator(name, state, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("REDIS_URL", "")
    kept = Instance("demo-8123").folder("postgres")
    monkeypatch.setenv(name, "anything://")
    with pytest.raises(Stopped, match=name):
        run_demo.main(["--port", "8123", "--fresh"])
    assert kept.exists()


def test_fresh_forgets_this_ports_data_and_no_others(state, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("REDIS_URL", "")
    own, other = Instance("demo-8123"), Instance("demo-8124")
    data = [each.folder(part) for each in (own, other) for part in ("postgres", "valkey", "backups")]
    found = []
    monkeypatch.setattr(run_demo, "_run", lambda *_: found.append([folder.exists() for folder in data]))
    run_demo.main(["--port", "8123"])
    run_demo.main(["--port", "8123", "--fresh"])
    assert found == [[True] * 6, [False, False, True, True, True, True]], "its backups stay, too"


def test_a_step_that_fails_shows_the_end_of_its_log_and_one_fix(monkeypatch, capsys):
    monkeypatch.setattr(run_demo, "FLASK", (sys.executable, "-c", "raise SystemExit('no such revision 0099')"))
    with pytest.raises(Stopped) as stopped:
        run_demo._once(Instance("demo-8123"), "migrations", ("migrate",), {"PATH": "/usr/bin"})
    explain(stopped.value)
    printed = capsys.readouterr()
    assert "migrations  … stopped" in printed.out
    assert "no such revision 0099" in printed.err
    assert printed.err.count("fix:") == 1


def test_a_step_prints_one_line_with_its_seconds(capsys):
    with step("system parts") as notes:
        notes.append("all there")
    assert capsys.readouterr().out == "   0.0 s  system parts  · all there\n"


def test_a_finding_of_lint_stops_the_tests_with_its_text(capsys):
    with pytest.raises(Stopped) as stopped:
        run_test.check("lint", ("-c", "raise SystemExit('web/x.py:1: unused import')"), "ruff check --fix .")
    assert "web/x.py:1: unused import" in capsys.readouterr().out
    assert stopped.value.fix == "ruff check --fix ."


def test_help_is_ours_and_comes_at_once(capsys):
    for word in ("--help", "-h"):
        with pytest.raises(SystemExit) as ended:
            run_test.main([word])
        printed = capsys.readouterr().out
        assert not ended.value.code
        assert printed.startswith("usage: deploy/test [-h] [--long] [pytest arguments]\n")
        assert not any(title in printed for title in ("s  lint", "s  types"))


def test_what_killed_runs_left_is_swept_and_what_lives_is_kept(state):
    Instance("test-1").folder("postgres")
    Instance("demo-8123").folder("postgres")
    with Instance("test-2").held(""):
        run_test.sweep()
        assert {path.name for path in state.iterdir()} == {"test-2", "demo-8123"}


def test_nobody_walks_past_the_checks_of_ci():
    titles = [title for title, _, _ in run_test.CHECKS]
    assert titles == ["lint", "format", "import contracts", "types"]
    assert all(fix for _, _, fix in run_test.CHECKS)
