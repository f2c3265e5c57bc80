"""An agreement's year: renewed without a gap, one open version at a time, lapsing, a leaving that ends an amendment."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from tests import world
from tests.federation.agreements.steps import say, state_of
from web.blueprints.figures import partner
from web.core import clock, fence
from web.core.errors import Invalid, WrongState
from web.extensions import db
from web.federation.agreements import clauses, duties, lives, service, standing
from web.federation.agreements.models import VERSION, AgreementState, AgreementVersion, DutyKind, VersionState
from web.tenants.documents.models import Document


def _run(side):
    with side.act():
        moved = service.run_timers()
        fence.commit()
    return moved


def test_a_renewal_sealed_before_the_end_goes_on_the_day_after_without_a_gap(agreed, work, fresh):
    id_, hub, home = agreed.ref.id, agreed.host, agreed.home
    ends = world.ends(hub, id_)

    def proved():
        """What the codes on the papers of both versions say to anybody, the first one first."""
        with home.act():
            codes = db.session.scalars(db.select(Document.proof_code).order_by(Document.created_at)).all()
        pages = [fresh.test_client().get(f"/v/{code}").text for code in codes]
        return [re.search(r"版现在的状态</span>.*?<span class=\"hint\">([^<]*)", page, re.DOTALL)[1] for page in pages]

    assert proved() == ["生效中"]
    with clock.at(clock.now() + timedelta(days=700)):
        with home.act(), pytest.raises(WrongState) as refused:
            service.renew(id_, ends + timedelta(days=365))
        assert refused.value.code == "only_hub_amends"
        with hub.act():
            with pytest.raises(Invalid):
                service.renew(id_, ends)
            text = service.renew(id_, ends + timedelta(days=365)).text
            assert text["effective_from"] == (ends + timedelta(days=1)).isoformat()
            assert clauses._on(ends + timedelta(days=365)) in text["clauses"][15]["paragraphs"][0]
            with pytest.raises(WrongState) as second:
                service.amend(id_)
            assert second.value.code == "version_open"
            service.propose(id_)
            fence.commit()
        work()
        world.conclude(id_, hub, [home])
        assert state_of(home, id_)[:2] == (AgreementState.ACTIVE, VersionState.SEALED)
        assert proved() == ["生效中", "已印签，待生效"]
        with home.act():
            [life] = lives.lives(hub.uid)
            assert partner.last_day(life) == ends + timedelta(days=365), "the partner's page knows that it goes on"
            assert partner.drawn(life) is not None
    # The first day of the renewal: 岳西's clock runs before the hub's decision arrives, and ends nothing.
    with clock.at(clock.now() + timedelta(days=731)):
        assert _run(home) == 0
        with home.act():
            assert service.in_force(hub.uid)
        assert _run(hub) == 1
        work()
        assert state_of(home, id_)[:2] == state_of(hub, id_)[:2] == (AgreementState.ACTIVE, VersionState.EFFECTIVE)
        with home.act():
            assert service.current(service.get(id_)).version == 2
        assert proved() == ["已由第 2 版替代", "生效中"]
    with clock.at(clock.now() + timedelta(days=731 + 366)):
        assert (_run(home), _run(hub)) == (1, 1)
        assert state_of(home, id_)[0] is AgreementState.WINDING_DOWN
        assert proved() == ["已由第 2 版替代", "已停止执行"]


def test_a_renewal_not_sealed_in_time_ends_with_the_agreement_and_asks_nobody_for_a_seal(agreed, work):
    id_, hub, home = agreed.ref.id, agreed.host, agreed.home
    with clock.at(clock.now() + timedelta(days=700)):
        with hub.act():
            service.renew(id_, clock.today() + timedelta(days=365))
            service.propose(id_)
            fence.commit()
        work()
        say(home, work, "accept", id_)
        assert state_of(home, id_)[:2] == (AgreementState.ACTIVE, VersionState.AGREED)
    with clock.at(clock.now() + timedelta(days=731)):
        assert (_run(home), _run(hub)) == (1, 1)
        work()
        for side in (home, hub):
            with side.act():
                agreement = service.get(id_)
                assert agreement.state is AgreementState.WINDING_DOWN
                assert [v.state for v in service.versions(agreement)] == [
                    VersionState.WITHDRAWN,
                    VersionState.EFFECTIVE,
                ]
        with pytest.raises(WrongState) as late:
            world.approve(home, id_)
        assert late.value.code == "nothing_to_approve"


def test_the_database_too_refuses_a_second_open_version(agreed):
    with agreed.host.act():
        version = service.amend(agreed.ref.id)
        second = AgreementVersion(
            agreement_id=agreed.ref.id, version=3, text=version.text, created_at=clock.now(), state_at=clock.now()
        )
        VERSION.apply(second, "draft")
        db.session.add(second)
        with pytest.raises(IntegrityError, match="uq_agreement_version_open"):
            db.session.flush()


def test_an_agreed_version_lapses_after_sixty_days_and_the_one_in_effect_stays(agreed, work):
    id_, hub, home = agreed.ref.id, agreed.host, agreed.home
    with hub.act():
        service.amend(id_)
        service.propose(id_)
        fence.commit()
    work()
    say(home, work, "accept", id_)
    with clock.at(clock.now() + timedelta(days=59)):
        assert _run(hub) == 0
    with clock.at(clock.now() + timedelta(days=60)):
        assert (_run(home), _run(hub)) == (0, 1)
        work()
    for side in (home, hub):
        with side.act():
            found = service.versions(service.get(id_))
            assert [v.state for v in found] == [VersionState.LAPSED, VersionState.EFFECTIVE]
            assert service.in_force(home.uid if side is hub else hub.uid)
    # What came to nothing stands in nobody's way: thrown away, lapsed, said no to, and then one that is sealed.
    with clock.at(clock.now() + timedelta(days=61)):
        with hub.act():
            assert service.amend(id_).version == 3
            service.withdraw(id_)
            assert service.amend(id_).version == 4
            service.propose(id_)
            fence.commit()
        work()
        say(home, work, "reject", id_, "先不改")
        with hub.act():
            assert service.amend(id_).version == 5
            service.propose(id_)
            fence.commit()
        work()
        assert world.conclude(id_, hub, [home]).version == 5
        assert state_of(home, id_) == state_of(hub, id_)


def test_leaving_ends_an_open_amendment_and_only_comes_nearer(agreed, work):
    id_, hub, home = agreed.ref.id, agreed.host, agreed.home
    with hub.act():
        service.amend(id_)
        service.propose(id_)
        fence.commit()
    work()
    say(home, work, "leave", id_, clock.today() + timedelta(days=90))
    with home.act():
        assert [v.state for v in service.versions(service.get(id_))] == [VersionState.WITHDRAWN, VersionState.EFFECTIVE]
        with pytest.raises(Invalid) as later:
            service.leave(id_, clock.today() + timedelta(days=91))
        assert later.value.fields == {"on": ["only_earlier"]}
    say(home, work, "leave", id_, clock.today() + timedelta(days=61))
    with hub.act():
        leaves = {p.uid: p.leaves_on for p in service.parties(service.get(id_))}
        assert leaves[home.uid] == clock.today() + timedelta(days=61)


def test_nobody_is_asked_to_renew_with_who_is_leaving(agreed, work):
    id_, hub, home = agreed.ref.id, agreed.host, agreed.home
    with clock.at(clock.now() + timedelta(days=668)):
        say(home, work, "leave", id_, clock.today() + timedelta(days=60))
    with clock.at(clock.now() + timedelta(days=672)):
        _run(hub)
        with hub.act():
            assert DutyKind.RENEWAL not in {duty.kind for duty in duties.open_of(id_)}
            with pytest.raises(Invalid) as alone:
                service.renew(id_, clock.today() + timedelta(days=400))
            assert alone.value.fields == {"effective_to": ["nobody_stays"]}

    # Nor does who leaves as the hub bring in another, whose agreement would have no hub from that day.
    with clock.at(clock.now() + timedelta(days=600)), hub.act():
        service.leave(id_, clock.today() + timedelta(days=100), "机构调整")
        service.amend(id_)
        with pytest.raises(Invalid) as leaving:
            service.add_party(id_, home.uid)
        assert leaving.value.fields == {"party": ["hub_leaves"]}


def test_the_first_clause_follows_the_order_of_those_who_stay(agreed):
    with agreed.host.act():
        version = standing.effective_of(service.get(agreed.ref.id))
        parties = version.text["parties"][::-1]  # as if 岳西 had numbered before and handed its pen on
        offices = [party["office"] for party in parties]
        words = clauses.defaults("示例协议", offices, clock.today(), clock.today(), 60)
        version.text = version.text | {"parties": parties, "clauses": words}
        db.session.flush()
        text = service.amend(agreed.ref.id).text
        assert [party["uid"] for party in text["parties"]] == [str(agreed.host.uid), str(agreed.home.uid)]
        assert f"{offices[1]}（甲方）、{offices[0]}（乙方）" in text["clauses"][0]["paragraphs"][0]


def test_clauses_follow_the_fields_they_state_and_nothing_else():
    offices = ["中共甲县委组织部", "中共乙县委组织部"]
    text = {
        "title": "甲乙协议",
        "parties": [{"office": office} for office in offices],
        "clauses": clauses.defaults("甲乙协议", offices, date(2025, 1, 1), date(2026, 12, 31), 60),
        "effective_from": "2025-01-01",
        "effective_to": "2026-12-31",
        "notice_days": 60,
        "frequencies": {"register": "half_yearly", "participation": "monthly", "review": "half_yearly"},
    }
    assert clauses.following(text, text) == text["clauses"] and clauses.contradicting(text) == []
    last = clauses.redated(text, date(2027, 1, 1), date(2028, 12, 31))[15]["paragraphs"][0]
    assert "自2027年1月1日起" in last and "至2028年12月31日止" in last
    text["clauses"][3]["paragraphs"].append("双方各设一个窗口，人员变动应提前60日书面告知。")
    # The new first day is the old last one: neither takes the other's place.
    often = {"register": "quarterly", "participation": "monthly", "review": "yearly"}
    more = {"effective_from": "2026-12-31", "effective_to": "2027-12-31", "notice_days": 30, "frequencies": often}
    grown = (
        text
        | more
        | {"title": "甲乙丙协议", "parties": [{"office": office} for office in [*offices, "中共丙县委组织部"]]}
    )
    assert clauses.contradicting(grown) == [2, 3, 6, 15, 16]
    grown["clauses"] = clauses.following(text, grown)
    written = clauses.defaults("甲乙丙协议", [*offices, "中共丙县委组织部"], date(2026, 12, 31), date(2027, 12, 31), 30)
    written[3]["paragraphs"].append("双方各设一个窗口，人员变动应提前60日书面告知。")
    for no, half, now in (
        (2, "每半年共同核对一次", "每季度共同核对一次"),
        (14, "每半年召开一次联席会议", "每年召开一次联席会议"),
    ):
        written[no]["paragraphs"] = [paragraph.replace(half, now) for paragraph in written[no]["paragraphs"]]
    assert grown["clauses"] == written and clauses.contradicting(grown) == []
