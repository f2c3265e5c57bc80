"""The blueprint of co-signed records, and its place in the navigation."""

from __future__ import annotations

from flask import Blueprint

from web.blueprints import navigation
from web.blueprints.navigation import Item
from web.federation.cosigning import lists
from web.tenants.accounts.permissions import Permission

bp = Blueprint("cosigning", __name__, url_prefix="/<county>/cosigning")
navigation.ITEMS.append(
    Item(
        "共管",
        "共签记录",
        "cosigning.index",
        Permission.COSIGN_READ,
        count=lists.our_turn,
        work=Permission.COSIGN_WRITE,
    )
)
