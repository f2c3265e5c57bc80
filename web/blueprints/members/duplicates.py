"""疑似重复: pairs of records that may be one person, side by side; merged field by field, or said to be two people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for

from web.blueprints import edge, todos, words
from web.blueprints.members import wording
from web.blueprints.members.pages import person
from web.blueprints.members.rooms import bp
from web.blueprints.policy import needs
from web.blueprints.todos import Queue, Todo
from web.core import fence
from web.core.errors import DomainError, NotFound
from web.core.fields import FIELDS, mask
from web.core.saying import say
from web.tenants.accounts.permissions import Permission
from web.tenants.members import merging
from web.tenants.members import service as members
from web.tenants.members.models import Member
from web.tenants.organisations import service as organisations
from web.tenants.workbench.queues import Waiting


def _todos(rows: Sequence[Waiting]) -> list[Todo]:
    return [
        Todo(
            row.name,
            wording.WHY[merging.reason(row.said["why"])],
            url_for("members.compare", first_id=row.id, second_id=row.said["second"]),
            act="比对",
        )
        for row in rows
    ]


todos.QUEUES.append(
    Queue(
        "duplicates",
        "疑似重复",
        "名册里可能是同一个人的两条记录；合并或者认定不是重复后自动消去",
        Permission.MEMBER_WRITE,
        lambda: url_for("members.duplicates"),
        merging.waiting,
        _todos,
    )
)


@bp.get("/duplicates")
@needs(Permission.MEMBER_WRITE)
def duplicates() -> str:
    """Pairs to look at, by name, and what was decided in the last thirty days."""
    actor = edge.actor()
    page = merging.alike(actor, after=request.args.get("after", ""), before=request.args.get("before", ""))
    return render_template(
        "members/duplicates.html",
        page=page,
        decided=merging.decided(actor),
        why=wording.WHY,
        days=merging.BACK_WITHIN.days,
    )


SPELLED = {
    "gender": "genders", "ethnicity": "ethnicities", "education": "educations", "member_kind": "kinds", "chosen_phone": "w_phones",
}  # fmt: skip
TITLES = {"branch_id": "党支部", "away_org_id": "驻外支部"}


def _said(member: Member, field: str) -> str:
    """The value as the page shows it: in words, masked where it is masked everywhere."""
    value = getattr(member, field)
    if value in (None, ""):
        return ""
    if field in TITLES:
        return organisations.get(value).full_name
    if field in SPELLED:
        return str(wording.LABELS[SPELLED[field]][value])
    return str(mask(field, value)) if field in wording.REVEALABLE else str(value)


def _rows(first: Member, second: Member) -> list[dict[str, Any]]:
    """Every field that either fills in: what both say, whether it differs."""
    shown = []
    for field in merging.FIELDS:
        here, there = getattr(first, field), getattr(second, field)
        if here in (None, "") and there in (None, ""):
            continue
        label = TITLES.get(field) or FIELDS[field].label
        shown.append(
            {"name": field, "label": label, "first": _said(first, field), "second": _said(second, field), "differs": here != there}
        )  # fmt: skip
    return shown


@bp.route("/duplicates/<uuid:first_id>/<uuid:second_id>", methods=["GET", "POST"])
@needs(Permission.MEMBER_WRITE)
def compare(first_id: UUID, second_id: UUID) -> Any:
    """Both records side by side: which stays, which value of each field; or that they are two people."""
    if first_id == second_id:
        raise NotFound()
    for member_id in (first_id, second_id):
        person(member_id)
    is_write = request.method == "POST"
    found = {i: members.get(i, lock=is_write) for i in sorted((first_id, second_id))}
    first, second = found[first_id], found[second_id]
    wrong = ""
    if is_write:
        try:
            with fence.savepoint():  # what a refusal began is not kept
                pair = _decide(first, second)
        except DomainError as error:
            if error.code == "not_found":
                raise
            wrong = words.of(error)
        else:
            said = say("已合并为{name}一条记录", name=first.name) if pair.kept_id else "已记下：不是同一个人，不再提示"
            flash({"words": said, "undo": url_for("members.take_back", pair_id=pair.id)})  # type: ignore[arg-type]
            if pair.kept_id is None:
                return redirect(url_for("members.duplicates"), 303)
            return redirect(url_for("members.show", member_id=pair.kept_id), 303)
    held = merging.held([first_id, second_id])
    stays = next((i for i in (first_id, second_id) if i in held), first_id)
    page = render_template(
        "members/compare.html", first=first, second=second, rows=_rows(first, second), wrong=wrong, given=request.form,
        held={i: [words.ERRORS[code] for code in codes] for i, codes in held.items()}, stays=str(stays), days=merging.BACK_WITHIN.days,
    )  # fmt: skip
    return page, 422 if wrong else 200


def _decide(first: Member, second: Member) -> Any:
    if request.form.get("act") == "differ":
        return merging.differ(first, second)
    kept, gone = (second, first) if request.form.get("kept") == str(second.id) else (first, second)
    take = [f for f in merging.FIELDS if request.form.get(f"take-{f}", str(kept.id)) == str(gone.id)]
    return merging.merge(kept, gone, take)


@bp.post("/duplicates/<uuid:pair_id>/take-back")
@needs(Permission.MEMBER_WRITE)
def take_back(pair_id: UUID) -> Any:
    """The decision is taken back: merged records are two again."""
    pair = merging.find(pair_id, lock=True)
    for member_id in (pair.first_id, pair.second_id):
        person(member_id)
    was_merged = pair.kept_id is not None
    merging.take_back(pair)
    flash("已撤销合并，恢复为两条记录" if was_merged else "已撤销，重新列入疑似重复")
    return redirect(url_for("members.duplicates"), 303)
