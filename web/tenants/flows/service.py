"""Verbs of the flow: depart, amend, miss, find, declare lost, end; and the six-month rule."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from web.core import clock, events, fence
from web.core.errors import Invalid, NotFound, WrongState
from web.core.events import Event
from web.core.scopes import WHILE_AWAY
from web.extensions import db
from web.tenants.consents import service as consents
from web.tenants.counties import divisions
from web.tenants.flows.models import FLOW, Flow, FlowEnd, FlowState
from web.tenants.members import merging, versions
from web.tenants.members import service as members
from web.tenants.members.codes import FLOW_REASON, UNIT_KIND, Standing
from web.tenants.members.models import Member

AMENDABLE = frozenset(
    {
        "expected_until",
        "flow_reason",
        "host_code",
        "host_text",
        "host_township",
        "host_address",
        "work_unit",
        "work_kind",
        "occupation",
    }
)


@dataclass(frozen=True)
class FlowEnded:
    """Announced when a flow ends, so that the partner is told too."""

    flow_id: UUID
    member_id: UUID
    ended_as: FlowEnd


# Of the rooms above: is a transfer of the member's relation open? Was a partner county told of this flow?
TRANSFERS: list[Callable[[UUID], bool]] = []
TOLD: list[Callable[[UUID], bool]] = []


def demand_unmoved(member_id: UUID) -> None:
    """WrongState while a transfer of the member is open: whoever moves begins no flow."""
    if any(is_open(member_id) for is_open in TRANSFERS):
        raise WrongState("transfer_open")


def add_months(day: date, months: int) -> date:
    """Calendar months with the end-of-month clamp: 31 August + 6 = 28 or 29 February."""
    index = day.month - 1 + months
    year, month = day.year + index // 12, index % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def is_floating(left_on: date, expected_until: date | None, on: date) -> bool:
    """Away for six months already, or expected to be."""
    six = add_months(left_on, 6)
    return on >= six or expected_until is None or expected_until >= six


def current(member_id: UUID, *, lock: bool = False) -> Flow | None:
    """The member's open flow."""
    query = db.select(Flow).where(Flow.member_id == member_id, Flow.state != FlowState.ENDED)
    return db.session.scalars(query.with_for_update() if lock else query).first()


def episodes(member_id: UUID) -> Sequence[Flow]:
    """All flows of a member, the latest first."""
    return db.session.scalars(db.select(Flow).where(Flow.member_id == member_id).order_by(Flow.id.desc())).all()


def get(flow_id: UUID, *, lock: bool = False) -> Flow:
    """NotFound when it is absent or another county's."""
    query = db.select(Flow).where(Flow.id == flow_id)
    found: Flow | None = db.session.scalars(query.with_for_update() if lock else query).first()
    if found is None:
        raise NotFound()
    return found


def depart(
    member: Member, *, left_on: date | None, expected_until: date | None = None, is_new: bool = False, **values: Any
) -> Flow:
    """Register an away episode. Invalid dates are refused; a second open flow is a WrongState, and so is an open transfer.

    `values`: fields of AMENDABLE. A `host_text` that surely names a division gives the `host_code`. `is_new`: he was
    enrolled just now, and nothing can be open yet.
    """
    _demand_fit(left_on, expected_until, values)
    members.demand_open(member)
    if not is_new:
        if current(member.id) is not None:
            raise WrongState("flow_already_open")
        demand_unmoved(member.id)
    values = _placed(values)
    flow = Flow(member_id=member.id, left_on=left_on, expected_until=expected_until, created_at=clock.now(), **values)
    FLOW.apply(flow, "draft")
    db.session.add(flow)
    db.session.flush()
    floating = left_on is None or is_floating(left_on, expected_until, clock.today())
    FLOW.apply(flow, "register" if floating else "note_away")
    db.session.flush()
    return flow


def _demand_fit(left_on: date | None, expected_until: date | None, values: dict[str, Any]) -> None:
    if unknown := set(values) - AMENDABLE:
        raise TypeError(f"not fields of a flow: {sorted(unknown)}")
    wrong: dict[str, object] = {}
    if left_on and left_on > clock.today():
        wrong["left_on"] = "in_the_future"
    if left_on and expected_until and expected_until < left_on:
        wrong["expected_until"] = "before_left_on"
    if (values.get("flow_reason") or "90") not in FLOW_REASON.labels:
        wrong["flow_reason"] = "choose_one"
    if (values.get("work_kind") or "99") not in UNIT_KIND.labels:
        wrong["work_kind"] = "choose_one"
    if wrong:
        raise Invalid(wrong)


def _placed(values: dict[str, Any]) -> dict[str, Any]:
    if values.get("host_text") and not values.get("host_code"):
        place = divisions.parse_place(values["host_text"])
        sure = place.code is not None and place.confidence >= divisions.SURE
        values = {**values, "host_code": (place.code or "")[:6] if sure else ""}
    return values


def version(flow: Flow) -> UUID:
    """The last thing that the log says happened to it."""
    query = db.select(Event.id).where(Event.subject_id == flow.id).order_by(Event.id.desc()).limit(1)
    return db.session.scalars(query).one()


def amend(flow: Flow, *, seen: UUID | None = None, reason: str = "", **values: Any) -> set[str]:
    """Correct fields of AMENDABLE; returns those that changed. A flow that ended is history.

    `seen`: the `version` the person saw; what others changed since is theirs, or a Conflict, as where a member is amended.
    A notice whose return moves to six months or more after leaving is a flow at once, as `depart` would have made it.
    """
    if flow.state is FlowState.ENDED:
        raise WrongState("flow_is_over")
    if seen is not None and seen != (now := version(flow)):
        query = db.select(Event).where(Event.subject_id == flow.id, Event.id > seen).order_by(Event.id.desc())
        values = versions.meant(flow, values, db.session.scalars(query), str(now))
    _demand_fit(
        flow.left_on,
        values.get("expected_until", flow.expected_until),
        {k: v for k, v in values.items() if k in AMENDABLE},
    )
    members.demand_open(members.get(flow.member_id))
    if "host_text" in values and values["host_text"] != flow.host_text:
        values = _placed({"host_code": "", **values})
    changed = {f: v for f, v in values.items() if v != getattr(flow, f)}
    if changed:
        events.record("flow.amend", flow, reason=reason)
        for field, value in changed.items():
            setattr(flow, field, value)
        db.session.flush()
    is_notice = flow.state is FlowState.AWAY_NOTICE and "expected_until" in changed
    if is_notice and flow.left_on and is_floating(flow.left_on, flow.expected_until, clock.today()):
        FLOW.apply(flow, "register", reason=reason)
        db.session.flush()
    return set(changed)


def note_contact(flow: Flow, *, on: date | None = None, reason: str = "") -> None:
    """Somebody of the branch spoke with the member on that day. What was said is nobody's to keep here."""
    _note(flow, "flow.note_contact", on, reason, "contacted_on")


def confirm(flow: Flow, *, on: date | None = None, reason: str = "") -> None:
    """The entry was looked through and is still true; whoever confirms has spoken with the member."""
    _note(flow, "flow.confirm", on, reason, "confirmed_on", "contacted_on")


def _note(flow: Flow, verb: str, on: date | None, reason: str, *columns: str) -> None:
    day = on or clock.today()
    if flow.state is FlowState.ENDED:
        raise WrongState("flow_is_over")
    if day > clock.today():
        raise Invalid({"on": "in_the_future"})
    if flow.left_on and day < flow.left_on:
        raise Invalid({"on": "before_left_on"})
    members.demand_open(members.get(flow.member_id))
    events.record(verb, flow, reason=reason)
    for column in columns:
        setattr(flow, column, max(day, getattr(flow, column) or day))
    db.session.flush()


def miss(flow: Flow, *, reason: str = "") -> None:
    """Contact attempts found nobody: the search goes on."""
    members.demand_open(members.get(flow.member_id))
    FLOW.apply(flow, "miss", reason=reason)
    db.session.flush()


def declare_lost(flow: Flow, *, reason: str) -> None:
    """A person's decision after a search that found nobody; membership is untouched."""
    if not reason.strip():
        raise Invalid({"reason": "required"})
    member = members.get(flow.member_id)
    members.demand_open(member)
    FLOW.apply(flow, "declare_lost", reason=reason)
    members.mark_contact(member, is_lost=True, reason=reason)
    db.session.flush()


def is_lost_alone(member: Member, flow: Flow | None) -> bool:
    """Lost by the word of a register, or since before the flow ended: no open flow has a word that takes it back."""
    return member.is_lost_contact and (flow is None or "find" not in FLOW.allowed(flow.state))


def find(flow: Flow, *, reason: str = "") -> None:
    """Contact was regained: somebody spoke with him today."""
    _find(flow, clock.today(), reason)


def _find(flow: Flow, contacted_on: date | None, reason: str) -> None:
    member = members.get(flow.member_id)
    members.demand_open(member)
    FLOW.apply(flow, "find", reason=reason)
    flow.contacted_on = contacted_on
    members.mark_contact(member, is_lost=False, reason=reason)
    db.session.flush()


def end(flow: Flow, ended_as: FlowEnd, *, on: date | None = None, reason: str = "") -> None:
    """End it and announce: an open referral of this flow is ended with the partner in the same transaction. What the member
    was told and agreed to for its time ends, too.

    While a handover holds the member, only the handover ends the flow (`transferred`).
    """
    wrong: dict[str, object] = {}
    if on and on > clock.today():
        wrong["ended_on"] = "in_the_future"
    if on and flow.left_on and on < flow.left_on:
        wrong["ended_on"] = "before_left_on"
    if wrong:
        raise Invalid(wrong)
    member = db.session.get(Member, (fence.tenant(), flow.member_id))
    if ended_as is not FlowEnd.TRANSFERRED and member is not None and member.frozen_by is not None:
        raise WrongState("member_in_transfer")
    FLOW.apply(flow, "end", reason=reason, details={"ended_as": ended_as.value})
    flow.ended_on, flow.ended_as = on or clock.today(), ended_as
    if ended_as is FlowEnd.RETURNED and member is not None:
        members.mark_contact(member, is_lost=False, reason=reason)
    db.session.flush()
    consents.lapse(flow.member_id)
    events.announce(FlowEnded(flow.id, flow.member_id, ended_as))


@events.subscribe(members.MemberEnded)
def _end_with_membership(what: members.MemberEnded) -> None:
    flow = current(what.member_id)
    if flow is not None:
        dead = what.standing is Standing.DECEASED
        end(flow, FlowEnd.DECEASED if dead else FlowEnd.MEMBERSHIP_ENDED, reason=what.reason)


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


def put_back(entry: Event) -> bool:
    """Undo a word about contact: missed is found again, found is missed again. False when the flow moved on, or the member is on the way."""
    if entry.subject_id is None:
        return False
    flow, (before, after) = get(entry.subject_id, lock=True), entry.changes.get("state", [None, None])
    if flow.state != after or {before, after} != {FlowState.REGISTERED, FlowState.UNREACHABLE}:
        return False
    if members.get(flow.member_id).frozen_by is not None:
        return False
    if entry.verb == "flow.miss":
        _find(flow, flow.contacted_on, "undo")
    else:
        miss(flow, reason="undo")
        was, now = events.revealed(entry).get("contacted_on", [None, None])
        if now is not None and flow.contacted_on == date.fromisoformat(str(now)):
            flow.contacted_on = date.fromisoformat(str(was)) if was else None
            db.session.flush()
    return True


def reopen(entry: Event) -> bool:
    """Undo an end that ended nothing else: he is away as before. False when anything happened since."""
    if entry.subject_id is None:
        return False
    flow = get(entry.subject_id, lock=True)
    member = members.get(flow.member_id, lock=True)
    was = entry.changes.get("state", [None])[0]
    if was != FlowState.REGISTERED or version(flow) != entry.id or current(member.id) is not None:
        return False
    if member.frozen_by is not None or any(is_open(member.id) for is_open in TRANSFERS):
        return False
    FLOW.apply(flow, "reopen")
    flow.ended_on = flow.ended_as = None
    db.session.flush()
    return True


def unregister(entry: Event) -> bool:
    """Undo a departure: it stands as a wrong entry. False when anything happened to it since, a partner county was told of it,
    or the member was told or agreed to something for his time away.
    """
    if entry.subject_id is None:
        return False
    flow = get(entry.subject_id, lock=True)
    member = members.get(flow.member_id, lock=True)
    since = db.session.scalars(db.select(Event.verb).where(Event.subject_id == flow.id, Event.id > entry.id)).all()
    if since not in (["flow.register"], ["flow.note_away"]) or member.frozen_by is not None:
        return False
    if any(is_told(flow.id) for is_told in TOLD) or any(c.scope in WHILE_AWAY for c in consents.standing(member.id)):
        return False
    end(flow, FlowEnd.WRONG_ENTRY, reason="undo")
    return True


merging.MOVES["flow"] = merging.Move(Flow, one=Flow.state != FlowState.ENDED)
