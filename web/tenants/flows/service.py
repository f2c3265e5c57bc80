"""Verbs of the flow: depart, note away, find, end; and the six-month rule."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from web.core import clock, events
from web.core.errors import Invalid, NotFound, WrongState
from web.extensions import db
from web.tenants.flows.models import FLOW, Flow, FlowEnd, FlowState
from web.tenants.members.models import Member


@dataclass(frozen=True)
class FlowEnded:
    """Announced when a flow ends, so that the partner is told too."""

    flow_id: UUID
    member_id: UUID
    ended_as: FlowEnd


def add_months(day: date, months: int) -> date:
    """Calendar months with the end-of-month clamp: 31 August + 6 = 28 or 29 February (DOMAIN §8.1)."""
    index = day.month - 1 + months
    year, month = day.year + index // 12, index % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def is_floating(left_on: date, expected_until: date | None, on: date) -> bool:
    """Away for six months already, or expected to be (DOMAIN §0.1)."""
    six = add_months(left_on, 6)
    return on >= six or expected_until is None or expected_until >= six


def current(member_id: UUID) -> Flow | None:
    """The member's open flow."""
    query = db.select(Flow).where(Flow.member_id == member_id, Flow.state != FlowState.ENDED)
    return db.session.scalars(query).first()


def get(flow_id: UUID, *, lock: bool = False) -> Flow:
    """NotFound when it is absent or another county's."""
    query = db.select(Flow).where(Flow.id == flow_id)
    found = db.session.scalars(query.with_for_update() if lock else query).first()
    if found is None:
        raise NotFound()
    return found


def depart(member: Member, *, left_on: date | None, expected_until: date | None = None, **values: Any) -> Flow:
    """Register an away episode. Invalid dates are refused; a second open flow is a WrongState."""
    wrong: dict[str, object] = {}
    if left_on and left_on > clock.today():
        wrong["left_on"] = "in_the_future"
    if left_on and expected_until and expected_until < left_on:
        wrong["expected_until"] = "before_left_on"
    if wrong:
        raise Invalid(wrong)
    if current(member.id) is not None:
        raise WrongState("flow_already_open")
    if member.frozen_by is not None:
        raise WrongState("member_in_transfer")
    flow = Flow(
        member_id=member.id, left_on=left_on, expected_until=expected_until, created_at=clock.now(), **values
    )
    FLOW.apply(flow, "draft")
    db.session.add(flow)
    db.session.flush()
    floating = left_on is None or is_floating(left_on, expected_until, clock.today())
    FLOW.apply(flow, "register" if floating else "note_away")
    db.session.flush()
    return flow


def end(flow: Flow, ended_as: FlowEnd, *, on: date | None = None, reason: str = "") -> None:
    """End it and announce: an open referral of this flow is ended with the partner in the same transaction."""
    FLOW.apply(flow, "end", reason=reason, details={"ended_as": ended_as.value})
    flow.ended_on, flow.ended_as = on or clock.today(), ended_as
    db.session.flush()
    events.announce(FlowEnded(flow.id, flow.member_id, ended_as))


def reach_six_months() -> int:
    """The day's job: away notices that became floating. One row lock each; returns how many."""
    moved = 0
    query = db.select(Flow).where(Flow.state == FlowState.AWAY_NOTICE).with_for_update(skip_locked=True)
    for flow in db.session.scalars(query):
        if flow.left_on and clock.today() >= add_months(flow.left_on, 6):
            FLOW.apply(flow, "register", reason="six_months")
            moved += 1
    db.session.flush()
    return moved
