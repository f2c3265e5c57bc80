"""English on real pages: chosen by browser and by account, every page of a clerk of the demo, what people typed as it is."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from tests.blueprints.test_auth import sign_in
from tests.blueprints.test_operator import signed_in_operator
from web.blueprints.english.messages import WEB
from web.blueprints.english.runs import HUMAN, RAW
from web.core import fence
from web.core.events import Event
from web.core.fence import Tenanted
from web.core.ids import uuid7
from web.extensions import Model, db
from web.tenants.accounts import service as accounts
from web.tenants.accounts.models import Account
from web.tenants.accounts.permissions import Role
from web.tenants.counties import divisions
from web.tenants.counties import service as counties
from web.tenants.imports.models import ImportBatch, ImportRow
from web.tenants.members import service as members
from web.tenants.tasks.models import Task

SEALED = ("组织科联络员", "当日本人在外地出差，未到会，请核对签到表")
"""What crosses sealed and is in no row of text: the post of a county's liaison, what the demo's dispute says."""
CODE = re.compile(r"\d{6}")
STORED = (Task, ImportBatch, ImportRow)
"""Tables that hold sentences of ours, which pages say again in English."""
HAN = re.compile(r"[\u3400-\u9fff]+")
ISO = re.compile(r"\b\d{4}-\d\d-\d\d\b")


class Page(HTMLParser):
    """What is read of a page: texts and attributes with Chinese outside papers, and its links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.chinese: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]).split("#")[0])
        if tag not in {"input", "br", "hr", "img", "link", "meta", "col"}:
            self.open.append((tag, given.get("lang") in ("zh-Hans", "zh") and tag != "html"))
        if not self.is_quiet:
            self.chinese += [
                value for name, value in attrs if name in HUMAN and value and (HAN.search(value) or ISO.search(value))
            ]

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not self.is_quiet and (HAN.search(data) or ISO.search(data)):
            self.chinese.append(data.strip())

    @property
    def is_quiet(self) -> bool:
        return any(is_chinese or tag in RAW for tag, is_chinese in self.open)


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for one in value.values() if isinstance(value, dict) else value:
            yield from leaves(one)


def typed() -> set[str]:
    """Every text with Chinese in any row of any county, but where rows hold sentences of ours."""
    found = set[str]()
    with fence.platform("the demo's counties"):
        every = list(counties.every())
        found |= {text for county in every for text in (county.name, county.office, county.region)}
        tenants = [county.tenant_id for county in every]
    for tenant in tenants:
        with fence.acting_for(tenant):
            for mapper in Model.registry.mappers:
                if issubclass(mapper.class_, Tenanted) and mapper.class_ not in STORED:
                    for row in db.session.scalars(db.select(mapper.class_)):
                        values = (getattr(row, column.key) for column in mapper.column_attrs)
                        texts = {text for value in values for text in leaves(value)}
                        found |= {text for text in texts if HAN.search(text)}
                        found |= {divisions.full_name(text) for text in texts if CODE.fullmatch(text)}
            db.session.expunge_all()
    return found


def is_data(word: str, data: str) -> bool:
    """Whether it stands in a row or among the names of places, or is a place and what lies in it, side by side."""
    ends = (at.end() for at in re.finditer("[省市县区]", word))
    return word in data or any(word[:end] in data and word[end:] in data for end in ends)


# The clerk of the home county in every run; who sees other pages, and the host's side of all, in the long one.
READERS = [
    pytest.param("340828", Role.COUNTY_ADMIN, 80),
    pytest.param("330110", Role.COUNTY_ADMIN, 80, marks=pytest.mark.long),
    pytest.param("330110", Role.TOWNSHIP_OFFICER, 30, marks=pytest.mark.long),
    pytest.param("331124", Role.SYSADMIN, 8, marks=pytest.mark.long),
]


CHINESE = {
    "activities.record": "the minutes of an activity, printed and filed",
    "members.paper": "the notice a member is shown and signs",
    "referrals.slip": "the slip the member is given",
    "requests.sheet": "a request printed and filed",
}
"""Pages that are a paper, and so Chinese for every reader. Any other page that falls back to Chinese is a fault."""


class Walk:
    """Pages read in English by one browser, and what was left on them that is no data."""

    def __init__(self, application: Flask) -> None:
        places = [(WEB / "tenants" / "counties" / name).read_text() for name in ("divisions.py", "townships.py")]
        self.data = "\n".join([*typed(), *SEALED, *places])
        self.routes = application.url_map.bind("localhost")
        self.client = application.test_client()
        self.client.set_cookie("lang", "en")
        self.left: list[str] = []

    def read(self, address: str, answer: TestResponse) -> Page:
        """A page that is no paper is English but for data, and writes no day as YYYY-MM-DD."""
        page = Page(answer.text)
        endpoint, _ = self.routes.match(address.split("?", maxsplit=1)[0], answer.request.method)
        if endpoint not in CHINESE:
            is_part = "<html" not in answer.text
            assert is_part or '<html lang="en"' in answer.text, f"{address} ({endpoint}) fell back to Chinese"
            self.left += [
                f"{address}: {text}"
                for text in page.chinese
                if ISO.search(text) or not all(is_data(word, self.data) for word in HAN.findall(text))
            ]
        return page


@pytest.mark.parametrize(("code", "role", "at_least"), READERS)
def test_every_page_of_a_clerk_is_english_but_for_data(application, stand, with_demo, proved, code, role, at_least):
    """Walked by its links, one page a route: each Chinese word left on a page stands in some row."""
    stand(with_demo)
    walk = Walk(application)
    walk.client.post(f"/{code}/enter", data={"role": role})
    todo, seen = deque([f"/{code}/"]), set[str]()
    while todo:
        answer = walk.client.get(address := todo.popleft())
        if answer.status_code != 200 or "html" not in answer.content_type:
            continue
        for link in walk.read(address, answer).links:
            if link.startswith(f"/{code}/"):
                endpoint, _ = walk.routes.match(link.split("?")[0])
                if endpoint not in seen:
                    seen.add(endpoint)
                    todo.append(link)
    assert not walk.left, "\n".join(walk.left)
    assert len(seen) > at_least
    proved("routes in English", len(seen))


def test_refusals_the_door_and_the_operators_pages_are_english_too(application, stand, with_demo, proved, monkeypatch):
    """What nobody comes to by a link of a clerk's page."""
    stand(with_demo)
    here, walk = "/340828", Walk(application)
    operator = signed_in_operator(application)
    walk.data += "\n王运维"  # who that is
    read = list[str]()

    def get(address: str, status: int = 200, data: dict[str, str] | None = None) -> None:
        answer = walk.client.get(address) if data is None else walk.client.post(address, data=data)
        assert answer.status_code == status, address
        walk.read(address, answer)
        read.append(address)

    for address in ("/", "/lines", f"{here}/sign-in", "/operator/sign-in"):
        get(address)
    get("/v/2222333344445555", 404)
    get(f"{here}/sign-in", 422, {"username": "nobody", "password": "wrong"})
    walk.client.set_cookie("kl_operator", operator, path="/operator/")
    doors = ("stop", "start", "reset", "release", "open")
    for address in (
        "/operator/",
        "/operator/password",
        "/operator/backups",
        *(f"/operator/counties/340828/{act}" for act in doors),
    ):
        get(address)
    get("/operator/counties/340828/reset", 422, {"username": "nobody", "reason": "test"})
    get("/operator/counties/999999/stop", 404)
    walk.client.post(f"{here}/enter", data={"role": Role.COUNTY_ADMIN})
    get(f"{here}/members/{uuid7()}", 404)
    get(f"{here}/password", 422, {})
    get(f"{here}/accounts/new", 403)

    def full(*_args: object) -> None:
        raise OperationalError("", {}, psycopg.errors.DiskFull())

    monkeypatch.setattr(accounts, "live_sessions", full)
    get(f"{here}/sessions", 507)
    assert not walk.left, "\n".join(walk.left)
    proved("refusals, doors and pages of operators in English", len(read))


def test_the_browser_chooses_before_signing_in_and_the_account_after(fresh, pair):
    home = f"/{pair.home.code}"
    client = fresh.test_client()
    assert ">登录</button>" in client.get(f"{home}/sign-in").text
    assert client.get(f"/appearance?language=en&next={home}/sign-in").location == f"{home}/sign-in"
    page = client.get(f"{home}/sign-in").text
    assert '<html lang="en"' in page and ">Sign in</button>" in page and ">中文</button>" in page
    assert client.get("/appearance?language=xx").status_code == 303
    assert client.get_cookie("lang").value == "en"
    # an account that never chose reads what its browser says; what it chooses goes with it
    sign_in(client, pair.home)
    assert '<html lang="en"' in client.get(f"{home}/").text
    back = client.post(f"{home}/language", data={"language": "zh-Hans", "next": f"{home}/notices"})
    assert (back.status_code, back.location) == (303, f"{home}/notices")
    assert '<html lang="zh-Hans"' in client.get(f"{home}/").text
    client.post(f"{home}/language", data={"language": "en", "next": "https://evil.test/"})
    client.post(f"{home}/language", data={"language": "xx"})
    other = fresh.test_client()
    sign_in(other, pair.home)
    refused = other.get(f"{home}/members/{pair.home.uid}")
    assert (
        refused.status_code == 404
        and "may not belong to our county.<" in refused.text
        and "county.." not in refused.text
    )
    assert '<html lang="en"' in other.get(f"{home}/").text
    assert other.get(f"{home}/notices").status_code == 200
    with fence.acting_for(pair.home.tenant_id):
        assert "account.bulk_changed" not in db.session.scalars(db.select(Event.verb)).all(), "how one reads is no act"
        assert dict(db.session.execute(db.select(Account.role, Account.language)).all()) == {
            role: "en" if role is Role.COUNTY_ADMIN else "" for role in Role
        }


def test_what_people_typed_is_not_translated(fresh, pair):
    """A member whose name is a word of the screens keeps it; the word itself is English on the same page."""
    with fence.acting_for(pair.home.tenant_id):
        member = members.enroll(pair.home.orgs["示例村支部"], name="失联", gender="1", member_kind="1")
        path = f"/{pair.home.code}/members/{member.id}"
        fence.commit()
    client = fresh.test_client()
    client.set_cookie("lang", "en")
    sign_in(client, pair.home)
    page = client.get(path).text
    assert "<h1>失联</h1>" in re.sub(r"<h1[^>]*>", "<h1>", page) and "full member" in page.lower()
    assert "失联" in client.get(f"/{pair.home.code}/members/").text
