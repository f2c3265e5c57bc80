"""How a list page shows its declaration: which columns, which saved filters, where the tools lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import redirect, request, url_for
from sqlalchemy import Select
from werkzeug.wrappers import Response

from web.blueprints import edge
from web.tenants.workbench import service as workbench
from web.tenants.workbench.listings import LISTINGS, Column, Listing
from web.tenants.workbench.service import Arrangement

PLACE = {"after", "before", "pick", "how"}
"""Parts of an address that are no part of its question."""


@dataclass(frozen=True)
class Sheet:
    """One list as one person sees it, for the template: `p.sheet_head(sheet)`, `p.sheet_tools(sheet)`."""

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
    arranged = workbench.arrangement_of(listing, edge.actor(), choices)
    return Sheet(listing, arranged, listing.chosen(arranged.columns), said)


def question(query_string: str) -> str:
    """A query string without the place in the list, in order."""
    return urlencode([(n, v) for n, v in parse_qsl(query_string, keep_blank_values=True) if n not in PLACE])


def opening(listing: Listing, arranged: Arrangement) -> Response | None:
    """A bare address opens with the filter its reader chose; its address says so."""
    if request.args or arranged.opens_with is None or not arranged.opens_with.query:
        return None
    return redirect(f"{url_for(listing.endpoint)}?{arranged.opens_with.query}", 303)


def everything(bare: str, arranged: Arrangement) -> str:
    """The address without conditions: bare, or said so where a bare one would open with a filter."""
    if arranged.opens_with is None:
        return bare
    return bare + ("&" if "?" in bare else "?") + "all=1"
