"""State and secrets: where they are, who can read them, that they stay."""

import base64
import os
import stat
from pathlib import Path

import pytest

from deploy import places
from deploy.console import Stopped
from deploy.places import Instance, state_root


@pytest.fixture
def state(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("KITELINE_STATE_DIR", str(tmp_path / "a state"))
    return tmp_path / "a state" / places.checkout_name()


def test_each_checkout_has_a_state_of_its_own(state, tmp_path):
    assert state_root() == state
    assert places.checkout_name(tmp_path / "one") != places.checkout_name(tmp_path / "two")
    assert places.checkout_name(tmp_path / "one") == places.checkout_name(tmp_path / "one")


def test_root_and_users_keep_state_where_the_servers_can_reach_it(monkeypatch):
    monkeypatch.delenv("KITELINE_STATE_DIR", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert state_root().parent == Path("/var/lib/kiteline")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_STATE_HOME", "/home/clerk/states")
    assert state_root().parent == Path("/home/clerk/states/kiteline")
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "/home/clerk")
    assert state_root().parent == Path("/home/clerk/.local/state/kiteline")


def test_secrets_are_drawn_once_and_are_private(state):
    drawn = Instance("demo-1").secrets()
    assert {"KITELINE_SECRET", "KITELINE_FIELD_KEY", "KITELINE_SEAL_KEY"} <= set(drawn)
    assert len(set(drawn.values())) == len(drawn)
    assert all(len(base64.urlsafe_b64decode(value)) == 32 for value in drawn.values())
    assert stat.S_IMODE((state / "demo-1" / "secrets.json").stat().st_mode) == 0o600
    assert Instance("demo-1").secrets() == drawn
    assert Instance("demo-2").secrets()["KITELINE_SECRET"] != drawn["KITELINE_SECRET"]


def test_a_secret_added_later_joins_those_kept(state, monkeypatch):
    before = Instance("demo-1").secrets()
    monkeypatch.setattr(places, "SECRETS", (*places.SECRETS, "KITELINE_ANOTHER"))
    after = Instance("demo-1").secrets()
    assert after.pop("KITELINE_ANOTHER")
    assert after == before


def test_sockets_fit_into_the_107_bytes_of_a_unix_path(state):
    sockets = Instance("demo-1").sockets()
    try:
        assert len(f"{sockets}/.s.PGSQL.5432.lock") < 60
        assert Instance("demo-1").sockets() == sockets
        sockets.rmdir()  # a restart of the machine empties /tmp
        assert Instance("demo-1").sockets() != sockets
    finally:
        made = Instance("demo-1").sockets()
        Instance("demo-1").forget()
    assert not made.exists()
    assert not (state / "demo-1").exists()


def test_forgetting_parts_leaves_the_others(state):
    instance = Instance("demo-1")
    instance.secrets()
    instance.folder("postgres")
    instance.forget("postgres")
    assert (state / "demo-1" / "secrets.json").exists()
    assert not (state / "demo-1" / "postgres").exists()


def test_an_instance_is_held_by_one_command(state):
    with Instance("demo-1").held("deploy/demo --port 2"):
        with (
            pytest.raises(Stopped, match="running already") as stopped,
            Instance("demo-1").held("deploy/demo --port 2"),
        ):
            pytest.fail("held twice")
        assert stopped.value.fix == "deploy/demo --port 2"
        with Instance("demo-2").held("unused"):
            pass
    with Instance("demo-1").held("free again"):
        pass
