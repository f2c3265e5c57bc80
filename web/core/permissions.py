"""Mechanism of permissions: a role holds a set; asking is one look-up. The table lives in tenants.accounts."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from web.core.errors import NotPermitted


class Permission(StrEnum):
    """Base of the table of permissions: members are `<noun>:<verb>`."""


def holders(grants: Mapping[StrEnum, frozenset[StrEnum]], permission: StrEnum) -> list[StrEnum]:
    """The roles that hold it, in the order of the table (for 'who can do it')."""
    return [role for role, held in grants.items() if permission in held]


def demand(grants: Mapping[StrEnum, frozenset[StrEnum]], role: StrEnum, permission: StrEnum) -> None:
    """NotPermitted, naming who can, unless the role holds the permission."""
    if permission not in grants.get(role, frozenset()):
        raise NotPermitted(permission=permission.value, who=[r.value for r in holders(grants, permission)])
