"""When the database cannot do its part: what the page says, and the form that can be sent again.

Nothing is asked of the database any more, so the page is a bare one, without menu and without name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
import structlog
from flask import Flask, g, request
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from web.blueprints import kept, words

log = structlog.get_logger(__name__)
STORAGE_FULL = 507  # RFC 4918
BUSY = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.QueryCanceled,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
    psycopg.errors.UniqueViolation,  # somebody else wrote the same at this moment: sent again, the form says what is taken
)


@dataclass(frozen=True)
class Outage:
    """`is_known`: the transaction was certainly rolled back, so the same form may be sent again."""

    code: str
    status: int = 503
    retry_after: int | None = None
    is_known: bool = True


def of(error: DBAPIError | PoolTimeout, *, is_committing: bool) -> Outage:
    """What an error of the database means for who waits for the page. A connection that broke while the commit was on
    its way leaves open whether it was kept; every answer of the server itself says that it was not.
    """
    cause = error.orig if isinstance(error, DBAPIError) else None
    if isinstance(cause, psycopg.errors.DiskFull):
        return Outage("storage_full", STORAGE_FULL)
    if cause is None or isinstance(cause, BUSY):
        return Outage("database_busy", 503 if cause is None else 409, retry_after=5)
    if is_committing:
        return Outage("database_gone_at_commit", is_known=False)
    return Outage("database_gone", retry_after=30)


def register(app: Flask) -> None:
    """One handler for the database's own errors."""

    @app.errorhandler(OperationalError)
    @app.errorhandler(PoolTimeout)
    def out(error: DBAPIError | PoolTimeout) -> Any:
        found = of(error, is_committing=g.get("is_committing", False))
        log.error("request.outage", code=found.code, error=type(getattr(error, "orig", error)).__name__)
        words.undo()
        g.is_out = True
        answer = words.answer(
            found.status, found.code, words.ERRORS[found.code], retry_after=found.retry_after,
            again=kept.again() if found.is_known and request.method == "POST" else None,
        )  # fmt: skip
        if found.retry_after:
            answer.headers["Retry-After"] = str(found.retry_after)
        return answer

    @app.errorhandler(IntegrityError)
    def at_once(error: IntegrityError) -> Any:
        if not isinstance(error.orig, psycopg.errors.UniqueViolation):
            return words.failed(error)
        log.warning("request.at_once", exc_info=error)  # where: the program may have asked nobody first
        return out(error)
