"""Every view states its rule, or the application does not start.

`@needs(P)`: a signed-in account whose role holds P. `@operates`: a signed-in operator of the deployment.
`@public(reason)`: anybody. `@from_peer`: a partner county's node, proved by its signature; no view has it before there
is HTTP between counties. `enforce` checks the whole map at start and every request before its view runs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, request
from flask_login import current_user

from web.core import permissions
from web.tenants.accounts.permissions import GRANTS, Permission

View = TypeVar("View", bound=Callable[..., Any])


def needs(permission: Permission) -> Callable[[View], View]:
    """Only roles that hold the permission."""

    def mark(view: View) -> View:
        view.policy = permission  # type: ignore[attr-defined]
        return view

    return mark


def public(reason: str) -> Callable[[View], View]:
    """Everybody; the reason is shown on the roles page."""

    def mark(view: View) -> View:
        view.policy = f"public: {reason}"  # type: ignore[attr-defined]
        return view

    return mark


def from_peer(verify: Callable[[Any], object]) -> Callable[[View], View]:
    """Only a request whose signature `verify` accepts; it raises otherwise. The view gets `peer`."""

    def mark(view: View) -> View:
        @wraps(view)
        def verified(*args: Any, **kwargs: Any) -> Any:
            return view(*args, peer=verify(request), **kwargs)

        verified.policy = "signed by a peer"  # type: ignore[attr-defined]
        return verified  # type: ignore[return-value]

    return mark


OPERATOR = "an operator of the deployment"


def operates(view: View) -> View:
    """Only a signed-in operator: of the blueprint `operator`, which lets nobody else in, whatever the view."""
    view.policy = OPERATOR  # type: ignore[attr-defined]
    return view


class NoPolicy(RuntimeError):
    """A view that says nothing about who may call it, or that writes under a permission to read."""


def enforce(app: Flask) -> None:
    """Check every endpoint now and every request later."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        policy = getattr(app.view_functions[rule.endpoint], "policy", None)
        if policy is None:
            raise NoPolicy(f"{rule.endpoint} ({rule}) states no policy")
        writes = (rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}
        if writes and isinstance(policy, Permission) and policy.endswith(":read"):
            raise NoPolicy(f"{rule.endpoint} ({rule}) writes under {policy}")
        if (policy == OPERATOR) != (rule.endpoint.startswith("operator.") and not str(policy).startswith("public: ")):
            raise NoPolicy(
                f"{rule.endpoint} ({rule}): operators and their pages are in one blueprint, and nothing else"
            )
        if isinstance(policy, Permission) and "county" not in rule.arguments:
            raise NoPolicy(f"{rule.endpoint} ({rule}) needs a permission but names no county")

    @app.before_request
    def check() -> Any:
        if request.endpoint is None or request.endpoint == "static":
            return None
        policy = getattr(app.view_functions[request.endpoint], "policy", None)
        if not isinstance(policy, Permission):
            return None
        if not current_user.is_authenticated:
            return app.login_manager.unauthorized()  # type: ignore[attr-defined]
        permissions.demand(GRANTS, current_user.actor.role, policy)
        return None
