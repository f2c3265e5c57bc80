"""What each county keeps the other informed of: opened by taking on, followed by deltas, taken back and proved purged."""

from __future__ import annotations

import copy
import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests import world
from tests.blueprints.test_auth import sign_in
from tests.federation.referrals.walk import BRANCH, NAME, later, next_version
from web.core import clock, fence, vault
from web.core.errors import WrongState
from web.core.events import Event
from web.core.ids import uuid7
from web.extensions import db
from web.federation import verbs, verify
from web.federation.agreements import service as agreements
from web.federation.post import service as post
from web.federation.post import transports
from web.federation.post.models import CountyKey, InboxMessage, OutboxMessage, PeerKey, StoredDisclosure
from web.federation.referrals import service as referrals
from web.federation.referrals.models import ReferralState, SharedMember
from web.federation.sharing import lists, service, values
from web.federation.sharing.models import SharedValue, ShareState, StatusShare
from web.federation.wire.envelope import AgreementRef
from web.tenants.consents import service as consents
from web.tenants.consents.models import Method
from web.tenants.flows import service as flows
from web.tenants.flows.models import FlowEnd
from web.tenants.members import service as members
from web.tenants.organisations import service as organisations
from web.tenants.tasks import service as tasks
from web.tenants.tasks.models import Task, TaskState

HOME_VALUES = {"/dues_until": "2026-09", "/certificate_no": "示0001"}


def last(model, **where):
    return db.session.scalars(db.select(model).filter_by(**where).order_by(model.id.desc())).first()


def test_taken_on_opens_what_each_owes_the_other(walk):
    walk.until_taken_on()
    assert walk.shares(walk.home)["owner", "S6"] == ("live", HOME_VALUES)
    assert walk.shares(walk.host)["receiver", "S6"] == ("live", HOME_VALUES)
    state, found = walk.shares(walk.home)["receiver", "S6"]
    assert state == "live" and list(found) == ["/branch"] and found["/branch"].endswith(BRANCH)
    assert ("owner", "S3") not in walk.shares(walk.home), "no consent, no telephone"


def test_a_change_travels_as_a_delta_and_only_the_change(walk):
    walk.until_taken_on()
    walk.amend(dues_until="2026-12", appraisal="优秀")
    after = {**HOME_VALUES, "/dues_until": "2026-12", "/appraisal": "excellent"}
    assert walk.shares(walk.host)["receiver", "S6"] == ("live", after)
    with walk.host.act():
        delta = db.session.scalars(db.select(InboxMessage).where(InboxMessage.type == "share.delta")).one()
        assert delta.result == "applied"
    walk.amend(education="21")
    walk.amend(certificate_no="")
    assert "/certificate_no" not in walk.shares(walk.host)["receiver", "S6"][1]
    with walk.home.act():
        sent = db.session.scalars(db.select(OutboxMessage).where(OutboxMessage.type == "share.delta")).all()
        assert len(sent) == 2, "what is not shared says nothing"


def test_another_branch_is_told_to_home(walk):
    walk.until_taken_on()
    walk.say(walk.host, referrals.reassign, walk.host.orgs["演示社区第二支部"])
    assert walk.shares(walk.home)["receiver", "S6"][1]["/branch"].endswith("演示社区第二支部")
    with walk.host.act():
        branch = organisations.get(walk.host.orgs["演示社区第二支部"])
        organisations.rename(branch, "演示社区先锋支部")
        street = branch.parent_id
        fence.commit()
    walk.work()
    assert walk.shares(walk.home)["receiver", "S6"][1]["/branch"].endswith("演示社区先锋支部")
    # One above it: the request puts down one task, which nobody cancels; the job tells.
    with walk.host.act():
        organisations.rename(organisations.get(street), "演示新街道")
        task = last(Task)
        assert (task.kind, task.subject_id, task.state) == ("follow_name", street, TaskState.WAITING)
        assert last(OutboxMessage, type="share.delta").receipt is not None, "nothing is said in the request"
        with pytest.raises(WrongState, match="task_stays"):
            tasks.cancel(task)
        organisations.rename(organisations.get(walk.host.orgs["演示社区第一支部"]), "演示社区头支部")
        assert last(Task).id == task.id, "nobody of it is shared"
        fence.commit()
    walk.work()
    assert "演示新街道" in walk.shares(walk.home)["receiver", "S6"][1]["/branch"]
    with walk.host.act():
        assert (last(Task).state, last(Task).total) == (TaskState.DONE, 1)


def test_the_telephone_only_with_consent_and_gone_with_it(walk):
    walk.until_taken_on()
    with walk.home.act():
        consents.give(members.get(walk.member_id), walk.host.uid, ["S3"], method=Method.PAPER)
        assert [s.scope for s in service.open_for(referrals.get(walk.id))] == ["S3"]
        fence.commit()
    walk.work()
    assert walk.shares(walk.host)["receiver", "S3"] == ("live", {"/phone": "15400000123"})
    walk.withdraw("S3")
    assert walk.shares(walk.host)["receiver", "S3"] == ("purged", {})
    assert walk.shares(walk.home)["owner", "S3"] == ("purged", {})
    assert walk.shares(walk.host)["receiver", "S6"][0] == "live", "the other scope stands"
    with walk.home.act():
        share = last(StatusShare, scope="S3")
        assert (share.reason, share.backups_until) == ("consent_withdrawn", clock.today() + timedelta(days=90))


def test_what_waits_at_the_withdrawal_goes_without_the_values(walk, monkeypatch):
    """The host is away: all is sealed before, and delivered after the member said no."""
    walk.until_taken_on()
    with monkeypatch.context() as patch:
        patch.setattr(transports, "deliver", lambda peer, sender, batch: [transports.Answer(code="maintenance")])
        with walk.home.act():
            consents.give(members.get(walk.member_id), walk.host.uid, ["S3"], method=Method.PAPER)
            (share_id,) = [share.id for share in service.open_for(referrals.get(walk.id))]
            fence.commit()
        walk.amend(dues_until="2026-12")
        with walk.home.act():
            waiting = db.select(OutboxMessage.type, OutboxMessage.sealed_at).where(OutboxMessage.receipt.is_(None))
            found = db.session.execute(waiting).all()
            assert {type_ for type_, _ in found} == {"share.grant", "share.snapshot", "share.delta"}
            assert all(sealed_at is not None for _, sealed_at in found)
            assert lists.effect_of_withdrawal(walk.member_id, walk.host.uid).waiting == 3, "the page says so"
        walk.withdraw("S3")
    with walk.home.act():
        post.wake(walk.host.uid)
        fence.commit()
    walk.work()
    assert walk.shares(walk.host)["receiver", "S3"] == walk.shares(walk.home)["owner", "S3"] == ("purged", {})
    with walk.host.act():
        assert world.count(StoredDisclosure, StoredDisclosure.about_id == share_id) == 0, "the number never came"
    assert walk.shares(walk.host)["receiver", "S6"][1]["/dues_until"] == "2026-12", "what he did not withdraw did"


def test_the_notice_of_s6_withdrawn_both_directions_go(walk):
    walk.until_taken_on()
    walk.withdraw("S6")
    for side in (walk.home, walk.host):
        assert {state for state, _ in walk.shares(side).values()} == {"purged"}
        with side.act():
            assert db.session.scalars(db.select(SharedValue)).all() == []
    assert walk.states() == (ReferralState.TAKEN_ON, ReferralState.TAKEN_ON)
    # What opens shares anew for everybody does not open the host's for him, before home was told yes again.
    with walk.host.act():
        agreement = agreements.in_force(walk.home.uid)[0][0].id
        agreements.pause(agreement, "S6")
        agreements.pause(agreement, "S6", resume=True)
        fence.commit()
    walk.work()
    assert {state for side in (walk.home, walk.host) for state, _ in walk.shares(side).values()} == {"purged"}
    with walk.home.act():
        former = last(StatusShare, role="owner", scope="S6")
        assert not service.may_open_again(former)
        consents.give(members.get(walk.member_id), walk.host.uid, ["S6"], method=Method.PAPER)
        assert service.open_again(former).scope == "S6"
        fence.commit()
    walk.work()
    with walk.host.act():
        assert service.open_again(last(StatusShare, role="owner", scope="S6")).scope == "S6"


def test_the_notice_of_s6_withdrawn_the_host_hears_where_a_person_had_stopped_ours(walk):
    walk.until_taken_on()
    with walk.home.act():
        service.revoke(service.standing(walk.id, "owner", "S6"), "narrowed")
        fence.commit()
    walk.work()
    assert {key: state for key, (state, _) in walk.shares(walk.home).items()} == {
        ("owner", "S6"): "purged", ("receiver", "S6"): "live",
    }  # fmt: skip
    walk.withdraw("S6")
    for side in (walk.home, walk.host):
        with side.act():
            shares = list(db.session.scalars(db.select(StatusShare)))
            assert {s.state for s in shares} == {ShareState.PURGED} and not any(s.stopped for s in shares)
            assert db.session.scalars(db.select(SharedValue)).all() == []


def test_a_no_to_s6_that_no_word_can_tell_waits_for_a_person_and_goes_by_itself_once_it_can(walk, fresh):
    walk.until_taken_on()
    with walk.home.act():  # our last share waits for its proof
        service.revoke(service.standing(walk.id, "owner", "S6"), "narrowed")
        consents.withdraw(members.get(walk.member_id), walk.host.uid, ["S6"], "本人要求")
        fence.commit()
        assert lists.is_untold(service.standing(walk.id, "receiver", "S6"))
    walk.work()
    for side in (walk.home, walk.host):
        assert {state for state, _ in walk.shares(side).values()} == {"purged"}
    # The agreement grants home none.
    for side in (walk.home, walk.host):
        with side.act():
            if side is walk.home:
                consents.give(members.get(walk.member_id), walk.host.uid, ["S6"], method=Method.PAPER)
            assert service.open_again(last(StatusShare, role="owner", scope="S6")).scope == "S6"
            fence.commit()
        walk.work()
    next_version(walk, lambda fields: [])
    walk.work()
    walk.withdraw("S6")
    client = fresh.test_client()
    sign_in(client, walk.home, "county_admin")
    at = f"/{walk.home.code}"
    with walk.home.act():
        theirs = service.standing(walk.id, "receiver", "S6").id
    assert "撤回没有送达" in client.get(f"{at}/").text
    assert "请打电话，请" in client.get(f"{at}/shares/{theirs}").text
    with walk.host.act():  # who was called stops it
        service.revoke(service.standing(walk.id, "owner", "S6"), "narrowed")
        fence.commit()
    walk.work()
    with walk.home.act():
        assert service.standing(walk.id, "receiver", "S6") is None
    assert "撤回没有送达" not in client.get(f"{at}/").text


def test_a_no_to_s6_that_the_host_refuses_stays_on_the_list_and_a_yes_said_since_is_not_undone(walk, monkeypatch):
    walk.until_taken_on()

    def stop():
        with walk.home.act():
            service.revoke(service.standing(walk.id, "owner", "S6"), "narrowed")
            fence.commit()

    def say_yes():
        with walk.home.act():
            consents.give(members.get(walk.member_id), walk.host.uid, ["S6"], method=Method.PAPER)
            fence.commit()

    def untold():
        with walk.home.act():
            return lists.is_untold(service.standing(walk.id, "receiver", "S6"))

    # While the proof of ours is on its way the member says no, and yes again: nothing is said.
    stop()
    with walk.home.act():
        consents.withdraw(members.get(walk.member_id), walk.host.uid, ["S6"], "本人要求")
        fence.commit()
    assert untold()
    say_yes()
    walk.work()
    assert walk.shares(walk.home)["receiver", "S6"][0] == walk.shares(walk.host)["owner", "S6"][0] == "live"
    assert not untold()
    # The host goes by another version: the opening that would tell it is refused.
    with monkeypatch.context() as patch:
        patch.setattr(post.HOOKS, "is_active", lambda reference, partner_uid: False)
        walk.withdraw("S6")
    with walk.home.act():
        ours = last(StatusShare, role="owner", scope="S6")
        assert (ours.state, ours.refused_code) == (ShareState.NOT_OPENED, "not_open")
    assert untold()
    # Home's grant names what is the host's alone: the host would open none of it, and none is said.
    say_yes()
    next_version(walk, lambda fields: ["host_branch"])
    walk.work()
    with walk.home.act():
        before = world.count(OutboxMessage, OutboxMessage.type == "share.grant")
        assert service.open_for(referrals.get(walk.id), "S6") == []
    walk.withdraw("S6")
    assert untold()
    with walk.home.act():
        assert world.count(OutboxMessage, OutboxMessage.type == "share.grant") == before


def nothing_stands(walk):
    """No share stands at either county, and nothing of any is left."""
    for side in (walk.home, walk.host):
        with side.act():
            shares = list(db.session.scalars(db.select(StatusShare)))
            assert {s.state for s in shares} <= {ShareState.PURGED, ShareState.NOT_OPENED} and not any(
                s.stopped for s in shares
            )
            assert db.session.scalars(db.select(SharedValue)).all() == []
    return True


def test_a_share_that_the_host_opens_after_the_no_is_answered_with_it(walk):
    walk.offer()
    walk.say(walk.host, referrals.accept)
    walk.report_in()
    walk.withdraw("S6")
    walk.say(walk.host, referrals.take_on, walk.host.orgs[BRANCH])
    assert nothing_stands(walk)
    with walk.host.act():
        assert service.open_for(referrals.get(walk.id)) == []
    # Nothing lets home tell it: the share that the host opens next is on the list as the one before was.
    with walk.home.act():
        consents.give(members.get(walk.member_id), walk.host.uid, ["S6"], method=Method.PAPER)
        assert [s.scope for s in service.open_for(referrals.get(walk.id))] == ["S6"]
        fence.commit()
    walk.work()
    next_version(walk, lambda fields: [])
    for is_again in (False, True):
        with walk.host.act():
            service.open_again(last(StatusShare, role="owner", scope="S6"))
            fence.commit()
        walk.work()
        if not is_again:
            walk.withdraw("S6")
        with walk.home.act():
            assert lists.is_untold(service.standing(walk.id, "receiver", "S6"))
        if not is_again:  # who was called stops it
            with walk.host.act():
                service.revoke(service.standing(walk.id, "owner", "S6"), "narrowed")
                fence.commit()
            walk.work()


def test_what_the_host_refused_as_it_went_by_another_version_is_said_again_once_both_go_by_it(walk, monkeypatch):
    walk.until_taken_on()

    def stop():
        with walk.home.act():
            service.revoke(service.standing(walk.id, "owner", "S6"), "narrowed")
            fence.commit()
        walk.work()

    def offer_telephone():
        with walk.home.act():
            consents.give(members.get(walk.member_id), walk.host.uid, ["S3"], method=Method.PAPER)
            assert [share.scope for share in service.open_for(referrals.get(walk.id))] == ["S3"]
            fence.commit()

    def telephone_is_live():
        with walk.home.act():
            opened = list(
                db.session.scalars(db.select(StatusShare).where(StatusShare.scope == "S3").order_by(StatusShare.id))
            )
            assert [share.state for share in opened][-2:] == [ShareState.NOT_OPENED, ShareState.LIVE]
        walk.withdraw("S3")

    stop()
    with monkeypatch.context() as patch:
        patch.setattr(post.HOOKS, "is_active", lambda reference, partner_uid: False)
        offer_telephone()
        walk.withdraw("S6")
    with walk.home.act():
        assert lists.is_untold(service.standing(walk.id, "receiver", "S6"))
    next_version(walk, lambda fields: [name for name in fields if name != "gender"], "S2")
    walk.work()
    telephone_is_live()
    assert nothing_stands(walk)
    # The refusal comes when home goes by the next version already.
    with walk.home.act():
        consents.give(members.get(walk.member_id), walk.host.uid, ["S6"], method=Method.PAPER)
        service.open_for(referrals.get(walk.id), "S6")
        fence.commit()
    walk.work()
    stop()
    with walk.host.act():
        service.open_again(last(StatusShare, role="owner", scope="S6"))
        fence.commit()
    walk.work()
    with walk.host.act():
        text_ = copy.deepcopy(agreements.amend(walk.pair.ref.id).text)
        text_["title"] += "（修订）"
        agreements.revise(walk.pair.ref.id, text_)
        agreements.propose(walk.pair.ref.id)
        fence.commit()
    walk.work()
    with walk.home.act():
        agreements.accept(walk.pair.ref.id)
        fence.commit()
    walk.work()
    for side in (walk.home, walk.host):
        world.approve(side, walk.pair.ref.id)
        with side.act():
            agreements.seal(walk.pair.ref.id, "罗试甲", "分管领导")
            fence.commit()
        if side is walk.home:
            walk.work()
    offer_telephone()
    walk.withdraw("S6")
    with walk.home.act():
        told = db.select(StatusShare).where(StatusShare.role == "owner", StatusShare.scope == "S6")
        assert [share.refused_code for share in db.session.scalars(told.order_by(StatusShare.id))][-2:] == [
            "not_open",
            "",
        ]
    telephone_is_live()
    assert nothing_stands(walk)


def clear_bytes_anywhere(side, *needles):
    """table.column of this county's rows that hold one of these texts, by raw SQL over the whole catalogue."""
    found = []
    with side.act():
        tables = db.session.execute(
            text(
                "SELECT DISTINCT table_name FROM information_schema.columns WHERE table_schema='public' AND column_name='tenant_id'"
            )
        )
        for (table,) in tables.all():
            for needle in needles:
                hit = text(
                    f"SELECT count(*) FROM {table} AS t WHERE t.tenant_id = :t AND (t::text LIKE :n OR t::text LIKE :h)"
                )
                found += [
                    (table, needle)
                    for _ in range(
                        db.session.scalar(
                            hit, {"t": side.tenant_id, "n": f"%{needle}%", "h": f"%{needle.encode().hex()}%"}
                        )
                    )
                ]
    return found


def test_a_withdrawn_notice_leaves_nothing_at_the_host_but_proof(walk, proved):
    walk.until_taken_on()
    with walk.home.act():
        consents.give(members.get(walk.member_id), walk.host.uid, ["S3"], method=Method.PAPER)
        service.open_for(referrals.get(walk.id))
        fence.commit()
    walk.work()
    with walk.home.act():
        code = db.session.scalars(
            db.select(OutboxMessage.id).where(OutboxMessage.type == "referral.offer", OutboxMessage.about_id == walk.id)
        ).one()
        rows = db.session.scalars(db.select(StoredDisclosure).where(StoredDisclosure.message_id == code)).all()
        disclosed = {d.pointer: d for d in (post.reopened(row) for row in rows)}
    report_code, shown = disclosed["/report_in_code"].value, disclosed["/name"]
    with walk.host.act():
        assert (
            db.session.scalar(
                text("SELECT count(*) FROM shared_gram AS g WHERE g.tenant_id = :t"), {"t": walk.host.tenant_id}
            )
            == 3
        )
        abouts = [walk.id, *db.session.scalars(db.select(StatusShare.id))]
    assert len(abouts) == 4, "the referral, S6 both ways, S3"
    walk.withdraw("S2", "S3", "S6")
    assert walk.states() == (ReferralState.ENDED, ReferralState.ENDED)
    assert {state for state, _ in walk.shares(walk.host).values()} == {"purged"}
    assert {state for state, _ in walk.shares(walk.home).values()} == {"purged"}
    needles = [NAME, "欧阳", "阳示", "示甲", "ouyangshijia", report_code, "15400000123", "示0001"]
    assert clear_bytes_anywhere(walk.home, NAME), "the search finds what is there"
    assert clear_bytes_anywhere(walk.host, *needles) == []
    with walk.host.act():
        assert db.session.scalars(db.select(vault.RecordKey.id).where(vault.RecordKey.id.in_(abouts))).all() == []
        assert (
            db.session.scalars(
                db.select(StoredDisclosure).where(
                    StoredDisclosure.about_id.in_(abouts), StoredDisclosure.wrapped.is_not(None)
                )
            ).all()
            == []
        )
        assert referrals.get(walk.id).reason == "notice_withdrawn"
    with walk.home.act():
        # The values are gone; envelopes, receipts and even a value shown by home still verify offline.
        ring = [
            {"county": str(uid), "jwk": dict(row.jwk)}
            for uid, row in [
                (walk.home.uid, db.session.scalars(db.select(CountyKey).where(CountyKey.use == "sig")).one()),
                (walk.host.uid, db.session.scalars(db.select(PeerKey).where(PeerKey.use == "sig")).one()),
            ]
        ]
        letters = db.session.scalars(db.select(OutboxMessage).where(OutboxMessage.about_id.in_(abouts))).all()
        assert len(letters) >= 10
        for letter in letters:
            evidence = {"envelope": letter.envelope, "receipt": letter.receipt, "keys": ring}
            if letter.type == "referral.offer":
                evidence["disclosures"] = [shown.as_list()]
                assert any(NAME in sentence for sentence in verify.verdict(evidence))
            assert verify.verdict(evidence)
    proved("purges proved", len(abouts))


def test_what_is_taken_back_is_destroyed_where_the_host_has_stopped(walk):
    """Its copies wait for a person; the member's no does not."""
    walk.until_taken_on()
    with walk.host.act():
        share = service.standing(walk.id, "receiver", "S6")
        referral = referrals.get(walk.id, lock=True)
        share.stopped = referral.stopped = "impossible_decision"
        share_id = share.id
        fence.commit()
    walk.withdraw("S2", "S5", "S6")
    with walk.host.act():
        assert (service.get(share_id).state, referrals.get(walk.id).state) == (ShareState.LIVE, ReferralState.TAKEN_ON)
        assert world.count(SharedMember) == world.count(SharedValue, SharedValue.share_id == share_id) == 0
        ours = StoredDisclosure.about_id.in_((walk.id, share_id))
        assert world.count(StoredDisclosure, ours, StoredDisclosure.wrapped.is_not(None)) == 0


def test_the_flow_ends_and_every_share_is_purged(walk):
    with walk.home.act():
        consents.give(members.get(walk.member_id, lock=True), walk.host.uid, ["S3"], method=Method.PAPER)
        fence.commit()
    walk.until_taken_on()
    with walk.home.act():
        flows.end(flows.current(walk.member_id, lock=True), FlowEnd.RETURNED)
        fence.commit()
    walk.work()
    for side in (walk.home, walk.host):
        assert {state for state, _ in walk.shares(side).values()} == {"purged"}
        with side.act():
            assert set(db.session.scalars(db.select(StatusShare.reason))) == {"referral_ended"}
    query = db.select(Event.actor_name, Event.verb).where(Event.verb.in_(["share.propose_purged", "share.purged"]))
    for side in (walk.home, walk.host):
        with side.act():
            said = {(name, verb) for name, verb in db.session.execute(query)}
        other = walk.host if side is walk.home else walk.home
        assert said == {("系统", "share.propose_purged"), (other.name, "share.purged")}, "what we purge is our own word"
    # A second stay there is told of anew: neither offered on the old notice, nor his number sent on the old consent.
    with walk.home.act():
        assert {c.scope for c in consents.standing(walk.member_id)} == {"S5"}, "what was held meanwhile is co-signed"
        gone = [c for c in consents.history(walk.member_id) if c.lapsed_at is not None]
        assert {c.scope for c in gone} == {"S2", "S3", "S6"} and not any(c.withdrawn_at for c in gone)
        member = members.get(walk.member_id, lock=True)
        flows.depart(member, left_on=None, host_code="330110", host_text="余杭区")
        fence.commit()
    (refused,) = walk.offer()
    assert refused.lacks == ("no_notice",)
    with walk.home.act():
        member = members.get(walk.member_id, lock=True)
        consents.give(member, walk.host.uid, ["S2", "S5", "S6"], method=Method.PAPER)
        fence.commit()
    walk.until_taken_on()
    assert {scope for _, scope in walk.shares(walk.home)} == {"S6"}


def test_a_day_without_proof_is_overdue(walk):
    walk.until_taken_on()
    with walk.home.act():
        share = service.standing(walk.id, "owner", "S6")
        service.revoke(share, "narrowed")
        id_ = share.id
        fence.commit()
    with walk.home.act():
        assert not service.is_overdue(service.get(id_))
        with later(hours=24, minutes=1):
            assert service.is_overdue(service.get(id_))
    walk.work()
    with walk.home.act(), later(days=3):
        assert service.get(id_).state is ShareState.PURGED and not service.is_overdue(service.get(id_))
    # What a person stopped neither its proof nor the end of a pause opens again; that person does.
    with walk.home.act():
        agreement = agreements.in_force(walk.host.uid)[0][0].id
        agreements.pause(agreement, "S6")
        agreements.pause(agreement, "S6", resume=True)
        assert [s.id for s in db.session.scalars(db.select(StatusShare).where(StatusShare.role == "owner"))] == [id_]
        again = service.open_again(service.get(id_))
        assert (again.state, again.scope) == (ShareState.LIVE, "S6")
        with pytest.raises(WrongState):
            service.open_again(service.get(id_))


def test_paused_nothing_is_sent_resumed_all_values_are(walk):
    walk.until_taken_on()
    with walk.home.act():
        agreement = agreements.in_force(walk.host.uid)[0][0].id
        agreements.pause(agreement, "S6")
        fence.commit()
    walk.work()
    walk.amend(dues_until="2027-01")
    assert walk.shares(walk.host)["receiver", "S6"][1]["/dues_until"] == "2026-09"
    with walk.home.act():
        share = service.standing(walk.id, "owner", "S6")
        with pytest.raises(WrongState):
            service.send_again(share)  # withheld, it would empty the host's copy
        assert share.needs_snapshot
        agreements.pause(agreement, "S6", resume=True)
        fence.commit()
    walk.work()
    assert walk.shares(walk.host)["receiver", "S6"][1]["/dues_until"] == "2027-01"


# Both borders enforce the registry


def test_egress_withholds_what_the_agreement_does_not_hold(walk, monkeypatch):
    """Narrowed between the verb and its sealing: the value stays here, the verb travels."""
    walk.until_taken_on()
    holds = agreements.holds
    monkeypatch.setattr(
        agreements,
        "holds",
        lambda ref, owner, to, scope, field=None: field != "dues_until" and holds(ref, owner, to, scope, field),
    )
    with walk.home.act():
        share = service.standing(walk.id, "owner", "S6")
        verbs.say(
            service.KIND, share, "delta", service._named(share), {"/dues_until": "2027-02", "/certificate_no": "示0002"}
        )
        fence.commit()
    walk.work()
    after = walk.shares(walk.host)["receiver", "S6"][1]
    assert (after["/dues_until"], after["/certificate_no"]) == ("2026-09", "示0002")
    monkeypatch.undo()


@pytest.mark.parametrize(
    ("scope", "pointers"),
    [("S3", {"/phone": "15400000124"}), ("S6", {"/dues_until": "2030-01"})],
    ids=["a scope never granted", "a value of the other role"],
)
def test_ingress_refuses_a_forged_share_of_the_host(walk, monkeypatch, scope, pointers):
    """The host's program is patched to say what it may not; home's own checks stand."""
    walk.until_taken_on()
    monkeypatch.setattr(post.HOOKS, "may_cross", lambda message, scope, pointer: True)
    with walk.host.act():
        referral = referrals.get(walk.id)
        if scope == "S3":
            about = uuid7()
            body = {"referral": str(walk.id), "scope": scope}
            post.send(walk.home.uid, "share.grant", about, {**body, "basis": "consent", "basis_on": "2026-01-01"},
                      n=1, agreement=referral.agreement)  # fmt: skip
        else:
            share = service.standing(walk.id, "owner", "S6")
            verbs.say(service.KIND, share, "delta", service._named(share), pointers)
        fence.commit()
    walk.work()
    with walk.host.act():
        message = last(OutboxMessage, type="share.grant" if scope == "S3" else "share.delta")
        assert (message.result, message.code) == ("refused", "scope_violation")
        if scope == "S6":
            assert service.standing(walk.id, "owner", "S6").needs_snapshot
    assert walk.shares(walk.home)["receiver", "S6"][0] == "live"
    if scope == "S6":
        # What follows carries all values again, and both copies agree.
        walk.say(walk.host, referrals.reassign, walk.host.orgs["演示社区第二支部"])
        assert walk.shares(walk.home)["receiver", "S6"][1]["/branch"].endswith("演示社区第二支部")
        # Refused once more: the number of the first refusal is in use by now, and only the last one is given back.
        with walk.host.act():
            share = service.standing(walk.id, "owner", "S6")
            verbs.say(service.KIND, share, "delta", service._named(share), pointers)
            fence.commit()
        walk.work()
        walk.say(walk.host, referrals.reassign, walk.host.orgs[BRANCH])
        assert walk.shares(walk.home)["receiver", "S6"][1]["/branch"].endswith(BRANCH)


def test_ingress_refuses_an_offer_whose_scope_was_never_granted(walk, monkeypatch):
    """余杭 forges an offer: as 岳西 holds the agreement, only 岳西 may send S2."""
    offer = {
        "/name": "王示乙", "/gender": "1", "/birth_year": 1990, "/member_kind": "full", "/home_branch": "试例村支部",
        "/report_in_code": "7K2QMX94TD",
    }  # fmt: skip
    monkeypatch.setattr(post.HOOKS, "may_cross", lambda message, scope, pointer: True)
    with walk.home.act():
        _, ours = agreements.in_force(walk.host.uid)[0]
        given = [g for g in ours.text["grants"] if (g["owner"], g["scope"]) != (str(walk.host.uid), "S2")]
        assert len(given) == len(ours.text["grants"]) - 1
        ours.text = ours.text | {"grants": given}
        fence.commit()
    with walk.host.act():
        agreement, version = agreements.in_force(walk.home.uid)[0]
        reference = AgreementRef(agreement.id, version.version, version.text_digest)
        post.send(
            walk.home.uid, "referral.offer", uuid7(), {"notice_on": "2026-01-01"}, offer, n=1, agreement=reference
        )
        fence.commit()
    walk.work()
    with walk.host.act():
        assert last(OutboxMessage, type="referral.offer").code == "scope_violation"
    with walk.home.act():
        assert db.session.scalars(db.select(StoredDisclosure).where(StoredDisclosure.pointer == "/name")).all() == []


def test_a_share_about_nothing_we_have_is_not_open(walk):
    with walk.host.act():
        agreement, version = agreements.in_force(walk.home.uid)[0]
        reference = AgreementRef(agreement.id, version.version, version.text_digest)
        body = {"referral": str(uuid7()), "scope": "S6", "basis": "notice", "basis_on": "2026-01-01"}
        post.send(walk.home.uid, "share.grant", uuid7(), body, n=1, agreement=reference)
        fence.commit()
    walk.work()
    with walk.host.act():
        assert last(OutboxMessage, type="share.grant").code == "not_open"


def test_shares_open_only_when_taken_on(walk):
    walk.offer()
    with walk.home.act(), pytest.raises(WrongState):
        service.open_for(referrals.get(walk.id))
    assert json.dumps(values.worded("/appraisal", "basic"), ensure_ascii=False) == '"基本合格"'
