"""`flask county add` and `list`: a county from nothing to its administrator's first sign-in."""

import re
from dataclasses import replace

from sqlalchemy import func

from web.core import fence
from web.extensions import db
from web.tenants.accounts.models import Account
from web.tenants.counties.models import County

ARGUMENTS = ["county", "add", "331124", "--admin", "周试甲", "--username", "zhou.shijia"]


def run(app, *arguments):
    return app.test_cli_runner().invoke(args=list(arguments))


def counties_here():
    with fence.platform("tests"):
        return db.session.scalar(db.select(func.count()).select_from(County))


def test_a_county_is_added_and_its_administrator_signs_in(fresh, pair):
    said = run(fresh, *ARGUMENTS)
    assert said.exit_code == 0, said.output
    assert "331124 松阳县 (中共松阳县委组织部)" in said.output
    password = re.search(r"^password\s+(\S+)", said.output, re.MULTILINE)[1]
    assert re.search(r"^fingerprint\s+[0-9a-f]{4} [0-9a-f]{4}", said.output, re.MULTILINE)
    client = fresh.test_client()
    inside = client.post("/331124/sign-in", data={"username": "zhou.shijia", "password": password, "next": ""})
    assert inside.status_code == 303
    assert client.get("/331124/settings").location == "/331124/password"
    new = {"current": password, "new": "Better-2-known", "again": "Better-2-known"}
    assert client.post("/331124/password", data=new).status_code == 303
    page = client.get("/331124/settings")
    assert page.status_code == 200 and "中共松阳县委组织部" in page.text
    listed = run(fresh, "county", "list")
    assert [line.split()[0] for line in listed.output.splitlines()] == ["330110", "331124", "340828"]


def test_what_cannot_be_added_leaves_nothing(fresh, pair):
    before = counties_here()
    for arguments, words in [
        (["county", "add", "331124", "--admin", "周试甲", "--username", "周"], "username_letters"),
        (["county", "add", "340828", "--admin", "周试甲", "--username", "zhou"], "taken"),
        (["county", "add", "330000", "--admin", "周试甲", "--username", "zhou"], "no division code of a county"),
        (["county", "add", "abc", "--admin", "周试甲", "--username", "zhou"], "no division code of a county"),
    ]:
        said = run(fresh, *arguments)
        assert said.exit_code != 0 and words in said.output
        assert counties_here() == before
    settings = fresh.extensions["kiteline"]
    fresh.extensions["kiteline"] = replace(settings, seal_key=None)
    try:
        said = run(fresh, *ARGUMENTS)
        assert said.exit_code != 0 and "KITELINE_SEAL_KEY" in said.output
    finally:
        fresh.extensions["kiteline"] = settings
    assert counties_here() == before
    with fence.acting_for(pair.home.tenant_id):
        assert db.session.scalar(db.select(func.count()).select_from(Account)) == 6
