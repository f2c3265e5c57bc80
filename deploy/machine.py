"""Gets the machine ready: Python, system packages, the virtual environment (standard library only)."""

import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.console import Stopped, step
from deploy.places import CHECKOUT, VENV, state_root, write_privately
from deploy.processes import run

PYTHON = VENV / "bin" / "python"
OLDEST_PYTHON = (3, 11)
TO_PRINT = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fonts-noto-cjk")
TO_TEST = ("poppler-utils", "qpdf", "libatomic1")  # the last is for the browser driver's own program
BROWSERS = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser")
REQUIREMENTS = {"demo": ("requirements.txt",), "test": ("requirements.txt", "requirements-test.txt")}


def check_python() -> None:
    if sys.version_info[:2] < OLDEST_PYTHON:
        raise Stopped(
            f"this is Python {platform.python_version()}, Kiteline needs 3.11 or newer",
            f"python3.12 {sys.argv[0]}    (with any newer Python that is installed)",
        )


def browser() -> Path | None:
    """The Chromium to test with: $CHROMIUM, or the first that is installed and is not Ubuntu's snap stub, or Playwright's own."""
    if chosen := os.environ.get("CHROMIUM"):
        if not os.access(chosen, os.X_OK):
            raise Stopped(f"CHROMIUM names {chosen}, which is no program", "unset CHROMIUM, or name a Chromium")
        return Path(chosen)
    for name in BROWSERS:
        found = shutil.which(name)
        if found and "/snap" not in Path(found).read_bytes()[:4096].decode("latin-1"):
            return Path(found)
    place = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    return max(place.glob("chromium-*/chrome-linux*/chrome"), default=None)


def wanted_packages(command: str) -> list[str]:
    """The system packages `demo` or `test` needs on this machine, installed or not."""
    wanted = list(TO_PRINT)
    if importlib.util.find_spec("ensurepip") is None:
        wanted.append("python3-venv")
    if command == "test":
        wanted += TO_TEST
        if browser() is None and not _is_ubuntu():
            wanted.append("chromium")
    return wanted


def _is_ubuntu() -> bool:
    return platform.freedesktop_os_release().get("ID") == "ubuntu"


def missing_packages(wanted: Sequence[str]) -> list[str]:
    """Those of `wanted` that dpkg does not know as installed."""
    known = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${db:Status-Status} ${Package}\n", *wanted],
        capture_output=True,
        text=True,
        check=False,  # it fails when one is unknown, and still lists the others
    )
    installed = {line.partition(" ")[2] for line in known.stdout.splitlines() if line.startswith("installed ")}
    return [package for package in wanted if package not in installed]


def install_system_parts(command: str) -> None:
    """Install by apt what is missing; Stopped with the line to run where we may not."""
    with step("system parts") as notes:
        if shutil.which("dpkg-query") is None:
            notes.append(f"not a Debian: Pango, HarfBuzz and Noto CJK must be there ({', '.join(TO_PRINT)})")
            return
        missing = missing_packages(wanted_packages(command))
        if not missing:
            notes.append("all there")
            return
        as_root = _as_root(f"missing on this machine: {', '.join(missing)}", _line_for(missing))
        log = _log("apt")
        install = [*as_root, "apt-get", "install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120"]
        by_hand = _line_for(missing)
        env = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
        failed = "apt could not install the system parts"
        try:
            run([*install, *missing], log=log, problem=failed, fix=by_hand, env=env, cwd=CHECKOUT)
        except Stopped:  # the package lists are old or were never fetched
            run(
                [*as_root, "apt-get", "update"],
                log=log, problem="apt could not update its lists", fix=by_hand, env=env, cwd=CHECKOUT,
            )  # fmt: skip
            run([*install, *missing], log=log, problem=failed, fix=by_hand, env=env, cwd=CHECKOUT)
        notes.append(f"installed {', '.join(missing)}")


def _line_for(packages: Sequence[str]) -> str:
    return f"sudo apt-get update && sudo apt-get install -y --no-install-recommends {' '.join(packages)}"


def _as_root(problem: str, by_hand: str) -> list[str]:
    """The words before a command of root; Stopped with the one line to run when we may not become root without asking."""
    if os.geteuid() == 0:
        return []
    if (
        shutil.which("sudo")
        and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    ):
        return ["sudo", "-n", "DEBIAN_FRONTEND=noninteractive"]
    raise Stopped(problem, by_hand)


def install_browser() -> None:
    """On Ubuntu, whose Chromium is a snap that does not run everywhere: Playwright's own, and the libraries it needs."""
    if browser() is not None or not _is_ubuntu():
        return
    with step("Chromium") as notes:
        libraries = [str(PYTHON), "-m", "playwright", "install-deps", "chromium"]
        by_hand = f"sudo {shlex.join(libraries)}    (or name one: CHROMIUM=/path/to/chromium)"
        env = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
        # When they are there already no root is asked for.
        if subprocess.run([*libraries, "--dry-run"], capture_output=True, check=False, env=env).returncode:
            as_root = _as_root("libraries that Chromium needs are missing on this machine", by_hand)
            run(
                [*as_root, *libraries],
                log=_log("apt"), problem="apt could not install what Chromium needs", fix=by_hand, env=env, cwd=CHECKOUT,
            )  # fmt: skip
        run(
            [PYTHON, "-m", "playwright", "install", "chromium"],
            log=_log("browser"), problem="Chromium could not be downloaded",
            fix=f"{sys.argv[0]}    (again; or name one: CHROMIUM=/path/to/chromium)", env=env, cwd=CHECKOUT,
        )  # fmt: skip
        notes.append("Playwright's own")


def _log(name: str) -> Path:
    state_root().mkdir(parents=True, exist_ok=True)
    return state_root() / f"{name}.log"


def _digest(requirements: str) -> str:
    return hashlib.sha256((CHECKOUT / requirements).read_bytes()).hexdigest()


def make_environment(command: str) -> None:
    """Make or complete `.venv` from the hash-pinned requirements; nothing to do when they have not changed."""
    with step("Python environment") as notes, (_log("venv").with_suffix(".lock")).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two first starts at once: one makes it, the other finds it made
        files = REQUIREMENTS[command]
        stamp = VENV / "requirements.json"
        home = VENV / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
        if not (PYTHON.exists() and home.exists()) and sys.prefix != str(VENV):
            _run_or_stop([sys.executable, "-m", "venv", "--clear", VENV], "the virtual environment cannot be made")
        installed = json.loads(stamp.read_text()) if stamp.exists() else {}
        if all(installed.get(name) == _digest(name) for name in files):
            notes.append("all there")
            return
        pip: list[str | Path] = [
            PYTHON,
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--no-input",
            "--require-hashes",
        ]
        # Everything is pinned, dependencies included: nothing is resolved, nothing is built that has a wheel.
        _run_or_stop(
            [*pip, "--no-deps", "--prefer-binary", "--no-compile", "-r", CHECKOUT / files[-1]],
            "pip could not install the requirements",
        )
        write_privately(stamp, json.dumps({name: _digest(name) for name in files}))
        stamp.chmod(0o644)
        notes.append(f"from {files[-1]}")


def _run_or_stop(command: Sequence[str | Path], problem: str) -> None:
    run(
        command, log=_log("venv"), problem=problem, fix=f"{sys.argv[0]}    (again; with the network it downloads)",
        env=os.environ, cwd=CHECKOUT,
    )  # fmt: skip
