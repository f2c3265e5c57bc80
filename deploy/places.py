"""Where the commands keep things: the checkout, the state of an instance, its secrets (standard library only).

State lives outside the checkout, in `~/.local/state/kiteline/<checkout>/<instance>` (as root `/var/lib/kiteline/…`,
which the unprivileged server user can reach).  Two instances share nothing but the virtual environment.
"""

import base64
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.console import Stopped

CHECKOUT = Path(__file__).resolve().parents[1]
VENV = CHECKOUT / ".venv"
# The three keys the application reads and the passwords of the database's roles; all 32 bytes, base64url.
SECRETS = ("KITELINE_SECRET", "KITELINE_FIELD_KEY", "KITELINE_SEAL_KEY", "superuser", "owner", "app")


def checkout_name(checkout: Path = CHECKOUT) -> str:
    """A short stable name for a checkout, safe in file names and in names of database roles."""
    return hashlib.sha256(str(checkout).encode()).hexdigest()[:8]


def state_root() -> Path:
    """The directory for every instance of this checkout."""
    if chosen := os.environ.get("KITELINE_STATE_DIR"):
        return Path(chosen).resolve() / checkout_name()
    if os.geteuid() == 0:
        return Path("/var/lib/kiteline") / checkout_name()
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(home) / "kiteline" / checkout_name()


@dataclass(frozen=True)
class Instance:
    """One set of servers and processes, named `demo-<port>`, `test-<pid>` or `dev`."""

    name: str

    @property
    def root(self) -> Path:
        return state_root() / self.name

    def folder(self, *parts: str) -> Path:
        """A directory of this instance, made when missing; passable for the server user, readable by nobody else."""
        path = self.root.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        mode = 0o711 if os.geteuid() == 0 else 0o700
        for made in (path, *path.parents):
            if not made.is_relative_to(state_root()):
                break
            made.chmod(mode)
        return path

    @property
    def erasures(self) -> Path:
        """The list of what was destroyed or taken back, which a restore goes through; the operator's, or the instance's."""
        return Path(os.environ.get("KITELINE_ERASURES") or self.folder() / "erasures").resolve()

    def log(self, name: str) -> Path:
        return self.folder("log") / f"{name}.log"

    def secrets(self) -> dict[str, str]:
        """The instance's secrets, drawn once and kept with mode 600; a file of an older version is completed."""
        path = self.folder() / "secrets.json"
        kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        missing = [name for name in SECRETS if name not in kept]
        if missing:
            kept |= {name: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode() for name in missing}
            write_privately(path, json.dumps(kept, indent=1))
        return kept

    def sockets(self) -> Path:
        """A short directory for unix sockets (their paths end at 107 bytes), the same until the machine restarts."""
        note = self.folder() / "sockets"
        if note.exists() and (kept := Path(note.read_text())).is_dir() and kept.stat().st_uid in {os.geteuid(), 65534}:
            return kept
        made = Path(tempfile.mkdtemp(prefix="kl-", dir="/tmp"))  # TMPDIR may be far too long
        write_privately(note, str(made))
        return made

    def forget(self, *names: str) -> None:
        """Remove the instance's state, or only the named parts of it."""
        if not names and (note := self.root / "sockets").exists():
            shutil.rmtree(note.read_text(), ignore_errors=True)
        for path in [self.root / name for name in names] or [self.root]:
            shutil.rmtree(path, ignore_errors=True)

    def is_held(self) -> bool:
        """Does another process hold it?"""
        try:
            with self.held(""):
                return False
        except Stopped:
            return True

    @contextmanager
    def held(self, fix: str) -> Iterator[None]:
        """Hold the instance for this process alone."""
        with (self.folder() / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Stopped(f"{self.name} of this checkout is running already", fix) from None
            yield


def write_privately(path: Path, text: str) -> None:
    """Replace a file in one step, readable by its owner alone from the first byte."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
