"""Every way a handover can go, between two counties, through the real jobs; what each end leaves behind at each side."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from pypdf import PdfReader

from tests.blueprints.test_auth import sign_in
from tests.federation.handovers.walk import BORN, NUMBER, TO, UNDER
from web import jobs
from web.core import clock, fence
from web.core.errors import Invalid, WrongState
from web.core.events import Actor, Event
from web.extensions import db
from web.federation.agreements.registers import AT_REST
from web.federation.handovers import service
from web.federation.handovers.models import Handover, HandoverState, Outcome
from web.federation.handovers.packet import as_member
from web.federation.post import service as post
from web.federation.post.models import OutboxMessage, StoredDisclosure
from web.tenants.accounts.permissions import Role
from web.tenants.activities import service as activities
from web.tenants.activities.models import ActivityKind
from web.tenants.consents import service as consents
from web.tenants.documents import service as documents
from web.tenants.flows import service as flows
from web.tenants.flows.models import FlowEnd
from web.tenants.members import citizen_id
from web.tenants.members import service as members
from web.tenants.members.codes import Standing
from web.tenants.members.models import Member, MemberGram, Relation

S = HandoverState
HOME, HOST = ["岳西县"], ["余杭区"]


def outcome(side, id_):
    with side.act():
        return service.get(id_).outcome


def told_by_the_log(id_):
    """The reasons that this county's log has for good."""
    return set(db.session.scalars(db.select(Event.reason).where(Event.subject_id == id_)))


def text_of(content):
    """The words of a PDF without white space."""
    return re.sub(r"\s", "", "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages))


def nothing_left_at_the_host(walk):
    """No packet, no disclosure, no row of the register."""
    with walk.pair.host.act():
        handover = service.get(walk.id)
        assert handover.values() == {} and handover.packet is None and handover.member_id is None
        assert handover.person_blind is None
        kept = db.select(StoredDisclosure).where(
            StoredDisclosure.about_id == walk.id, StoredDisclosure.wrapped.is_not(None)
        )
        assert db.session.scalars(kept).all() == []
        assert (
            db.session.scalars(db.select(Member)).all() == [] and db.session.scalars(db.select(MemberGram)).all() == []
        )
    with walk.pair.home.act():
        member = members.get(walk.member_id)
        assert (member.relation, member.frozen_by) == (Relation.HELD, None)
        assert flows.current(member.id) is not None


def test_from_application_to_the_receipt_at_home(walk):
    walk.begin()
    assert walk.states() == (S.REQUESTED, S.REQUESTED)
    with walk.pair.home.act():
        assert consents.stands(walk.member_id, walk.pair.host.uid, "S4")
    with walk.pair.host.act():
        assert service.get(walk.id).values() == {"name": "王示甲", "birth_on": "1990-07-15"}
    walk.host(service.accept)
    assert walk.states() == (S.ACCEPTED, S.ACCEPTED)
    walk.release()
    assert walk.states() == (S.RELEASED, S.RELEASED) and walk.owners() == HOME
    for side, other in ((walk.pair.home, walk.pair.host), (walk.pair.host, walk.pair.home)):
        with side.act():
            assert [code for ask in AT_REST for code in ask(UNDER.id, other.uid)] == ["open_handovers"]
    with walk.pair.home.act():
        assert members.get(walk.member_id).frozen_by == walk.id
        with pytest.raises(WrongState, match="member_in_transfer"):
            members.mark_dues(members.get(walk.member_id), "2026-11")
    with walk.pair.host.act():
        here = service.get(walk.id)
        packet = here.values()
        assert packet["letter_no"] == f"{clock.today().year}0001" and packet["from_org"] == "岳西县天堂镇示例村支部"
        assert (packet["sex"], packet["ethnicity"], packet["kind"], packet["dues_until"]) == (
            "1",
            "01",
            "full",
            "2026-10",
        )
        assert "id_number" not in packet and NUMBER not in str(packet)
        for contact, two in (
            ("15400000123、0571-88880000", ("15400000123", "0571-88880000")),
            ("见档案", (None, None)),
        ):
            row = as_member(packet | {"contact": contact})
            assert (row["phone"], row["second_phone"]) == two
        assert here.valid_until == clock.today() + timedelta(days=30) == here.due_on
    walk.take_over()
    assert walk.states() == (S.CLOSED, S.CLOSED) and walk.owners() == HOST
    with walk.pair.home.act():
        member = members.get(walk.member_id)
        assert (member.relation, member.frozen_by) == (Relation.TRANSFERRED, None)
        assert member.branch_id == walk.pair.home.orgs["示例村支部"], "the branch stays in the history"
        assert flows.episodes(member.id)[0].ended_as is FlowEnd.TRANSFERRED
        handover = service.get(walk.id)
        assert handover.values()["receipt"] == {"receipt_no": "0007", "handler": "陈例丁", "phone": "0571-0000123"}
        assert (handover.received_on, handover.outcome, handover.due_on) == (clock.today(), Outcome.ON_TIME, None)
    with walk.pair.host.act():
        handover = service.get(walk.id)
        member = members.get(handover.member_id)
        assert (member.relation, member.id_number, member.phone) == (Relation.HELD, NUMBER, "15400000123")
        assert handover.values()["name"] == "王示甲", "the packet stays as the host's own record"
        assert [code for ask in AT_REST for code in ask(UNDER.id, walk.pair.home.uid)] == []
        assert (handover.pending, handover.outcome) == ("", Outcome.ON_TIME)


def test_before_home_confirms_the_host_has_a_row_for_the_time_being_only(walk):
    walk.to_release()
    walk.take_over(run=False)
    with walk.pair.host.act():
        handover = service.get(walk.id)
        member = members.get(handover.member_id)
        assert (handover.state, handover.pending, member.relation) == (S.RELEASED, "take_over", Relation.PROVISIONAL)
        assert member.id_number is None
        assert not list(service.verbs_now(handover))
    with walk.at(walk.pair.host) as handover, pytest.raises(WrongState, match="waiting_for_partner"):
        service.decline(handover, "wrong_person")
    with walk.pair.host.act(), pytest.raises(WrongState, match="member_in_transfer"):
        members.end(members.get(service.get(walk.id).member_id, lock=True), Standing.DECEASED, reason="病故")
    assert walk.owners() == HOME


def test_who_was_taken_over_counts_at_the_host_once_home_confirmed(walk):
    """Until then he is due at home's meetings, and on no sheet of the host's but as its guest."""

    def due(side, branch):
        with side.act():
            by = Actor(side.accounts[Role.COUNTY_ADMIN], "甲", Role.COUNTY_ADMIN.value)
            head = activities.Head(
                side.orgs[branch], ActivityKind.THEME_DAY, "清洁家园", clock.today(), "村部", "周例戊", 90
            )
            activity = activities.plan(head, by)
            summary = activities.summary(activity)
            assert summary.due == len(activities.people(activity))
            return summary.due

    def both():
        return due(walk.pair.home, "示例村支部"), due(walk.pair.host, "演示社区第一支部")

    walk.to_release()
    walk.take_over(run=False)
    assert both() == (1, 0)
    walk.work()
    assert both() == (0, 1)
    walk.work()
    assert walk.owners() == HOST


@pytest.mark.parametrize("verb", ["refuse", "decline"])
def test_the_host_says_no(walk, verb):
    if verb == "refuse":
        walk.begin()
    else:
        walk.to_release()
    with walk.at(walk.pair.host) as handover, pytest.raises(Invalid) as wrong:
        getattr(service, verb)(handover, "other", " ")
    assert wrong.value.fields == {"text": ["required"]}
    walk.host(getattr(service, verb), "missing_file", "档案未到")
    state = {"refuse": S.REFUSED, "decline": S.DECLINED}[verb]
    assert walk.states() == (state, state) and walk.owners() == HOME
    with walk.pair.home.act():
        handover = service.get(walk.id)
        assert (handover.reason, handover.values()["text"]) == ("missing_file", "档案未到")
    assert outcome(walk.pair.host, walk.id) == outcome(walk.pair.home, walk.id) == state.value
    nothing_left_at_the_host(walk)
    with walk.pair.host.act():
        assert told_by_the_log(walk.id) >= {"missing_file"} and "档案未到" not in told_by_the_log(walk.id)


def test_given_back_mended_and_asked_again(walk):
    walk.begin()
    walk.host(service.give_back, ["birth_on", "name"], "出生日期与档案不符")
    assert walk.states() == (S.RETURNED, S.RETURNED)
    with walk.pair.home.act():
        handover = service.get(walk.id)
        assert handover.returned_fields == ["birth_on", "name"] and handover.values()["text"] == "出生日期与档案不符"
        member = members.get(walk.member_id, lock=True)
        members.amend(member, {"birth_on": "1990-07-16"})
        fence.commit()
    walk.home(service.ask_again)
    assert walk.states() == (S.REQUESTED, S.REQUESTED)
    with walk.pair.home.act():
        assert "text" not in service.get(walk.id).values(), (
            "what was said of what is mended is not said of what follows"
        )
    with walk.pair.host.act():
        assert "出生日期与档案不符" not in told_by_the_log(walk.id)
        assert service.get(walk.id).values() == {"name": "王示甲", "birth_on": "1990-07-16"}
        assert service.get(walk.id).returned_fields == []
    walk.host(service.accept)
    assert walk.states() == (S.ACCEPTED, S.ACCEPTED)


@pytest.mark.parametrize("who", ["home", "host"])
@pytest.mark.parametrize("state", [S.REQUESTED, S.RETURNED, S.ACCEPTED])
def test_either_side_cancels_before_the_letter(walk, who, state):
    walk.begin()
    if state is S.RETURNED:
        walk.host(service.give_back, ["file"])
    elif state is S.ACCEPTED:
        walk.host(service.accept)
    assert walk.states() == (state, state)
    getattr(walk, who)(service.cancel, "本人不再转出")
    assert walk.states() == (S.CANCELLED, S.CANCELLED)
    nothing_left_at_the_host(walk)
    with walk.pair.home.act():
        assert service.get(walk.id).values()["text"] == "本人不再转出" and "本人不再转出" not in told_by_the_log(
            walk.id
        )


def test_who_moves_begins_no_flow(walk):
    walk.begin()
    with walk.pair.home.act():
        member = members.get(walk.member_id)
        flows.end(flows.current(member.id), FlowEnd.RETURNED)
        with pytest.raises(WrongState, match="transfer_open"):
            flows.depart(member, left_on=None, host_code="330110")
        fence.commit()
    walk.home(service.cancel)
    with walk.pair.home.act():
        flows.depart(members.get(walk.member_id), left_on=None, host_code="330110")


def test_a_recall_crosses_a_take_over_and_wins(walk):
    walk.to_release()
    walk.take_over(run=False)
    with walk.pair.host.act():
        provisional = service.get(walk.id).member_id
    with walk.pair.home.act(), pytest.raises(Invalid) as wrong:
        service.recall(service.get(walk.id, lock=True), "other", " ")
    assert wrong.value.fields == {"text": ["required"]}
    walk.home(service.recall, "member_stays", "本人决定不走了")
    assert walk.states() == (S.RECALLED, S.RECALLED) and walk.owners() == HOME
    nothing_left_at_the_host(walk)
    with walk.pair.host.act():
        codes = {(m.type, m.result, m.code) for m in db.session.scalars(db.select(OutboxMessage))}
        assert ("handover.take_over", "refused", "stale_base") in codes or (
            "handover.take_over",
            "refused",
            "illegal_transition",
        ) in codes
        assert service.get(walk.id).pending == "" and service.get(walk.id).stopped == ""
        seen = db.session.scalars(db.select(Event.verb).where(Event.subject_id == provisional)).all()
        assert seen.count("member.withdraw") == 1
    with walk.pair.home.act():
        assert service.get(walk.id).stopped == "" and service.get(walk.id).reason == "member_stays"
        assert "member_stays" in told_by_the_log(walk.id) and "本人决定不走了" not in told_by_the_log(walk.id)


def test_what_home_takes_back_is_destroyed_where_the_host_has_stopped(walk, fresh):
    """Its copy waits for a person; what home told, and the row for the time being, do not."""
    walk.to_release()
    walk.take_over(run=False)
    with walk.pair.host.act():
        service.get(walk.id, lock=True).stopped = "impossible_decision"
        fence.commit()
    walk.home(service.recall, "member_stays", "本人决定不走了")
    assert walk.states() == (S.RECALLED, S.RELEASED) and walk.owners() == HOME
    nothing_left_at_the_host(walk)
    client, host = fresh.test_client(), walk.pair.host
    sign_in(client, host)
    here = f"/{host.code}/handovers/{walk.id}"
    page = client.get(here).text
    assert "已停办" in page and "恢复备份" not in page and "put-away" in page
    assert client.post(here + "/put-away", data={"text": ""}).status_code == 422
    page = client.post(here + "/put-away", data={"text": "已电话核对"}, follow_redirects=True).text
    assert "照对方的决定了结" in page and "已电话核对" in page and "已停办" not in page
    assert walk.states() == (S.RECALLED, S.RECALLED) and walk.owners() == HOME
    assert client.post(here + "/put-away", data={"text": "再按"}).status_code == 409
    nothing_left_at_the_host(walk)
    with walk.at(host) as handover:
        assert (handover.stopped, handover.pending, handover.outcome) == ("", "", "recalled")


def test_home_ends_what_stopped_and_the_host_as_it_hears_of_it(walk, fresh):
    """Until its own confirmation the member is home's. The host may not before that word: home may have confirmed."""
    walk.begin()
    walk.host(service.accept)
    with walk.at(walk.pair.host) as handover:
        handover.n -= 1  # a decision is lost, as by a backup that was put back
    walk.release()
    assert walk.states() == (S.RELEASED, S.ACCEPTED)
    with walk.at(walk.pair.host) as handover:
        assert handover.stopped == "impossible_decision" and not service.may_put_away(handover)
        with pytest.raises(WrongState):
            service.put_away(handover, "核对过")
    with walk.at(walk.pair.home) as handover:
        handover.stopped = "refused_malformed"
        assert members.get(walk.member_id).frozen_by == walk.id
    client, home = fresh.test_client(), walk.pair.home
    sign_in(client, home)
    here = f"/{home.code}/handovers/{walk.id}"
    page = client.get(here).text
    assert "仍由我方负责管理" in page and "收回介绍信" in page and "put-away" not in page
    assert client.get(here + "/put-away").status_code == 409
    client.post(here + "/recall", data={"reason": "wrong_entry", "text": "双方记录对不上"})
    walk.work()
    with walk.at(home) as handover:
        assert (handover.state, handover.stopped) == (S.RECALLED, "")
        assert members.get(walk.member_id).frozen_by is None
    assert walk.owners() == HOME
    with walk.at(walk.pair.host) as handover:
        assert (handover.state, handover.stopped) == (S.ACCEPTED, "impossible_decision")
        service.put_away(handover, "已电话核对")
        assert (handover.state, handover.stopped, handover.reason) == (S.CANCELLED, "", "wrong_entry")
    walk.work()
    nothing_left_at_the_host(walk)
    for side, other in ((home, walk.pair.host), (walk.pair.host, home)):
        with walk.at(side) as handover:
            assert "open_handovers" not in [code for ask in AT_REST for code in ask(handover.agreement_id, other.uid)]


def test_a_letter_that_ran_out_comes_home(walk):
    walk.to_release()
    with walk.pair.home.act():
        last = service.get(walk.id).valid_until
    for days, state in ((0, S.RELEASED), (1, S.EXPIRED_IN_TRANSIT)):
        with clock.at(clock.now() + timedelta(days=(last - clock.today()).days + days)):
            jobs.timers(walk.pair.home.tenant_id)
            walk.work()
            assert walk.states() == (state, state)
    assert outcome(walk.pair.home, walk.id) == "expired_in_transit"
    nothing_left_at_the_host(walk)


def test_a_letter_that_cannot_be_said_to_have_run_out_keeps_no_other_from_it(walk, monkeypatch):
    walk.to_release()
    broken = walk.id
    walk.member_id = walk.enroll("李例乙", birth_on=BORN, id_number=citizen_id.invent("990128", BORN, 2))
    walk.to_release()
    send = post.send

    def refuse(to, type_, about_id, *given, **more):
        if about_id == broken:
            raise ValueError("not to be sent")
        return send(to, type_, about_id, *given, **more)

    with clock.at(clock.now() + timedelta(days=31)):
        with monkeypatch.context() as patch, walk.pair.home.act():
            patch.setattr(post, "send", refuse)
            assert service.expire_letters() == 1
            fence.commit()
        walk.work()
        assert (walk.states(broken)[0], walk.states()[0]) == (S.RELEASED, S.EXPIRED_IN_TRANSIT)
        with walk.pair.home.act():
            assert service.expire_letters() == 1, "it is tried again"


@pytest.mark.parametrize(
    ("before", "days", "after"),
    [(S.REQUESTED, 60, S.EXPIRED), (S.ACCEPTED, 60, S.EXPIRED), (S.RETURNED, 30, S.RETURNED_LAPSED)],
)
def test_what_nobody_answers_ends_by_time(walk, before, days, after):
    walk.begin()
    if before is S.ACCEPTED:
        walk.host(service.accept)
    elif before is S.RETURNED:
        walk.host(service.give_back, ["file"])
    for late, state in ((-1, before), (1, after)):
        with clock.at(clock.now() + timedelta(days=days, hours=late)):
            for side in (walk.pair.home, walk.pair.host):
                jobs.timers(side.tenant_id)
            walk.work()
            assert walk.states() == (state, state)
    nothing_left_at_the_host(walk)


def test_one_person_has_one_open_handover_with_a_county(walk):
    walk.begin()
    with pytest.raises(WrongState, match="already_open"):
        walk.begin()
    twin = walk.enroll(id_number=None, phone=None)
    first, walk.member_id = walk.member_id, twin
    with pytest.raises(WrongState, match="already_open"):
        walk.begin()
    walk.member_id = first
    walk.home(service.cancel)
    walk.begin()
    assert walk.states() == (S.REQUESTED, S.REQUESTED)
    with walk.pair.home.act():
        applied = [c.given_on for c in consents.standing(walk.member_id) if c.scope == "S4"]
        assert len(applied) == 2, "each application is written down with its own day"
    # Moved to another branch of the county meanwhile: that one's committee sees to it now.
    home = walk.pair.home
    with home.act():
        cancelled = db.session.scalars(db.select(Handover).where(Handover.state == S.CANCELLED)).one()
        members.assign_branch(members.get(walk.member_id, lock=True), home.orgs["试例村支部"])
        assert service.get(walk.id).branch_id == home.orgs["试例村支部"]
        assert cancelled.branch_id == home.orgs["示例村支部"], "what is over was the former one's"
        fence.commit()


def test_the_host_refuses_an_opening_it_has_already(walk):
    """Home lost sight of the first one (a restored backup): the host still says no, and home is told why."""
    first = walk.begin()
    with walk.pair.home.act():
        service.get(first).person_blind = None
        service.get(first).member_id = None
        fence.commit()
    second = walk.begin()
    assert second != first
    with walk.pair.home.act():
        handover = service.get(second)
        assert (handover.state, handover.refused_code, handover.outcome) == (S.NOT_OPENED, "already_open", "not_opened")
        assert (
            db.session.scalars(db.select(OutboxMessage).where(OutboxMessage.about_id == second)).one().code
            == "already_open"
        )
    with walk.pair.host.act():
        assert db.session.scalars(db.select(Handover.id)).all() == [first]


def test_words_said_after_a_refused_opening_raise_no_alarm(walk):
    first = walk.begin()
    with walk.pair.home.act():
        service.get(first).person_blind = None
        service.get(first).member_id = None
        fence.commit()
    work, walk.work = walk.work, lambda: 0
    second = walk.begin()
    walk.home(service.cancel)
    work()
    with walk.pair.home.act():
        handover = service.get(second)
        assert (handover.state, handover.stopped, handover.refused_code) == (S.CANCELLED, "", "not_open")


def test_two_handovers_of_one_member_only_one_is_released(walk, fresh):
    """To two counties: both accept; one letter; when it arrives, the other is cancelled."""
    from tests.federation.handovers import third

    other = third.join(walk.pair)
    one = walk.begin()
    two = walk.begin(other.uid)
    for side, id_ in ((walk.pair.host, one), (other, two)):
        with walk.at(side, id_) as handover:
            service.accept(handover)
        walk.work()
    walk.id = one
    walk.release()
    walk.id = two
    with pytest.raises(WrongState, match="member_in_transfer"):
        walk.release()
    walk.id = one
    walk.take_over()
    assert walk.owners() == HOST
    with other.act():
        assert service.get(two).state is S.CANCELLED and service.get(two).packet is None


def test_the_database_itself_allows_one_released_handover_of_a_member(walk):
    walk.to_release()
    from sqlalchemy.exc import IntegrityError

    with walk.pair.home.act(), pytest.raises(IntegrityError):
        db.session.execute(
            db.text(
                "INSERT INTO handover SELECT (jsonb_populate_record(h, jsonb_build_object('id', gen_random_uuid(),"
                " 'person_blind', NULL))).* FROM handover h WHERE h.tenant_id = :tenant AND id = :id"
            ),
            {"id": walk.id, "tenant": walk.pair.home.tenant_id},
        )


def test_a_letter_is_not_issued_without_what_it_must_say(walk):
    walk.member_id = walk.enroll("李例乙", ethnicity="", dues_until="", id_number=None, phone=None)
    walk.begin()
    walk.host(service.accept)
    with pytest.raises(WrongState, match="letter_incomplete") as refused:
        walk.release()
    assert refused.value.params["missing"] == ["ethnicity", "id_number", "dues_until", "phone"]
    for days in (0, 91):
        with pytest.raises(Invalid) as wrong:
            walk.release(valid_days=days)
        assert wrong.value.fields == {"valid_days": ["out_of_range"]}
    with walk.pair.home.act():
        from web.tenants.counties import service as counties

        assert counties.settings().letter_serial == 0, "no number was used up"


def test_a_withdrawn_application_ends_it(walk):
    for in_transit, state in ((False, S.CANCELLED), (True, S.RECALLED)):
        walk.begin()
        if in_transit:
            walk.host(service.accept)
            walk.release()
        with walk.pair.home.act():
            consents.withdraw(members.get(walk.member_id), walk.pair.host.uid, ["S4"])
            fence.commit()
        walk.work()
        assert walk.states() == (state, state)
        nothing_left_at_the_host(walk)
    walk.to_release()
    with walk.at(walk.pair.home) as handover:
        handover.stopped = "refused_malformed"
        consents.withdraw(members.get(walk.member_id), walk.pair.host.uid, ["S4"])
        assert not consents.stands(walk.member_id, walk.pair.host.uid, "S4"), (
            "what stopped is a person's, the word is said"
        )
        assert handover.state is S.RELEASED


@pytest.mark.parametrize(
    "leave",
    [lambda member: members.end(member, Standing.DECEASED, reason="病故"), members.become_history],
    ids=["death", "a letter on paper"],
)
def test_whoever_is_ours_no_more_before_the_letter_ends_it(walk, leave):
    walk.begin()
    with walk.pair.home.act():
        leave(members.get(walk.member_id, lock=True))
        fence.commit()
    walk.work()
    assert walk.states() == (S.CANCELLED, S.CANCELLED)


def test_a_number_withheld_at_the_last_moment_does_not_stop_the_flip(walk, monkeypatch):
    from web.federation.post.service import HOOKS

    walk.to_release()
    monkeypatch.setattr(HOOKS, "may_cross", lambda message, scope, name: message.type != "handover.confirm")
    walk.take_over()
    assert walk.states() == (S.CLOSED, S.CLOSED) and walk.owners() == HOST
    with walk.pair.host.act():
        assert members.get(service.get(walk.id).member_id).id_number is None


def test_the_letter_and_the_receipt_are_papers_of_both_sides(walk):
    walk.to_release()
    with walk.pair.home.act():
        (letter,) = documents.of_subject(walk.id)
        assert letter.filename == f"介绍信_{clock.today().year}0001_王示甲.pdf" and letter.pages == 1
        said = text_of(letter.content)
        for words in ("王示甲", NUMBER, "示例村支部", TO, "叁拾", "汉", "15400000123", "壹拾月"):
            assert words in said, words
    with walk.pair.home.act():
        kept = db.session.scalars(db.select(Event).where(Event.subject_kind.in_(["document", "task"]))).all()
        assert {"document.keep", "task.start"} <= {entry.verb for entry in kept}
        assert "王示甲" not in str([entry.changes for entry in kept]), "the log is for ever"
        assert [e.changes["filename"] for e in kept if e.verb == "document.keep"] == [["***", "***"]]
    with walk.pair.host.act():
        assert documents.of_subject(walk.id) == [], "the letter never crosses"
    walk.take_over()
    for side, count in ((walk.pair.home, 2), (walk.pair.host, 1)):
        with side.act():
            papers = documents.of_subject(walk.id)
            assert len(papers) == count
            assert papers[0].filename == f"介绍信回执_{clock.today().year}0001_王示甲.pdf"
            said = text_of(papers[0].content)
            assert "陈例丁" in said and "0571-0000123" in said and NUMBER in said


def test_a_letter_that_came_to_nothing_is_not_printed(walk):
    walk.to_release()
    walk.home(service.recall, "wrong_entry", run=False)
    with walk.pair.home.act(), pytest.raises(WrongState, match="no_letter"):
        service.print_letter(service.get(walk.id))
