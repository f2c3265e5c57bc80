"""Another county's id, anywhere in an address: 404, word for word the answer to an id that does not exist."""

from __future__ import annotations

import re
from uuid import uuid4

from tests.blueprints.test_auth import sign_in
from tests.conftest import _database_of, owner
from tests.contracts import rows
from tests.contracts.test_isolation import TENANTED
from tests.contracts.test_policies import filled, policy_of, routes
from web.tenants.accounts.permissions import GRANTS, Permission, Role


def shape(text: str) -> str:
    """The page without what changes from request to request."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|csrf_token[^>]*|X-CSRFToken[^}]*", "", text)


def test_another_countys_ids_are_absent(fresh, pair, proved):
    """One id that is in every table of the other county: whatever table a route looks into, it is there, and not ours."""
    foreign = uuid4()
    with owner(_database_of(fresh)) as connection:
        rows.loosen(connection)
        for table in TENANTED:
            rows.insert(connection, table, pair.host.tenant_id, rows.columns(connection, table), foreign)
    clients = {}
    for role in (Role.COUNTY_ADMIN, Role.LEADER_READONLY, Role.SYSADMIN, Role.SECADMIN):
        clients[role] = fresh.test_client()
        assert sign_in(clients[role], pair.home, role.value).status_code == 303
    tried = 0
    for rule, method in routes(fresh):
        permission = policy_of(fresh, rule)
        takes_id = any(type(c).__name__ == "UUIDConverter" for c in rule._converters.values())
        if not takes_id or not isinstance(permission, Permission):
            continue
        role = next(r for r in clients if permission in GRANTS[r])
        absent = clients[role].open(filled(rule, pair.home, uuid4()), method=method)
        answer = clients[role].open(filled(rule, pair.home, foreign), method=method)
        assert absent.status_code == answer.status_code == 404, (method, rule)
        assert shape(answer.text) == shape(absent.text), (method, rule)
        tried += 1
    assert tried
    proved("routes that refuse another county's id", tried)
