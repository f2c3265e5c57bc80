"""The member's verbs, and search, on a real database with another county's same people beside ours."""

import re
from datetime import date
from hashlib import sha256

import pytest

from tests import world
from web.core import events, fence
from web.core.errors import Conflict, Invalid, NotFound, WrongState
from web.core.events import Event
from web.core.ids import uuid7
from web.extensions import db
from web.tenants.members import citizen_id, merging, search, service
from web.tenants.members.codes import Standing
from web.tenants.members.models import Member, MemberGram, Relation
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import OrgKind

BRANCH = {"340828": "示例村支部", "330110": "演示社区第一支部"}
NUMBER = citizen_id.invent("990121", date(1980, 1, 1), 1)


def enrol(side, name="王示甲", **more):
    values = {"gender": "1", "member_kind": "1", "birth_on": date(1980, 1, 1), **more}
    return service.enroll(side.orgs[BRANCH[side.code]], name=name, **values)


def found(text):
    return {m.name for m in db.session.scalars(db.select(Member).where(search.condition(text)))}


@pytest.fixture
def both(pair):
    """Both counties have the same person; ours has four more."""
    for side in (pair.host, pair.home):
        with fence.acting_for(side.tenant_id):
            enrol(side, id_number=NUMBER, phone="15400000123")
            fence.commit()
    with fence.acting_for(pair.home.tenant_id):
        enrol(pair.home, "欧阳演丙", phone="154 0000 4567")
        enrol(pair.home, "阿依·示例", gender="2", second_phone="154 0000 6666")
        enrol(pair.home, "单示乙")
        enrol(pair.home, "王　示", id_number=citizen_id.invent("990121", date(1980, 1, 1), 12))
        fence.commit()
    return pair


def test_a_member_is_found_by_whatever_a_clerk_types(both):
    tail = NUMBER[-4:]
    with fence.acting_for(both.home.tenant_id):
        for text, names in {
            "王示甲": {"王示甲"}, "示甲": {"王示甲"}, "王示": {"王示甲", "王示"}, "王 示": {"王示甲", "王示"}, "王": {"王示甲", "王示"},
            "wsj": {"王示甲"}, "WS": {"王示甲", "王示"}, "wangshijia": {"王示甲"}, "wang shi": {"王示甲", "王示"},
            "ouyang": {"欧阳演丙"}, "oyyb": {"欧阳演丙"}, "shan": {"单示乙"}, "阿依示例": {"阿依·示例"}, "依·示": {"阿依·示例"},
            tail: {"王示甲"}, tail.lower(): {"王示甲"}, "0123": {"王示甲"}, "4567": {"欧阳演丙"}, NUMBER: {"王示甲"}, NUMBER.lower(): {"王示甲"},
            "15400000123": {"王示甲"}, "154-0000-0123": {"王示甲"}, "＋86 15400000123": {"王示甲"}, "王示 0123": {"王示甲"}, "王示 4567": set(),
            "15400006666": {"阿依·示例"}, "6666": {"阿依·示例"}, "15411116666": set(),
            "9999": set(), "12345": set(), "李": set(),
        }.items():  # fmt: skip
            assert found(text) == names, text
        assert search.condition("  ") is None
    with fence.acting_for(both.host.tenant_id):
        assert found("0123") == {"王示甲"} and found("ouyang") == set()


def test_no_token_of_a_number_can_be_read_or_compared_across_counties(both):
    tokens = {}
    for side in (both.home, both.host):
        with fence.acting_for(side.tenant_id):
            query = (
                db.select(MemberGram.gram)
                .join(Member, Member.id == MemberGram.member_id)
                .where(Member.name == "王示甲")
            )
            tokens[side.code] = {g for g in db.session.scalars(query) if ":" in g}
            assert len(tokens[side.code]) == 2
            # A keyed digest of the whole tail; that its hexadecimals hold four digits by chance says nothing.
            assert all(re.fullmatch(r"[a-z]+:[0-9a-f]{32}", g) for g in tokens[side.code])
            plain = {sha256(tail.encode()).hexdigest()[:32] for tail in (NUMBER[-4:], "0123")}
            assert not plain & {g.partition(":")[2] for g in tokens[side.code]}
    assert not tokens["340828"] & tokens["330110"]


def test_enrolling_fills_birth_and_gender_and_refuses_what_cannot_be(pair):
    with fence.acting_for(pair.home.tenant_id):
        member = service.enroll(pair.home.orgs["示例村支部"], name="王　示", member_kind="1", id_number=NUMBER.lower())
        assert (member.name, member.birth_on, member.gender, member.name_pinyin) == (
            "王示",
            date(1980, 1, 1),
            "1",
            "wangshi",
        )
        assert member.id_number == NUMBER and member.relation is Relation.HELD
        for wrong, field, code in (
            ({"name": "王"}, "name", "not_a_name"),
            ({"name": ""}, "name", "required"),
            ({"id_number": NUMBER[:-1] + "0"}, "id_number", "id_check"),
            ({"id_number": NUMBER}, "id_number", "already_registered"),
            ({"phone": "12"}, "phone", "phone_unreadable"),
            ({"member_kind": ""}, "member_kind", "choose_one"),
            ({"birth_on": date(2999, 1, 1)}, "birth_on", "in_the_future"),
            ({"dues_until": "2026-13"}, "dues_until", "not_a_month"),
            ({"joined_on": date(1979, 1, 1)}, "joined_on", "before_birth_on"),
            ({"joined_on": date(2001, 1, 1), "confirmed_on": date(2000, 1, 1)}, "confirmed_on", "before_joined_on"),
        ):
            with pytest.raises(Invalid) as refused:
                enrol(pair.home, **{"name": "李例乙", **wrong})
            assert refused.value.fields == {field: [code]}
        for org in (pair.home.orgs["天堂镇"], uuid7(), pair.host.orgs["演示社区第一支部"]):
            with pytest.raises(Invalid) as refused:
                service.enroll(org, name="李例乙", gender="1", member_kind="1")
            assert refused.value.fields == {"branch_id": ["takes_no_members"]}
        assert world.count(Member) == 1


def test_the_likely_same_person_is_named_the_surest_first(both):
    def by(**asked):
        return [(c.name, c.why) for c in service.duplicates(**asked)]

    with fence.acting_for(both.home.tenant_id):
        same = {"name": "王示甲", "birth_on": date(1980, 1, 1), "phone": "15400000123"}
        assert by(id_number=NUMBER, **same) == [("王示甲", "id_number")]
        assert by(name="王示甲", birth_on=date(1980, 1, 1)) == [("王示甲", "name_birth")]
        assert by(name="王示甲", phone="15400000123") == [("王示甲", "name_phone")]
        assert by(name="李例乙", birth_on=date(1980, 1, 1), phone="15400000123") == [("王示甲", "birth_phone")]
        assert by(name="王示甲") == [] and by(birth_on=date(1980, 1, 1)) == [] and by() == []
        member = service.duplicates(id_number=NUMBER)[0]
        assert member.branch == "天堂镇示例村支部"
        assert service.duplicates(id_number=NUMBER, but=member.member_id) == []


def test_a_change_is_logged_with_its_values_encrypted_and_moves_the_search_tokens(both):
    with fence.acting_for(both.home.tenant_id):
        member = db.session.scalars(db.select(Member).where(Member.name == "欧阳演丙")).one()
        changed = service.amend(member, {"name": "欧阳示范", "phone": "15400008888", "education": "21"}, reason="更名")
        assert changed == {"name", "phone", "education"}
        entry = db.session.scalars(
            db.select(Event).where(Event.subject_id == member.id).order_by(Event.id.desc())
        ).first()
        assert (entry.verb, entry.reason, entry.member_id) == ("member.amend", "更名", member.id)
        assert "欧阳示范" not in str(entry.changes) and "digest" in entry.changes["phone"]
        assert events.revealed(entry)["phone"] == ["15400004567", "15400008888"]
        fence.commit()
        assert found("4567") == set() == found("欧阳演丙") and found("8888") == {"欧阳示范"} == found("oysf")
        assert service.amend(member, {"education": "21"}) == set()


def test_two_people_changing_one_field_see_both_values_and_others_changes_stay(both):
    with fence.acting_for(both.home.tenant_id):
        member = db.session.scalars(db.select(Member).where(Member.name == "王示甲")).one()
        seen = member.updated_at
        service.amend(member, {"post": "村干部", "education": "30"}, version=seen)
        # The second person saw the same version, touched only the post, and sends the whole form.
        with pytest.raises(Conflict) as clash:
            service.amend(member, {"post": "教师", "education": "", "dues_until": "2026-10"}, version=seen)
        assert clash.value.params["fields"] == {"post": ("教师", "村干部")} and clash.value.params["who"] == "系统"
        assert clash.value.params["left"] == {"education": "30"}
        assert member.dues_until == ""
        assert service.amend(member, {"education": "", "dues_until": "2026-10"}, version=seen) == {"dues_until"}
        assert member.education == "30"
        assert service.amend(member, {"post": "教师"}, version=member.updated_at) == {"post"}


def test_a_row_in_transfer_and_a_row_of_history_refuse_every_verb(both):
    with fence.acting_for(both.home.tenant_id):
        member = db.session.scalars(db.select(Member).where(Member.name == "王示甲")).one()
        verbs = {
            "amend": lambda: service.amend(member, {"post": "x"}),
            "assign_branch": lambda: service.assign_branch(member, both.home.orgs["试例村支部"]),
            "mark_dues": lambda: service.mark_dues(member, "2026-10"),
            "mark_contact": lambda: service.mark_contact(member, is_lost=True),
            "end": lambda: service.end(member, Standing.DECEASED, reason="x"),
        }
        handover = uuid7()
        service.freeze(member, handover)
        service.freeze(member, handover)
        with pytest.raises(WrongState):
            service.freeze(member, uuid7())
        for name, verb in verbs.items():
            with pytest.raises(WrongState) as refused:
                verb()
            assert refused.value.code == "member_in_transfer", name
        service.become_history(member)
        for name, verb in verbs.items():
            with pytest.raises(WrongState) as refused:
                verb()
            assert refused.value.code == "member_is_history", name
        # A number of somebody who left can come back: history does not block it.
        assert service.enroll(both.home.orgs["示例村支部"], name="王示甲", member_kind="1", id_number=NUMBER)


def test_a_provisional_member_settles_with_its_number_and_becomes_findable(both):
    with fence.acting_for(both.host.tenant_id):
        number = citizen_id.invent("990121", date(1980, 1, 1), 77)
        member = enrol(both.host, "李例乙", relation=Relation.PROVISIONAL)
        service.settle(member, number)
        assert member.relation is Relation.HELD and found(number[-4:]) == {"李例乙"}
        with pytest.raises(WrongState):
            service.settle(member)
        other = enrol(both.host, "赵演戊", relation=Relation.PROVISIONAL)
        service.withdraw(other)
        assert other.relation is Relation.ENDED
        with pytest.raises(WrongState):
            service.reopen(member, both.host.orgs["演示社区第一支部"], {})
        service.become_history(member)
        service.reopen(member, both.host.orgs["演示社区第二支部"], {"dues_until": "2026-10"})
        assert member.relation is Relation.HELD and found(number[-4:]) == {"李例乙"}
        assert (member.branch_id, member.dues_until) == (both.host.orgs["演示社区第二支部"], "2026-10")


def test_moving_paying_and_ending(both):
    with fence.acting_for(both.home.tenant_id):
        member = db.session.scalars(db.select(Member).where(Member.name == "王示甲")).one()
        service.assign_branch(member, both.home.orgs["试例村支部"], reason="搬家")
        service.mark_dues(member, "2026-10")
        assert member.branch_id == both.home.orgs["试例村支部"] and member.dues_until == "2026-10"
        for standing, reason in ((Standing.NORMAL, "x"), (Standing.DECEASED, " ")):
            with pytest.raises(Invalid):
                service.end(member, standing, reason=reason)
        service.end(member, Standing.DECEASED, reason="因病去世")
        assert (member.relation, member.standing) == (Relation.ENDED, "deceased")
        verbs = db.session.scalars(db.select(Event.verb).where(Event.member_id == member.id).order_by(Event.id)).all()
        assert verbs == ["member.enroll", "member.assign_branch", "member.mark_dues", "member.end"]


@pytest.mark.parametrize("step", ["moved", "ended"])
def test_nobody_is_put_back_into_a_branch_that_was_closed_since(both, step):
    with fence.acting_for(both.home.tenant_id):
        old = organisations.found(organisations.get(both.home.orgs["天堂镇"]), OrgKind.BRANCH, "演示村支部")
        member = service.enroll(old.id, name="周试己", gender="1", member_kind="1")
        with events.noted() as did:
            if step == "moved":
                service.assign_branch(member, both.home.orgs["示例村支部"])
            else:
                service.end(member, Standing.DECEASED, reason="因病去世")
        back = {"moved": service.put_back, "ended": service.reinstate}[step]
        entry = db.session.get(Event, (both.home.tenant_id, did[0]))
        organisations.close(old, "合并")
        assert not back(entry)
        assert (member.branch_id, member.relation) != (old.id, Relation.HELD)


def test_merged_records_are_not_parted_into_a_branch_that_was_closed_since(both):
    with fence.acting_for(both.home.tenant_id):
        old = organisations.found(organisations.get(both.home.orgs["天堂镇"]), OrgKind.BRANCH, "演示村支部")
        kept, gone = enrol(both.home, "周试己"), service.enroll(old.id, name="周试己", gender="1", member_kind="1")
        pair = merging.merge(kept, gone, [])
        organisations.close(old, "合并")
        with pytest.raises(WrongState, match="merge_branch_closed"):
            merging.take_back(pair)
        assert gone.relation is Relation.ENDED and pair.undone_at is None


def test_another_countys_member_is_absent(both):
    with fence.acting_for(both.host.tenant_id):
        theirs = db.session.scalars(db.select(Member.id)).one()
    with fence.acting_for(both.home.tenant_id), pytest.raises(NotFound):
        service.get(theirs)


def test_a_number_that_another_has_by_now_does_not_come_back(both):
    """Neither by undoing a change nor by parting what was merged: two live records of one number would be one person twice."""
    first, second, third = (citizen_id.invent("990121", date(1980, 1, 1), n) for n in (31, 32, 33))
    with fence.acting_for(both.home.tenant_id):
        member = enrol(both.home, "周试己", id_number=first)
        with events.noted() as did:
            service.amend(member, {"id_number": second})
        entry = db.session.get(Event, (both.home.tenant_id, did[0]))
        other = enrol(both.home, "郑演庚", id_number=first)
        assert service.put_back(entry) is False and member.id_number == second
        service.end(other, Standing.EXPELLED, reason="处分决定")
        assert service.put_back(entry) is True and member.id_number == first
        gone = enrol(both.home, "周试己", id_number=third)
        pair = merging.merge(member, gone, [])
        other = enrol(both.home, "郑演庚", id_number=third)
        with pytest.raises(WrongState, match="merge_number_taken"):
            merging.take_back(pair)
        service.end(other, Standing.EXPELLED, reason="处分决定")
        # What was changed since stands in the way, until that is undone.
        with events.noted() as did:
            service.amend(member, {"post": "会计"})
        with pytest.raises(WrongState, match="merge_changed_since"):
            merging.take_back(pair)
        assert service.put_back(db.session.get(Event, (both.home.tenant_id, did[0]))) is True
        merging.take_back(pair)
        assert (member.id_number, gone.id_number, gone.relation) == (first, third, Relation.HELD)
