"""Another county's id, anywhere in an address or a form: word for word the answer to an id that does not exist."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from uuid import UUID, uuid4

import pytest

from tests.blueprints.test_auth import sign_in
from tests.conftest import _database_of, owner
from tests.contracts import rows
from tests.contracts.test_isolation import TENANTED
from tests.contracts.test_policies import filled, policy_of, routes
from web.tenants.accounts.permissions import GRANTS, Permission, Role


def shape(text: str) -> str:
    """The page without what changes from request to request."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|csrf_token[^>]*|X-CSRFToken[^}]*|\d\d:\d\d 打印", "", text)


@pytest.fixture
def foreign(fresh, pair):
    """One id that is in every table of the other county: whatever table is looked into, it is there, and not ours."""
    id_ = uuid4()
    with owner(_database_of(fresh)) as connection:
        rows.loosen(connection)
        for table in TENANTED:
            rows.insert(connection, table, pair.host.tenant_id, rows.columns(connection, table), id_)
    return id_


@pytest.fixture
def clients(fresh, pair):
    entered = {}
    for role in (Role.COUNTY_ADMIN, Role.LEADER_READONLY, Role.SYSADMIN, Role.SECADMIN):
        entered[role] = fresh.test_client()
        assert sign_in(entered[role], pair.home, role.value).status_code == 303
    return entered


def test_another_countys_ids_are_absent(fresh, pair, foreign, clients, proved):
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


class Fields(HTMLParser):
    """Of each form that is sent: where to, and field → what a hand would put there; `ids`: the fields that choose a record."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str], set[str]]] = []
        self.field = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form":
            self.forms.append((given.get("action", ""), {}, set()))
            if given.get("method") != "post":
                self.forms[-1] = ("", {}, set())
        if not self.forms:
            return
        _, values, ids = self.forms[-1]
        if tag in ("input", "select", "textarea") and given.get("name"):
            self.field = given["name"]
            typed = {"date": "2026-06-01", "number": "60", "text": "试填"}
            values[self.field] = given.get("value") or typed.get(given.get("type", "text"), "")
        if tag in ("option", "input") and self.field and _is_id(given.get("value")):
            ids.add(self.field)
        if tag == "option" and given.get("value"):
            values[self.field] = given["value"]


def _is_id(text: str | None) -> bool:
    return bool(text) and re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", str(text)) is not None


def test_another_countys_ids_in_a_form_are_absent(fresh, pair, foreign, clients, proved):
    """Every form of a page without an id of its own, in which a record is chosen."""
    tried = set()
    for rule, method in routes(fresh):
        permission = policy_of(fresh, rule)
        if method != "GET" or rule.arguments != {"county"} or not isinstance(permission, Permission):
            continue
        client = next((c for r, c in clients.items() if permission in GRANTS[r]), None)
        page = client and client.get(filled(rule, pair.home))
        if not page or page.mimetype != "text/html":
            continue
        for action, values, ids in Fields(page.text).forms:
            target = action or filled(rule, pair.home)
            for name in ids if action or values else ():

                def sent(id_: UUID, name=name, values=values, target=target, client=client) -> tuple[int, str]:
                    answer = client.post(target, data=values | {name: str(id_)})
                    return answer.status_code, shape(answer.text)

                absent = sent(uuid4())
                assert absent[0] != 303, (target, name)  # refused, or a preview in which it is not there
                assert sent(foreign) == absent, (target, name)
                tried.add((target, name))
    assert len(tried) >= 3, tried
    proved("choices of a form that refuse another county's id", len(tried))
