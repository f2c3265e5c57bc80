"""The tree below the edge: where kinds and roles belong, and which part an actor sees."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import _database_of, owner
from web.core import fence
from web.core.errors import Invalid, NotFound
from web.core.events import Actor
from web.tenants.accounts.permissions import ADMINISTRATORS, WHOLE_COUNTY, Role
from web.tenants.members import service as members
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import OrgKind


def actor(role, path):
    return Actor(None, "甲", role, None, path)


def test_each_role_sees_its_part(pair):
    with pair.home.act():
        tree = {o.name: o for o in organisations.tree()}
        town, first = tree["天堂镇"], tree["示例村支部"]
        for role in Role:
            seen = {o.name for o in organisations.tree(actor(role, town.path))}
            assert seen == (set(tree) if role in WHOLE_COUNTY else {"天堂镇", "示例村支部", "试例村支部"})
        assert [o.name for o in organisations.branches(actor(Role.BRANCH_SECRETARY, first.path))] == ["示例村支部"]
        assert organisations.tree(actor(Role.BRANCH_SECRETARY, "")) == []
        for org_id in (town.id, pair.host.orgs["余杭街道"]):
            with pytest.raises(NotFound):
                organisations.visible_org(org_id, actor(Role.BRANCH_SECRETARY, first.path))


def test_roles_stand_where_they_belong(pair):
    with pair.home.act():
        where = {org.kind: org.id for org in organisations.tree()}
        fits = {(role, kind) for role in Role for kind, org_id in where.items() if _stands(role, org_id)}
    assert fits == {
        (Role.COUNTY_ADMIN, OrgKind.COUNTY_COMMITTEE),
        (Role.LIAISON, OrgKind.COUNTY_COMMITTEE),
        (Role.LEADER_READONLY, OrgKind.COUNTY_COMMITTEE),
        *((role, OrgKind.COUNTY_COMMITTEE) for role in ADMINISTRATORS),
        (Role.TOWNSHIP_OFFICER, OrgKind.TOWNSHIP_COMMITTEE),
        (Role.BRANCH_SECRETARY, OrgKind.BRANCH),
        (Role.AWAY_SECRETARY, OrgKind.BRANCH),
    }


def _stands(role, org_id):
    try:
        return bool(organisations.demand_place(role, org_id))
    except Invalid as wrong:
        assert wrong.fields == {"org_id": ["not_this_place"]}
        return False


def test_paths_sort_as_the_tree(pair):
    with pair.home.act():
        root = organisations.root()
        for n in range(12):
            organisations.found(root, OrgKind.TOWNSHIP_COMMITTEE, f"第{n}镇")
        names = [o.name for o in organisations.tree()]
    assert names == ["岳西县", "天堂镇", "示例村支部", "试例村支部", *(f"第{n}镇" for n in range(12))]


def test_a_full_name_that_no_letter_holds_is_refused_beside_the_name(pair):
    with pair.home.act():
        town = organisations.found(organisations.root(), OrgKind.TOWNSHIP_COMMITTEE, "镇" * 80)
        branch = organisations.found(town, OrgKind.BRANCH, "村" * 80)
        for ask in (
            lambda: organisations.found(branch, OrgKind.PARTY_GROUP, "组"),
            lambda: organisations.rename(town, "镇" * 81),
            lambda: organisations.rename(branch, "村" * 81),
        ):
            with pytest.raises(Invalid) as refused:
                ask()
            assert refused.value.fields == {"name": ["full_name_too_long"]}
        group = organisations.found(branch, OrgKind.PARTY_GROUP, "组", full_name="一片区")
        organisations.rename(town, "山镇")
        assert branch.full_name == "山镇" + "村" * 80
        organisations.rename(group, "二组")
        assert group.full_name == branch.full_name + "二组", "a full name of its own says nothing of the new name"


@pytest.mark.parametrize("closes_first", [False, True])
def test_nobody_is_put_into_a_branch_while_it_closes(fresh, pair, closes_first):
    with pair.home.act():
        town = organisations.get(pair.home.orgs["天堂镇"])
        branch_id = organisations.found(town, OrgKind.BRANCH, "演示村支部").id
        fence.commit()

    def close():
        organisations.close(organisations.get(branch_id), "合并")

    def enter():
        offered = organisations.tree()  # a form or an import holds them while it works
        members.enroll(branch_id, name="王示甲", gender="1", member_kind="1")
        assert branch_id in {org.id for org in offered}

    def then(act):
        with fresh.app_context(), pair.home.act():
            act()
            fence.commit()

    first, second, why = (close, enter, "takes_no_members") if closes_first else (enter, close, "has_people")
    waiting = (
        "SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()"
    )
    with ThreadPoolExecutor(1) as other, owner(_database_of(fresh)) as watch, pair.home.act():
        first()
        waits = other.submit(then, second)
        while not watch.execute(waiting).fetchone() and not waits.done():
            time.sleep(0.02)
        fence.commit()
        with pytest.raises(Invalid, match=why):
            waits.result()
