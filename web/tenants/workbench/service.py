"""Verbs of the workbench: choose columns; save, share, rename and drop filters; keep a draft; remember a way back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, literal, or_, union_all

from web.core import clock, events, vault
from web.core.errors import Invalid, NotFound
from web.core.events import Actor
from web.core.ids import uuid7
from web.extensions import db
from web.tenants.accounts import service as accounts
from web.tenants.workbench.listings import Listing
from web.tenants.workbench.models import Draft, ListSetting, SavedFilter, UndoStep

BIN = timedelta(days=30)
"""How long something deleted can be taken back."""
WAY_BACK = timedelta(days=1)
DRAFTS = timedelta(days=14)
MOST_COLUMNS, MOST_FILTERS, MOST_FIELDS = 20, 50, 300
LONGEST_QUESTION = 2000  # characters, as many as its column holds


def _mine(actor: Actor) -> UUID:
    assert actor.account_id is not None
    return actor.account_id


# Columns, and the filter a list opens with


@dataclass(frozen=True)
class Kept:
    """One saved filter as a list shows it."""

    id: UUID
    title: str
    query: str
    is_mine: bool
    is_shared: bool


@dataclass(frozen=True)
class Arrangement:
    """How one person sees one list: names of columns (none: as delivered), filters, and the one it opens with."""

    columns: tuple[str, ...] = ()
    filters: tuple[Kept, ...] = ()
    opens_with: Kept | None = None
    choices: Mapping[str, Mapping[str, str]] = field(
        default_factory=dict
    )  # of other SELECTs asked beside: value → words


def arranged(listing: Listing, actor: Actor) -> list[Select[Any]]:
    """Selects of five texts (list, value, words, rank, kind) for a list page to ask together with its choices."""
    text = db.String
    kind = db.case((SavedFilter.is_shared, "shared"), else_="own")
    mine = db.case((SavedFilter.account_id == _mine(actor), "mine "), else_="theirs ")
    return [
        db.select(
            literal("filters").label("list"), db.cast(SavedFilter.id, text).label("value"),
            SavedFilter.title.label("words"), SavedFilter.query.label("rank"), mine.concat(kind).label("kind"),
        ).where(SavedFilter.listing == listing.name, SavedFilter.deleted_at.is_(None), _seen_by(actor)),
        db.select(
            literal("setting").label("list"), func.coalesce(db.cast(ListSetting.filter_id, text), "").label("value"),
            db.cast(ListSetting.columns, text).label("words"), literal("").label("rank"), literal("").label("kind"),
        ).where(ListSetting.listing == listing.name, ListSetting.account_id == _mine(actor)),
    ]  # fmt: skip


def arrangement(rows: Iterable[Any]) -> Arrangement:
    """Out of the rows of `arranged`; others are choices."""
    kept, beside = list[Kept](), list[Any]()
    columns: tuple[str, ...] = ()
    default = ""
    for row in rows:
        if row.list == "filters":
            whose, how = row.kind.split()
            kept.append(Kept(UUID(row.value), row.words, row.rank, whose == "mine", how == "shared"))
        elif row.list == "setting":
            columns, default = tuple(json.loads(row.words)), row.value
        else:
            beside.append(row)
    kept.sort(key=lambda f: (f.title, str(f.id)))
    choices: dict[str, dict[str, str]] = {}
    for row in sorted(beside, key=lambda row: row.rank):
        choices.setdefault(row.list, {})[row.value] = row.words
    return Arrangement(columns, tuple(kept), next((f for f in kept if str(f.id) == default), None), choices)


def arrangement_of(listing: Listing, actor: Actor, beside: Sequence[Select[Any]] = ()) -> Arrangement:
    """The same in one query, with the choices the page offers: SELECTs of `listings.choice`."""
    return arrangement(db.session.execute(union_all(*arranged(listing, actor), *beside)))


def setting(listing: Listing, actor: Actor) -> ListSetting | None:
    """How this person sees the list; None as delivered."""
    query = db.select(ListSetting).where(ListSetting.account_id == _mine(actor), ListSetting.listing == listing.name)
    return db.session.scalars(query).first()


def _setting(listing: Listing, actor: Actor) -> ListSetting:
    row = setting(listing, actor)
    if row is None:
        row = ListSetting(account_id=_mine(actor), listing=listing.name, columns=[])
        db.session.add(row)
    return row


def choose_columns(listing: Listing, names: Sequence[str], actor: Actor) -> None:
    """These columns in this order from now on; none: as delivered. Invalid for too many."""
    if len(names) > MOST_COLUMNS:
        raise Invalid({"column": "too_many_columns"})
    known = {c.name for c in listing.columns}
    _setting(listing, actor).columns = [n for n in dict.fromkeys(names) if n in known]
    db.session.flush()


def open_with(listing: Listing, filter_id: UUID | None, actor: Actor) -> None:
    """The list opens with this filter, or with none."""
    if filter_id is not None:
        find_filter(filter_id, actor)
    _setting(listing, actor).filter_id = filter_id
    db.session.flush()


# Saved filters


def _seen_by(actor: Actor) -> Any:
    return or_(SavedFilter.account_id == _mine(actor), SavedFilter.is_shared)


def filters(listing: Listing, actor: Actor) -> list[SavedFilter]:
    """One's own and the shared ones, by title."""
    query = db.select(SavedFilter).where(
        SavedFilter.listing == listing.name, SavedFilter.deleted_at.is_(None), _seen_by(actor)
    )
    return list(db.session.scalars(query.order_by(SavedFilter.title, SavedFilter.id)))


def find_filter(filter_id: UUID, actor: Actor, *, to_change: bool = False, with_deleted: bool = False) -> SavedFilter:
    """NotFound when it is absent or another's own; what is shared is changed by its maker alone. `with_deleted`: or in the bin."""
    query = db.select(SavedFilter).where(SavedFilter.id == filter_id, _seen_by(actor))
    if not with_deleted:
        query = query.where(SavedFilter.deleted_at.is_(None))
    found = db.session.scalars(query).first()
    if found is None or (to_change and found.account_id != actor.account_id):
        raise NotFound()
    return found


def save_filter(listing: Listing, title: str, query: str, actor: Actor, *, is_shared: bool = False) -> SavedFilter:
    """Keep a question under a name. Invalid for no name, one that is taken, too many, or one too long."""
    title = _title(title, listing.name, _mine(actor))
    if len(query) > LONGEST_QUESTION:
        raise Invalid({"title": "question_too_long"})
    row = SavedFilter(
        listing=listing.name, title=title, query=query, account_id=_mine(actor), is_shared=is_shared,
        created_at=clock.now(),
    )  # fmt: skip
    events.record("saved_filter.save", row, details={"list": listing.name})
    db.session.add(row)
    db.session.flush()
    return row


def _title(title: str, listing: str, account_id: UUID, but: UUID | None = None) -> str:
    """The name of one's filter, blanks off. Invalid for none, one that another of one's own has, or when they are too many."""
    title = title.strip()
    query = db.select(SavedFilter.id, SavedFilter.title).where(
        SavedFilter.listing == listing, SavedFilter.account_id == account_id, SavedFilter.deleted_at.is_(None)
    )
    others = [row.title for row in db.session.execute(query) if row.id != but]
    if not title:
        raise Invalid({"title": "required"})
    if title in others:
        raise Invalid({"title": "taken"})
    if len(others) >= MOST_FILTERS:
        raise Invalid({"title": "too_many_filters"})
    return title


def rename_filter(row: SavedFilter, title: str, *, is_shared: bool) -> None:
    """Another name, or shown to colleagues, or no longer. Invalid for a name as in `save_filter`."""
    row.title, row.is_shared = _title(title, row.listing, row.account_id, row.id), is_shared
    events.record("saved_filter.rename", row)
    db.session.flush()


def drop_filter(row: SavedFilter) -> None:
    """Into the recycle bin; no list opens with it any more. Pressed twice, it is there since the first."""
    if row.deleted_at is not None:
        return
    row.deleted_at = clock.now()
    events.record("saved_filter.drop", row)
    for used in db.session.scalars(db.select(ListSetting).where(ListSetting.filter_id == row.id)):
        used.filter_id = None
    db.session.flush()


def restore_filter(row: SavedFilter) -> None:
    """Out of the recycle bin. Invalid when another of one's own has its name meanwhile, or they are too many."""
    _title(row.title, row.listing, row.account_id, row.id)
    row.deleted_at = None
    events.record("saved_filter.restore", row)
    db.session.flush()


# Drafts


def _draft(form: str, actor: Actor) -> Draft | None:
    query = db.select(Draft).where(Draft.account_id == _mine(actor), Draft.form == form[:120])
    return db.session.scalars(query).first()


def keep_draft(form: str, values: Mapping[str, Sequence[str]], actor: Actor) -> datetime:
    """Keep what was typed so far; when."""
    row = _draft(form, actor)
    if row is None:
        row = Draft(id=uuid7(), account_id=_mine(actor), form=form[:120], wrapped=b"", saved_at=clock.now())
        db.session.add(row)
    clear = json.dumps(dict(list(values.items())[:MOST_FIELDS]), ensure_ascii=False).encode()
    row.wrapped, row.saved_at = vault.wrap(row.id, clear), clock.now()
    db.session.flush()
    return row.saved_at


def draft(form: str, actor: Actor) -> tuple[dict[str, list[str]], datetime] | None:
    """What was kept, and when; None without one."""
    row = _draft(form, actor)
    return None if row is None else (json.loads(vault.unwrap(row.id, row.wrapped)), row.saved_at)


def drop_draft(form: str, actor: Actor) -> None:
    """It was sent, or nobody wants it."""
    row = _draft(form, actor)
    if row is not None:
        vault.destroy(row.id)
        db.session.delete(row)
        db.session.flush()


# The way back


def remember(words: str, event_ids: Sequence[UUID], actor: Actor) -> UndoStep:
    """What was just done can be put back for a while."""
    row = UndoStep(
        id=uuid7(), account_id=_mine(actor), words=words[:160], events=[str(i) for i in event_ids], at=clock.now()
    )
    db.session.add(row)
    db.session.flush()
    return row


def take_step(step_id: UUID, actor: Actor) -> UndoStep:
    """One's own step, of the role one has now, that was not taken yet and is not too old. NotFound otherwise."""
    query = db.select(UndoStep).where(
        UndoStep.id == step_id, accounts.begun_by(actor, UndoStep.account_id, UndoStep.at),
        UndoStep.undone_at.is_(None), UndoStep.at > clock.now() - WAY_BACK,
    )  # fmt: skip
    row = db.session.scalars(query.with_for_update()).first()
    if row is None:
        raise NotFound()
    return row


def is_open(step_id: UUID, actor: Actor) -> bool:
    """Whether one can still go this way back."""
    try:
        take_step(step_id, actor)
    except NotFound:
        return False
    return True


def step(step_id: UUID) -> UndoStep:
    """The step itself, for the job that takes it. NotFound when it is gone."""
    row = db.session.scalars(db.select(UndoStep).where(UndoStep.id == step_id).with_for_update()).first()
    if row is None:
        raise NotFound()
    return row


def purge() -> None:
    """What waited long enough: deleted filters, old ways back, drafts nobody came back to."""
    now = clock.now()
    db.session.execute(delete(SavedFilter).where(SavedFilter.deleted_at < now - BIN))
    db.session.execute(delete(UndoStep).where(UndoStep.at < now - timedelta(days=1)))
    for row in db.session.scalars(db.select(Draft).where(Draft.saved_at < now - DRAFTS).limit(200)):
        vault.destroy(row.id)
        db.session.delete(row)
