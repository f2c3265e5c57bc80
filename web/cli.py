"""Commands: migrate, county, demo, worker, scheduler."""

from __future__ import annotations

import signal
import time
from datetime import timedelta
from pathlib import Path
from types import FrameType

import click
from flask import Flask

MIGRATIONS = Path(__file__).parent.parent / "migrations"


def register(app: Flask) -> None:
    """Put the commands on the application."""
    for command in (migrate, worker, scheduler):
        app.cli.add_command(command)


@click.command()
@click.argument("revision", default="head")
def migrate(revision: str) -> None:
    """Bring the database to a revision, as its owner."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    command.upgrade(config, revision)
    click.echo(f"database at {revision}")


@click.command()
@click.argument("queues", nargs=-1)
def worker(queues: tuple[str, ...]) -> None:
    """Run deferred work of these queues (all of them by default), until told to stop."""
    from rq import Queue, SimpleWorker

    from web import jobs
    from web.core.queue import QUEUES
    from web.extensions import valkey

    names = list(queues) or sorted(set(QUEUES.values()))
    click.echo(f"worker of {', '.join(names)}; knows {len(jobs.UNITS) + len(jobs.WHOLE)} jobs")
    # One process, no fork a job: a message crosses in milliseconds. A job that dies takes the process with it, the
    # one who started it starts it again, and what the job would have done is found in the database.
    SimpleWorker([Queue(n, connection=valkey.client, serializer="json") for n in names], connection=valkey.client, serializer="json").work(logging_level="WARNING")  # fmt: skip


@click.command()
@click.option("--once", is_flag=True, help="One round, for tests and cron.")
def scheduler(once: bool) -> None:
    """Ring for what is due: messages every second, what time says every minute, the log's seals every ten minutes."""
    from web import jobs

    stop = False

    def end(signum: int, frame: FrameType | None) -> None:
        nonlocal stop
        stop = True

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    click.echo("scheduler runs")
    last: dict[str, float] = {}
    while not stop:
        for name, every, ring in jobs.ROUNDS:
            if time.monotonic() - last.get(name, -1e9) >= every / timedelta(seconds=1):
                last[name] = time.monotonic()
                ring()
        if once:
            return
        time.sleep(0.5)
