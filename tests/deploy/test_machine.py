"""What is missing on a machine, and the one line that mends it."""

import os
import platform
import shutil
import subprocess
import sys

import pytest

from deploy import machine
from deploy.console import Stopped


def dpkg_knows(monkeypatch, *installed: str) -> None:
    """Let dpkg-query list these packages as installed and one as removed."""
    lines = [*(f"installed {name}" for name in installed), "config-files libpango-1.0-0"]
    answer = subprocess.CompletedProcess([], 1, "\n".join(lines), "")
    monkeypatch.setattr(subprocess, "run", lambda *_args, **_more: answer)


def test_only_what_dpkg_does_not_have_is_missing(monkeypatch):
    dpkg_knows(monkeypatch, "fonts-noto-cjk")
    assert machine.missing_packages(["libpango-1.0-0", "fonts-noto-cjk"]) == ["libpango-1.0-0"]


def test_without_sudo_the_line_to_run_is_printed_and_nothing_is_tried(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shutil, "which", lambda _name: "/usr/bin/anything")
    tried = []

    def run(command, **_more):
        tried.append(command[0])
        return subprocess.CompletedProcess(command, 1, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(Stopped) as stopped:
        machine.install_system_parts("demo")
    assert stopped.value.fix.startswith(
        "sudo apt-get update && sudo apt-get install -y --no-install-recommends libpango"
    )
    assert "\n" not in stopped.value.fix
    assert tried == ["dpkg-query", "sudo"]


def test_apt_is_told_to_update_when_its_lists_are_old(monkeypatch, tmp_path):
    monkeypatch.setenv("KITELINE_STATE_DIR", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(machine, "missing_packages", lambda _wanted: ["fonts-noto-cjk"])
    monkeypatch.setattr(shutil, "which", lambda _name: "/usr/bin/dpkg-query")
    ran = []

    def run(command, *, log, problem, fix, env, cwd):
        ran.append(command[1])
        if len(ran) == 1:
            raise Stopped(problem, fix, log)

    monkeypatch.setattr(machine, "run", run)
    machine.install_system_parts("demo")
    assert ran == ["install", "update", "install"]


def test_the_demo_needs_no_browser_and_the_tests_do(monkeypatch):
    monkeypatch.setattr(machine, "browser", lambda: None)
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: {"ID": "debian"})
    assert "chromium" not in machine.wanted_packages("demo")
    assert {"chromium", "poppler-utils", "qpdf"} <= set(machine.wanted_packages("test"))
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: {"ID": "ubuntu"})
    assert "chromium" not in machine.wanted_packages("test")  # a snap there: Playwright's comes later


def test_on_ubuntu_the_browser_is_playwrights_and_only_its_libraries_need_root(monkeypatch, tmp_path):
    monkeypatch.setenv("KITELINE_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: {"ID": "ubuntu"})
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    lacking, ran = [1], []
    monkeypatch.setattr(
        subprocess, "run", lambda command, **_more: subprocess.CompletedProcess(command, lacking[0], b"", b"")
    )
    monkeypatch.setattr(machine, "run", lambda command, **_more: ran.append(command[3:]))
    with pytest.raises(Stopped) as stopped:
        machine.install_browser()
    assert stopped.value.fix.startswith("sudo ") and "install-deps chromium" in stopped.value.fix
    assert ran == []
    lacking[0] = 0
    machine.install_browser()
    assert ran == [["install", "chromium"]]
    found = tmp_path / "chromium-1" / "chrome-linux64" / "chrome"
    found.parent.mkdir(parents=True)
    found.touch()
    assert machine.browser() == found
    machine.install_browser()
    assert len(ran) == 1


def test_the_chosen_browser_is_respected(monkeypatch, tmp_path):
    chosen = tmp_path / "my chromium"
    chosen.write_text("#!/bin/sh\n")
    monkeypatch.setenv("CHROMIUM", str(chosen))
    with pytest.raises(Stopped, match="no program"):
        machine.browser()
    chosen.chmod(0o755)
    assert machine.browser() == chosen


def test_a_snap_stub_is_no_browser(monkeypatch, tmp_path):
    stub = tmp_path / "chromium-browser"
    stub.write_text("#!/bin/sh\nexec /snap/bin/chromium\n")
    stub.chmod(0o755)
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.browser() is None
    stub.rename(tmp_path / "chromium").write_text("#!/bin/sh\nexec /usr/lib/chromium/chromium\n")
    assert machine.browser() == tmp_path / "chromium"


def test_an_old_python_is_told_which_to_use(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 12))
    with pytest.raises(Stopped, match=r"needs 3\.11"):
        machine.check_python()


def test_a_complete_environment_is_left_alone(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("KITELINE_STATE_DIR", str(tmp_path / "state"))
    venv = tmp_path / "the venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "lib" / "python{}.{}".format(*sys.version_info[:2])).mkdir(parents=True)
    (venv / "bin" / "python").touch()
    monkeypatch.setattr(machine, "VENV", venv)
    monkeypatch.setattr(machine, "PYTHON", venv / "bin" / "python")
    ran = []
    monkeypatch.setattr(machine, "run", lambda command, **_more: ran.append([str(word) for word in command]))
    machine.make_environment("test")
    machine.make_environment("test")
    machine.make_environment("demo")  # the tests' requirements hold the demo's
    (pip,) = ran
    assert {"--require-hashes", "--no-deps"} <= set(pip)
    assert pip[-1].endswith("requirements-test.txt")
    assert "all there" in capsys.readouterr().out
