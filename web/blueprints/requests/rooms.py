"""The blueprint of requests, and its place in the navigation."""

from __future__ import annotations

from flask import Blueprint

from web.blueprints import navigation
from web.blueprints.navigation import Item
from web.federation.requests import lists
from web.tenants.accounts.permissions import Permission

bp = Blueprint("requests", __name__, url_prefix="/<county>/requests")
navigation.ITEMS.append(
    Item(
        "共管",
        "协助请求",
        "requests.index",
        Permission.REQUEST_READ,
        count=lists.our_turn,
        work=Permission.REQUEST_WRITE,
    )
)
