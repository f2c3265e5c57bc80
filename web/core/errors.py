"""Errors of the domain: a stable code and parameters. Their words live at the edge."""

from __future__ import annotations

from collections.abc import Mapping


class DomainError(Exception):
    """Something a user or a peer asked for that we refuse."""

    status = 409

    def __init__(self, code: str = "domain_error", **params: object) -> None:
        self.code, self.params = code, params
        super().__init__(code, params)

    def __str__(self) -> str:
        return " ".join([self.code, *(f"{k}={v}" for k, v in self.params.items())])


class NotFound(DomainError):
    """Absent, or not ours: the same answer."""

    status = 404

    def __init__(self, code: str = "not_found", **params: object) -> None:
        super().__init__(code, **params)


class NotPermitted(DomainError):
    """The role may not do it; `who` names the roles that can."""

    status = 403

    def __init__(self, code: str = "not_permitted", **params: object) -> None:
        super().__init__(code, **params)


class WrongState(DomainError):
    """Legal at another time; `state` and `verb` say why not now."""

    def __init__(self, code: str = "wrong_state", **params: object) -> None:
        super().__init__(code, **params)


class Conflict(DomainError):
    """Somebody changed it meanwhile."""

    status = 412


class TooMany(DomainError):
    """A limit was reached; `again_at` says when to come back."""

    status = 429


class Invalid(DomainError):
    """Input that does not hold: `fields` maps a field to the codes of what is wrong with it."""

    status = 422

    def __init__(self, fields: Mapping[str, object] | None = None, code: str = "invalid", **params: object) -> None:
        self.fields: dict[str, list[str]] = {
            name: [str(c) for c in codes] if isinstance(codes, list | tuple) else [str(codes)]
            for name, codes in (fields or {}).items()
        }
        super().__init__(code, fields=self.fields, **params)


class CrossTenant(RuntimeError):
    """A programming mistake, never a user's: answered with 500 and an alarm."""
