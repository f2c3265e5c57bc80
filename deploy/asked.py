"""`deploy/backup FOLDER --asked`: makes the backups that operators asked for on their page, one after the other.

The page writes a row and can do no more: it neither reads every county nor has the keys. This program, which belongs to
whoever may run commands on the server, takes the row, makes the file and writes beside it what came of it: a word for
what hindered it, which the page knows (`web/blueprints/operator.py`), while the whole of it stands in this program's log.
"""

import errno
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg

from deploy import archive
from deploy.console import Stopped, explain, say
from deploy.database import for_psycopg
from deploy.processes import Family

EVERY, DAY = 2.0, 86_400.0  # seconds
_ALONE = "SELECT pg_try_advisory_lock(hashtext('kiteline.backup'))"
# Whoever holds the lock makes them one by one: what is begun and not ended while nobody makes anything was abandoned.
_ABANDONED = (
    "UPDATE backup SET ended_at = now(), problem = 'interrupted' WHERE begun_at IS NOT NULL AND ended_at IS NULL"
)
_NEXT = "UPDATE backup SET begun_at = now() WHERE id = (SELECT id FROM backup WHERE begun_at IS NULL ORDER BY id LIMIT 1) RETURNING id"
_DONE = "UPDATE backup SET ended_at = now(), file_name = %s, size = %s, sha256 = %s WHERE id = %s"
_FAILED = "UPDATE backup SET ended_at = now(), problem = %s WHERE id = %s"

Make = Callable[[Path], str]


def serve(owner_url: str, folder: Path, make: Make, end: Callable[[], list[str]], *, is_once: bool) -> None:
    """Look for what is asked until told to stop, or `is_once`. `make(path)` writes a backup and returns its SHA-256; `end()`
    destroys those that are too old, at once and then once a day.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ended_at = -DAY
    with Family():  # so that SIGTERM ends it like Ctrl-C: a half-written file goes
        while True:
            if time.monotonic() - ended_at >= DAY:
                ended_at = time.monotonic()
                _end(end)
            try:
                while _one(owner_url, folder, make):
                    pass
            except psycopg.OperationalError as error:
                say(f"the database is away: {type(error).__name__}")
            if is_once:
                return
            time.sleep(EVERY)


def _end(end: Callable[[], list[str]]) -> None:
    try:
        for line in end():
            say(line)
    except (Stopped, OSError) as error:  # no key, or a folder that cannot be read: asked again tomorrow
        say(f"old backups are not looked for: {error}")


def _one(owner_url: str, folder: Path, make: Make) -> bool:
    """Make the oldest that waits; False when none does, or another program is at it."""
    with psycopg.connect(for_psycopg(owner_url), autocommit=True) as connection:
        if connection.execute(_ALONE).fetchone() != (True,):
            return False
        connection.execute(_ABANDONED)
        for draft in folder.glob("*.part"):  # of a program that was killed
            draft.unlink()
        found = connection.execute(_NEXT).fetchone()
        if found is None:
            return False
        id_: UUID = found[0]
        path = folder / f"kiteline-{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}-{str(id_)[-4:]}.backup"
        try:
            digest = make(path)
        except (Stopped, OSError) as error:
            explain(error if isinstance(error, Stopped) else Stopped(str(error), "mend what it says, then ask again"))
            connection.execute(_FAILED, (_problem(error), id_))
        else:
            connection.execute(_DONE, (path.name, path.stat().st_size, digest, id_))
            say(f"{path}: made for an operator")
    return True


class NoKey(Stopped):
    """Nothing to encrypt with."""


def _problem(error: Exception) -> str:
    if isinstance(error, NoKey):
        return "key"
    if isinstance(error, archive.Broken):
        return "unread"
    if isinstance(error, OSError):
        return "disk" if error.errno == errno.ENOSPC else "folder"
    return "dump"
