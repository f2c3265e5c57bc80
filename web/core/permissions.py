"""Mechanism of permissions: a role holds a set; asking is one look-up. The table lives in tenants.accounts."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from web.core.errors import NotPermitted

R = TypeVar("R", bound=StrEnum)
P = TypeVar("P", bound=StrEnum)


def holders(grants: Mapping[R, frozenset[P]], permission: P) -> list[R]:
    """The roles that hold it, in the order of the table (for 'who can do it')."""
    return [role for role, held in grants.items() if permission in held]


def demand(grants: Mapping[R, frozenset[P]], role: R, permission: P) -> None:
    """NotPermitted, naming who can, unless the role holds the permission."""
    if permission not in grants.get(role, frozenset()):
        raise NotPermitted(permission=permission.value, who=[r.value for r in holders(grants, permission)])
