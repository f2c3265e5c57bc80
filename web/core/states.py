"""State machines as data: rows (from, verb, decider, to, …) and one way to move.

A machine is checked when its module is imported: a state nobody can reach stops the program. The state column is
written only by `Machine.apply`, which writes the event of the move in the same flush. The same rows feed the code, the
tests, the papers' diagrams and the screens.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import CheckConstraint, Dialect, String, event, inspect
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from web.core import events
from web.core.errors import WrongState
from web.core.fence import Tenanted

_moving: ContextVar[bool] = ContextVar("moving", default=False)

S = TypeVar("S", bound=StrEnum)


class EnumText(TypeDecorator[Any]):
    """A StrEnum stored as text: comparison on text is leakproof, on a database enum it is not."""

    impl = String(40)
    cache_ok = True

    def __init__(self, states: type[StrEnum]) -> None:
        super().__init__()
        self.states = states

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else self.states(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else self.states(value)


@dataclass(frozen=True)
class Row(Generic[S]):
    """One transition. `source` None opens the aggregate.

    decider: the role that may say the verb ("any" = every role of the machine; "self" inside one county).
    answer: the verb of the anchor's automatic decision when it differs from the proposal (take_over → confirm).
    automatic: said by the program when its condition holds, never by a person.
    timer: days after which the decider's side says it by itself (the scheduler).
    guard: the condition in words, for the papers; the owner's service checks it.
    """

    source: S | None
    verb: str
    decider: str
    target: S
    guard: str = ""
    answer: str = ""
    automatic: bool = False
    timer: timedelta | None = None


class Machine(Generic[S]):
    """The rows of one kind of aggregate. `anchor`: the role that numbers its decisions, "self" when local."""

    def __init__(
        self,
        name: str,
        states: type[S],
        rows: Iterable[Row[S]],
        *,
        anchor: str = "self",
        roles: tuple[str, ...] = ("self",),
    ) -> None:
        self.name, self.states, self.rows, self.anchor, self.roles = name, states, tuple(rows), anchor, roles
        self._by: dict[tuple[S | None, str], Row[S]] = {}
        for row in self.rows:
            if (row.source, row.verb) in self._by:
                raise ValueError(f"{name}: two rows for {row.source} {row.verb}")
            if row.decider != "any" and row.decider not in roles:
                raise ValueError(f"{name}: nobody is {row.decider}")
            self._by[row.source, row.verb] = row
        reached: set[S] = {r.target for r in self.rows if r.source is None}
        while more := {r.target for r in self.rows if r.source in reached} - reached:
            reached |= more
        if lost := set(states) - reached:
            raise ValueError(f"{name}: unreachable {sorted(lost)}")
        # A verb that leaves the state as it is (news about what is closed) opens nothing again.
        self.terminal = frozenset(set(states) - {r.source for r in self.rows if r.target != r.source})
        self.verbs = tuple(dict.fromkeys(r.verb for r in self.rows))

    def row(self, state: S | None, verb: str) -> Row[S] | None:
        """The transition, or None where it is illegal."""
        return self._by.get((state, verb))

    def allowed(self, state: S | None, role: str = "self") -> list[str]:
        """Verbs a person in this role may say now."""
        return [r.verb for r in self.rows if r.source == state and r.decider in (role, "any") and not r.automatic]

    def demand(self, state: S | None, verb: str, role: str = "self") -> Row[S]:
        """The transition this role may make now; WrongState otherwise."""
        row = self.row(state, verb)
        if row is None or row.decider not in (role, "any"):
            raise WrongState("illegal_transition", machine=self.name, state=state and state.value, verb=verb)
        return row

    def apply(
        self, subject: Any, verb: str, *, reason: str = "", details: dict[str, Any] | None = None, peer: str = ""
    ) -> Row[S]:
        """Move the subject and write the event `<machine>.<verb>`. Load the subject FOR UPDATE first."""
        fresh = not inspect(subject).persistent and subject.state is None
        row = self.row(None if fresh else subject.state, verb)
        if row is None:
            raise WrongState("illegal_transition", machine=self.name, state=subject.state, verb=verb)
        token = _moving.set(True)
        try:
            subject.state = row.target
        finally:
            _moving.reset(token)
        # What follows by itself is nobody's word, whoever's act or message led to it; what a partner decided names it as `peer`.
        who = events.actor()
        with events.by(events.SYSTEM if not peer and (row.automatic or who.role == "peer") else who):
            events.record(f"{self.name}.{verb}", subject, reason=reason, details=details, peer=peer)
        return row

    def column(self) -> Mapped[S]:
        """The state column: text, not null, with the CHECK of `check()` on the table."""
        return mapped_column(EnumText(self.states), nullable=False)

    def check(self, name: str = "state") -> CheckConstraint:
        """The CHECK from the enum; a test compares it with the database's own."""
        listed = ", ".join(f"'{s.value}'" for s in self.states)
        return CheckConstraint(f"state IN ({listed})", name=name)

    def guard(self, model: type[Tenanted]) -> None:
        """Refuse every write of `model.state` that does not come from `apply`."""

        @event.listens_for(model.state, "set", propagate=True)  # type: ignore[attr-defined]
        def refuse(target: object, value: object, old: object, initiator: object) -> None:
            if not _moving.get():
                raise WrongState("state_written_outside_its_machine", machine=self.name)

    def diagram(self) -> str:
        """Mermaid text of the rows, for the papers."""
        lines = ["stateDiagram-v2"]
        for r in self.rows:
            source = "[*]" if r.source is None else r.source.value
            lines.append(
                f"  {source} --> {r.target.value}: {r.verb} ({r.decider}{', automatic' if r.automatic else ''})"
            )
        return "\n".join(lines)
