"""Labels on the rows of any list but the register's: how a list declares, shows and is narrowed by them, and how they change.

    COLUMNS = (…, labels.COLUMN)                       # reads `labels` of a line
    FACETS = (…, *labels.facets(Handover.id))
    query = labels.beside(query, Handover.id)          # beside each row, and `labels.of(row)` reads them

An id is one row's alone in the whole county, so what kind of thing it is does not have to be said.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, func
from sqlalchemy.dialects.postgresql import insert

from web.core import events, fence
from web.core.events import Event
from web.core.ids import uuid7
from web.core.saying import joined
from web.extensions import db
from web.tenants.labels.models import Label, RowLabel
from web.tenants.labels.service import every
from web.tenants.workbench.facets import Facet, one_of, uuids
from web.tenants.workbench.listings import Column, choice


@dataclass(frozen=True)
class Mark:
    """A label as a list shows it."""

    title: str
    colour: str


Changes = Mapping[UUID, tuple[Sequence[Label], Sequence[Label]]]
"""Row → labels it gets, labels it loses."""
COLUMN = Column(
    "labels", "标签", lambda it: joined("、", (mark.title for mark in it.labels)), 160, is_standard=False, missing="无"
)


def _held(*columns: Any) -> Select[Any]:
    """Of labels on rows, without the deleted ones."""
    mine = (Label.tenant_id == RowLabel.tenant_id) & (Label.id == RowLabel.label_id)
    return db.select(*columns).select_from(RowLabel).join(Label, mine).where(Label.deleted_at.is_(None))


def facets(row_id: Any) -> tuple[Facet, Facet]:
    """A list is narrowed by the labels of its rows, and to one row, which the page of its labels asks for."""

    def where(values: Sequence[str]) -> ColumnElement[bool]:
        found: ColumnElement[bool] = row_id.in_(_held(RowLabel.row_id).where(RowLabel.label_id.in_(uuids(values))))
        return found

    label = Facet("label", "标签", where, row_id.not_in(_held(RowLabel.row_id)), "labels")
    return label, Facet("row", "这一件", one_of(row_id), None, {}, "row")


def choices() -> Select[Any]:
    """All labels, as choices of a list's page."""
    return db.select(*choice("labels", Label.id, Label.title)).where(Label.deleted_at.is_(None))


def beside(query: Select[Any], row_id: Any) -> Select[Any]:
    """The query with each row's labels as its column `labels`, so that a list asks for none by themselves."""
    said = _held(Label.title.concat("\t").concat(Label.colour)).where(RowLabel.row_id == row_id).order_by(Label.title)
    return query.add_columns(func.array(said.scalar_subquery()).label("labels"))


def of(row: Any) -> tuple[Mark, ...]:
    """What a row of such a query says; nothing where labels were not asked for."""
    return tuple(Mark(*said.split("\t")) for said in getattr(row, "labels", None) or ())


def held(row_id: UUID) -> list[Label]:
    """The labels of one row, by title."""
    return list(db.session.scalars(_held(Label).where(RowLabel.row_id == row_id).order_by(Label.title)))


def settle(row_id: UUID, wanted: Collection[UUID]) -> bool:
    """The row has these labels from now on, and no others; whether anything changed. Ids of no label are passed over."""
    known, has = {label.id: label for label in every()}, {label.id: label for label in held(row_id)}
    on = [label for id_, label in known.items() if id_ in set(wanted) and id_ not in has]
    off = [label for id_, label in has.items() if id_ not in wanted]
    return mark([row_id], on, off) == 1


def would(row_ids: Sequence[UUID], on: Sequence[Label], off: Sequence[Label]) -> Changes:
    """Which labels each of these rows would get and lose; rows that would not change are left out. One query."""
    has: dict[UUID, set[UUID]] = {row_id: set() for row_id in row_ids}
    query = db.select(RowLabel.row_id, RowLabel.label_id).where(RowLabel.row_id.in_(row_ids))
    for row_id, label_id in db.session.execute(query):
        has[row_id].add(label_id)
    each = {i: ([k for k in on if k.id not in has[i]], [k for k in off if k.id in has[i]]) for i in has}
    return {row_id: (put, taken) for row_id, (put, taken) in each.items() if put or taken}


def mark(row_ids: Sequence[UUID], on: Sequence[Label], off: Sequence[Label]) -> int:
    """Put labels on rows and take others off; how many rows changed. One event a row."""
    changes = would(row_ids, on, off)
    new = [
        {"tenant_id": fence.tenant(), "id": uuid7(), "row_id": row_id, "label_id": label.id}
        for row_id, (put, _) in changes.items()
        for label in put
    ]
    if new:
        db.session.execute(insert(RowLabel).on_conflict_do_nothing(), new)
    if changes and off:
        gone = RowLabel.label_id.in_([label.id for label in off])
        db.session.execute(delete(RowLabel).where(RowLabel.row_id.in_(list(changes)), gone))
    for row_id, (put, taken) in changes.items():
        events.record(
            "row_label.mark", RowLabel(id=row_id),  # never stored: it is said of the row, whatever it is
            details={
                "on": joined("、", (i.title for i in put)) or "无", "off": joined("、", (i.title for i in taken)) or "无",
                "ids": [[str(i.id) for i in put], [str(i.id) for i in taken]],
            },
        )  # fmt: skip
    db.session.flush()
    return len(changes)


def put_back(entry: Event) -> bool:
    """Undo one marking, as far as the row's labels are still what it made of them."""
    if entry.subject_id is None:
        return False
    put, taken = ([UUID(i) for i in ids] for ids in entry.details["ids"])
    now = {label.id for label in held(entry.subject_id)}
    if not set(put) <= now or set(taken) & now:
        return False
    return settle(entry.subject_id, (now - set(put)) | set(taken))
