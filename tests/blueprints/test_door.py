"""The demo's door: there while every county is a demo county, and not a moment longer."""

from __future__ import annotations

import re

import pytest

from tests import world
from tests.conftest import _database_of, owner
from web.blueprints import words
from web.tenants.accounts.permissions import Role


@pytest.fixture
def demo(fresh, pair):
    """Both counties are demo counties."""
    with owner(_database_of(fresh)) as connection:
        connection.execute("UPDATE county SET is_demo = true")
    return pair


def test_the_door_names_counties_roles_lines_and_steps(demo, fresh, agreed):
    with owner(_database_of(fresh)) as connection:
        connection.execute("UPDATE county SET is_demo = true")  # `agreed` laid its own database over it
    text = fresh.test_client().get("/").text
    for side in (demo.home, demo.host):
        assert side.name in text
    for role in Role:
        assert text.count(f'value="{role.value}"') == 2, role
        assert words.ROLES[role] in text
    for line in ("共管共育协议", "关系转接", "半年报告", "从这里开始"):
        assert line in text
    active = re.search(r"生效[^<]*(?:<[^>]*>\s*)*1\b|1(?:<[^>]*>|\s)*生效", text)
    assert active, "the agreement in effect is counted"
    assert "演示数据" in text


def test_one_press_lets_in_and_lines_are_only_counts(demo, fresh):
    client = fresh.test_client()
    for side in (demo.home, demo.host):
        answer = client.post(f"/{side.code}/enter", data={"role": "county_admin"})
        assert answer.status_code == 303 and f"/{side.code}/" in answer.location
    for side in (demo.home, demo.host):
        assert side.name in client.get(f"/{side.code}/").text, "both stay signed in"
    lines = client.get("/lines").text
    assert "关系转接" in lines and "<form" not in lines
    assert client.post(f"/{demo.home.code}/enter", data={"role": "emperor"}).status_code == 404


def test_where_a_county_is_real_there_is_no_door(demo, fresh):
    with owner(_database_of(fresh)) as connection:
        connection.execute("UPDATE county SET is_demo = false WHERE code = %s", [demo.host.code])
    client = fresh.test_client()
    text = client.get("/").text
    assert "进入" not in text and "区划代码" in text
    assert client.get("/lines").status_code == 404
    for side in (demo.home, demo.host):
        answer = client.post(f"/{side.code}/enter", data={"role": "county_admin"})
        assert answer.status_code == 404, "not even into the demo county beside a real one"
    assert world.PASSWORD not in text
