"""疑似重复: two records side by side become one, field by field, and two again; or are remembered as two people."""

from __future__ import annotations

import itertools
import re
from datetime import date, timedelta

from sqlalchemy import func

from tests.blueprints.test_auth import sign_in
from tests.federation.referrals.walk import Walk
from web.core import clock, fence
from web.extensions import db
from web.reports import Period, figures
from web.reports.figures import Span
from web.tenants.consents import service as consents
from web.tenants.consents.models import Consent, Method
from web.tenants.flows import service as flows
from web.tenants.labels import service as labels
from web.tenants.members import merging, service
from web.tenants.members.models import MemberPair, Relation

BORN = date(1990, 7, 15)


def test_who_went_on_into_a_third_record_is_one_person(agreed):
    side, partner = agreed.home, agreed.host.uid
    with side.act():

        def told():
            span = Span.of([agreed.ref.id], Period(clock.today(), clock.today()))
            return figures.recorded(span, [partner]).get("S6", 0)

        before = told()
        records = [
            service.enroll(side.orgs["示例村支部"], name="王示甲", gender="1", member_kind="1", birth_on=BORN)
            for _ in range(3)
        ]
        for record in records:
            consents.give(record, partner, ["S6"], method=Method.PAPER)
        assert told() == before + 3
        for gone, kept in itertools.pairwise(records):
            merging.merge(kept, gone, ())
        assert told() == before + 1


def test_two_records_become_one_and_two_again_and_what_is_sealed_stays(agreed, work, fresh, proved):
    side = agreed.home
    walk = Walk(agreed, work)  # 欧阳示甲, who is away in 余杭
    with side.act():
        kept = service.enroll(
            side.orgs["示例村支部"], name="王示甲", gender="1", member_kind="1", birth_on=BORN, post="会计"
        )
        gone = service.enroll(
            side.orgs["试例村支部"],
            name="王示甲",
            gender="1",
            member_kind="1",
            birth_on=BORN,
            phone="15400001111",
            post="出纳",
        )
        flows.depart(gone, left_on=date(2026, 2, 1), host_code="331124")
        # Of what he was told by the other record he withdrew one notice today, one before this record's was given, and
        # one today that he was told of again since.
        consents.give(kept, agreed.host.uid, ["S2", "S5", "S6"], method=Method.PAPER)
        for days, scope in ((1, "S6"), (0, "S2"), (0, "S5")):
            with clock.at(clock.now() - timedelta(days=days)):
                consents.give(gone, agreed.host.uid, [scope], method=Method.PAPER)
                consents.withdraw(gone, agreed.host.uid, [scope])
        consents.give(gone, agreed.host.uid, ["S5"], method=Method.PAPER)
        labels.mark([gone], [labels.add("困难党员", "grey")], [])
        twin = service.enroll(
            side.orgs["试例村支部"], name="欧阳示甲", gender="1", member_kind="1", birth_on=date(1988, 3, 4)
        )
        service.mark_contact(twin, is_lost=True, reason="import")
        kept_id, gone_id, twin_id = kept.id, gone.id, twin.id
        fence.commit()
    walk.offer()
    browser = fresh.test_client()
    assert sign_in(browser, side).status_code == 303
    base = f"/{side.code}/members/duplicates"

    def at(member_id):
        with side.act():
            m = service.get(member_id)
            return (
                m.relation,
                m.phone,
                m.post,
                str(m.branch_id),
                flows.current(m.id) is not None,
                labels.held([m.id]).get(m.id, set()),
            )

    def is_lost(member_id):
        with side.act():
            return service.get(member_id).is_lost_contact

    home = browser.get(f"/{side.code}/").text
    assert "疑似重复" in home and "姓名、出生日期相同" in home
    listed = browser.get(base).text
    assert listed.count("王示甲") >= 2 and listed.count("欧阳示甲") >= 2

    # What was offered to a partner is sealed on both sides: it stays, the other may go.
    compared = f"{base}/{walk.member_id}/{twin_id}"
    page = browser.get(compared).text
    assert "不能并到另一条" in page and page.count("留这一条") == 1
    refused = browser.post(compared, data={"act": "merge", "kept": str(twin_id)})
    assert refused.status_code == 422 and "双方的记录已密封" in refused.text
    assert at(walk.member_id)[0] is Relation.HELD

    compared = f"{base}/{kept_id}/{gone_id}"
    page = browser.get(compared).text
    assert "会计" in page and "出纳" in page and "15400001111" not in page
    was = at(kept_id), at(gone_id)
    done = browser.post(
        compared, data={"act": "merge", "kept": str(kept_id), "take-phone": str(gone_id), "take-post": str(kept_id)}
    )
    assert done.status_code == 303
    relation, phone, post, branch, is_away, marks = at(kept_id)
    assert (relation, phone, post, is_away, len(marks)) == (Relation.HELD, "15400001111", "会计", True, 1)
    assert branch == was[0][3] and at(gone_id)[0] is Relation.ENDED
    with side.act():
        stand = [consents.stands(kept_id, agreed.host.uid, scope) for scope in ("S2", "S6", "S5")]
        span = Span.of([agreed.ref.id], Period(clock.today() - timedelta(days=2), clock.today()))
        told, taken = (of(span, [agreed.host.uid]) for of in (figures.recorded, figures.withdrawn))
        (others,) = db.session.execute(
            db.select(*(func.count(Consent.member_id.distinct()).filter(Consent.scope == s) for s in ("S2", "S5", "S6")))
            .where(Consent.member_id.not_in([kept_id, gone_id]))
        ).all()  # fmt: skip
        assert [told[scope] for scope in ("S2", "S5", "S6")] == [n + 1 for n in others], (
            "one person, whatever was merged"
        )
        assert set(taken.values()) == {1}
    assert stand == [False, True, True], "what he withdrew by either record is withdrawn, unless he was told since"
    after = browser.get(base).text
    assert "已合并为王示甲一条记录" in after and f"/{gone_id}" not in after
    assert "与重复的一条合并" in browser.get(f"/{side.code}/members/{kept_id}").text
    history = browser.get(f"/{side.code}/members/{gone_id}").text
    assert "并入重复的另一条" in history and f"/members/{kept_id}" in history

    back = re.search(r'action="([^"]+/take-back)"', after)[1]
    with side.act():
        service.amend(service.get(kept_id, lock=True), {"post": "主任"})
        fence.commit()
    assert browser.post(back).status_code == 409, "the record that stayed was changed since"
    with side.act():
        pair = db.session.scalars(db.select(MemberPair)).one()
        assert pair.kept_id == kept_id and pair.moved["flow"] and pair.undone_at is None
        fence.commit()

    # 不是重复 is remembered, and can be taken back.
    compared = f"{base}/{twin_id}/{walk.member_id}"
    assert browser.post(compared, data={"act": "differ"}).status_code == 303
    listed = browser.get(base).text
    assert "不是重复" in listed and "/duplicates/" + str(min(walk.member_id, twin_id)) not in listed
    assert browser.post(compared, data={"act": "merge", "kept": str(walk.member_id)}).status_code == 422
    with side.act():
        pair = db.session.scalars(db.select(MemberPair).where(MemberPair.kept_id.is_(None))).one()
        pair_id = pair.id
    assert browser.post(f"{base}/{pair_id}/take-back").status_code == 303
    assert browser.post(compared, data={"act": "merge", "kept": str(walk.member_id)}).status_code == 303
    assert at(twin_id)[0] is Relation.ENDED and at(walk.member_id)[0] is Relation.HELD
    assert is_lost(walk.member_id), "what the organisation found of either is not lost with the record"
    after = browser.get(base).text
    (undo,) = set(re.findall(r'action="([^"]+/take-back)"', after)) - {back}
    with clock.at(clock.now() + merging.BACK_WITHIN * 2):
        assert sign_in(browser, side).status_code == 303
        assert browser.post(undo).status_code == 409, "too late"
    assert sign_in(browser, side).status_code == 303
    assert browser.post(undo).status_code == 303
    assert at(twin_id)[0] is Relation.HELD and "欧阳示甲" in browser.get(base).text
    assert is_lost(twin_id) and not is_lost(walk.member_id)

    # Another part of the tree, and another county, do not see them.
    stranger = fresh.test_client()
    assert sign_in(stranger, agreed.host).status_code == 303
    assert stranger.get(f"/{agreed.host.code}/members/duplicates/{kept_id}/{gone_id}").status_code == 404
    proved("merged and parted", 4)
