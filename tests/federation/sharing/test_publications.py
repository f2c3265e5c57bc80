"""Directory and counts: said whole when they changed, masked before they cross, gone with the agreement."""

from __future__ import annotations

import copy
from datetime import date, timedelta
from itertools import product

import pytest

from tests import world
from tests.blueprints.test_auth import sign_in
from web.core import clock, fence, vault
from web.core.ids import uuid7
from web.extensions import db
from web.federation import admission
from web.federation.agreements import registers
from web.federation.agreements import service as agreements
from web.federation.post import keys
from web.federation.post import service as post
from web.federation.post.models import InboxMessage, OutboxMessage, StoredDisclosure
from web.federation.sharing import cards, counts, publications
from web.federation.sharing.models import Publication
from web.federation.wire.codes import WireError
from web.federation.wire.envelope import MAX_COMMITMENTS
from web.tenants.accounts.permissions import Role
from web.tenants.flows import service as flows
from web.tenants.members import service as members
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import OrgKind, PartyOrg


def tell(side, partner, work):
    with side.act():
        said = [kind for kind in publications.KINDS if publications.tell(kind, keys.peer(partner.uid))]
        fence.commit()
    work()
    return said


def heard(side, partner, kind="directory"):
    with side.act():
        found = publications.heard(kind, partner.uid)
        return found.content if found else None


def test_the_directory_is_kept_current_and_said_once(agreed, work, fresh):
    home, host = agreed.home, agreed.host
    assert tell(home, host, work) == ["directory"], "no counts: nobody lives there yet"
    first = heard(host, home)
    assert any(kind == "township_committee" and "天堂镇" in name for kind, name, *_ in first["organisations"])
    assert not any("示例村" in row[1] for row in first["organisations"]), "village branches are not in it"
    assert [row[0] for row in first["liaisons"]] == ["liaison甲"]
    assert tell(home, host, work) == [], "nothing changed"
    # A number no column holds, as another program might say it: refused with a receipt, and the line goes on.
    with home.act():
        body, place = {"w": 2**31}, {"/venues/0": ["示例活动室", None]}
        forged = post.send(host.uid, "directory.tell", uuid7(), body, place, agreement=agreed.ref)
        fence.commit()
    work()
    with home.act():
        message = db.session.get(OutboxMessage, (home.tenant_id, forged))
        assert (message.result, message.code) == ("refused", "malformed")
    assert heard(host, home) == first
    with home.act():
        told = db.select(OutboxMessage).where(OutboxMessage.type == "directory.tell").order_by(OutboxMessage.seq)
        sent = db.session.scalars(told).first()
        post.HOOKS.refused["directory"](sent)
        fence.commit()
    assert tell(home, host, work) == ["directory"], "what the partner refused was not said"
    assert heard(host, home) == first and tell(home, host, work) == []
    with home.act():
        away = organisations.found(organisations.get(home.orgs["岳西县"]), OrgKind.AWAY_BRANCH, "驻杭州示例支部")
        organisations.settle(away, venue="杭州示例商会党群服务站", address="余杭街道演示路2号", phone="")
        village = organisations.get(home.orgs["示例村支部"])
        organisations.settle(village, venue="示例村活动室", address="", phone="")
        fence.commit()
    with clock.at(clock.now() + timedelta(hours=2)), home.act():
        assert publications.tell_all() == 1
        fence.commit()
    work()
    assert any("驻杭州" in row[1] for row in heard(host, home)["organisations"])
    assert heard(host, home)["venues"] == [["杭州示例商会党群服务站", "余杭街道演示路2号"]], "and no village's"
    with host.act():
        assert world.count(Publication, ~Publication.is_ours) == 1
        former = db.session.scalars(
            db.select(InboxMessage.about_id).where(InboxMessage.type == "directory.tell").order_by(InboxMessage.id)
        ).first()
        assert (
            world.count(StoredDisclosure, StoredDisclosure.about_id == former, StoredDisclosure.wrapped.is_not(None))
            == 0
        )
    client = fresh.test_client()
    sign_in(client, host, Role.BRANCH_SECRETARY.value)
    page = client.get(f"/{host.code}/scopes/{home.uid}/directory").text
    assert "驻杭州示例支部" in page and "liaison甲" in page and "杭州示例商会党群服务站" in page
    assert "截至" not in client.get(f"/{host.code}/scopes/").text
    assert client.post(f"/{host.code}/scopes/{home.uid}/tell").status_code == 403
    # More than one message holds: put down whole it could not be sealed, and nothing went to any partner any more.
    with home.act():
        root = organisations.get(home.orgs["岳西县"])
        named = [f"驻示例地第{n}支部" for n in range(300)]
        shared = {
            "tenant_id": home.tenant_id,
            "parent_id": root.id,
            "kind": OrgKind.AWAY_BRANCH.value,
            "is_active": True,
        }
        shared |= {"division_code": "", "host_code": "", "phone": "", "address": "", "venue": "示例活动室"}
        fence.execute(
            db.insert(PartyOrg.__table__),
            [
                {**shared, "id": uuid7(), "name": name, "full_name": name, "path": f"{root.path}{5000 + n}."}
                for n, name in enumerate(named)
            ],
        )
        fence.commit()
    assert tell(home, host, work) == ["directory"]
    assert {*named} <= {row[1] for row in heard(host, home)["organisations"]}
    assert sum(map(len, heard(host, home).values())) == MAX_COMMITMENTS
    with home.act(), pytest.raises(WireError, match="too_large"):
        post.send(host.uid, "directory.tell", uuid7(), {"w": 9}, sd=["sha-256:"] * (MAX_COMMITMENTS + 1))


def test_counts_are_masked_before_they_cross_and_shown_as_a_table(agreed, work, fresh):
    home, host = agreed.home, agreed.host
    with home.act():
        root = organisations.get(home.orgs["岳西县"])
        small = organisations.found(
            organisations.found(root, OrgKind.TOWNSHIP_COMMITTEE, "温泉镇"), OrgKind.BRANCH, "温泉示例支部"
        )
        for branch, n in ((home.orgs["示例村支部"], 7), (small.id, 3)):
            for i in range(n):
                member = members.enroll(branch, name=f"王示{'甲乙丙丁戊己庚'[i]}", gender="1", member_kind="1")
                flows.depart(member, left_on=date(2026, 1, 5), host_code=host.code)
        fence.commit()
    assert "counts" in tell(home, host, work)
    assert heard(host, home, "counts")["cells"] == [
        ["away_there", "天堂镇", 7],
        ["away_there", "温泉镇", None],
        ["away_there", None, None],
    ]
    with home.act():
        message = db.session.scalars(db.select(OutboxMessage).where(OutboxMessage.type == "counts.tell")).one()
        rows = db.session.scalars(db.select(StoredDisclosure).where(StoredDisclosure.message_id == message.id))
        assert all(b"3" not in vault.unwrap(r.about_id, r.wrapped).rpartition(b",")[2] for r in rows), (
            "not even at rest here"
        )
    # One more who left in that month is written down later: two figures of one month would differ by him.
    with home.act():
        member = members.enroll(home.orgs["示例村支部"], name="王示辛", gender="1", member_kind="1")
        flows.depart(member, left_on=date(2026, 1, 5), host_code=host.code)
        fence.commit()
    assert tell(home, host, work) == [] and heard(host, home, "counts")["cells"][0] == ["away_there", "天堂镇", 7]
    with clock.at(clock.now() + timedelta(days=31)):
        assert tell(home, host, work) == ["counts"]
    assert heard(host, home, "counts")["cells"][0] == ["away_there", "天堂镇", 8]
    client = fresh.test_client()
    sign_in(client, host, Role.COUNTY_ADMIN.value)
    page = client.get(f"/{host.code}/scopes/{home.uid}/counts").text
    assert "天堂镇" in page and "少于 5" in page and "全县" in page
    auditor = fresh.test_client()
    sign_in(auditor, host, Role.AUDITOR.value)
    assert auditor.get(f"/{host.code}/scopes/{home.uid}/counts").status_code == 403, "administrators see no numbers"
    assert (
        "/counts" not in auditor.get(f"/{host.code}/scopes/").text + auditor.get(f"/{host.code}/scopes/{home.uid}").text
    )


def test_a_figure_under_five_cannot_be_composed_at_all():
    with pytest.raises(WireError, match="malformed"):
        admission.compose("counts.tell", {"w": 1, "until": "2026-01-31"}, {"/cells/0": ["away_there", "天堂镇", 4]})


def test_no_masked_cell_follows_from_what_is_shown():
    """Every table of three townships with up to 7 each: whatever was masked could have been something else."""
    tables: dict[tuple, list[tuple]] = {}
    for figures in product(range(8), repeat=3):
        shown = counts.masked(dict(zip("甲乙丙", figures, strict=True)))
        tables.setdefault(tuple(shown), []).append(figures)
        assert all(n is None or n >= 5 for _, n in shown)
    for table, possible in tables.items():
        for place, n in table:
            if place is not None and n is None:
                values = {figures["甲乙丙".index(place)] for figures in possible}
                assert len(values) > 1, (table, possible)
    assert dict(counts.masked({"甲": 7, "乙": 0}))[None] == 7 and "乙" not in dict(counts.masked({"甲": 7, "乙": 0}))


def test_no_grant_no_list_and_the_end_destroys_both_copies(agreed, work):
    home, host = agreed.home, agreed.host
    tell(home, host, work), tell(host, home, work)
    with home.act():
        about = db.session.scalars(
            db.select(Publication.about_id).where(Publication.is_ours, Publication.kind == "directory")
        ).one()
        registers.pause(agreements.get(agreed.ref.id), "S0")
        fence.commit()
    work()
    with home.act():
        organisations.found(organisations.get(home.orgs["岳西县"]), OrgKind.AWAY_BRANCH, "驻杭州示例支部")
        fence.commit()
    assert tell(home, host, work) == [], "paused"
    for side, other in ((home, host), (host, home)):
        with side.act():
            assert {c.scope.scope: c.why_not for c in cards.of_partner(other.uid) if c.is_ours}["S0"] == "paused"
            assert publications.drop(other.uid, Publication.kind == "directory") == 2
            assert publications.drop(other.uid, Publication.kind == "directory") == 0 and not vault.destroy(about)
            assert (
                world.count(StoredDisclosure, StoredDisclosure.about_id == about, StoredDisclosure.wrapped.is_not(None))
                == 0
            )
            fence.commit()
    assert heard(host, home) is None is heard(home, host)


def test_a_list_narrowed_away_is_destroyed_on_both_sides_and_the_other_way_stays(agreed, work):
    home, host = agreed.home, agreed.host
    tell(home, host, work), tell(host, home, work)
    with home.act():
        about = db.session.scalars(
            db.select(Publication.about_id).where(Publication.is_ours, Publication.kind == "directory")
        ).one()
    with host.act():
        text = copy.deepcopy(agreements.amend(agreed.ref.id).text)
        text["grants"] = [g for g in text["grants"] if (g["owner"], g["scope"]) != (str(home.uid), "S0")]
        agreements.revise(agreed.ref.id, text)
        agreements.propose(agreed.ref.id)
        fence.commit()
    work()
    assert heard(host, home) is not None, "until the version takes effect"
    world.conclude(agreed.ref.id, host, [home])
    assert heard(host, home) is None and heard(home, host) is not None
    for side in (home, host):
        with side.act():
            kept = StoredDisclosure.about_id == about, StoredDisclosure.wrapped.is_not(None)
            assert world.count(StoredDisclosure, *kept) == 0 and not vault.destroy(about)
    assert tell(home, host, work) == []


def test_cards_say_what_crosses_to_whom_why_until_when_and_on_what_it_rests(agreed, fresh):
    home, host = agreed.home, agreed.host
    with home.act():
        ours = {c.scope.scope: c for c in cards.of_partner(host.uid) if c.is_ours}
    assert [line.label for line in ours["S3"].lines] == ["联系电话"] and ours["S3"].lines[0].mark == "敏感"
    assert ours["S2"].is_on and ours["S2"].version == 1 and ours["S2"].number and ours["S2"].ends_on
    assert (ours["S8"].is_on, ours["S8"].why_not) == (False, "off")
    assert ours["S7"].is_on
    with home.act():
        _, version = agreements.in_force(host.uid)[0]
        version.text = version.text | {"grants": [g for g in version.text["grants"] if g["scope"] != "S7"]}
        db.session.flush()
        ungranted = {c.scope.scope: c for c in cards.of_partner(host.uid) if c.is_ours}
    assert (ungranted["S7"].is_on, ungranted["S7"].why_not) == (False, "not_granted")
    client = fresh.test_client()
    sign_in(client, home, Role.COUNTY_ADMIN.value)
    page = client.get(f"/{home.code}/scopes/{host.uid}").text
    for words in (f"{home.name} → {host.name}", "身份证号", "本人单独同意", "第 14 条", "不启用", "从不送出"):
        assert words in page, words
    assert host.name in client.get(f"/{home.code}/scopes/").text
