"""One county's copy of an aggregate of any registered kind, put into any state past its machine."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import inspect

from web.core import clock
from web.core.ids import uuid7
from web.core.states import _moving
from web.extensions import db
from web.federation import registry
from web.federation.pairs import Kind
from web.federation.post.models import OutboxMessage
from web.federation.wire.envelope import AgreementRef, Envelope

UNDER = AgreementRef(uuid7(), 1, "sha-256:" + "A" * 43)
N = 3
KINDS = registry.verbs.KINDS
OF_TYPE: dict[type, Any] = {UUID: uuid7, date: clock.today, datetime: clock.now, int: lambda: 1, str: lambda: "x"}


def follower_of(kind: Kind) -> str:
    return kind.other(kind.machine.anchor)


def in_state(kind: Kind, partner_uid: UUID, role: str, state: Any, n: int = N) -> Any:
    """A row that stands in this state."""
    aggregate = blank(kind, partner_uid, role, n)
    token = _moving.set(True)
    aggregate.state = state
    _moving.reset(token)
    db.session.add(aggregate)
    db.session.flush()
    return aggregate


def blank(kind: Kind, partner_uid: UUID, role: str, n: int = 0) -> Any:
    """A row before its opening. Columns it must have and nobody has a default for are filled by their type."""
    given: dict[str, Any] = {
        "id": uuid7(), "partner_uid": partner_uid, "role": role, "n": n, "state_at": clock.now(), "created_at": clock.now(),
        "pending": "", "refused_code": "", "stopped": "",
    }  # fmt: skip
    for attribute in inspect(kind.model).column_attrs:
        column = attribute.columns[0]
        if attribute.key in (*given, "state", "tenant_id") or column.nullable or column.default is not None:
            continue
        parent = next(
            (
                k
                for k in KINDS.values()
                for f in column.foreign_keys
                if f.column.table.name == inspect(k.model).local_table.name
            ),
            None,
        )
        if parent is not None:
            given[attribute.key] = in_state(
                parent, partner_uid, parent.machine.anchor, parent.machine.rows[0].target
            ).id
        else:
            given[attribute.key] = OF_TYPE[column.type.python_type]()
    aggregate: Any = kind.model(**given)
    aggregate.under(UNDER)
    return aggregate


def envelope(kind: Kind, aggregate: Any, verb: str, **numbered: Any) -> Envelope:
    """What the other side would say about it."""
    return Envelope(
        id=uuid7(), type=f"{kind.name}.{verb}", sender=aggregate.partner_uid, receiver=uuid7(), seq=1, prev=None,
        about=f"{kind.name}/{aggregate.id}", at=clock.now(), agreement=UNDER, **numbered,
    )  # fmt: skip


def proposed(
    kind: Kind, aggregate: Any, verb: str, base: int = N, result: str | None = None, about: UUID | None = None
) -> UUID:
    """A message in our outbox that says `verb` on `base`; returns its id."""
    message = OutboxMessage(
        id=uuid7(), peer_uid=aggregate.partner_uid, type=f"{kind.name}.{verb}", about_id=about or aggregate.id, base=base,
        body={}, sd=[], created_at=clock.now(), result=result,
    )  # fmt: skip
    db.session.add(message)
    db.session.flush()
    return message.id


def proposal_of(kind: Kind, row: Any) -> str | None:
    """The verb by which the follower asks for this row, None where it never does."""
    asks = (r for r in kind.machine.rows if r.source == row.source and r.decider in (follower_of(kind), "any"))
    return next((r.verb for r in asks if (r.answer or r.verb) == row.verb), None)
