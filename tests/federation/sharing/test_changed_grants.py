"""Pauses and other versions of the agreement, as the shares feel them: nothing leaves, and what was taken back is proved."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests import world
from tests.federation.referrals.walk import later, next_version, propose_version
from web.blueprints.referrals.acts import offered
from web.core import clock, fence
from web.core.errors import DomainError
from web.core.ids import uuid7
from web.extensions import db
from web.federation.agreements import service as agreements
from web.federation.agreements import texts
from web.federation.post import service as post
from web.federation.post.models import OutboxMessage, StoredDisclosure
from web.federation.referrals import grants, packets
from web.federation.referrals import service as referrals
from web.federation.referrals.models import ReferralState, SharedMember
from web.federation.sharing import service, values
from web.federation.sharing.models import StatusShare
from web.tenants.consents import service as consents
from web.tenants.consents.models import Method
from web.tenants.members import service as members


def _agreement_of(walk):
    with walk.home.act():
        return referrals.get(walk.id).agreement_id


def _pause(walk, side, scope, *, resume=False, run=True, under=None):
    with side.act():
        agreements.pause(under or _agreement_of(walk), scope, resume=resume)
        fence.commit()
    if run:
        walk.work()


def test_what_was_put_down_before_a_pause_is_sealed_without_its_values_and_goes_again_after(walk):
    walk.until_taken_on()
    with walk.home.act():
        members.amend(members.get(walk.member_id, lock=True), {"dues_until": "2026-12"})
        fence.commit()
    _pause(walk, walk.home, "S6")
    with walk.home.act():
        sent = db.session.scalars(db.select(OutboxMessage).where(OutboxMessage.type == "share.delta")).one()
        rows = db.session.scalars(db.select(StoredDisclosure).where(StoredDisclosure.message_id == sent.id)).all()
        assert sent.result == "applied" and [row.is_withheld for row in rows] == [True]
    assert walk.shares(walk.host)["receiver", "S6"][1]["/dues_until"] == "2026-09"
    _pause(walk, walk.home, "S6", resume=True)
    assert walk.shares(walk.host)["receiver", "S6"][1]["/dues_until"] == "2026-12"


def test_paused_under_one_of_two_agreements_the_values_go_when_it_is_resumed(walk):
    """The other one grants the scope still, but what is shared under this one would be sealed without its values."""
    world.conclude(world.propose(walk.host, [walk.home]), walk.host, [walk.home])
    walk.until_taken_on()
    _pause(walk, walk.home, "S6")
    walk.amend(dues_until="2027-01")
    assert walk.shares(walk.host)["receiver", "S6"][1]["/dues_until"] == "2026-09"
    _pause(walk, walk.home, "S6", resume=True)
    assert walk.shares(walk.host)["receiver", "S6"][1]["/dues_until"] == "2027-01"


def test_paused_under_both_a_share_opens_when_either_is_resumed(walk):
    """The notice stands under one of them: what the other grants is opened for it all the same."""
    other = world.propose(walk.host, [walk.home])
    world.conclude(other, walk.host, [walk.home])
    walk.offer()
    walk.say(walk.host, referrals.accept)
    walk.say(walk.host, referrals.report_in, how="person")
    own = _agreement_of(walk)
    (other,) = {other, walk.pair.ref.id} - {own}
    for under in (own, other):
        _pause(walk, walk.home, "S6", under=under)
    walk.say(walk.host, referrals.take_on, walk.host.orgs["演示社区第一支部"])
    assert ("owner", "S6") not in walk.shares(walk.home)
    _pause(walk, walk.home, "S6", resume=True, under=other)
    assert walk.shares(walk.home)["owner", "S6"][0] == walk.shares(walk.host)["receiver", "S6"][0] == "live"


def test_under_a_pause_of_the_other_side_nothing_opens_and_resumed_it_does(walk):
    walk.offer()
    walk.say(walk.host, referrals.accept)
    _pause(walk, walk.host, "all")
    with walk.home.act(), pytest.raises(DomainError):
        agreements.covering(walk.host.uid, "S2", owner_uid=walk.home.uid, receiver_uid=walk.host.uid)
    walk.say(walk.host, referrals.report_in, how="person")
    walk.say(walk.host, referrals.take_on, walk.host.orgs["演示社区第一支部"])
    assert walk.shares(walk.home) == walk.shares(walk.host) == {}
    _pause(walk, walk.host, "all", resume=True)
    assert walk.shares(walk.host)["receiver", "S6"][0] == walk.shares(walk.home)["receiver", "S6"][0] == "live"


def test_the_telephone_is_not_said_to_be_shared_where_nothing_would_go(walk):
    walk.until_taken_on()
    with walk.home.act():
        referral = referrals.get(walk.id)
        consents.give(members.get(walk.member_id), walk.host.uid, ["S3"], method=Method.PAPER)
        assert "share_phone" in [act.verb for act in offered(referral)]
        agreements.pause(referral.agreement_id, "S3")
        assert service.open_for(referral, "S3") == [] and "share_phone" not in [act.verb for act in offered(referral)]


def test_a_handover_runs_on_through_a_pause_and_the_news_after_it_does_not(walk):
    """Found by the fuzz: participation forwarded to the new home was sealed while its own scope was paused."""
    walk.until_taken_on()
    with walk.home.act():
        under = {"agreement": referrals.get(walk.id).agreement, "member_id": walk.member_id, "n": 9}
        forward = {"record": str(uuid7()), "recorder": str(walk.host.uid), "held_on": "2026-01-05"}
        values = {"/title": "党课", "/presence": "present", "/study_minutes": 60}
        id_ = post.send(walk.host.uid, "handover.forward", uuid7(), forward, values, **under)
        forwarded = db.session.get_one(OutboxMessage, (fence.tenant(), id_))
        released = OutboxMessage(
            type="handover.release", peer_uid=walk.host.uid, member_id=None, about_id=uuid7(),
            agreement_id=forwarded.agreement_id, agreement_version=forwarded.agreement_version,
            agreement_digest=forwarded.agreement_digest,
        )  # fmt: skip
        for scopes, may in (((), (True, True)), (("S5", "S4"), (False, True))):
            for scope in scopes:
                agreements.pause(_agreement_of(walk), scope)
            found = [grants.may_cross(forwarded, "S5", "/presence"), grants.may_cross(released, "S4", "/letter_no")]
            assert tuple(found) == may


def _newest(walk, side, role):
    """(state, values) of the share opened last."""
    with side.act():
        query = db.select(StatusShare).where(StatusShare.role == role, StatusShare.scope == "S6")
        share = db.session.scalars(query.order_by(StatusShare.id.desc())).first()
        return share.state.value, values.held([share.id]).get(share.id, {})


def test_narrowing_purges_the_removed_field_with_proof_and_widening_brings_it_again(walk):
    walk.until_taken_on()
    assert "/dues_until" in _newest(walk, walk.host, "receiver")[1]
    next_version(walk, lambda names: [name for name in names if name != "dues_until"])
    for side, role in ((walk.home, "owner"), (walk.host, "receiver")):
        state, found = _newest(walk, side, role)
        assert state == "live" and found == {"/certificate_no": "示0001"}
    with walk.home.act():
        first, second = db.session.scalars(
            db.select(StatusShare).where(StatusShare.role == "owner").order_by(StatusShare.id)
        )
        assert (first.state.value, first.reason, first.agreement.version) == ("purged", "narrowed", 1)
        assert first.backups_until is not None and second.agreement.version == 2
        gone = db.session.scalars(db.select(StoredDisclosure).where(StoredDisclosure.about_id == first.id)).all()
        assert gone and all(row.wrapped is None for row in gone)
    # Proposed, accepted, sealed by one: what is added stays at home, also when it changes, until the last seal.
    id_ = propose_version(walk, lambda names: sorted([*names, "dues_until"]))
    steps = [lambda: agreements.accept(id_), *2 * [lambda: agreements.seal(id_, "罗试甲", "分管领导")]]
    for month, side, step in zip(("07", "08", "09"), (walk.home, walk.home, walk.host), steps, strict=True):
        walk.amend(dues_until=f"2026-{month}")
        for at, role in ((walk.home, "owner"), (walk.host, "receiver")):
            assert _newest(walk, at, role) == ("live", {"/certificate_no": "示0001"}), month
        if month != "07":
            world.approve(side, id_)
        with side.act():
            step()
            fence.commit()
        walk.work()
    whole = ("live", {"/certificate_no": "示0001", "/dues_until": "2026-09"})
    assert _newest(walk, walk.host, "receiver") == whole
    # Granted no more, and the same again: nobody stopped it. What a person stopped no version opens.
    next_version(walk, lambda names: [])
    assert _newest(walk, walk.host, "receiver") == ("purged", {})
    next_version(walk, lambda names: names, back=[texts.grant(walk.home.uid, walk.host.uid, "S6")])
    assert _newest(walk, walk.host, "receiver") == whole
    with walk.home.act():
        service.revoke(service.standing(walk.id, "owner", "S6"), "narrowed")
        fence.commit()
    next_version(walk, lambda names: [name for name in names if name != "dues_until"])
    assert _newest(walk, walk.host, "receiver") == ("purged", {})


def test_where_only_the_other_sides_fields_of_a_scope_are_left_nothing_opens_until_it_is_widened(walk):
    """It was opened all the same, and refused there as outside of the scope: at each news of the referral one more."""
    walk.until_taken_on()
    next_version(walk, lambda names: ["host_branch"])
    assert _newest(walk, walk.home, "owner") == _newest(walk, walk.host, "receiver") == ("purged", {})
    with walk.home.act():
        (share,) = db.session.scalars(db.select(StatusShare).where(StatusShare.role == "owner"))
        assert not service.may_open_again(share) and service.open_for(referrals.get(walk.id)) == []
    assert _newest(walk, walk.host, "owner")[0] == "live", "what the host gives is its own grant"
    next_version(walk, lambda names: ["dues_until"])
    assert _newest(walk, walk.host, "receiver") == ("live", {"/dues_until": "2026-09"})


@pytest.mark.parametrize("scopes", ["S2", "S2 S6"])
def test_a_share_goes_with_its_agreement_though_the_referral_goes_on_under_another(walk, scopes):
    walk.until_taken_on()
    under = _agreement_of(walk)
    ways = ((walk.home.uid, walk.host.uid), (walk.host.uid, walk.home.uid))
    given = [texts.grant(*way, scope) for way in ways for scope in scopes.split()]
    world.conclude(world.propose(walk.host, [walk.home], grants=given), walk.host, [walk.home])
    with walk.home.act():
        agreements.leave(under, clock.today() + timedelta(days=60))
        fence.commit()
    walk.work()
    with later(days=60):
        for side in (walk.home, walk.host):
            with side.act():
                agreements.run_timers()
                fence.commit()
        walk.work()
        assert walk.states() == (ReferralState.TAKEN_ON, ReferralState.TAKEN_ON)
        for side in (walk.home, walk.host):
            with side.act():
                mine = db.select(StatusShare.state, StatusShare.reason).where(StatusShare.agreement_id == under)
                found = {(state.value, reason) for state, reason in db.session.execute(mine)}
                assert found == {("purged", "wound_down")}
            state, found = _newest(walk, side, "receiver")
            assert (state, bool(found)) == (("live", True) if "S6" in scopes else ("purged", False))


def _packet(walk):
    with walk.host.act():
        return packets.opened(db.session.get(SharedMember, (walk.host.tenant_id, walk.id)))


def test_a_narrowed_notice_empties_open_packets_and_one_taken_away_ends_them(walk):
    walk.until_taken_on()
    told = _packet(walk)
    assert {"/gender", "/arrival_month", "/name"} <= set(told)
    next_version(walk, lambda names: [name for name in names if name not in ("gender", "arrival_month")], "S2")
    assert _packet(walk) == {p: value for p, value in told.items() if p not in ("/gender", "/arrival_month")}
    for side in (walk.home, walk.host):
        with side.act():
            rows = db.session.scalars(db.select(StoredDisclosure).where(StoredDisclosure.about_id == walk.id)).all()
            kept = {row.pointer: row.wrapped is not None for row in rows}
            assert kept["/name"] and not (kept["/arrival_month"] or kept["/gender"])
    next_version(walk, lambda names: [], "S2")
    for side in (walk.home, walk.host):
        with side.act():
            referral = referrals.get(walk.id)
            assert (referral.state.value, referral.reason) == ("ended", "wound_down")
    assert _packet(walk) == {}
