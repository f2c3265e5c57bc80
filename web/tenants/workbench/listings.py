"""What a list is, as data: its columns, its permission, and how to walk all its rows. Each room adds its own to `LISTINGS`.

Pages, the chooser of columns, saved filters, exports and copies read the one declaration:

    LISTINGS["activities"] = Listing("activities", "活动", "场", "activities.index", Permission.ACTIVITY_READ,
        declared=lambda: COLUMNS, walk=…, total=…, facets=lambda: FACETS)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from sqlalchemy import ColumnElement, Select, literal

from web.core import clock
from web.core.errors import NotFound
from web.core.events import Actor
from web.extensions import db
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import OrgKind, PartyOrg
from web.tenants.workbench.facets import NOT, Asked, Facet, Typed

Text = Callable[[Any], object]
Walk = Callable[[str, Actor, bool], Iterator[Any]]


@dataclass(frozen=True)
class Column:
    """`text`: what a line says here, as plain words; empty where nothing is known, of which `missing` says why.

    `width` in pixels as the page draws it (0: what is left), `cls` its class (minor columns go first), `sort` the key of
    the list's order. `edit`: the field a cell of it changes in place.
    """

    name: str
    title: str
    text: Text
    width: int = 112
    cls: str = ""
    sort: str = ""
    is_standard: bool = True
    is_number: bool = False
    missing: str = "未填"
    edit: str = ""


@dataclass(frozen=True)
class Labelled:
    """Whose rows have labels: by whom they are put on, the id of a line, and the column that names one; none: the first."""

    permission: Permission
    id_of: Callable[[Any], UUID]
    named: str = ""


@dataclass(frozen=True)
class Listing:
    """One list. `endpoint`: its page; `walk(query, actor, is_whole)`: every line the address finds, in the order of the
    screen, numbers masked unless `is_whole`; `total(query, actor)`: how many. The first column is the name and stays.
    `facets`: what it is narrowed by; `typed`: the condition of what was typed. `fixed`: why no row is edited in the list.
    `labelled`: how its rows have labels, None where they have none. `is_asked`: its address always asks something (which
    number), so it opens with no saved filter by itself. `holds_shared`: its lines may say what another county shared with us.
    """

    name: str
    title: str
    unit: str
    endpoint: str
    permission: Permission
    declared: Callable[[], Sequence[Column]] = field(compare=False)
    walk: Walk = field(compare=False)
    total: Callable[[str, Actor], int] = field(compare=False)
    has_numbers: bool = False
    facets: Callable[[], Sequence[Facet]] = field(compare=False, default=tuple)
    typed: Typed | None = field(compare=False, default=None)
    fixed: str = field(compare=False, default="")
    labelled: Labelled | None = field(compare=False, default=None)
    is_asked: bool = field(compare=False, default=False)
    holds_shared: bool = field(compare=False, default=False)

    def asked(self, query: str) -> Asked:
        """What a query string narrows it to."""
        return Asked.read(pairs_of(query), self.facets(), self.typed)

    def tab(self, query: str) -> str:
        """What of a query string does not narrow it: which tab of the list is asked, in which order."""
        narrows = {"q", *(key for facet in self.facets() for key in (facet.name, NOT + facet.name))}
        return urlencode([(name, value) for name, value in pairs_of(query) if name not in narrows])

    def called(self, line: Any) -> str:
        """What a line is called, in words: its column that names it, the first where none is said."""
        named = self.labelled.named if self.labelled is not None else ""
        return words(next((c for c in self.columns if c.name == named), self.columns[0]).text(line))

    @property
    def columns(self) -> Sequence[Column]:
        """All there are, those it is delivered with first."""
        return self.declared()

    def chosen(self, names: Sequence[str] = ()) -> list[Column]:
        """The columns of these names in this order, the name first; without names those it is delivered with."""
        first, *rest = self.columns
        by_name = {c.name: c for c in rest}
        wanted = [by_name[n] for n in names if n in by_name]
        return [first, *(wanted or [c for c in rest if c.is_standard])]


LISTINGS: dict[str, Listing] = {}


def find(name: str, actor: Actor) -> Listing:
    """NotFound for a list that does not exist or that the actor may not read: the same answer."""
    listing = LISTINGS.get(name)
    if listing is None or listing.permission not in GRANTS[Role(actor.role)]:
        raise NotFound()
    return listing


def choice(list_: str, value: Any, said: Any, rank: Any = None) -> list[ColumnElement[Any]]:
    """The columns of a SELECT of choices, to be asked for beside a list's arrangement: (list, value, words, rank, kind)."""
    text = db.String
    return [
        literal(list_).label("list"), db.cast(value, text).label("value"), db.cast(said, text).label("words"),
        db.cast(said if rank is None else rank, text).label("rank"), literal("").label("kind"),
    ]  # fmt: skip


def branch_choices(actor: Actor) -> Select[Any]:
    """Branches that take members on, as choices of a list's page: id → full name."""
    query = db.select(*choice("branches", PartyOrg.id, PartyOrg.full_name, PartyOrg.path))
    return query.where(PartyOrg.kind == OrgKind.BRANCH, PartyOrg.is_active, organisations.within(actor, PartyOrg.id))


def pairs_of(query: str) -> list[tuple[str, str]]:
    """The pairs of a query string, empty values too."""
    return parse_qsl(query, keep_blank_values=True)


def words(value: object) -> str:
    """A value as a cell says it: days YYYY-MM-DD, moments as the clock on a Chinese wall, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone(clock.CHINA):%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def cells(columns: Sequence[Column], line: Any) -> list[str]:
    """One line as its columns say it."""
    return [words(c.text(line)) for c in columns]


def neutral(text: str) -> str:
    """Text no spreadsheet program takes for a formula, also after a detour through CSV: `'` before = + - @."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def tab_separated(columns: Sequence[Column], lines: Iterable[Any]) -> str:
    """Head and lines as the clipboard wants them: a tab between cells, a line a row, nothing that could be a formula."""
    rows = [[c.title for c in columns], *(cells(columns, line) for line in lines)]
    return "\n".join("\t".join(neutral(" ".join(cell.split())) for cell in row) for row in rows)
