"""Rows of a list chosen for an act: the ticked ones, or all that its question finds, which is asked again now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import request

from web.blueprints import edge
from web.core.errors import Invalid
from web.tenants.workbench.listings import LISTINGS, Labelled, Listing


def chosen(name: str, id_of: Callable[[Any], UUID], most: int) -> list[UUID]:
    """Their ids, each once, out of a posted form (`p.bulk`). Invalid for none, or when all that match are more than `most`.

    Nothing of it is trusted: what an id leads to is asked for again as its reader may see it.
    """
    found: dict[UUID, None] = {}
    if request.form.get("all_matching") == "1":
        for line in LISTINGS[name].walk(request.form.get("query", ""), edge.actor(), False):
            found[id_of(line)] = None
            if len(found) > most:
                raise Invalid(code="too_many_chosen", most=most)
    else:
        try:
            found = dict.fromkeys(UUID(value) for value in request.form.getlist("id")[:most])
        except ValueError as error:
            raise Invalid({"id": "invalid"}) from error
    if not found:
        raise Invalid({"id": "choose_one"}, code="nothing_ticked")
    return list(found)


def lines(listing: Listing, labelled: Labelled, most: int) -> list[tuple[UUID, str]]:
    """The chosen rows its reader sees on the list, by id and what each is called; none for ids of rows that are not there."""
    ids = chosen(listing.name, labelled.id_of, most)
    query = f"{listing.tab(request.form.get('query', ''))}&{urlencode([('row', i) for i in ids])}"
    return [(labelled.id_of(line), listing.called(line)) for line in listing.walk(query, edge.actor(), False)]
