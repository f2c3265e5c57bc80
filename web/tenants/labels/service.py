"""Verbs of labels: add, change, drop, restore; put on members and take off; the labels a county has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete

from web.core import clock, events
from web.core.errors import Invalid, NotFound
from web.core.events import Event
from web.core.saying import joined
from web.extensions import db
from web.tenants.labels.models import Label, MemberLabel
from web.tenants.members import merging
from web.tenants.members.models import Member

COLOURS: Mapping[str, str] = {
    "grey": "灰", "brown": "棕", "amber": "黄", "teal": "青", "blue": "蓝", "violet": "紫",
}  # fmt: skip
"""Quiet ones; cinnabar and green mean something else."""
BIN = timedelta(days=30)
MOST = 40


def every() -> list[Label]:
    """The county's labels by title, without the deleted ones."""
    return list(db.session.scalars(db.select(Label).where(Label.deleted_at.is_(None)).order_by(Label.title, Label.id)))


def get(label_id: UUID) -> Label:
    """NotFound when it is absent or another county's; a deleted one is found."""
    found = db.session.scalars(db.select(Label).where(Label.id == label_id)).first()
    if found is None:
        raise NotFound()
    return found


def _check(title: str, colour: str, but: UUID | None = None) -> str:
    title = title.strip()
    wrong: dict[str, object] = {}
    others = [label for label in every() if label.id != but]
    if not title:
        wrong["title"] = "required"
    elif len(title) > 20:
        wrong["title"] = "too_long"
    elif any(label.title == title for label in others):
        wrong["title"] = "taken"
    elif len(others) >= MOST:
        wrong["title"] = "too_many_labels"
    if colour not in COLOURS:
        wrong["colour"] = "choose_one"
    if wrong:
        raise Invalid(wrong)
    return title


def add(title: str, colour: str) -> Label:
    """A new label. Invalid for a title that is empty or taken."""
    label = Label(title=_check(title, colour), colour=colour, created_at=clock.now())
    events.record("label.add", label)
    db.session.add(label)
    db.session.flush()
    return label


def change(label: Label, title: str, colour: str) -> None:
    """Another word or colour."""
    label.title, label.colour = _check(title, colour, label.id), colour
    events.record("label.change", label)
    db.session.flush()


def drop(label: Label) -> None:
    """Into the recycle bin: what has it keeps it unseen, and has it again if it is restored."""
    label.deleted_at = clock.now()
    events.record("label.drop", label)
    db.session.flush()


def restore(label: Label) -> None:
    """Out of the recycle bin. Invalid when another has its title meanwhile."""
    _check(label.title, label.colour, label.id)
    label.deleted_at = None
    events.record("label.restore", label)
    db.session.flush()


def purge() -> None:
    """Those nobody restored."""
    db.session.execute(delete(Label).where(Label.deleted_at < clock.now() - BIN))


def held(member_ids: Iterable[UUID]) -> dict[UUID, set[UUID]]:
    """Member → its labels, for many at once."""
    found: dict[UUID, set[UUID]] = {}
    query = db.select(MemberLabel.member_id, MemberLabel.label_id).where(MemberLabel.member_id.in_(list(member_ids)))
    for member_id, label_id in db.session.execute(query):
        found.setdefault(member_id, set()).add(label_id)
    return found


def told(said: Iterable[str]) -> tuple[list[Label], list[Label]]:
    """What a form of marks puts on and takes off: `on:<id>`, `off:<id>`; anything else, and ids of no label, are passed over."""
    known = {str(label.id): label for label in every()}
    marks = [(how, known[id_]) for how, _, id_ in (each.partition(":") for each in said) if id_ in known]
    return [label for how, label in marks if how == "on"], [label for how, label in marks if how == "off"]


def mark(members: Iterable[Member], on: Sequence[Label], off: Sequence[Label]) -> int:
    """Put labels on members and take others off; how many members changed. One event a member."""
    rows = list(members)
    query = db.select(MemberLabel).where(MemberLabel.member_id.in_([m.id for m in rows]))
    held: dict[UUID, dict[UUID, MemberLabel]] = {}
    for row in db.session.scalars(query):
        held.setdefault(row.member_id, {})[row.label_id] = row
    changed = 0
    for member in rows:
        has = held.get(member.id, {})
        added = [label for label in on if label.id not in has]
        removed = [label for label in off if label.id in has]
        if not added and not removed:
            continue
        changed += 1
        db.session.add_all(MemberLabel(member_id=member.id, label_id=label.id) for label in added)
        for label in removed:
            db.session.delete(has[label.id])
        events.record(
            "member.label", member,
            details={
                "on": joined('、', (i.title for i in added)) or "无", "off": joined('、', (i.title for i in removed)) or "无",
                "ids": [[str(i.id) for i in added], [str(i.id) for i in removed]],
            },
        )  # fmt: skip
    db.session.flush()
    return changed


def of_member(member_id: UUID) -> list[Label]:
    """What one member has, by title."""
    query = (
        db.select(Label)
        .join(MemberLabel, (MemberLabel.tenant_id == Label.tenant_id) & (MemberLabel.label_id == Label.id))
        .where(MemberLabel.member_id == member_id, Label.deleted_at.is_(None))
    )
    return list(db.session.scalars(query.order_by(Label.title)))


def put_back(entry: Event) -> bool:
    """Undo one marking: what was put on comes off, and the other way round."""
    if entry.subject_id is None:
        return False
    put, taken = ([get(UUID(i)) for i in ids] for ids in entry.details["ids"])
    member = db.session.scalars(db.select(Member).where(Member.id == entry.subject_id)).first()
    return member is not None and mark([member], taken, put) == 1


merging.MOVES["label"] = merging.Move(MemberLabel, alone=(MemberLabel.label_id,))
