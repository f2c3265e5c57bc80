"""Rows of a list chosen for an act: the ticked ones, or all that its question finds, which is asked again now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import request

from web.blueprints import edge
from web.core.errors import Invalid
from web.tenants.workbench.facets import LONGEST
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


def lines(listing: Listing, labelled: Labelled, most: int) -> dict[UUID, str]:
    """The chosen rows its reader sees on the list: id → what each is called; none for ids of rows that are not there."""
    query = request.form.get("query", "")
    if request.form.get("all_matching") == "1":
        asked = [query]
    else:
        ids, tab = chosen(listing.name, labelled.id_of, most), listing.tab(query)
        parts = (ids[n : n + LONGEST] for n in range(0, len(ids), LONGEST))  # so many an address can ask for
        asked = [f"{tab}&{urlencode([('row', i) for i in part])}" for part in parts]
    found: dict[UUID, str] = {}
    for each in asked:
        for line in listing.walk(each, edge.actor(), False):
            found[labelled.id_of(line)] = listing.called(line)
            if len(found) > most:
                raise Invalid(code="too_many_chosen", most=most)
    if not found:
        raise Invalid({"id": "choose_one"}, code="nothing_ticked")
    return found
