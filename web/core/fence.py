"""The fence: a unit of work acts for one county, and cannot see another one's rows.

Two locks. The session adds `tenant_id =` to every ORM statement; behind it, forced row-level security
reads the county from the transaction. A unit of work (`acting_for`) has a session of its own, bound to one county for
its whole life, because an object already held by a session would otherwise be handed to the next county.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, cast
from uuid import UUID

import psycopg
from psycopg.pq import ExecStatus
from psycopg.sql import SQL
from sqlalchemy import ClauseElement, Connection, CursorResult, Executable, Integer, Pool, event, text
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.orm import Mapped, ORMExecuteState, SessionTransaction, mapped_column, with_loader_criteria
from sqlalchemy.sql.base import ExecutableOption
from sqlalchemy.sql.compiler import SQLCompiler

from web.core.errors import CrossTenant
from web.core.ids import uuid7
from web.extensions import Session, db, unit


@dataclass(eq=False)
class Unit:
    """One unit of work: its county (None on the platform) and what runs after its commit."""

    tenant_id: int | None
    reason: str = ""
    after_commit: dict[tuple[object, ...], Callable[[], None]] = field(default_factory=dict)
    writes: list[tuple[Executable, Any]] = field(default_factory=list)
    connection: Connection | None = None  # of the transaction at hand

    @cached_property
    def narrowing(self) -> ExecutableOption:
        """The same option object for every ORM statement of the unit: its lambda is analysed once, not per statement."""
        # No county: the criterion nobody satisfies. Row-level security answers with no rows too.
        tenant_id = -1 if self.tenant_id is None else self.tenant_id
        return with_loader_criteria(Tenanted, lambda cls: cls.tenant_id == tenant_id, include_aliases=True)


class Tenanted:
    """A row of one county: key (tenant_id, id), both filled by the fence. `__logged__`: changes write events."""

    __logged__ = True
    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False, default=lambda: tenant())  # noqa: PLW0108  defined below
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)


class Exempt:
    """A table without row-level security; `__exempt__` says why. A contract test holds the list."""

    __exempt__ = ""


def here() -> Unit:
    """The unit of work at hand; CrossTenant outside of one."""
    current = unit.get()
    if not isinstance(current, Unit):
        raise CrossTenant("no unit of work: use fence.acting_for(county) or fence.platform(reason)")
    return current


def tenant() -> int:
    """The county this unit of work acts for."""
    tenant_id = here().tenant_id
    if tenant_id is None:
        raise CrossTenant(f"this unit of work acts for no county ({here().reason})")
    return tenant_id


@contextmanager
def acting_for(tenant_id: int) -> Iterator[Unit]:
    """A unit of work for one county. Leaving it without `commit` rolls back."""
    yield from _enter(Unit(int(tenant_id)))


@contextmanager
def platform(reason: str) -> Iterator[Unit]:
    """A unit of work for no county: only tables without row-level security can be read."""
    yield from _enter(Unit(None, reason))


def _enter(work: Unit) -> Iterator[Unit]:
    token = unit.set(work)
    try:
        yield work
    finally:
        db.session.remove()
        unit.reset(token)


def commit() -> None:
    """Commit the unit's one transaction, then let go what waited for it (jobs). The only commit in the code base."""
    work = here()
    db.session.commit()
    waiting, work.after_commit = work.after_commit, {}
    for let_go in waiting.values():
        let_go()


def execute(statement: Executable, values: Any = None) -> CursorResult[Any]:
    """Run a statement over tables, not models, in the unit's transaction: it names the county itself, and nothing is
    flushed before it. For the post, whose statements are few, always the same, and counted.
    """
    write()
    return _connection().execute(statement, values)


def later(statement: Executable, values: Any) -> None:
    """Keep a write whose answer nobody reads, until the unit asks something or ends: those that wait go in one journey.
    Like `execute`, it names the county itself. One row of values, or a list of rows with the same columns; defaults of columns
    are not filled in.
    """
    here().writes.append((statement, values))


# What keeps writes back itself, until it is known which go together, lets them go here: before a question of the ORM, a flush,
# a savepoint and the commit.
LET_GO: list[Callable[[], None]] = []
_COMMIT = SQL("COMMIT")


def write(*, is_last: bool = False) -> None:
    """Send what waits (`later`). It happens by itself before every other statement, at a savepoint, and at the commit, which
    then goes in the same journey (`is_last`).
    """
    waiting, here().writes = here().writes, []
    if not waiting:
        return
    connection = _connection()
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    with _one_journey(driver) if is_last or len(waiting) > 1 else nullcontext():
        for statement, values in waiting:
            _send(connection, statement, values)
        if is_last:
            driver.execute(_COMMIT, prepare=False)


@contextmanager
def _one_journey(driver: psycopg.Connection[Any]) -> Iterator[None]:
    try:
        with driver.pipeline():
            yield
    except psycopg.Error as error:  # said when the journey ends, so not to SQLAlchemy
        raise DBAPIError.instance(None, None, error, psycopg.Error) from error


def _send(connection: Connection, statement: Executable, values: Any) -> None:
    # A list of one would go as many do, with a journey more.
    rows = values if isinstance(values, list) else [values]
    said = _said(statement, tuple(rows[0]))
    bound = [said.bound(row) for row in rows]
    connection.exec_driver_sql(said.text, bound[0] if len(bound) == 1 else bound)


@dataclass(frozen=True)
class _Said:
    """A write as the driver takes it: its text, the values that stand in it (`fixed`; one that a row lacks is refused), and what
    makes the others into what the driver knows how to send.
    """

    text: str
    fixed: dict[str, Any]
    made: dict[str, Callable[[Any], Any]]

    def bound(self, row: dict[str, Any]) -> dict[str, Any]:
        values = self.fixed | row
        for name, make in self.made.items():
            values[name] = make(values[name])
        return values


@lru_cache(256)
def _said(statement: Executable, names: tuple[str, ...]) -> _Said:
    """Worked out once: the statements of `later` are few, and what SQLAlchemy does for each anew costs as much as sending it."""
    dialect = db.engine.dialect
    found = cast(SQLCompiler, cast(ClauseElement, statement).compile(dialect=dialect, column_keys=list(names)))
    if found.prefetch:
        raise ValueError(f"a write that waits says every column: {[c.name for c in found.prefetch]} of {found}")
    made = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in found.binds.items()}
    fixed = {name: bind.value for name, bind in found.binds.items() if not bind.required}
    return _Said(str(found), fixed, {name: make for name, make in made.items() if make})


def _connection() -> Connection:
    work = here()
    work.connection = work.connection or db.session.connection()
    return work.connection


def start_over() -> None:
    """Roll back what the unit did so far, and forget what waited for its commit; it goes on in a new transaction."""
    db.session.rollback()
    here().after_commit.clear()


def plan_anew() -> None:
    """Until the transaction ends, plan every statement for the values it comes with. For whoever asks one statement over and
    over: after ten times PostgreSQL may keep one plan made for a county of average size, and in a large one that is not the same.
    """
    db.session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))


@contextmanager
def savepoint() -> Iterator[None]:
    """A part of the unit that may fail by itself: what it did is undone, and the unit goes on. An exception passes."""
    _let_go()
    with db.session.begin_nested():
        yield


@event.listens_for(Session, "before_flush")
@event.listens_for(Session, "do_orm_execute")
def _let_go(*_of: object) -> None:
    if isinstance(unit.get(), Unit):
        for let_go in LET_GO:
            let_go()
        write()


@event.listens_for(Session, "before_commit")
def _write_and_commit(session: Session) -> None:
    """Of a savepoint too, before it ends."""
    if isinstance(unit.get(), Unit):
        session.flush()
        for let_go in LET_GO:
            let_go()
        write(is_last=not session.in_nested_transaction())


@event.listens_for(Session, "after_soft_rollback")
def _unwritten(*_of: object) -> None:
    if isinstance(work := unit.get(), Unit):
        work.writes.clear()


# A savepoint is set when its transaction is first asked for the connection.
@event.listens_for(Session, "after_transaction_create")
@event.listens_for(Session, "after_transaction_end")
def _ask_again(*_of: object) -> None:
    if isinstance(work := unit.get(), Unit):
        work.connection = None


@event.listens_for(Pool, "checkout")
def _tell_the_database(dbapi_connection: psycopg.Connection, _record: object, _proxy: object) -> None:
    """The first statement of every transaction says whose county it is. It also finds a connection whose server went
    away, before anything depends on it: the pool then drops all it holds and takes a new one.
    """
    work = unit.get()
    if not isinstance(work, Unit):
        return
    # SET LOCAL with a literal: set_config() is not carried to the workers of a distributed database. It begins the
    # transaction itself, so that one journey does for both.
    says = "SELECT 1" if work.tenant_id is None else f"SET LOCAL app.tenant = '{int(work.tenant_id)}'"
    begun = dbapi_connection.pgconn.exec_(f"BEGIN; {says}".encode())
    if begun.status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
        raise InvalidatePoolError()


@event.listens_for(Session, "after_begin")
def _one_unit(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    if not transaction.nested and session.info.setdefault("unit", here()) is not here():
        raise CrossTenant("a session served two units of work")


@event.listens_for(Session, "do_orm_execute")
def _narrow(state: ORMExecuteState) -> None:
    state.statement = state.statement.options(here().narrowing)


@event.listens_for(Session, "before_flush")
def _fill(session: Session, _context: object, _instances: object) -> None:
    for row in session.new:
        if isinstance(row, Tenanted):
            row.tenant_id = row.tenant_id if row.tenant_id is not None else tenant()
            row.id = row.id or uuid7()
    for row in [*session.new, *session.dirty, *session.deleted]:
        if isinstance(row, Tenanted) and row.tenant_id != tenant():
            raise CrossTenant(f"{type(row).__name__} of county {row.tenant_id} in the unit of {tenant()}")
