"""`flask county add` and `list`: a county from nothing to its administrator's first sign-in."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from sqlalchemy import func

from tests import world
from tests.blueprints.test_second_factor import code_of
from tests.conftest import _database_of, owner
from web.core import fence
from web.extensions import db
from web.tenants.accounts.models import Account
from web.tenants.accounts.permissions import Role
from web.tenants.counties import service as counties
from web.tenants.counties.models import County, CountySettings

PEOPLE = {
    "sysadmin": ("周试甲", "zhou.shijia", "990121198001010027"),
    "secadmin": ("吴演乙", "wu.yanyi", "990121199001010022"),
    "auditor": ("郑例丙", "zheng.libing", "990121197001010023"),
}


def options(**people):
    return [word for role, person in (PEOPLE | people).items() for word in (f"--{role}", *person)]


ARGUMENTS = ["county", "add", "331124", *options()]


def run(app, *arguments):
    return app.test_cli_runner().invoke(args=list(arguments))


def counties_here():
    with fence.platform("tests"):
        return db.session.scalar(db.select(func.count()).select_from(County))


def test_a_county_is_added_and_its_administrator_signs_in(fresh, pair):
    said = run(fresh, *ARGUMENTS)
    assert said.exit_code == 0, said.output
    assert "331124 松阳县 (中共松阳县委组织部)" in said.output
    passwords = dict(re.findall(r"^(\w+admin|auditor) +\S+ +password (\S+)", said.output, re.MULTILINE))
    assert set(passwords) == set(PEOPLE)
    assert re.search(r"^fingerprint\s+[0-9a-f]{4} [0-9a-f]{4}", said.output, re.MULTILINE)
    client = fresh.test_client()
    inside = client.post(
        "/331124/sign-in", data={"username": "zhou.shijia", "password": passwords["sysadmin"], "next": ""}
    )
    assert inside.status_code == 303
    assert client.get("/331124/accounts").location == "/331124/password"
    new = {"current": passwords["sysadmin"], "new": "Better-2-known", "again": "Better-2-known"}
    assert client.post("/331124/password", data=new).status_code == 303
    assert client.get("/331124/accounts").location == "/331124/second-factor", "a new county demands it"
    client.post("/331124/second-factor/begin")
    side = world.side("331124")
    client.post("/331124/second-factor", data={"code": code_of(side, Role.SYSADMIN)})
    page = client.get("/331124/accounts")
    assert page.status_code == 200 and "中共松阳县委组织部" in page.text
    listed = run(fresh, "county", "list")
    assert [line.split()[0] for line in listed.output.splitlines()] == ["330110", "331124", "340828"]


def test_what_cannot_be_added_leaves_nothing(fresh, pair):
    before = counties_here()
    for arguments, words in [
        (["county", "add", "331124", *options(sysadmin=("周试甲", "周", "1"))], "username_letters"),
        (["county", "add", "331124", *options(auditor=("周试甲", "zhou", PEOPLE["sysadmin"][2]))], "person_taken"),
        (["county", "add", "331124", *options()[:8]], "--auditor NAME USERNAME IDENTITY is missing"),
        (["county", "add", "340828", *options()], "taken"),
        (["county", "add", "330000", *options()], "no division code of a county"),
        (["county", "add", "abc", *options()], "no division code of a county"),
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
        assert db.session.scalar(db.select(func.count()).select_from(Account)) == len(Role)


def test_administrators_of_a_county_from_before(fresh, pair):
    with owner(_database_of(fresh)) as connection:
        connection.execute("DELETE FROM account WHERE role IN ('secadmin', 'auditor')")
    one = ["county", "administrators", pair.home.code, "--secadmin", *PEOPLE["secadmin"]]
    assert "wu.yanyi" in run(fresh, *one).output
    again = run(fresh, *one)
    assert again.exit_code != 0 and "already" in again.output
    twice = run(
        fresh, "county", "administrators", pair.home.code, "--auditor", "郑例丙", "zheng", PEOPLE["secadmin"][2]
    )
    assert twice.exit_code != 0 and "person_taken" in twice.output


def test_a_timer_beside_whoever_makes_a_county_makes_no_second_row_of_settings(fresh, pair):
    def timer(tenant_id):
        with fresh.app_context(), fence.acting_for(tenant_id):
            found = counties.settings().demands_code
            fence.commit()
            return found

    with fence.platform("tests"):
        tenant_id = counties.add("331124", "松阳县", "中共松阳县委组织部").tenant_id
        fence.commit()
    with ThreadPoolExecutor(1) as other, owner(_database_of(fresh)) as watch, fence.acting_for(tenant_id):
        counties.demand_code(is_demanded=True)
        second = other.submit(timer, tenant_id)
        waiting = (
            "SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE NOT granted AND datname = current_database()"
        )
        while not watch.execute(waiting).fetchone() and not second.done():
            time.sleep(0.02)
        fence.commit()
        assert second.result() is True, "it read what the first one made"
        assert db.session.scalar(db.select(func.count()).select_from(CountySettings)) == 1
