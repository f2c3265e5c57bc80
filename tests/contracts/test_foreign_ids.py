"""Another county's id, anywhere in an address: 404, word for word the answer to an id that does not exist."""

from __future__ import annotations

import re
from uuid import UUID, uuid4

from psycopg import sql

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
    with owner(_database_of(fresh)) as connection:
        rows.loosen(connection)
        foreign: dict[str, UUID] = {}
        for table in TENANTED:
            rows.insert(connection, table, pair.host.tenant_id, rows.columns(connection, table))
            query = sql.SQL("SELECT id FROM {} WHERE tenant_id = %s LIMIT 1").format(sql.Identifier(table))
            foreign[table] = connection.execute(query, [pair.host.tenant_id]).fetchone()[0]
    clients = {}
    for role in (Role.COUNTY_ADMIN, Role.LEADER_READONLY):
        clients[role] = fresh.test_client()
        sign_in(clients[role], pair.home, role.value)
    tried = 0
    for rule, method in routes(fresh):
        permission = policy_of(fresh, rule)
        takes_id = any(type(c).__name__ == "UUIDConverter" for c in rule._converters.values())
        if not takes_id or not isinstance(permission, Permission):
            continue
        role = next(r for r in clients if permission in GRANTS[r])
        absent = clients[role].open(filled(rule, pair.home, uuid4()), method=method)
        assert absent.status_code == 404, (method, rule)
        for table, other in foreign.items():
            answer = clients[role].open(filled(rule, pair.home, other), method=method)
            assert answer.status_code == 404, (method, rule, table)
            assert shape(answer.text) == shape(absent.text), (method, rule, table)
            tried += 1
    assert tried
    proved("another county's ids refused", tried)
