"""Every route states its policy; the table role × route is a file that is read when it changes; every cell is tried."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from werkzeug.routing import Rule

from tests import world
from tests.blueprints.test_auth import sign_in
from tests.blueprints.test_operator import signed_in_operator
from web.blueprints import policy
from web.tenants.accounts.permissions import GRANTS, Permission, Role

GOLDEN = Path(__file__).with_name("routes.golden")


def routes(app: Flask) -> list[tuple[Rule, str]]:
    """Every rule with its method that matters most."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static":
            found += [(rule, method) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]
    return sorted(found, key=lambda pair: (pair[0].rule, pair[1]))


def policy_of(app: Flask, rule: Rule) -> Any:
    return getattr(app.view_functions[rule.endpoint], "policy", None)


def filled(rule: Rule, side: world.Side, value: UUID | None = None) -> str:
    """An address of the rule: this county, this id (a random one) wherever it asks for one."""
    values: dict[str, Any] = {"county": side.code}
    for name in rule.arguments - {"county"}:
        converter = rule._converters[name]
        kind = type(converter).__name__
        words = sorted(getattr(converter, "items", ["x"]))  # <any(a, b):…> takes its own words only
        values[name] = {"UUIDConverter": value or uuid4(), "IntegerConverter": 1}.get(kind, words[0])
    built = rule.build(values, append_unknown=False)
    assert built is not None, rule
    return str(built[1])


def test_every_route_states_its_policy(application, proved):
    stated = [(rule, policy_of(application, rule)) for rule, _ in routes(application)]
    assert stated and all(p for _, p in stated)
    for rule, p in stated:
        if isinstance(p, str) and p.startswith("public: "):
            assert len(p) > 14, f"{rule}: a public route says why"
    proved("routes with a policy", len(stated))


def view() -> str:
    return "seen"


@pytest.mark.parametrize(
    ("mark", "rule", "methods", "starts"),
    [
        (None, "/<county>/things", ["GET"], False),
        (policy.needs(Permission.MEMBER_READ), "/<county>/things", ["GET"], True),
        (policy.needs(Permission.MEMBER_READ), "/<county>/things", ["POST"], False),
        (policy.needs(Permission.MEMBER_WRITE), "/<county>/things", ["POST"], True),
        (policy.needs(Permission.MEMBER_WRITE), "/things", ["POST"], False),
        (policy.public("the door of the demo"), "/", ["GET"], True),
    ],
)
def test_an_application_without_policies_does_not_start(mark, rule, methods, starts):
    tiny = Flask("tiny")

    def fresh_view() -> str:
        return view()

    tiny.add_url_rule(rule, "thing", mark(fresh_view) if mark else fresh_view, methods=methods)
    if starts:
        policy.enforce(tiny)
    else:
        with pytest.raises(policy.NoPolicy):
            policy.enforce(tiny)


def test_role_by_route_is_as_written(application):
    """Regenerate with KITELINE_GOLDEN=1, and read what changed."""
    lines = []
    for rule, method in routes(application):
        p = policy_of(application, rule)
        who = " ".join(r for r in Role if p in GRANTS[r]) if isinstance(p, Permission) else "-"
        lines.append(f"{method:6} {rule.rule:64} {p:24} {who}")
    text = "\n".join(line.rstrip() for line in lines) + "\n"
    if os.environ.get("KITELINE_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_every_cell_of_the_table(fresh, pair, proved):
    """Who is not signed in, or is an operator of the deployment, is sent to sign in; a role without the permission is refused, with names of who can."""
    asked = [(r, m, policy_of(fresh, r)) for r, m in routes(fresh) if isinstance(policy_of(fresh, r), Permission)]
    # An operator's cookie, handed to the county: it opens no page of any.
    nobody, token = fresh.test_client(), signed_in_operator(fresh)
    nobody.set_cookie(f"kl_{pair.home.code}", token, path=f"/{pair.home.code}/")
    for rule, method, _ in asked:
        answer = nobody.open(filled(rule, pair.home), method=method)
        assert answer.status_code == 303 and "/sign-in" in answer.location, (method, rule)
    refusals = 0
    for role in Role:
        client = fresh.test_client()
        assert sign_in(client, pair.home, role.value).status_code == 303
        for rule, method, permission in asked:
            if permission in GRANTS[role]:
                continue
            # As a script asks: the navigation, two thirds of the time of a refusal, is not built around it.
            answer = client.open(filled(rule, pair.home), method=method, headers={"HX-Request": "true"})
            assert answer.status_code == 403, (role, method, rule)
            assert any(f"{r.value}甲" in answer.text for r in Role if permission in GRANTS[r]), "says who can"
            refusals += 1
    proved("cells of role by route refused", refusals)
