"""Labels on the rows of any list but the register's: how a list declares, shows and is narrowed by them, and how they change.

    COLUMNS = (…, labels.COLUMN)                       # reads `labels` of a line
    FACETS = (…, *labels.facets(Handover.id))
    query = labels.beside(query, Handover.id)          # beside each row, and `labels.of(row)` reads them

An id is one row's alone in the whole county, so what kind of thing it is does not have to be said.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
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
    return _mark(row_id, on, off)


def _mark(row_id: UUID, on: Sequence[Label], off: Sequence[Label]) -> bool:
    if not on and not off:
        return False
    if on:
        rows = [{"tenant_id": fence.tenant(), "id": uuid7(), "row_id": row_id, "label_id": each.id} for each in on]
        db.session.execute(insert(RowLabel).values(rows).on_conflict_do_nothing())
    db.session.execute(
        delete(RowLabel).where(RowLabel.row_id == row_id, RowLabel.label_id.in_([each.id for each in off]))
    )
    events.record(
        "row_label.mark", RowLabel(id=row_id),  # never stored: it is said of the row, whatever it is
        details={
            "on": joined("、", (i.title for i in on)) or "无", "off": joined("、", (i.title for i in off)) or "无",
            "ids": [[str(i.id) for i in on], [str(i.id) for i in off]],
        },
    )  # fmt: skip
    db.session.flush()
    return True


def put_back(entry: Event) -> bool:
    """Undo one marking, as far as the row's labels are still what it made of them."""
    if entry.subject_id is None:
        return False
    put, taken = ([UUID(i) for i in ids] for ids in entry.details["ids"])
    now = {label.id for label in held(entry.subject_id)}
    if not set(put) <= now or set(taken) & now:
        return False
    return settle(entry.subject_id, (now - set(put)) | set(taken))
