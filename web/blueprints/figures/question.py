"""Which number is asked about, read out of an address: its metric, whose, when, with whom; the rows it counts follow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from web.blueprints import periods
from web.blueprints.figures import subjects
from web.core import clock, permissions
from web.core.errors import NotFound
from web.core.events import Actor
from web.federation.request_kinds import REQUEST_KINDS
from web.reports import METRICS
from web.reports.periods import Period
from web.reports.rows import ROWS, Room
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.workbench.listings import pairs_of

NAMES = ("code", "side", "period", "partner", "agreement", "kind", "of")
"""What of an address says which number it is; all else narrows its rows."""


@dataclass(frozen=True)
class Question:
    """`code`: the metric; `parts`: what it is made of, of a share its part and its whole; `part`: whose rows are asked for.

    `agreement_ids`: only what was begun under these. `kind`: of requests, only these.
    """

    code: str
    parts: tuple[str, ...]
    part: str
    side: str
    period: Period
    partner_uid: UUID | None
    agreement_ids: tuple[UUID, ...]
    kind: str

    @classmethod
    def read(cls, query: str) -> Question:
        """NotFound for what is no number that counts rows."""
        pairs = pairs_of(query)
        said = dict(reversed(pairs))
        code = said.get("code", "")
        first, *_ = subjects.sides_of(code)
        side = said.get("side") or first
        parts = METRICS[code].ratio or (code,)
        kind = said.get("kind", "")
        if kind and kind not in REQUEST_KINDS:
            raise NotFound()
        return cls(
            code, parts, parts[-1] if said.get("of") == "whole" else parts[0], side,
            periods.named(said["period"]) if said.get("period") else Period.half_of(clock.today()),
            next(iter(_ids([said["partner"]])), None) if said.get("partner") else None,
            tuple(_ids(value for name, value in pairs if name == "agreement")), kind,
        )  # fmt: skip

    @property
    def room(self) -> Room:
        """Whose rows it counts."""
        return ROWS[self.part].room

    @property
    def counts(self) -> Mapping[str, Any]:
        """The same as `web.reports.counting` is asked for it."""
        return {
            "code": self.part, "side": self.side, "period": self.period, "partner_uid": self.partner_uid,
            "agreement_ids": self.agreement_ids, "kind": self.kind,
        }  # fmt: skip

    def demand(self, actor: Actor) -> None:
        """Forbidden for a role that may not read figures, or not the rows of this room."""
        for permission in (Permission.FIGURE_READ, self.room.permission):
            permissions.demand(GRANTS, Role(actor.role), permission)


def _ids(values: Iterable[str]) -> list[UUID]:
    """Ids an address names, each once. NotFound for what is none."""
    try:
        return list(dict.fromkeys(UUID(text) for text in values))
    except ValueError as error:
        raise NotFound from error
