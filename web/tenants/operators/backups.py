"""Asking for a backup of the whole deployment. `deploy/backup` makes it, outside of the application, which can neither read
every county nor open the seals; what came of it stands in the row.
"""

from __future__ import annotations

from web.core import clock
from web.core.errors import Invalid
from web.extensions import db
from web.tenants.counties import service as counties
from web.tenants.operators import service as operators
from web.tenants.operators.models import Backup, Operator

SHOWN = 30


def ask(operator: Operator, reason: str, *, ip: str = "") -> None:
    """Put down that a backup is wanted. A backup holds every county, so it stands in each county's own log first."""
    name = operator.name
    if not reason.strip():
        raise Invalid({"reason": "required"})
    if db.session.scalar(db.select(Backup.id).where(Backup.ended_at.is_(None))) is not None:
        raise Invalid({"": "backup_waits"})
    for code in [county.code for county in counties.every()]:
        with operators.through(operator, code, "operation.backup", reason, ip=ip):
            pass
    db.session.add(Backup(asked_by=name, reason=reason.strip(), asked_at=clock.now()))
    db.session.flush()


def newest() -> list[Backup]:
    """The last ones, newest first."""
    return list(db.session.scalars(db.select(Backup).order_by(Backup.id.desc()).limit(SHOWN)))
