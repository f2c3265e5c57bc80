"""One change for many members: what it would do, doing it as a job with its failures by row, and the way back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from web.core import clock, events, fence
from web.core.errors import DomainError, Invalid, WrongState
from web.core.events import Event
from web.core.queue import Job
from web.core.saying import say
from web.extensions import db
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.activities import service as activities
from web.tenants.flows import service as flows
from web.tenants.labels import rows as row_labels
from web.tenants.labels import service as labels
from web.tenants.members import service as members
from web.tenants.members import values
from web.tenants.members.models import Member
from web.tenants.organisations import service as organisations
from web.tenants.organisations.service import visible
from web.tenants.register.service import among
from web.tenants.tasks import service as tasks
from web.tenants.tasks.models import Task
from web.tenants.workbench import service as workbench
from web.tenants.workbench.models import UndoStep

FIELDS = ("member_kind", "education", "ethnicity", "dues_until", "review_result", "appraisal", "post")
"""What can be set for many at once; everything else is somebody's own."""
PIECE = 25  # members between two words of progress

# Verb of the log → what puts it back; False when the row was changed since. What is not here has no way back.
WAYS: dict[str, Callable[[Event], bool]] = {
    "member.amend": members.put_back,
    "member.assign_branch": members.put_back,
    "member.assign_away": members.put_back,
    "member.mark_dues": members.put_back,
    "member.end": members.reinstate,
    "member.label": labels.put_back,
    "row_label.mark": row_labels.put_back,
    "flow.miss": flows.put_back,
    "flow.find": flows.put_back,
    "flow.end": flows.reopen,
    "flow.draft": flows.unregister,
    "activity.hold": activities.put_back,
    "activity.cancel": activities.put_back,
    "party_org.close": organisations.put_back,
}
FOLLOWED = ("flow.end", "relation_transfer.revoke")
"""What an end of membership ended as well, and its undoing does not begin anew: partner counties were told."""
_OF_MEMBERS = ("member", "flow")
"""What the verbs above change in somebody's part of the tree, labels on a member among them."""


@dataclass(frozen=True)
class Change:
    """What is to become of each: fields of FIELDS (an empty text empties), a branch, labels on and off."""

    values: Mapping[str, str] = field(default_factory=dict)
    branch_id: UUID | None = None
    on: Sequence[UUID] = ()
    off: Sequence[UUID] = ()

    def plain(self) -> dict[str, Any]:
        """For a task to keep; `read` gives it back."""
        branch = str(self.branch_id) if self.branch_id else ""
        return {"values": dict(self.values), "branch": branch, "on": [*map(str, self.on)], "off": [*map(str, self.off)]}

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Change:
        """Out of what `plain` gave."""
        branch = UUID(said["branch"]) if said["branch"] else None
        return cls(said["values"], branch, [UUID(i) for i in said["on"]], [UUID(i) for i in said["off"]])


@dataclass(frozen=True)
class Preview:
    """`people`: how many would change; `fields`: name → how many; `refused`: (member, code of why not)."""

    people: int
    fields: Mapping[str, int]
    refused: Sequence[tuple[Member, str]]


def _rows(ids: Sequence[UUID]) -> list[Member]:
    return list(db.session.scalars(db.select(Member).where(Member.id.in_(ids)).order_by(Member.name_pinyin, Member.id)))


def preview(ids: Sequence[UUID], change: Change) -> Preview:
    """What the change would do now; nothing is written. Invalid for a wrong value, or when nothing is asked for."""
    kept = values.read(change.values)
    values.demand_listed(kept)
    if not kept and change.branch_id is None and not change.on and not change.off:
        raise Invalid({"": "nothing_to_change"})
    people, fields, refused = 0, Counter[str](), []
    has = labels.held(ids)
    for member in _rows(ids):
        try:
            members.demand_open(member)
        except DomainError as error:
            refused.append((member, error.code))
            continue
        would = [f for f, v in kept.items() if v != getattr(member, f)]
        would += ["branch"] if change.branch_id not in (None, member.branch_id) else []
        mine = has.get(member.id, set())
        would += ["labels"] if set(change.on) - mine or set(change.off) & mine else []
        fields.update(would)
        people += bool(would)
    return Preview(people, fields, refused)


def begin(ids: Sequence[UUID], change: Change) -> Task:
    """Have it done by a job, for these members as they then are."""
    details = {"unit": "人", "change": change.plain(), "ids": [str(i) for i in ids]}
    return tasks.start(Job.BULK_EDIT, say("成批修改 {ids} 人", ids=len(ids)), details=details)


def begin_undo(step_id: UUID, count: int) -> Task:
    """Have a bulk change put back by a job."""
    return tasks.start(
        Job.BULK_EDIT, say("撤销成批修改 {count} 处", count=count), details={"unit": "处", "undo": str(step_id)}
    )


def run(task_id: UUID) -> None:
    """Job.BULK_EDIT: the change or its undoing, as the one who asked and within this person's part of the tree."""
    task = tasks.run(task_id)
    if task is not None:
        with events.by(tasks.owner(task)):
            if "undo" in task.details:
                _undo(task)
            else:
                _edit(task)


def _edit(task: Task) -> None:
    actor, change = events.actor(), Change.read(task.details["change"])
    if Permission.MEMBER_WRITE not in GRANTS[Role(actor.role)]:  # another role meanwhile
        tasks.fail(task, "not_permitted")
        return
    ids = among([UUID(i) for i in task.details["ids"]], actor)
    on, off = ([labels.get(i) for i in found] for found in (change.on, change.off))
    failed: list[list[str]] = []
    changed = 0
    with events.noted() as did:
        for index, member_id in enumerate(ids):
            before = len(did)
            try:
                with fence.savepoint():
                    member = members.get(member_id, lock=True)
                    members.demand_open(member)
                    if change.values:
                        members.amend(member, change.values, reason="bulk")
                    if change.branch_id is not None:
                        members.assign_branch(member, change.branch_id, reason="bulk")
                    if on or off:
                        labels.mark([member], on, off)
                changed += len(did) > before
            except DomainError as error:
                del did[before:]
                failed.append([str(member_id), error.code])
            if index % PIECE == 0 and not tasks.progress(task.id, index, len(ids)):
                raise WrongState("task_cancelled")
    step = workbench.remember(task.title, did, actor) if did else None
    told = {"changed": changed, "failed": failed, "step": str(step.id) if step else ""}
    tasks.finish(task, result_id=task.id, total=len(ids), details=told)


def _undo(task: Task) -> None:
    back, left = put_back(workbench.step(UUID(task.details["undo"])))
    tasks.finish(task, total=back + left, details={"changed": back, "left": left, "failed": [], "step": ""})


def put_back(step: UndoStep) -> tuple[int, int]:
    """Take the step back, the latest first: (put back, left alone because changed since, or no longer the actor's to change)."""
    query = db.select(Event).where(Event.id.in_([UUID(i) for i in step.events])).order_by(Event.id.desc())
    entries = [e for e in db.session.scalars(query) if e.verb in WAYS]
    about = {e.id: e.member_id for e in entries if e.subject_kind in _OF_MEMBERS}
    ended = {e.member_id for e in entries if e.verb == "member.end"}
    entries = [e for e in entries if e.verb not in FOLLOWED or e.member_id not in ended]
    lost = _out_of_reach({member_id for member_id in about.values() if member_id}, ended)
    back = sum(WAYS[e.verb](e) for e in entries if about.get(e.id) not in lost)
    step.undone_at = clock.now()
    return back, len(entries) - back


def stays_ended(step: UndoStep) -> bool:
    """Whether something ended with what was taken back."""
    query = db.select(Event.id).where(Event.id.in_([UUID(i) for i in step.events]), Event.verb.in_(FOLLOWED))
    return db.session.scalar(query.limit(1)) is not None


def _out_of_reach(people: set[UUID], ended: Collection[UUID | None]) -> set[UUID]:
    """Of these members, those whom the actor may not change now: whoever did it may have another role or place since. Of those
    who are history, only whose end is taken back can be changed.
    """
    actor = events.actor()
    if not people or Permission.MEMBER_WRITE not in GRANTS[Role(actor.role)]:
        return people
    can = Member.relation.in_(members.LIVE) | Member.id.in_(ended)
    found = db.select(Member.id).where(Member.id.in_(people), can)
    return people - set(db.session.scalars(visible(found, actor, Member.branch_id, Member.away_org_id)))
