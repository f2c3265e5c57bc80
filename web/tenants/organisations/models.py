"""PartyOrg: a node of the county's tree."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from web.core.fence import Tenanted
from web.core.states import EnumText
from web.extensions import Model


class OrgKind(StrEnum):
    """Level in the tree."""

    COUNTY_COMMITTEE = "county_committee"
    TOWNSHIP_COMMITTEE = "township_committee"
    GENERAL_BRANCH = "general_branch"
    BRANCH = "branch"
    PARTY_GROUP = "party_group"
    AWAY_BRANCH = "away_branch"


class PartyOrg(Tenanted, Model):
    """`path`: fixed-width ordinals from the root ("0001.0004."), so that `path ^@ prefix` is the subtree. `venue`: the place
    where it meets, at `address`.
    """

    __tablename__ = "party_org"
    parent_id: Mapped[UUID | None]
    kind: Mapped[OrgKind] = mapped_column(EnumText(OrgKind))
    name: Mapped[str] = mapped_column(String(80))
    full_name: Mapped[str] = mapped_column(String(160))
    path: Mapped[str] = mapped_column(String(120))
    division_code: Mapped[str] = mapped_column(String(12), default="")
    host_code: Mapped[str] = mapped_column(String(6), default="")
    address: Mapped[str] = mapped_column(String(160), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    is_active: Mapped[bool] = mapped_column(default=True)
    venue: Mapped[str] = mapped_column(String(80), default="", server_default="")

    __table_args__ = (
        UniqueConstraint("tenant_id", "path"),
        UniqueConstraint("tenant_id", "parent_id", "name"),
        ForeignKeyConstraint(["tenant_id", "parent_id"], ["party_org.tenant_id", "party_org.id"], ondelete="RESTRICT"),
        Index("ix_party_org_parent", "tenant_id", "parent_id"),
    )
