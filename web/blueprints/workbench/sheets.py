"""How a list page shows its declaration: which columns, which saved filters, where the tools lead."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from flask import redirect, request, url_for
from sqlalchemy import Select
from werkzeug.wrappers import Response

from web.blueprints import edge, filters
from web.core.saying import joined
from web.tenants.accounts.permissions import GRANTS, Role
from web.tenants.labels import rows as labels
from web.tenants.register import editing
from web.tenants.register.editing import Editing
from web.tenants.workbench import service as workbench
from web.tenants.workbench.facets import NOT, TYPED, Asked, Facet, Narrowing
from web.tenants.workbench.listings import LISTINGS, Column, Labelled, Listing
from web.tenants.workbench.plain import Page, PlainList
from web.tenants.workbench.service import Arrangement

PLACE = {"after", "before", "pick", "how"}
"""Parts of an address that are no part of its question."""


@dataclass
class Sheet:
    """One list as one person sees it, for the template: `p.sheet_filters(sheet)`, `p.sheet_table(sheet, …)`."""

    listing: Listing
    arranged: Arrangement
    columns: Sequence[Column]
    said: Mapping[str, str] = field(default_factory=dict)  # what the page chose where the address says nothing

    @property
    def is_own(self) -> bool:
        """Columns were chosen: all of them are shown, however narrow the screen, and the table scrolls by itself."""
        return bool(self.arranged.columns)

    @property
    def query(self) -> str:
        """The question of the present address, with what the page chose by itself."""
        asked = {name: value for name, value in self.said.items() if name not in request.args}
        return question("&".join(filter(None, [urlencode(asked), request.query_string.decode("utf-8", "replace")])))

    @cached_property
    def asked(self) -> Asked:
        """What the address narrows it to."""
        return self.listing.asked(request.query_string.decode("utf-8", "replace"))

    def page(self, rows: PlainList) -> Page:
        """The page of the present address."""
        after, before = request.args.get("after", ""), request.args.get("before", "")
        return rows.page(edge.actor(), self.asked.conditions(), after=after, before=before)

    @property
    def conditions(self) -> list[dict[str, str]]:
        """What narrows it now, in words, each with the address without it; for `p.filters`."""
        by_name = {f.name: f for f in self.asked.facets}
        said = [{"label": "查找", "how": "", "what": self.asked.text, "off": _off("q")}] if self.asked.text else []
        return said + [
            {"label": by_name[n.facet].label, "how": how, "what": what, "off": _off(n.key)}
            for n in self.asked.narrowings
            for how, what in [self._words(by_name[n.facet], n)]
        ]

    def _words(self, facet: Facet, asked: Narrowing) -> tuple[str, str]:
        if asked.values == ("",):
            return "不为空" if asked.is_not else "为空", ""
        known = self._choices(facet)
        said = joined("、", (str(known.get(v, v)).strip("　") if v else "空" for v in asked.values))
        return "不是" if asked.is_not else "是", "选定的一件" if facet.kind == "row" else said

    def _choices(self, facet: Facet) -> Mapping[str, str]:
        return self.arranged.choices.get(facet.choices, {}) if isinstance(facet.choices, str) else facet.choices

    @property
    def fields(self) -> list[dict[str, Any]]:
        """What it can be narrowed by, for `p.filters`."""
        return [
            {"name": f.name, "label": f.label, "choices": list(words.items()), "type": f.kind, "can_be_empty": f.empty is not None}
            for f in self.asked.facets
            if (words := self._choices(f)) or f.kind in TYPED
        ]  # fmt: skip

    @cached_property
    def editing(self) -> Editing | None:
        """How its rows are changed in the list; None where they are not, or not by this reader."""
        return editing.may(self.listing.name, edge.actor())

    def edit(self, column: Column, line: Any) -> str:
        """Where a cell is changed in its place; empty for a cell that is not."""
        if self.editing is None or column.edit not in self.editing.fields:
            return ""
        row_id = self.editing.id_of(line)
        return url_for("workbench.cell", list_=self.listing.name, row_id=row_id, name=column.edit, next=filters.here())

    @cached_property
    def labelled(self) -> Labelled | None:
        """How its rows are labelled by this reader; None where they are not."""
        found = self.listing.labelled
        return found if found is not None and found.permission in GRANTS[Role(edge.actor().role)] else None

    def label(self, line: Any) -> str:
        """Where a row's labels are ticked; empty where it has none, or not by this reader."""
        labelled = self.labelled
        if labelled is None:
            return ""
        return url_for(
            "workbench.row_labels",
            list_=self.listing.name,
            row_id=labelled.id_of(line),
            of=self.listing.tab(self.query) or None,
            next=filters.here(),
        )

    @property
    def acts(self) -> list[tuple[str, str]]:
        """What can be done with ticked rows, for `p.bulk`."""
        found = {"成批修改": ("bulk", self.editing), "改标签": ("label_many", self.labelled)}
        return [
            (words, url_for(f"workbench.{verb}", list_=self.listing.name))
            for words, (verb, may) in found.items()
            if may
        ]

    def id(self, line: Any) -> UUID:
        """Of a line, as a tick sends it."""
        known = self.listing.labelled or self.editing
        assert known is not None
        return known.id_of(line)

    @property
    def clear(self) -> str:
        """The address without conditions: bare of them, or said so where a bare one would open with a filter."""
        return everything(self.tab(all=None), self.arranged)

    def tab(self, kept: Collection[str] = (), **changed: object) -> str:
        """The address of another tab; of what narrows this one only the facets `kept` go along, which both know."""
        left = {key: None for f in self.asked.facets if f.name not in kept for key in (f.name, NOT + f.name)}
        return filters.here(**left, q=None, after=None, before=None, **changed)

    def tool(self, endpoint: str) -> str:
        """Where a tool is: it takes the question along."""
        return url_for(f"workbench.{endpoint}", list_=self.listing.name) + (f"?{self.query}" if self.query else "")

    @property
    def filters(self) -> list[tuple[str, str, bool]]:
        """(title, address, is now) of each saved filter."""
        here = url_for(self.listing.endpoint)
        return [(f.title, f"{here}?{f.query}", f.query == self.query) for f in self.arranged.filters]


def sheet_of(name: str, *choices: Select[Any], **said: str) -> Sheet:
    """The sheet of a list, with the choices its page offers (`listings.choice`): one query. `said`: see Sheet."""
    listing = LISTINGS[name]
    named = [labels.choices()] if listing.labelled is not None else []
    arranged = workbench.arrangement_of(listing, edge.actor(), [*choices, *named])
    return Sheet(listing, arranged, listing.chosen(arranged.columns), said)


def question(query_string: str) -> str:
    """A query string without the place in the list, in order."""
    return urlencode([(n, v) for n, v in parse_qsl(query_string, keep_blank_values=True) if n not in PLACE])


def _off(key: str) -> str:
    return filters.here(**{key: None}, after=None, before=None)


def _folded(facets: Sequence[Facet]) -> Response | None:
    """`pick=<name>:<value>&how=is|not` of the form of conditions becomes `<name>=<value>` or `not_<name>=<value>`; so does an
    open value that was filled in.
    """
    if "pick" not in request.args:
        return None
    name, _, value = request.args["pick"].partition(":")
    how = NOT if request.args.get("how") == "not" else ""
    changed: dict[str, object] = {"pick": None, "how": None}
    for facet in facets:
        key, before = how + facet.name, request.args.getlist(how + facet.name)
        if facet.name == name:
            changed[key] = [*before, value]
        elif facet.kind in TYPED:
            *kept, typed = request.args.getlist(facet.name) or [""]
            changed |= {facet.name: kept} | ({key: [*(kept if key == facet.name else before), typed]} if typed else {})
    return redirect(filters.here(**changed), 303)


def opening(listing: Listing, arranged: Arrangement) -> Response | None:
    """Where an address leads first: a condition just chosen becomes part of it, a bare one opens with its reader's filter."""
    if (folded := _folded(listing.facets())) is not None:
        return folded
    if request.args or arranged.opens_with is None or not arranged.opens_with.query:
        return None
    return redirect(f"{url_for(listing.endpoint)}?{arranged.opens_with.query}", 303)


def everything(bare: str, arranged: Arrangement) -> str:
    """The address without conditions: bare, or said so where a bare one would open with a filter."""
    if arranged.opens_with is None:
        return bare
    return bare + ("&" if "?" in bare else "?") + "all=1"
