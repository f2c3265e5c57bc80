"""Three counties: every one's counter, leaving and closing; a hub that hands its pen on; decisions relayed; a newcomer."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import timedelta

import pytest

from tests import world
from tests.federation.agreements.steps import changed_text, say, state_of
from web import jobs
from web.blueprints import timeline
from web.blueprints.agreements import life
from web.blueprints.agreements.views import View
from web.blueprints.documents import PROVES
from web.blueprints.figures import partner
from web.core import clock, fence
from web.core.errors import DomainError, Invalid, WrongState
from web.core.ids import uuid7
from web.core.queue import Job
from web.extensions import db
from web.federation.admission import Admitted
from web.federation.agreements import duties, following, lives, registers, service, standing
from web.federation.agreements.models import AgreementState, DutyKind, VersionState
from web.federation.post import keys, lines, relay, turning
from web.federation.post import service as post
from web.federation.post.models import InboxMessage, OutboxMessage
from web.federation.wire.codes import WireError
from web.federation.wire.disclosures import Enclosed
from web.federation.wire.documents import Decision, sign_decision
from web.federation.wire.envelope import Envelope
from web.reports import Period, statements
from web.tenants.documents import service as documents
from web.tenants.documents.models import DocumentKind


def _amended(hub, id_, work):
    """The hub's next version, on everybody's table."""
    with hub.act():
        text = copy.deepcopy(service.amend(id_).text)
        text["clauses"][6]["paragraphs"] = ["介绍信有效期一般四十五天。"]
        service.revise(id_, text)
        service.propose(id_)
        fence.commit()
    work()


def _with_third(hub, id_, third, work):
    """The hub's next version with a further party, on everybody's table."""
    with hub.act():
        service.amend(id_)
        service.add_party(id_, third.uid)
        service.propose(id_)
        fence.commit()
    work()


def test_of_three_each_counters_in_turn_and_each_acceptance_is_counted_anew(pair, third, work):
    id_ = world.propose(pair.host, [pair.home, third])
    for no, side in enumerate((pair.home, third, pair.host), 5):
        say(side, work, "counter", id_, changed_text(side, id_, no=no, words=f"第{no}条改。"))
        assert len({state_of(one, id_) for one in (pair.host, pair.home, third)}) == 1
    with third.act():
        told = " ".join(str(entry.words) for entry in timeline.of(service.current(service.get(id_)).id))
    for words in (
        f"{pair.home.name}提出修改文本",
        f"{pair.host.name}提出修改文本",
        f"{pair.host.name}登记：提出修改文本",
    ):
        assert told.count(words) == 1, "each is told of who said it, whoever brought it"
    with third.act(), pytest.raises(WrongState) as early:
        service.seal(id_)
    assert early.value.code == "illegal_transition"
    ref = world.conclude(id_, pair.host, [pair.home, third])
    for side in (pair.host, pair.home, third):
        with side.act():
            text = service.current(service.get(id_)).text
            assert [text["clauses"][no - 1]["paragraphs"] for no in (5, 6, 7)] == [
                ["第5条改。"],
                ["第6条改。"],
                ["第7条改。"],
            ]
            assert service.is_active(ref, pair.home.uid)


def test_one_of_three_leaves_the_others_go_on_and_each_pair_is_closed_by_both(three, work):
    id_, hub, home, third = three
    with third.act(), pytest.raises(Invalid):
        service.leave(id_, clock.today() + timedelta(days=59))
    say(third, work, "leave", id_, clock.today() + timedelta(days=60), "不再续")
    with clock.at(clock.now() + timedelta(days=60)):
        for side in (hub, home, third):
            with side.act():
                service.run_timers()
                fence.commit()
        assert [state_of(side, id_)[0] for side in (hub, home, third)] == [
            AgreementState.ACTIVE,
            AgreementState.ACTIVE,
            AgreementState.WINDING_DOWN,
        ]
        with hub.act():
            assert service.covering(home.uid, "S2", owner_uid=home.uid, receiver_uid=hub.uid)
            with pytest.raises(DomainError):
                service.covering(third.uid, "S2", owner_uid=third.uid, receiver_uid=hub.uid)
            with pytest.raises(WrongState):
                service.close(id_, home.uid)
        for one, other in ((third, hub), (third, home), (hub, third)):
            say(one, work, "close", id_, other.uid)
        assert state_of(third, id_)[0] is AgreementState.WINDING_DOWN
        say(home, work, "close", id_, third.uid)
        assert state_of(third, id_)[0] is AgreementState.CLOSED
        # What follows is agreed without the one that left, and it hears nothing of it.
        _amended(hub, id_, work)
        ref = world.conclude(id_, hub, [home])
        assert ref.version == 2
        with third.act():
            assert [v.version for v in service.versions(service.get(id_))] == [1]
        # The page of a partner tells of each what was with it, and no further.
        left_on, went_on = clock.today(), ["第 1 版生效", "第 2 版生效"]
        with clock.at(clock.now() + timedelta(days=170)), hub.act():
            duties.fall_due()
            (left,), (stayed,) = lives.lives(third.uid), lives.lives(home.uid)
            assert partner.agreement_state(left) == ("off", "已停止") != partner.agreement_state(stayed)
            assert [each.words for each in partner.told(left, "松阳县") if each.kind == "sealed"] == went_on[:1]
            assert [each.words for each in partner.told(stayed, "岳西县") if each.kind == "sealed"] == went_on
            assert partner.last_day(left) == left_on - timedelta(days=1) < partner.last_day(stayed)
            assert [s.last for *_, s in partner.drawn(left).stretches] == [left_on - timedelta(days=1)]
            assert stayed.duties and all(duty.due_on < left_on for duty in left.duties)
        # So does a report: of the days with all three it has every direction, of those after only the others'.
        with hub.act():
            of = [service.get(id_)]
            days = [Period(left_on - timedelta(days=9), left_on), Period(left_on, left_on)]
            assert statements.compose([*of, *of], days[0]).report.name == "余杭区与1个县（市、区）共管共育", (
                "as its 各方 do"
            )
            found = [{each.home for each in statements.compose(of, period).report.directions} for period in days]
        assert found == [{"余杭区", "岳西县", "松阳县"}, {"余杭区", "岳西县"}]
        # Named again by a version it seals, it is a party as before.
        _with_third(hub, id_, third, work)
        ref = world.conclude(id_, hub, [home, third])
        assert {state_of(side, id_)[:2] for side in (hub, home, third)} == {
            (AgreementState.ACTIVE, VersionState.EFFECTIVE)
        }
        for one, other in ((third, home), (home, third)):
            with one.act():
                assert service.in_force(other.uid)[0][1].version == ref.version == 3
                (back,) = lives.lives(other.uid)
                assert "第 3 版生效" in [each.words for each in partner.told(back, other.name)]


def test_notice_after_a_renewal_was_sealed_ends_that_renewal_and_binds_nobody_who_left(three, work):
    id_, hub, home, third = three
    ends = world.ends(hub, id_)

    def renewed(*others):
        with hub.act():
            service.renew(id_, ends + timedelta(days=365))
            service.propose(id_)
            fence.commit()
        work()
        world.conclude(id_, hub, list(others))
        return {state_of(side, id_)[1] for side in (hub, *others)}

    def to_renew():
        with home.act():
            service.run_timers()
            fence.commit()
            return [duty.due_on for duty in duties.open_of(id_) if duty.kind is DutyKind.RENEWAL]

    with clock.at(clock.now() + timedelta(days=671)):
        assert to_renew() == [ends]
        assert renewed(home, third) == {VersionState.SEALED} and to_renew() == []
        # Later than the renewal begins: until then it is a party of it as well.
        say(third, work, "leave", id_, ends + timedelta(days=2))
        assert {state_of(side, id_)[1] for side in (hub, home, third)} == {VersionState.SEALED}
        say(third, work, "leave", id_, ends + timedelta(days=1))
        for side in (hub, home, third):
            with side.act():
                found = service.versions(service.get(id_))
                assert [v.state for v in found] == [VersionState.WITHDRAWN, VersionState.EFFECTIVE]
        assert len({state_of(side, id_) for side in (hub, home, third)}) == 1
        assert to_renew() == [ends], "what had closed it is void"
        assert renewed(home) == {VersionState.SEALED} and to_renew() == []
    with clock.at(clock.now() + timedelta(days=731)):
        for side in (home, third, hub):
            with side.act():
                service.run_timers()
                fence.commit()
        work()
        assert [state_of(side, id_)[0] for side in (hub, home, third)] == [
            AgreementState.ACTIVE,
            AgreementState.ACTIVE,
            AgreementState.WINDING_DOWN,
        ]
        with home.act():
            assert service.in_force(hub.uid)[0][1].version == 3 and not service.in_force(third.uid)


def test_a_leaving_hub_hands_its_pen_to_a_party_that_stays_and_that_one_amends(three, work):
    id_, hub, home, third = three
    day = clock.today() + timedelta(days=60)
    with hub.act():
        with pytest.raises(Invalid) as nobody:
            service.leave(id_, day)
        assert nobody.value.fields == {"successor": ["choose_one"]}
        service.leave(id_, day, "机构调整", home.uid)
        fence.commit()
    work()
    assert len({state_of(side, id_) for side in (hub, home, third)}) == 1
    for side in (hub, home, third):
        with side.act():
            assert service.get(id_).hub_uid == home.uid
            # Who made the version that stands did so all the same.
            told = {step["title"]: step["lines"] for step in life.line(View(service.get(id_)))}
            assert hub.name in told["提出"] and "牵头方最后" in told[f"{hub.name}印签"]
            assert "牵头方最后" not in told[f"{home.name}印签"]
    with hub.act(), pytest.raises(WrongState):
        service.amend(id_)
    with clock.at(clock.now() + timedelta(days=61)):
        for side in (hub, home, third):
            with side.act():
                service.run_timers()
                fence.commit()
        _amended(home, id_, work)
        with third.act():
            text = service.current(service.get(id_)).text
            assert [p["uid"] for p in text["parties"]] == [str(home.uid), str(third.uid)]
            # The first place is another county's now: who stood there in version 1 is not said to be its liaison.
            assert {uid: said["name"] for uid, said in service.liaisons(service.get(id_)).items()} == {
                hub.uid: "陈例丁"
            }
        world.conclude(id_, home, [third])
        assert state_of(home, id_) == state_of(third, id_)
        with third.act():
            assert service.current(service.get(id_)).version == 2
            assert [p.uid for p in standing.parties(service.get(id_))] == [home.uid, third.uid, hub.uid]


def _deliver(one, other):
    relay.drain(one.tenant_id, other.uid)


def _silence(monkeypatch, one, other):
    """Nothing of `one` reaches `other`: its relay finds the line down."""
    real = relay.drain
    monkeypatch.setattr(
        relay, "drain", lambda tenant, peer: 0 if (tenant, peer) == (one.tenant_id, other.uid) else real(tenant, peer)
    )
    monkeypatch.setitem(jobs.WHOLE, Job.DRAIN, relay.drain)


def test_a_receiver_that_lacks_decisions_says_behind_and_is_brought_up_by_whoever_writes(three, work, monkeypatch):
    """The hub's line to 松阳 is down while version 2 completes; 岳西 writes under version 2 and brings the decisions."""
    id_, hub, home, third = three
    with hub.act():
        text = copy.deepcopy(service.amend(id_).text)
        text["grants"] += [
            {**g, "owner": str(home.uid), "receiver": str(third.uid)}
            for g in text["grants"]
            if g["owner"] == str(home.uid) and g["receiver"] == str(hub.uid) and g["scope"] == "S2"
        ]
        service.revise(id_, text)
        service.propose(id_)
        fence.commit()
    work()
    for side in (home, third):
        say(side, work, "accept", id_)
    for side in (home, third):
        world.approve(side, id_)
        say(side, work, "seal", id_)
    world.approve(hub, id_)
    with monkeypatch.context() as down:
        _silence(down, hub, third)
        say(hub, work, "seal", id_)
        assert state_of(home, id_)[1] is VersionState.EFFECTIVE
        assert state_of(third, id_)[1] is VersionState.AGREED
        with home.act():
            ref = service.covering(third.uid, "S2", owner_uid=home.uid, receiver_uid=third.uid)
            assert ref.version == 2
            values = {
                "/name": "李例乙", "/gender": "1", "/birth_year": 1975, "/member_kind": "full",
                "/home_branch": "示例村支部", "/report_in_code": "7K3M9QX2VA",
            }  # fmt: skip
            body = {"notice_on": clock.today().isoformat()}
            offer = post.send(third.uid, "referral.offer", uuid7(), body, values, n=1, agreement=ref)
            fence.commit()
        work()
        assert state_of(third, id_)[:4] == state_of(home, id_)[:4]
        with third.act():
            got = db.session.scalars(db.select(InboxMessage).where(InboxMessage.id == offer)).one()
            assert (got.result, got.code) == ("applied", None)
            assert service.said(service.decisions(service.get(id_))[-2]) == {}
    _deliver(hub, third)
    work()
    assert len({state_of(side, id_) for side in three[1:]}) == 1
    with home.act():
        sent = db.session.get(OutboxMessage, (home.tenant_id, offer))
        assert len(sent.attached) == 5  # complete with three seals, take_effect


def test_an_opening_under_a_version_nobody_here_knows_is_refused_for_good(agreed, work):
    with agreed.home.act():
        wrong = type(agreed.ref)(agreed.ref.id, 2, agreed.ref.digest[:-2] + "AA")
        offer = post.send(
            agreed.host.uid, "share.grant", uuid7(),
            {"referral": str(uuid7()), "scope": "S6", "basis": "notice", "basis_on": clock.today().isoformat()},
            n=1, agreement=wrong,
        )  # fmt: skip
        fence.commit()
    work()
    with agreed.home.act():
        assert db.session.get(OutboxMessage, (agreed.home.tenant_id, offer)).code == "agreement_not_active"


def test_a_third_county_is_added_by_a_version_all_three_seal_and_gets_the_chain_without_its_texts(agreed, work):
    third = world.third(agreed)
    hub, home = agreed.host, agreed.home
    leaves_on = clock.today() + timedelta(days=90)
    say(home, work, "pause", agreed.ref.id, "S6", reason="系统升级")
    say(home, work, "leave", agreed.ref.id, leaves_on)
    with hub.act():
        service.amend(agreed.ref.id)
        with pytest.raises(Invalid):
            service.add_party(agreed.ref.id, home.uid)
        version = service.add_party(agreed.ref.id, third.uid)
        assert [p["name"] for p in version.text["parties"]] == ["余杭区", "岳西县", "松阳县"]
        service.propose(agreed.ref.id)
        fence.commit()
    work()
    assert len({state_of(side, agreed.ref.id)[1:] for side in (hub, home, third)}) == 1
    with third.act():
        agreement = service.get(agreed.ref.id)
        assert (agreement.state, [v.version for v in service.versions(agreement)]) == (AgreementState.PENDING, [2])
        assert service.decisions(agreement)[0].said is None
    ref = world.conclude(agreed.ref.id, hub, [home, third])
    assert len({state_of(side, agreed.ref.id) for side in (hub, home, third)}) == 1
    for side in (hub, home, third):
        with side.act():
            assert [p.name for p in standing.parties(service.get(agreed.ref.id))] == ["余杭区", "岳西县", "松阳县"]
    # What the public page says of the seals under a paper is of the parties of its own version.
    with hub.act():
        found = service.versions(service.get(agreed.ref.id))
        said = {v.version: PROVES[DocumentKind.AGREEMENT_TEXT](documents.get(v.document_id)) for v in found}
    became = {n: lines.pop(0)[1] for n, lines in said.items()}
    assert became == {1: "已由第 2 版替代", 2: "生效中"}
    assert {n: [words.endswith("已印签") for _, words in seals] for n, seals in said.items()} == {
        1: [True, True],
        2: [True, True, True],
    }
    with third.act():
        assert service.covering(hub.uid, "S2", owner_uid=third.uid, receiver_uid=hub.uid) == ref
        # What stood before it came was said to it too: a pause with its reason, and the day a party leaves.
        agreement = service.get(agreed.ref.id)
        assert {p.uid: (p.paused, p.leaves_on) for p in standing.parties(agreement)} == {
            hub.uid: ([], None),
            home.uid: (["S6"], leaves_on),
            third.uid: ([], None),
        }
        assert [(uid, scope, why) for uid, scope, _, why in registers.pauses(agreement)] == [
            (home.uid, "S6", "系统升级")
        ]


def test_a_county_that_said_no_to_joining_is_asked_again_and_joins(agreed, work):
    third, id_ = world.third(agreed), agreed.ref.id
    _with_third(agreed.host, id_, third, work)
    say(third, work, "reject", id_, "还没有准备好")
    assert state_of(third, id_)[:2] == (AgreementState.DROPPED, VersionState.REJECTED)
    _with_third(agreed.host, id_, third, work)
    ref = world.conclude(id_, agreed.host, [agreed.home, third])
    assert len({state_of(side, id_) for side in (agreed.host, agreed.home, third)}) == 1
    with third.act():
        assert service.covering(agreed.host.uid, "S2", owner_uid=third.uid, receiver_uid=agreed.host.uid) == ref


def test_a_seal_told_of_before_its_key_was_revoked_counts_with_every_party(pair, third, work):
    hub, home = pair.host, pair.home
    id_ = world.propose(hub, [home, third])
    for side in (home, third):
        say(side, work, "accept", id_)
    for side in (home, third):
        world.approve(side, id_)
        say(side, work, "seal", id_, "罗试甲", "分管领导")
    with clock.at(clock.now() + timedelta(seconds=5)):
        with home.act():
            turning.ask("ask_revoke", "stolen")
            fence.commit()
        turning.change(home.tenant_id)
        for side in (hub, third):
            with side.act():
                keys.confirm(keys.peer(home.uid), keys.peer(home.uid).fingerprint[-9:])
                fence.commit()
        work()
        world.approve(hub, id_)
        say(hub, work, "seal", id_, "罗试甲", "分管领导")
        assert {state_of(side, id_)[1] for side in (hub, home, third)} == {VersionState.EFFECTIVE}
        with third.act():
            assert not lines.take(hub.uid, "out").held and not lines.take(hub.uid, "in").stopped


def test_a_party_forges_no_decision_of_the_hub_by_a_beginning_of_its_own(three, work):
    """Who signs is read from the chain held here: what comes along tells only of what is new, and only what may be so."""
    id_, hub, home, third = three
    _amended(hub, id_, work)
    now = clock.now().replace(microsecond=0)
    with home.act():
        last, key = service.decisions(service.get(id_))[-1], lines.take(third.uid, "out").seal_key
    lapse = Decision(id_, last.n + 1, last.digest, "lapse", hub.uid, None, last.version, last.payload["text"], now)
    both = sorted([str(home.uid), str(third.uid)])
    beginning = replace(lapse, n=1, prev=None, verb="propose", by=home.uid, version=1, body={"parties": both})
    heir = replace(lapse, n=last.n, verb="succeed", body={"hub": str(home.uid)})
    nobody = replace(lapse, verb="succeed", body={"hub": "nobody"})
    for told in ([beginning, lapse], [heir, lapse], [nobody], [lapse]):
        body = {"agreement": str(id_), "n": lapse.n, "digest": told[-1].digest}
        envelope = Envelope(
            uuid7(), "agreement.decision", home.uid, third.uid, 1, None, f"agreement/{id_}", now, body, n=lapse.n
        )
        with third.act():
            before = state_of(third, id_)
            tokens = tuple(sign_decision(one, key) for one in told)
            with pytest.raises(WireError) as refused:
                following.hear(service.get(id_, lock=True), envelope, Admitted({"": Enclosed()}, {}), tokens)
            assert refused.value.name in ("disclosure_missing", "unknown_key"), told
            assert state_of(third, id_) == before
