"""Imports and the rows of their files, as declarations: one's own, the clerk sees everybody's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, column, func, literal
from sqlalchemy.dialects.postgresql import JSONB

from web.core.events import Actor
from web.core.fields import FIELDS
from web.core.keyset import Order
from web.core.saying import joined, say
from web.extensions import db
from web.tenants.accounts import service as accounts
from web.tenants.accounts.models import Account
from web.tenants.accounts.permissions import Permission, Role
from web.tenants.imports.models import ImportBatch, ImportRow, ImportState
from web.tenants.labels import rows as labels
from web.tenants.labels.rows import Mark
from web.tenants.workbench.facets import Facet, any_of, on_day, one_of, yes
from web.tenants.workbench.listings import LISTINGS, Column, Labelled, Listing, choice
from web.tenants.workbench.plain import PlainList

OUTCOMES = {"new": "新增", "changed": "更新", "same": "不变", "error": "有误"}
STATES: Mapping[str, tuple[str, str]] = {
    ImportState.READING: ("theirs", "核对中"), ImportState.PREVIEWED: ("now", "待确认"), ImportState.APPLYING: ("theirs", "导入中"),
    ImportState.APPLIED: ("done", "已导入"), ImportState.REFUSED: ("off", "打不开"), ImportState.DISCARDED: ("off", "已放弃"),
    ImportState.UNDONE: ("off", "已撤销"),
}  # fmt: skip
"""State → its chip."""


@dataclass(frozen=True)
class Line:
    """One import, and the name of who brought the file."""

    batch: ImportBatch
    by: str | None
    labels: Sequence[Mark]


def _count(outcome: str) -> Callable[[Line], int]:
    return lambda it: it.batch.counts.get(outcome, 0)


COLUMNS = (
    Column("file", "文件", lambda it: it.batch.filename, 0),
    Column("at", "上传", lambda it: it.batch.created_at, 128, "hide-phone"),
    Column("state", "状态", lambda it: STATES[it.batch.state][1], 96),
    *(Column(key, title, _count(key), 64, "hide-phone", is_number=True) for key, title in OUTCOMES.items()),
    Column("by", "上传人", lambda it: it.by, 96, is_standard=False, missing="系统"),
    Column("applied", "导入时间", lambda it: it.batch.applied_at, 128, is_standard=False, missing="没有导入"),
    labels.COLUMN,
)


def _some(outcome: str, words: str) -> Facet:
    """Whether any row came out so; a file that could not be read has none."""
    has = func.coalesce(ImportBatch.counts[outcome].as_integer(), 0) > 0
    return Facet(outcome, OUTCOMES[outcome], yes(has), None, {"yes": words})


FACETS = (
    Facet("state", "状态", any_of(ImportBatch.state), None, {state: said for state, (_, said) in STATES.items()}),
    _some("error", "有出错的行"),
    _some("new", "有新增的行"),
    _some("changed", "有更新的行"),
    Facet("by", "上传人", one_of(ImportBatch.account_id), ImportBatch.account_id.is_(None), "people"),
    Facet("day", "上传日期", on_day(ImportBatch.created_at), None, {}, "date"),
    *labels.facets(ImportBatch.id),
)


def own(actor: Actor) -> Sequence[ColumnElement[bool]]:
    """Conditions on an import that the actor may see: one's own, of the role and place of now; the clerk sees all."""
    if actor.role == Role.COUNTY_ADMIN:
        return []
    return [accounts.begun_by(actor, ImportBatch.account_id, ImportBatch.created_at)]


def seen(query: Select[Any], actor: Actor) -> Select[Any]:
    """Of a SELECT of imports what the actor may see."""
    return query.where(*own(actor))


def _rows(actor: Actor) -> Select[Any]:
    here = (Account.tenant_id == ImportBatch.tenant_id) & (Account.id == ImportBatch.account_id)
    return labels.beside(seen(db.select(ImportBatch, Account.name).outerjoin(Account, here), actor), ImportBatch.id)


NEWEST = Order((ImportBatch.created_at, ImportBatch.id), (datetime.fromisoformat, UUID), is_falling=True)
BATCHES = PlainList(_rows, NEWEST, lambda row: Line(row[0], row[1], labels.of(row)))
LISTINGS["imports"] = Listing(
    "imports", "导入的名册", "份", "imports.index", Permission.IMPORT_WRITE, lambda: COLUMNS, *BATCHES.of("imports"),
    facets=lambda: FACETS, fixed="a file is looked at, taken in and taken back, never edited",
    typed=lambda text: ImportBatch.filename.contains(text, autoescape=True),
    labelled=Labelled(Permission.IMPORT_WRITE, lambda it: it.batch.id),
)  # fmt: skip


def people(actor: Actor) -> Select[tuple[object, ...]]:
    """Who brought the files that this reader sees, as choices of the list's page."""
    mine = seen(db.select(ImportBatch.account_id), actor)
    return db.select(*choice("people", Account.id, Account.name)).where(Account.id.in_(mine))


OF_FLOW = "流动登记"
"""What a row changes that is no field of the member."""


@dataclass(frozen=True)
class RowLine:
    """A row of a file, what became of it, and the file's name."""

    row: ImportRow
    file: str

    @property
    def changing(self) -> str:
        """What it changes, by name; empty when nothing."""
        labels = [OF_FLOW if field == "flow" else FIELDS[field].label for field in self.row.changes]
        return say("将更新：{labels}", labels=joined("、", labels)) if labels else ""

    @property
    def says(self) -> str:
        """Its findings and what it changes; empty when neither."""
        return "\n".join(filter(None, [*(text for _, text, _ in self.row.findings), self.changing]))


ROW_COLUMNS = (
    Column("number", "行", lambda it: it.row.number, 64, is_number=True),
    Column("outcome", "结果", lambda it: OUTCOMES[it.row.outcome], 80),
    Column("says", "说明", lambda it: it.says, 0, missing="无"),
    Column("file", "文件", lambda it: it.file, 200, "hide-phone"),
    Column(
        "written", "写入", lambda it: "已写入" if it.row.is_written else "", 80, is_standard=False, missing="没有写入"
    ),
)
ROW_FACETS = (
    Facet("batch", "文件", one_of(ImportRow.batch_id), None, "files"),
    Facet("outcome", "结果", any_of(ImportRow.outcome), None, OUTCOMES),
    Facet("told", "说明", yes(func.jsonb_array_length(ImportRow.findings) > 0), None, {"yes": "有说明"}),
    Facet("written", "写入", yes(ImportRow.is_written), None, {"yes": "已写入"}),
)


def _file_rows(actor: Actor) -> Select[Any]:
    here = (ImportBatch.tenant_id == ImportRow.tenant_id) & (ImportBatch.id == ImportRow.batch_id)
    return seen(db.select(ImportRow, ImportBatch.filename).join(ImportBatch, here), actor)


def _found(text: str) -> ColumnElement[bool]:
    """In what is said of the row, and in nothing else that its JSON holds."""
    finding = func.jsonb_array_elements(ImportRow.findings).table_valued(column("value", JSONB), name="finding")
    sentence = finding.c.value[1].astext
    return db.select(literal(1)).select_from(finding).where(sentence.contains(text, autoescape=True)).exists()


ROWS = PlainList(
    _file_rows, Order((ImportRow.batch_id, ImportRow.number), (UUID, int)), lambda row: RowLine(row[0], row[1])
)
LISTINGS["import_rows"] = Listing(
    "import_rows", "名册逐行结果", "行", "imports.rows", Permission.IMPORT_WRITE, lambda: ROW_COLUMNS, *ROWS.of("import_rows"),
    facets=lambda: ROW_FACETS, fixed="a row is mended in the workbook and the file sent again", typed=_found,
)  # fmt: skip


def files(actor: Actor) -> Select[tuple[object, ...]]:
    """The files this reader sees, as choices of the list of their rows."""
    return seen(db.select(*choice("files", ImportBatch.id, ImportBatch.filename, ImportBatch.created_at)), actor)
