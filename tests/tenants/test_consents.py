"""Notices and consents: given once, asked for by sharing, withdrawn at once with everybody told."""

from datetime import date, timedelta

import pytest

from tests import world
from web.core import clock, events, fence
from web.core.errors import Invalid
from web.core.events import Event
from web.core.ids import uuid7
from web.extensions import db
from web.tenants.consents import service, wordings
from web.tenants.consents.models import Basis, Consent, Method
from web.tenants.members import service as members


@pytest.fixture
def two(pair):
    with fence.acting_for(pair.home.tenant_id):
        branch = pair.home.orgs["示例村支部"]
        yield pair, [members.enroll(branch, name=n, gender="1", member_kind="1") for n in ("王示甲", "李例乙")]


def test_a_notice_stands_until_it_is_withdrawn_and_later_rooms_are_told(two):
    pair, (member, other) = two
    partner = pair.host.uid
    told: list[service.ConsentWithdrawn] = []
    rows = service.give(member, partner, ["S2", "S6", "S3"], method=Method.PAPER, on=date(2026, 3, 1))
    assert {r.scope: r.basis for r in rows} == {"S2": Basis.NOTICE, "S6": Basis.NOTICE, "S3": Basis.CONSENT}
    assert service.give(member, partner, ["S2"], method=Method.PHONE) == []
    assert service.stands(member.id, partner, "S2") and not service.stands(member.id, uuid7(), "S2")
    assert service.stands(member.id, partner, "S1"), "counts need nothing of a member"
    assert service.lacking([member.id, other.id], partner, "S2") == {other.id}
    events._listeners.setdefault(service.ConsentWithdrawn, []).append(told.append)
    try:
        service.withdraw(member, partner, ["S2", "S6"], reason="本人要求")
        assert service.withdraw(member, partner, ["S2"]) == []
    finally:
        events._listeners[service.ConsentWithdrawn].remove(told.append)
    assert [t.scopes for t in told] == [("S2", "S6")]
    assert [c.scope for c in service.standing(member.id)] == ["S3"]
    assert world.count(Consent, Consent.withdrawn_at.is_not(None)) == 2
    entry = db.session.scalars(db.select(Event).where(Event.verb == "consent.withdraw").limit(1)).one()
    assert (entry.reason, entry.member_id) == ("本人要求", member.id)
    assert [r.scope for r in service.give(member, partner, ["S2"], method=Method.WEB)] == ["S2"]


def test_his_last_word_counts_whatever_day_is_written_down_later(two):
    pair, (member, _other) = two
    partner = pair.host.uid
    with clock.at(clock.midnight(clock.today()) + timedelta(hours=12)):
        today, before = clock.today(), clock.today() - timedelta(days=1)
        service.give(member, partner, ["S2", "S6"], method=Method.PAPER, on=today - timedelta(days=9))
        service.withdraw(member, partner, ["S2"])
        assert service.withdrawn_since(member.id, partner, before) == {"S2"}
        given = service.give(member, partner, ["S2", "S5"], method=Method.PAPER, on=before)
        assert [c.scope for c in given] == ["S5"] and not service.stands(member.id, partner, "S2")
        assert [c.scope for c in service.give(member, partner, ["S2"], method=Method.PAPER, on=today)] == ["S2"]
        assert service.withdrawn_since(member.id, partner, before) == set(), "told again since"


def test_a_record_keeps_the_words_that_were_shown_when_the_notice_changes(two):
    pair, (member, _other) = two
    (old,) = service.give(member, pair.host.uid, ["S2"], method=Method.IN_PERSON)
    first = wordings.of_version(old.version)
    assert "姓名" in first.texts["S2"] and "身份证号" not in first.texts["S2"], (
        "made of the registry, nothing else in it"
    )
    assert "敏感" in first.texts["S3"] and "敏感" not in first.texts["S6"]
    assert "余杭区党委组织部门" in wordings.shown(first.texts["S2"], "岳西县", "余杭区")[0]
    texts = {**first.texts, "S3": "{county}向{partner}提供一个号码。"}
    assert wordings.renew(texts).version == old.version + 1
    (new,) = service.give(member, pair.host.uid, ["S3"], method=Method.IN_PERSON)
    assert wordings.of_version(new.version).texts["S3"] == texts["S3"]
    assert wordings.of_version(old.version).texts["S3"] != texts["S3"]
    # Told again by the new words, that is written down once; the old word stands beside it, and both end by one press.
    again = [service.give(member, pair.host.uid, ["S2"], method=Method.PHONE) for _ in range(2)]
    assert [[c.version for c in rows] for rows in again] == [[new.version], []]
    assert old.withdrawn_at is None
    assert len(service.withdraw(member, pair.host.uid, ["S2"])) == 2
    assert not service.stands(member.id, pair.host.uid, "S2")
    with pytest.raises(Invalid) as refused:
        wordings.renew({**texts, "S2": "没有县名", "S4": " "})
    assert refused.value.fields == {"S2": ["places_missing"], "S4": ["required"]}


def test_a_consent_to_a_service_stands_for_one_request_alone(two):
    pair, (member, _other) = two
    partner, asked, another = pair.host.uid, uuid7(), uuid7()
    for scope, about_id in (("S7", None), ("S3", asked)):
        with pytest.raises(Invalid):
            service.give(member, partner, [scope], method=Method.PAPER, about_id=about_id)
    service.give(member, partner, ["S7"], method=Method.PAPER, about_id=asked)
    service.give(member, partner, ["S7"], method=Method.PAPER, about_id=another)
    assert service.stands(member.id, partner, "S7", asked) and service.stands(member.id, partner, "S7", another)
    assert not service.stands(member.id, partner, "S7") and not service.stands(member.id, partner, "S7", uuid7())
    service.withdraw(member, partner, ["S7"], about_id=asked)
    assert not service.stands(member.id, partner, "S7", asked) and service.stands(member.id, partner, "S7", another)


def test_what_cannot_be_is_refused_and_nothing_written(two):
    pair, (member, _other) = two
    for scopes, on, wrong in (
        (["S1"], None, {"scope": ["unknown_scope"]}),
        (["S2"], clock.today() + timedelta(days=1), {"given_on": ["in_the_future"]}),
        ([], None, {"scope": ["choose_one"]}),
    ):
        with pytest.raises(Invalid) as refused:
            service.give(member, pair.host.uid, scopes, method=Method.PAPER, on=on)
        assert refused.value.fields == wrong
    assert world.count(Consent) == 0
