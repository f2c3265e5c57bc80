"""Which process may read which key, and what an address becomes."""

import pytest

from deploy import database, instances, run_demo
from deploy.console import Stopped
from deploy.instances import OWNER_URL, SEAL_KEY, Services
from deploy.places import Instance
from deploy.processes import Family
from web.core import queue

SERVICES = Services(
    database.Urls("postgresql+psycopg://owner@/k", "postgresql+psycopg://app@/k"),
    "unix:///tmp/valkey.sock",
    {"KITELINE_SECRET": "a", "KITELINE_FIELD_KEY": "b", SEAL_KEY: "c"},
)


def test_pages_are_served_without_the_seal_key_and_without_the_owner(monkeypatch):
    monkeypatch.setenv(SEAL_KEY, "the operator's")
    monkeypatch.setenv(OWNER_URL, "the operator's")
    for part in run_demo.PARTS:
        env = SERVICES.environment(*part.may_have)
        assert (SEAL_KEY in env) == (part.name != "web"), part.name
        assert OWNER_URL not in env, part.name
        assert env["DATABASE_URL"] == "postgresql+psycopg://app@/k"


def test_servers_of_the_operator_replace_those_of_the_instance(tmp_path, monkeypatch):
    monkeypatch.setenv("KITELINE_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", "anything://")
    monkeypatch.setenv("REDIS_URL", "redis://h/1")
    monkeypatch.setattr(database, "external", lambda url: {"anything://": SERVICES.urls}[url])
    family = Family()
    services = instances.start(Instance("demo-8123"), family, is_forgetful=False)
    assert (services.urls, services.redis_url) == (SERVICES.urls, "redis://h/1")
    assert family.children == [], "neither is started"


def test_every_queue_has_a_worker_in_the_demo():
    assert set(run_demo.QUEUES) == set(queue.QUEUES.values())
    assert {f"worker {name}" for name in run_demo.QUEUES} < {part.name for part in run_demo.PARTS}


@pytest.mark.parametrize(
    ("given", "becomes"),
    [
        ("postgres://u:p@h:5433/d", "postgresql+psycopg://u:p@h:5433/d"),
        ("postgresql://u@h/d?sslmode=require", "postgresql+psycopg://u@h/d?sslmode=require"),
        ("postgresql+psycopg://u@/d?host=%2Ftmp%2Fx", "postgresql+psycopg://u@/d?host=%2Ftmp%2Fx"),
    ],
)
def test_addresses_name_the_driver(given, becomes):
    assert database.for_sqlalchemy(given) == becomes
    assert database.for_psycopg(becomes) == becomes.replace("+psycopg", "")


def test_another_database_is_refused_with_the_form_to_use():
    with pytest.raises(Stopped) as stopped:
        database.for_sqlalchemy("mysql://u@h/d")
    assert "postgresql://user:password@host/database" in stopped.value.fix


def test_another_role_reaches_the_same_address():
    assert database.with_login("postgresql://a:b@h:1/d?x=y", "c d", "p@/") == "postgresql://c%20d:p%40%2F@h:1/d?x=y"
    assert database.with_login("postgresql:///d?host=%2Ftmp", "c", "p") == "postgresql://c:p@/d?host=%2Ftmp"
