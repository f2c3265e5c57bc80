"""Away episodes: what counts as floating, one open flow, and what ends it."""

from datetime import UTC, date, datetime

import pytest

from web.core import clock, events, fence
from web.core.errors import Invalid, WrongState
from web.core.ids import uuid7
from web.extensions import db
from web.tenants.flows import service
from web.tenants.flows.models import FlowEnd, FlowState
from web.tenants.members import service as members
from web.tenants.members.codes import Standing

TODAY = datetime(2026, 11, 23, 4, tzinfo=UTC)


@pytest.fixture
def member(pair):
    with clock.at(TODAY), fence.acting_for(pair.home.tenant_id):
        yield members.enroll(pair.home.orgs["示例村支部"], name="王示甲", gender="1", member_kind="1")


@pytest.mark.parametrize(
    ("day", "months", "gives"),
    [
        (date(2025, 8, 31), 6, date(2026, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 6, 15), 6, date(2026, 12, 15)),
        (date(2026, 1, 31), -3, date(2025, 10, 31)),
    ],
)
def test_months_are_clamped_to_the_last_day(day, months, gives):
    assert service.add_months(day, months) == gives


@pytest.mark.parametrize(
    ("left_on", "until", "state"),
    [
        (date(2026, 3, 1), date(2026, 12, 1), FlowState.REGISTERED),
        (date(2026, 11, 1), date(2027, 5, 1), FlowState.REGISTERED),
        (date(2026, 11, 1), None, FlowState.REGISTERED),
        (None, None, FlowState.REGISTERED),
        (date(2026, 11, 1), date(2027, 4, 30), FlowState.AWAY_NOTICE),
    ],
)
def test_six_months_make_a_floating_member(member, left_on, until, state):
    assert service.depart(member, left_on=left_on, expected_until=until).state is state


def test_a_departure_is_checked_and_its_place_read(member):
    for given, wrong in (
        ({"left_on": date(2026, 11, 24)}, {"left_on": ["in_the_future"]}),
        ({"left_on": date(2026, 11, 1), "expected_until": date(2026, 10, 1)}, {"expected_until": ["before_left_on"]}),
        ({"left_on": None, "flow_reason": "77"}, {"flow_reason": ["choose_one"]}),
    ):
        with pytest.raises(Invalid) as refused:
            service.depart(member, **given)
        assert refused.value.fields == wrong
    flow = service.depart(
        member, left_on=date(2026, 3, 1), flow_reason="10", host_text="浙江省杭州市余杭区", host_address="某路 1 号"
    )
    assert flow.host_code == "330110"
    assert service.amend(flow, host_text="浙江省松阳县", flow_reason="10") == {"host_text", "host_code"}
    assert flow.host_code == "331124"
    with pytest.raises(WrongState, match="flow_already_open"):
        service.depart(member, left_on=None)


def test_a_notice_becomes_a_flow_on_the_day_six_months_are_reached(pair):
    with fence.acting_for(pair.home.tenant_id):
        with clock.at(TODAY):
            someone = members.enroll(pair.home.orgs["示例村支部"], name="李例乙", gender="1", member_kind="1")
            flow = service.depart(someone, left_on=date(2026, 11, 1), expected_until=date(2027, 4, 30))
            assert service.reach_six_months() == 0
            other = members.enroll(pair.home.orgs["示例村支部"], name="王示甲", gender="1", member_kind="1")
            longer = service.depart(other, left_on=date(2026, 11, 1), expected_until=date(2027, 4, 30))
            service.amend(longer, work_unit="示例厂")
            assert longer.state is FlowState.AWAY_NOTICE
            service.amend(longer, expected_until=date(2027, 5, 1))
            assert str(longer.state) == "registered", "at once when six months are expected"
        with clock.at(datetime(2027, 5, 1, tzinfo=UTC)):
            assert service.reach_six_months() == 1 and flow.state is FlowState.REGISTERED


def test_search_loss_and_return_are_decisions_of_people(member):
    flow = service.depart(member, left_on=date(2026, 3, 1))
    service.miss(flow)
    with pytest.raises(Invalid):
        service.declare_lost(flow, reason="")
    service.declare_lost(flow, reason="六个月三人次查找无果")
    assert str(flow.state) == "lost_contact" and member.is_lost_contact and member.standing == "normal"
    service.find(flow, reason="本人来电")
    assert str(flow.state) == "registered" and not member.is_lost_contact
    assert flow.contacted_on == clock.today(), "who is found was spoken with"
    flow.contacted_on = date(2026, 4, 1)
    service.miss(flow)
    with events.noted() as did:
        service.find(flow)
    found = db.session.scalars(
        db.select(events.Event).where(events.Event.id.in_(did), events.Event.verb == "flow.find")
    ).one()
    assert service.put_back(found) and (flow.state, flow.contacted_on) == (FlowState.UNREACHABLE, date(2026, 4, 1))
    service.find(flow)
    with pytest.raises(Invalid) as refused:
        service.end(flow, FlowEnd.RETURNED, on=date(2026, 2, 1))
    assert refused.value.fields == {"ended_on": ["before_left_on"]}
    service.end(flow, FlowEnd.RETURNED, on=date(2026, 11, 20), reason="返乡")
    assert flow.state == FlowState.ENDED and flow.ended_on == date(2026, 11, 20) and service.current(member.id) is None
    with pytest.raises(WrongState):
        service.amend(flow, work_unit="x")
    with pytest.raises(WrongState):
        service.end(flow, FlowEnd.RETURNED)


def test_a_released_member_neither_leaves_nor_returns_but_by_the_handover(member):
    flow = service.depart(member, left_on=date(2026, 3, 1))
    members.freeze(member, uuid7())
    for verb in (
        lambda: service.end(flow, FlowEnd.RETURNED),
        lambda: service.amend(flow, work_unit="x"),
        lambda: service.miss(flow),
        lambda: service.depart(member, left_on=None),
    ):
        with pytest.raises(WrongState) as refused:
            verb()
        assert refused.value.code == "member_in_transfer"
    service.end(flow, FlowEnd.TRANSFERRED)
    assert flow.ended_as is FlowEnd.TRANSFERRED


def test_the_end_of_membership_ends_the_flow_and_tells_the_later_rooms(member):
    told: list[service.FlowEnded] = []
    events._listeners.setdefault(service.FlowEnded, []).append(told.append)
    try:
        flow = service.depart(member, left_on=date(2026, 3, 1))
        members.end(member, Standing.DECEASED, reason="因病去世")
    finally:
        events._listeners[service.FlowEnded].remove(told.append)
    assert flow.ended_as is FlowEnd.DECEASED
    assert [t.flow_id for t in told] == [flow.id]
