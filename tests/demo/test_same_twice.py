"""Two builds of the demo on one day show a person the same: who, where, when, in which state, how many."""

from __future__ import annotations

from collections import Counter
from typing import Any

import psycopg
import pytest

from tests.conftest import _database_of, owner
from tests.states import EMPTY

pytestmark = pytest.mark.long
# Drawn anew each time, as they must be: keys and what they signed, salts and the digests over them, codes on papers,
# passwords, the number of the request a message was made in, and the number a line of a co-signed record gets by lot.
DRAWN = {
    "password_hash", "token", "head", "digest", "text_digest", "pdf_digest", "agreement_digest", "sha256", "content", "prev",
    "envelope", "receipt", "jws", "signed", "fingerprint", "commitment", "code", "proof_code", "kid", "peer", "pointer", "trace",
}  # fmt: skip
# Who stands how, by name: what the columns alone would not tell.
WHO = (
    "SELECT c.code, m.name, r.state, r.state_at::date FROM referral r JOIN member m ON (m.tenant_id, m.id) = (r.tenant_id, r.member_id) JOIN county c ON c.tenant_id = r.tenant_id",
    "SELECT c.code, m.name, h.state, h.state_at::date FROM handover h JOIN member m ON (m.tenant_id, m.id) = (h.tenant_id, h.member_id) JOIN county c ON c.tenant_id = h.tenant_id",
    "SELECT c.code, m.name, m.dues_until, m.relation, o.name FROM member m JOIN party_org o ON (o.tenant_id, o.id) = (m.tenant_id, m.branch_id) JOIN county c ON c.tenant_id = m.tenant_id",
    "SELECT c.code, m.name, n.scope, n.given_on FROM consent n JOIN member m ON (m.tenant_id, m.id) = (n.tenant_id, n.member_id) JOIN county c ON c.tenant_id = n.tenant_id",
    "SELECT c.code, m.name, a.presence FROM attendance a JOIN member m ON (m.tenant_id, m.id) = (a.tenant_id, a.member_id) JOIN county c ON c.tenant_id = a.tenant_id",
)


def shown(connection: psycopg.Connection[Any]) -> dict[str, Counter[Any]]:
    """Every plain column of every table as a bag of its values, instants by their day; and who stands how."""
    columns = connection.execute(
        "SELECT table_name, column_name, udt_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND udt_name IN ('text', 'varchar', 'int4', 'int8', 'date', 'bool', 'timestamptz') ORDER BY 1, 2"
    ).fetchall()
    found: dict[str, Counter[Any]] = {}
    for table, column, kind in columns:
        if column in DRAWN and (table, column) != ("county", "code"):
            continue
        day = "::date" if kind == "timestamptz" else ""
        found[f"{table}.{column}"] = Counter(connection.execute(f'SELECT "{column}"{day} FROM "{table}"'))
    return found | {query: Counter(connection.execute(query)) for query in WHO}


def test_two_builds_of_one_day_are_the_same_to_look_at(application, stand, with_demo, build_demo, proved):
    def look() -> dict[str, Counter[Any]]:
        with owner(_database_of(application)) as connection:
            return shown(connection)

    stand(with_demo)
    first = look()
    stand(EMPTY)
    build_demo()
    second = look()
    differs = {
        name: (list((first[name] - second[name]).items())[:3], list((second[name] - first[name]).items())[:3])
        for name in first
        if first[name] != second[name]
    }
    assert not differs
    assert len(first["member.name"]) > 500 and sum(first[WHO[0]].values()) > 50
    proved("columns equal in two builds of the demo", len(first))
