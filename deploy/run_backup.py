"""`deploy/backup FILE`: the whole deployment in one encrypted file, while it goes on working."""

import argparse
import getpass
import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from deploy import archive, asked, copies, instances
from deploy.console import Stopped, say, step
from deploy.instances import SEAL_KEY, Services
from deploy.places import Instance
from deploy.processes import Family

PASSPHRASE, SHORTEST = "KITELINE_BACKUP_PASSPHRASE", 16
KEYS = ("KITELINE_SECRET", "KITELINE_FIELD_KEY", SEAL_KEY)
# A county that proves to another that a member's values are destroyed seals by which day its backups end, too.
KEPT = timedelta(days=90)


def parser(command: str, words: str) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(command, description=words)
    made.add_argument("file", type=Path, help="the backup")
    made.add_argument("--port", type=int, default=8000, help="which instance: the port it serves on (default: 8000)")
    made.add_argument("--key-file", type=Path, help="a file that is the key; without it a passphrase is asked for")
    return made


def key(given: Path | None) -> bytes:
    """The operator's secret: the key file's bytes, KITELINE_BACKUP_PASSPHRASE, or what is typed."""
    if given is not None:
        try:
            found = given.read_bytes().strip()
        except OSError as error:
            raise Stopped(f"{given}: {error.strerror}", f"head -c 32 /dev/urandom | base64 > {given}") from error
    else:
        found = os.environ.get(PASSPHRASE, "").encode()
        if not found and sys.stdin.isatty():
            found = getpass.getpass("passphrase of the backup: ").encode()
    if len(found) < SHORTEST:
        raise Stopped(
            f"the passphrase or key has fewer than {SHORTEST} characters", f"--key-file FILE, or set {PASSPHRASE}"
        )
    return found


@contextmanager
def serving(instance: Instance) -> Iterator[Services]:
    """The instance's servers: those that run already, else started for this command."""
    if instance.is_held():
        yield instances.running(instance)
        return
    with Family() as family:
        yield instances.start(instance, family, is_forgetful=False)


def made(path: Path, secret: bytes, services: Services) -> tuple[dict[str, Any], str]:
    """Write a backup and read it back; what its manifest says, and the file's SHA-256. A file that does not open is gone."""
    with step("rows counted and digested"):
        facts, dump = copies.taken(services.urls.owner)
    manifest = {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "app_role": copies.role_of(services.urls.app),
        "keys": {name: services.keys[name] for name in KEYS},
        **facts,
    }
    with step("database and keys") as notes:
        archive.write(path, secret, manifest, dump)
        notes.append(f"{path.stat().st_size:,} bytes")
    with step("read back"):
        try:
            _, again = archive.read(path, secret)
            for _ in again:
                pass
        except archive.Broken:
            path.unlink()
            raise
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    return facts, digest


def ended(folder: Path, secret: bytes, now: datetime) -> list[str]:
    """Destroy the backups of a folder that were made longer than KEPT ago; what was done, a line each.

    Ours is what is called `….backup`, begins as our files do and opens with this key: inside stands when it was made.
    """
    said = []
    for path in sorted(folder.glob("*.backup")):
        with path.open("rb") as file:
            if file.read(len(archive.MAGIC)) != archive.MAGIC:
                continue
        try:
            made_at = datetime.fromisoformat(archive.read(path, secret)[0]["made_at"])
        except archive.Broken:
            said.append(f"{path} has another key or is damaged: whoever has the key destroys it in time")
            continue
        if now - made_at > KEPT:
            path.unlink()
            said.append(f"{path} destroyed: made {made_at:%Y-%m-%d}, more than {KEPT.days} days ago")
    return said


def main(arguments: list[str]) -> int:
    words = parser("deploy/backup", "The whole deployment in one encrypted file.")
    words.add_argument(
        "--asked",
        action="store_true",
        help="into the folder FILE, whatever operators ask for on their page, until stopped",
    )
    words.add_argument("--once", action="store_true", help="with --asked: what is asked now, then end")
    given = words.parse_args(arguments)
    path, instance = given.file.resolve(), Instance(f"demo-{given.port}")
    if given.asked:
        with serving(instance) as services:
            asked.serve(
                services.urls.owner,
                path,
                lambda file: _asked(file, given.key_file, services),
                lambda: ended(path, key(given.key_file), datetime.now(UTC)),
                is_once=given.once,
            )
        return 0
    secret = key(given.key_file)
    if path.exists():
        raise Stopped(f"{path} exists already", "name a new file")
    with serving(instance) as services:
        facts, _ = made(path, secret, services)
    say(f"\n{path}: revision {facts['revision']}, {sum(int(n) for n, _ in facts['rows'].values()):,} rows, encrypted")
    for line in ended(path.parent, secret, datetime.now(UTC)):
        say(line)
    say(f"destroy it by {datetime.now(UTC) + KEPT:%Y-%m-%d}: what counties destroy until then is in it still")
    return 0


def _asked(path: Path, key_file: Path | None, services: Services) -> str:
    try:
        secret = key(key_file)
    except Stopped as stopped:
        raise asked.NoKey(stopped.problem, stopped.fix) from stopped
    return made(path, secret, services)[1]
