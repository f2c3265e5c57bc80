"""The responsibility lists of all agreements in effect as one register: a SELECT whose rows are those of the texts, with the
state of our yearly check.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, case, column, func, true
from sqlalchemy.dialects.postgresql import JSONB, distinct_on
from sqlalchemy.orm import join

from web.core.keyset import Order
from web.extensions import db
from web.federation.agreements.models import (
    Agreement,
    AgreementDuty,
    AgreementState,
    AgreementVersion,
    DutyKind,
    VersionState,
)


@dataclass(frozen=True)
class Responsibility:
    """A row of the list of an agreement in effect, one of `side`s. `found`: of our last yearly check, "" before the first;
    `due_on`: of the check that waits for us.
    """

    agreement_id: UUID
    title: str
    side: str
    item: str
    owner: str
    evidence: str
    frequency: str
    found: str
    checked_on: date | None
    due_on: date | None


_ROW = (
    func.jsonb_array_elements(AgreementVersion.text["responsibilities"])
    .table_valued(column("value", JSONB), with_ordinality="place")
    .render_derived("responsibility")
)
KEY, SIDE, ITEM, OWNER, EVIDENCE, FREQUENCY = (
    _ROW.c.value[name].astext for name in ("key", "side", "item", "owner", "evidence", "frequency")
)


def _checks(*which: Any) -> Any:
    """The newest yearly check of each agreement among these."""
    of = AgreementDuty
    query = db.select(of.tenant_id, of.agreement_id, of.due_on, of.done_on, of.details)
    query = query.where(of.kind == DutyKind.CHECK, ~of.is_missed, *which)
    return query.order_by(of.agreement_id, of.due_on.desc()).ext(distinct_on(of.agreement_id)).subquery()


_DONE, _DUE = _checks(AgreementDuty.done_on.is_not(None)), _checks(AgreementDuty.done_on.is_(None))
FOUND = func.jsonb_extract_path_text(_DONE.c.details, KEY)
ORDER = Order((Agreement.title, Agreement.id, _ROW.c.place), (str, UUID, int))


def rows() -> Select[Any]:
    """Every row, as `read` reads it."""
    here = join(Agreement, AgreementVersion, _of_agreement(AgreementVersion)).join(_ROW, true())
    for checks in (_DONE, _DUE):
        here = here.outerjoin(checks, _of_agreement(checks.c))
    found, checked_on = func.coalesce(FOUND, ""), case((FOUND.is_not(None), _DONE.c.done_on))
    columns = Agreement.id, Agreement.title, SIDE, ITEM, OWNER, EVIDENCE, FREQUENCY, found, checked_on, _DUE.c.due_on
    query = db.select(*columns).select_from(here)
    return query.where(Agreement.state == AgreementState.ACTIVE, AgreementVersion.state == VersionState.EFFECTIVE)


def _of_agreement(other: Any) -> Any:
    return and_(other.tenant_id == Agreement.tenant_id, other.agreement_id == Agreement.id)


def read(row: Any) -> Responsibility:
    """One of `rows`."""
    return Responsibility(*row[:10])
