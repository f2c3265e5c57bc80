"""Commands: migrate, repurge, county, operator, demo, worker, scheduler, words."""

from __future__ import annotations

import gc
import signal
import time
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

import click
from flask import Flask

MIGRATIONS = Path(__file__).parent.parent / "migrations"


def register(app: Flask) -> None:
    """Put the commands on the application."""
    for command in (migrate, repurge, county, operator, demo, worker, scheduler, words):
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
@click.argument("file", type=click.File(errors="replace"))
@click.option("--since", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]), required=True, help="When the backup was made.")
def repurge(file: TextIO, since: datetime) -> None:
    """Do again, in a restored database, what FILE (KITELINE_ERASURES) says was destroyed or taken back since the backup."""
    from web import jobs
    from web.core import erasures

    # Earlier too, by an hour: what was written down as the backup's own moment is that of its end.
    said = [line for line in erasures.read(file) if line.at >= since - timedelta(hours=1)]
    done, refused = jobs.repurge(said)
    click.echo("\n".join([f"{done} destroyed or taken back again", *(f"refused: {one}" for one in refused)]))
    if said and not done:
        click.echo(f"{len(said)} in the list, nothing of it here: is it the list of this deployment?")


@click.group()
def county() -> None:
    """Counties of this deployment."""


def _administrators(command: Any) -> Any:
    """The options that name the three first administrators."""
    for name, words in (("auditor", "审计员"), ("secadmin", "安全管理员"), ("sysadmin", "系统管理员")):
        command = click.option(f"--{name}", nargs=3, metavar="NAME USERNAME IDENTITY", help=f"The first {words}.")(
            command
        )
    return command


def _open_administrators(people: dict[str, tuple[str, str, str] | None]) -> list[str]:
    """Open those that were named, in the unit of the county at hand; returns the lines to print. Raises Invalid."""
    from web.tenants.accounts import service as accounts
    from web.tenants.accounts.permissions import Role
    from web.tenants.organisations import service as organisations

    root, said = organisations.root(), []
    for role, person in people.items():
        if person is not None:
            name, username, identity = person
            account, clear = accounts.open_account(username, name, Role(role), root.id, person=identity)
            said.append(
                f"{role:11} {account.username}  password {clear}   (shown once; it must be changed at the first sign-in)"
            )
    return said


@county.command("add")
@click.argument("code")
@click.option("--name", default="", help="Short name; by default that of the division code.")
@click.option("--office", default="", help="The organisation department, as it signs its letters.")
@_administrators
def add_county(code: str, name: str, office: str, **people: tuple[str, str, str] | None) -> None:
    """Make a county: its keys, settings, root organisation and three administrators, whose passwords are printed once.

    The three are three persons: the first opens accounts, the second grants roles, the third reads the log.
    """
    from web.core import fence
    from web.core.errors import Invalid
    from web.extensions import db, settings
    from web.federation.post import keys
    from web.tenants.counties import divisions
    from web.tenants.counties import service as counties
    from web.tenants.organisations import service as organisations
    from web.tenants.organisations.models import OrgKind

    for role, person in people.items():
        if person is None:
            raise click.UsageError(
                f"--{role} NAME USERNAME IDENTITY is missing: a county starts with three administrators"
            )
    division = divisions.find(code)
    if division is None or division.level != 3:
        raise click.ClickException(f"{code} is no division code of a county")
    if settings().seal_key is None:
        raise click.ClickException("KITELINE_SEAL_KEY is not set here: a county needs its keys from the start")
    name = name or division.name
    above = [d.name for d in divisions.parents(code)][:-1]
    city = above[-1] if above and name.endswith("区") else ""
    try:
        with fence.platform("a county is made"):
            made = counties.add(code, name, office or f"中共{city}{name}委组织部", region="".join(above))
            tenant_id, office = made.tenant_id, made.office
            fence.commit()
        try:
            with fence.acting_for(tenant_id):
                counties.demand_code(is_demanded=True)
                keys.create()
                organisations.found(None, OrgKind.COUNTY_COMMITTEE, name, full_name=f"中共{city}{name}委员会")
                said, fingerprint = _open_administrators(people), keys.own_fingerprint()
                fence.commit()
        except BaseException:
            with fence.platform("a county that could not be made"):
                db.session.delete(counties.by_code(code))
                fence.commit()
            raise
    except Invalid as error:
        raise click.ClickException(f"{code} was not added: {error}") from error
    click.echo(f"county      {code} {name} ({office})")
    click.echo(f"address     {settings().public_url}/{code}/")
    click.echo(f"fingerprint {fingerprint}")
    click.echo("\n".join(said))


@county.command("administrators")
@click.argument("code")
@_administrators
def add_administrators(code: str, **people: tuple[str, str, str] | None) -> None:
    """Open first administrators of a county from before they were separated: those named whose role nobody holds."""
    from web.core import fence
    from web.core.errors import DomainError
    from web.tenants.accounts import service as accounts
    from web.tenants.counties import service as counties

    try:
        with fence.platform("which county"):
            tenant_id = counties.by_code(code).tenant_id
        with fence.acting_for(tenant_id):
            held = {account.role.value for account in accounts.every() if account.is_active}
            if twice := sorted(role for role, person in people.items() if person and role in held):
                raise click.ClickException(f"{code} has an account in use as {', '.join(twice)} already")
            said = _open_administrators(people)
            fence.commit()
    except DomainError as error:
        raise click.ClickException(f"{code}: nobody was opened: {error}") from error
    click.echo("\n".join(said) or "nobody was named")


@county.command("list")
def list_counties() -> None:
    """Code, name and office of every county here."""
    from web.core import fence
    from web.tenants.counties import service as counties

    with fence.platform("the list of counties"):
        for one in counties.every():
            click.echo(f"{one.code}  {one.name}  {one.office}{'  (demo)' if one.is_demo else ''}")


@click.group()
def operator() -> None:
    """Operators of this deployment, who belong to no county."""


@operator.command("add")
@click.argument("username")
@click.argument("name")
def add_operator(username: str, name: str) -> None:
    """Make an operator. The password, the secret for the telephone and the recovery codes are printed once."""
    from web.core import fence
    from web.core.errors import Invalid
    from web.extensions import db, settings
    from web.tenants.accounts import factors
    from web.tenants.operators import service as operators

    try:
        with fence.platform("an operator is made"):
            made, clear, codes = operators.add(username, name)
            said = [
                f"address   {settings().public_url}/operator/",
                f"password  {clear}   (shown once; it must be changed at the first sign-in)",
                f"secret    {factors.typed(made)}   (type it into the telephone's authenticator)",
                f"or as     {factors.address(made, 'operator')}",
                f"recovery  {' '.join(codes)}",
            ]
            db.session.flush()
            fence.commit()
    except Invalid as error:
        raise click.ClickException(f"{username} was not added: {error}") from error
    click.echo("\n".join(said))


@operator.command("close")
@click.argument("username")
def close_operator(username: str) -> None:
    """Take an operator out of use; signed out at once."""
    from web.core import fence
    from web.core.errors import NotFound
    from web.tenants.operators import service as operators

    try:
        with fence.platform("an operator is closed"):
            operators.close(username)
            fence.commit()
    except NotFound as error:
        raise click.ClickException(f"there is no operator {username}") from error
    click.echo(f"{username} is closed")


@click.command()
@click.argument("queues", nargs=-1)
def worker(queues: tuple[str, ...]) -> None:
    """Run deferred work of these queues (all of them by default), until told to stop."""
    from web import jobs
    from web.core.queue import QUEUES, Worker

    names = list(queues) or sorted(set(QUEUES.values()))
    click.echo(f"worker of {', '.join(names)}; knows {len(jobs.UNITS) + len(jobs.WHOLE)} jobs")
    gc.collect()
    gc.freeze()  # what the application is made of stays: the collector does not search it again and again
    Worker(names).work(logging_level="WARNING")


@click.group()
def demo() -> None:
    """The demonstration: three counties with a past."""


@demo.command("build")
def demo_build() -> None:
    """Build the demo into an empty database; does nothing when there are counties already."""
    from web.demo import build

    if build.is_built():
        click.echo("demo is built already")
        return
    build.build(click.echo)


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
                jobs.ring(name, ring)
        if once:
            return
        time.sleep(0.5)


@click.command()
def words() -> None:
    """Bring the English catalogue up to date with the texts of templates, code and scripts."""
    from flask import current_app

    from web.blueprints.english import messages

    number, open_ = messages.bring_up_to_date(current_app.jinja_env)
    click.echo(f"{number} messages, {open_} without English")
