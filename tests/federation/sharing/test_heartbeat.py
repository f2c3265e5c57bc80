"""Once a day both counties compare what one shares with what the other holds of it; what differs is sent again, and nothing else."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from sqlalchemy import delete, text

from tests import world
from tests.blueprints.test_auth import sign_in
from tests.federation.sharing import crowd
from web.core import clock, fence
from web.core.events import Event
from web.core.ids import uuid7
from web.extensions import db
from web.federation.agreements import service as agreements
from web.federation.post import relay, transports
from web.federation.post.models import InboxMessage, OutboxMessage, StoredDisclosure
from web.federation.sharing import buckets, heartbeat, service, stopped, values
from web.federation.sharing.models import SharedValue, ShareState, StatusShare
from web.federation.wire import bundles
from web.tenants.accounts.permissions import Role


def _beats(walk, at):
    """How many each side said on that noon, and what became of the last one each side said."""
    said = []
    with clock.at(at):
        for side in (walk.home, walk.host):
            with side.act():
                said.append(heartbeat.tell_all())
                fence.commit()
        walk.work()
    return said, [_last(walk.home), _last(walk.host)]


def _last(side):
    with side.act():
        query = db.select(OutboxMessage.result, OutboxMessage.code).where(OutboxMessage.type == "heartbeat.tell")
        found = db.session.execute(query.order_by(OutboxMessage.id.desc()).limit(1)).first()
        return tuple(found) if found else None


def _snapshots(side):
    with side.act():
        return world.count(OutboxMessage, OutboxMessage.type == "share.snapshot")


def _page(fresh, side, path):
    client = fresh.test_client()
    sign_in(client, side, Role.COUNTY_ADMIN.value)
    page = client.get(f"/{side.code}{path}")
    assert page.status_code == 200
    return page.text


def test_what_one_shares_and_the_other_holds_is_compared_once_a_day_and_mended(walk, fresh):
    noon = (clock.now() + timedelta(days=1)).astimezone(clock.CHINA).replace(hour=12, minute=0)
    day, same = timedelta(days=1), [("applied", None)] * 2
    assert _beats(walk, noon) == ([0, 0], [None, None]), "nothing is live, nothing is said"
    with clock.at(noon):
        walk.until_taken_on()
    assert _beats(walk, noon) == ([1, 1], same)
    assert _beats(walk, noon + timedelta(hours=11)) == ([0, 0], same), "once a day"
    with clock.at(noon + timedelta(hours=12)):
        walk.amend(dues_until="2026-12", appraisal="优秀", certificate_no="")
    assert _beats(walk, noon + day) == ([1, 1], same), "after a change too"

    whole = walk.shares(walk.host)["receiver", "S6"]
    with walk.host.act():
        db.session.execute(delete(SharedValue).where(SharedValue.field == "dues_until"))
        fence.commit()
    said, became = _beats(walk, noon + 2 * day)
    assert (said, became) == ([1, 1], [("refused", "copies_differ"), ("applied", None)])
    assert walk.shares(walk.host)["receiver", "S6"] == whole, "all values went again"
    with walk.host.act():
        last = db.session.scalars(db.select(InboxMessage.type).order_by(InboxMessage.id.desc()).limit(1)).one()
        assert last == "share.snapshot"
    assert "不一致，不同的已重送" in _page(fresh, walk.home, f"/peers/{walk.host.uid}")
    assert "不一致，不同的由对方重送" in _page(fresh, walk.host, f"/peers/{walk.home.uid}")
    with walk.home.act():
        share = service.standing(walk.id, "owner", "S6").id
    assert "不一致，不同的已重送" in _page(fresh, walk.home, f"/shares/{share}")
    assert _beats(walk, noon + 3 * day) == ([1, 1], same)
    assert "双方一致" in _page(fresh, walk.host, f"/shares/{share}")
    with walk.host.act():
        service.standing(walk.id, "receiver", "S6").created_at = noon + 4 * day
        fence.commit()
    assert "还没有核对" in _page(fresh, walk.host, f"/shares/{share}"), "what was compared before it was opened"

    with walk.host.act():
        db.session.execute(delete(SharedValue).where(SharedValue.field == "dues_until"))
        fence.commit()
    before = _snapshots(walk.home)
    for passed in (4, 5, 6):  # the host is away
        with clock.at(noon + passed * day), walk.home.act():
            assert heartbeat.tell_all() == 1
            fence.commit()
    with clock.at(noon + 6 * day):
        walk.work()
    assert (_last(walk.home), _snapshots(walk.home)) == (("refused", "copies_differ"), before + 1), "once for all three"
    with walk.home.act():
        query = db.select(OutboxMessage).where(OutboxMessage.type == "heartbeat.tell").order_by(OutboxMessage.id.desc())
        message = db.session.scalars(query.limit(1)).one()
        heartbeat.refused(message)  # a partner who refuses it once more
        message.code = "version_unsupported"
        fence.commit()
    walk.work()
    assert _snapshots(walk.home) == before + 1 and walk.shares(walk.host)["receiver", "S6"] == whole
    assert "未能核对" in _page(fresh, walk.home, f"/shares/{share}")
    assert _beats(walk, noon + 7 * day) == ([1, 1], same)

    with clock.at(noon + 7 * day), walk.home.act():
        agreements.pause(agreements.in_force(walk.host.uid)[0][0].id, "S6")
        fence.commit()
    assert _beats(walk, noon + 8 * day)[0] == [0, 1], "what is known to wait is not compared"


def _said_since(side, mark):
    """(share, verb) → its result, of what was said of shares after that message."""
    with side.act():
        query = db.select(OutboxMessage).where(OutboxMessage.id > mark, OutboxMessage.type.startswith("share."))
        return {(m.about_id, m.type): (m.result, m.code) for m in db.session.scalars(query)}


def _damage(walk, crowd_ids):
    """At the host one value is gone, one is another, one share is lost; and home has lost one that the host holds, stopped."""
    gone, other, lost, surplus = crowd_ids
    with walk.host.act():
        db.session.execute(delete(SharedValue).where(SharedValue.share_id == gone, SharedValue.field == "dues_until"))
        db.session.execute(
            db.update(StoredDisclosure)
            .where(StoredDisclosure.about_id == other, StoredDisclosure.pointer == "/dues_until")
            .values(commitment="sha-256:" + "A" * 43)
        )
        db.session.execute(delete(StatusShare).where(StatusShare.id == lost))
        service.get(surplus).stopped = "impossible_decision"
        fence.commit()
    with walk.home.act():
        db.session.execute(delete(StatusShare).where(StatusShare.id == surplus))
        fence.commit()
        return uuid7()


def _compare_fingerprints(side, state):
    with side.act():
        query = text("UPDATE peer SET state = :state WHERE peer.tenant_id = :tenant")
        db.session.execute(query, {"state": state, "tenant": side.tenant_id})
        fence.commit()


def test_of_many_shares_only_those_go_again_whose_copies_differ(walk, fresh):
    noon = (clock.now() + timedelta(days=1)).astimezone(clock.CHINA).replace(hour=12, minute=0)
    day, same = timedelta(days=1), [("applied", None)] * 2
    with clock.at(noon):
        walk.until_taken_on()
        with walk.home.act():
            first = service.standing(walk.id, "owner", "S6").id
        many = crowd.of(walk, first, 30)
    assert _beats(walk, noon)[1] == same
    with walk.host.act():
        whole, sound = buckets.told("receiver", walk.home.uid)
        assert whole == 31
        assert buckets.answer(walk.home.uid, sound) == b"", "the same buckets: nothing is said"
        assert buckets.answer(walk.home.uid, sound[8:]) is None
        assert buckets.answer(uuid7(), bytes(len(sound))) is None, "nobody we know"
        all_ = buckets.read(buckets.answer(walk.home.uid, bytes(len(sound))))
        assert {id_ for held in all_.values() for id_ in held} == {first, *many}
    for broken in (b"\0", buckets.write({5: {first: b"12345678"}})[:-1]):
        with pytest.raises(ValueError, match=r"buffer|multiple"):
            buckets.read(broken)

    gone, other, lost, surplus = wrong = many[3:7]
    with clock.at(noon + day):
        mark = _damage(walk, wrong)
        with walk.home.act():
            assert heartbeat.tell_all() == 1
            fence.commit()
        relay.drain(walk.home.tenant_id, walk.host.uid)
        assert _last(walk.home) == ("refused", "copies_differ")
        _compare_fingerprints(walk.host, "introduced")  # before the worker asks, the host has to, again
        walk.work()
        assert _said_since(walk.home, mark) == {}, "nobody answered: nothing goes on a guess"
        assert "不一致，正在查找哪些不同" in _page(fresh, walk.home, f"/peers/{walk.host.uid}")
        _compare_fingerprints(walk.host, "confirmed")
        with walk.home.act():
            assert heartbeat.tell_all() == 0, "the timer has it asked again"
            fence.commit()
        walk.work()
        said = _said_since(walk.home, mark)
        anew = {id_ for id_, _ in said} - {gone, other, lost}
        assert len(anew) == 1
        (new,) = anew
        assert said == {
            (gone, "share.snapshot"): ("applied", None),
            (other, "share.snapshot"): ("applied", None),
            (lost, "share.snapshot"): ("refused", "not_open"),
            (new, "share.grant"): ("applied", None),
            (new, "share.snapshot"): ("applied", None),
        }
        assert "不一致，不同的已重送" in _page(fresh, walk.home, f"/peers/{walk.host.uid}")
        with walk.home.act():
            mended = Event.verb == "share.need_snapshot", Event.reason == "copies_differ"
            assert (world.count(Event, *mended), world.count(Event, *mended, Event.peer != "")) == (3, 0), "none rings"
        log = _page(fresh, walk.home, "/events?verb=heartbeat.compare")
        assert "重送 3 项，请对方销毁多出的 1 项" in log and ">送出的跨县消息<" in log
        with walk.host.act():
            ended = service.get(surplus)
            assert (ended.state, ended.refused_code) == (ShareState.NOT_OPENED, "not_open")
            assert world.count(SharedValue, SharedValue.share_id == surplus) == 0
            held = StoredDisclosure.wrapped.is_not(None)
            assert world.count(StoredDisclosure, StoredDisclosure.about_id == surplus, held) == 0
        page = _page(fresh, walk.host, f"/shares/{surplus}")
        assert ">已作废<" in page and "已停办" not in page and "对方没有这项共享，内容已销毁。" in page
        with walk.home.act():
            assert service.get(lost).state is ShareState.NOT_OPENED
            heartbeat.tell_all()
            fence.commit()
        walk.work()
        assert _said_since(walk.home, mark) == said, "once a heartbeat"
        # Lost there and taken back here: that it is not there is the proof, nothing rings and the pair can be closed.
        taken = many[7]
        with walk.host.act():
            db.session.execute(delete(StatusShare).where(StatusShare.id == taken))
            fence.commit()
        with walk.home.act():
            service.revoke(service.get(taken, lock=True), "narrowed")
            fence.commit()
        walk.work()
        with walk.home.act():
            assert service.get(taken).state is ShareState.NOT_OPENED
            assert world.count(SharedValue, SharedValue.share_id == taken) == 0
    assert _beats(walk, noon + 2 * day) == ([1, 1], same)


def test_a_copy_that_stopped_is_put_away_by_its_receiver_and_shared_anew(walk, fresh):
    """Nobody else can end it: the pair could not be closed. Where its owner took it back meanwhile, the proof goes to it."""
    walk.until_taken_on()

    def stop():
        """The host's copy loses a decision, as by a backup that was put back."""
        with walk.host.act():
            share = service.standing(walk.id, "receiver", "S6")
            assert not stopped.may_put_away(share)
            share.n -= 1
            fence.commit()
            return share.id

    def stands(side, share_id):
        with side.act():
            share = service.get(share_id)
            return share.state, share.stopped

    first = stop()
    walk.amend(dues_until="2026-12")
    assert stands(walk.host, first) == (ShareState.LIVE, "impossible_decision")
    host, home = (fresh.test_client() for _ in "12")
    sign_in(host, walk.host, Role.COUNTY_ADMIN.value)
    sign_in(home, walk.home, Role.COUNTY_ADMIN.value)
    here = f"/{walk.host.code}/shares/{first}"
    assert "作废这一份" in host.get(here).text and "已停办" in host.get(f"/{walk.host.code}/shares/").text
    assert home.post(f"/{walk.home.code}/shares/{first}/put-away", data={"reason": "核对过"}).status_code == 409
    assert "销毁内容" in host.get(here + "/put-away").text
    assert host.post(here + "/put-away", data={"reason": " "}).status_code == 422
    assert stands(walk.host, first) == (ShareState.LIVE, "impossible_decision"), "a reason is asked for"
    page = host.post(here + "/put-away", data={"reason": "已电话核对"}, follow_redirects=True).text
    assert "已作废这一份" in page and "由我方作废" in page and "作废对不上的这一份共享" in page and "已电话核对" in page
    assert "对方没有这项共享" not in page and "由本县作废" in page, "it is not said that they have none of it"
    assert host.post(here + "/put-away", data={"reason": "再按"}).status_code == 409
    with walk.host.act():
        assert world.count(SharedValue, SharedValue.share_id == first) == 0
    assert stands(walk.home, first) == (ShareState.LIVE, ""), "home hears of it by its next word"
    with walk.home.act():
        assert heartbeat.tell_all() == 1
        fence.commit()
    walk.work()
    assert stands(walk.home, first) == stands(walk.host, first) == (ShareState.NOT_OPENED, "")
    assert "由对方作废" in home.get(f"/{walk.home.code}/shares/{first}").text
    assert "这项共享作废" in home.get(f"/{walk.home.code}/notices").text
    held = [_of(walk, side, role) for side, role in ((walk.home, "owner"), (walk.host, "receiver"))]
    assert held[0] == held[1] and held[0][1]["/dues_until"] == "2026-12"

    second = stop()
    assert second == held[1][0] != first
    with walk.home.act():
        service.revoke(service.get(second, lock=True), "narrowed")
        fence.commit()
    walk.work()
    assert stands(walk.host, second) == (ShareState.LIVE, "impossible_decision")
    assert stands(walk.home, second) == (ShareState.PURGE_REQUESTED, "")
    page = host.post(
        here.replace(str(first), str(second)) + "/put-away", data={"reason": "已核对"}, follow_redirects=True
    )
    assert "证明已送出" in page.text and f"{walk.home.name}停止共享，要求销毁" in page.text, "their word, and our proof"
    walk.work()
    assert stands(walk.home, second) == stands(walk.host, second) == (ShareState.PURGED, "")
    assert "证明密钥、内容和检索字词已销毁" in home.get(f"/{walk.home.code}/shares/{second}").text

    # A no of the member that finds ours put away is told all the same: the host's own share of him goes too.
    with walk.home.act():
        service.open_again(service.get(second, lock=True))
        fence.commit()
    walk.work()
    third = stop()
    walk.amend(dues_until="2027-01")
    with walk.host.act():
        stopped.put_away(service.get(third, lock=True), "已核对")
        fence.commit()
    assert _of(walk, walk.host, "owner")[1], "his branch there"
    walk.withdraw("S6")
    assert stands(walk.home, third) == (ShareState.NOT_OPENED, "")
    for side, role in ((walk.home, "owner"), (walk.home, "receiver"), (walk.host, "owner"), (walk.host, "receiver")):
        with side.act():
            assert service.standing(walk.id, role, "S6") is None


def _of(walk, side, role):
    """The share of S6 that stands here, and what it holds."""
    with side.act():
        share = service.standing(walk.id, role, "S6")
        return share.id, values.held([share.id])[share.id]


@pytest.mark.long
def test_ten_of_a_hundred_thousand_are_found_and_mended_with_few_bytes(walk, monkeypatch, proved):
    """FED §7: at most 64 KiB on the wire, in both directions, the sealed values that go again among them."""
    wire = {"digest": 0, "batches": 0}
    digest, deliver = transports.digest, transports.deliver

    def weighed_digest(peer, sender, sent):
        answered = digest(peer, sender, sent)
        wire["digest"] += len(sent) + len(answered)
        return answered

    def weighed_deliver(peer, sender, batch):
        answers = deliver(peer, sender, batch)
        wire["batches"] += len(bundles.pack(batch)) + sum(len(a.receipt or "") for a in answers)
        return answers

    walk.until_taken_on()
    with walk.home.act():
        first = service.standing(walk.id, "owner", "S6").id
    many = crowd.of(walk, first, 99_999)
    with walk.host.act():
        query = delete(SharedValue).where(SharedValue.share_id.in_(many[::10_000]), SharedValue.field == "dues_until")
        db.session.execute(query)
        fence.commit()
    monkeypatch.setattr(transports, "digest", weighed_digest)
    monkeypatch.setattr(transports, "deliver", weighed_deliver)
    began = time.perf_counter()
    with walk.home.act():
        assert heartbeat.tell_all() == 1
        fence.commit()
    relay.drain(walk.home.tenant_id, walk.host.uid)
    told = time.perf_counter()
    assert _last(walk.home) == ("refused", "copies_differ")
    before = _snapshots(walk.home)
    walk.work()
    ended = time.perf_counter()
    assert _snapshots(walk.home) == before + 10
    with walk.home.act():
        ours = buckets.told("owner", walk.host.uid)
    with walk.host.act():
        assert buckets.told("receiver", walk.home.uid) == ours
    assert sum(wire.values()) <= 64 * 1024, wire
    proved("bytes to find and mend 10 of 100,000", sum(wire.values()))
    print(f"told {told - began:.2f} s, found and mended {ended - told:.2f} s, {wire}")
