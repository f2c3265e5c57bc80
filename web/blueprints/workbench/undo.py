"""The way back: what was just done is put back by one press, while nobody changed the rows since."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from flask import flash, redirect, request, url_for
from werkzeug.wrappers import Response

from web.blueprints import edge
from web.blueprints.policy import needs
from web.blueprints.workbench.rooms import bp
from web.core.events import Event
from web.extensions import db
from web.tenants.accounts.permissions import Permission
from web.tenants.flows import service as flows
from web.tenants.labels import service as labels
from web.tenants.members import service as members
from web.tenants.workbench import service as workbench

# Verb of the log → what puts it back; False when the row was changed since. What is not here has no way back.
WAYS: dict[str, Callable[[Event], bool]] = {
    "member.amend": members.put_back,
    "member.assign_branch": members.put_back,
    "member.assign_away": members.put_back,
    "member.mark_dues": members.put_back,
    "member.label": labels.put_back,
    "flow.miss": flows.put_back,
    "flow.find": flows.put_back,
}


def offer(words: str, did: Sequence[UUID]) -> None:
    """Say that it is done, with the way back where there was anything to do."""
    if not did:
        flash(words)
        return
    step = workbench.remember(words, did, edge.actor())
    flash({"words": words, "undo": url_for("workbench.undo", step_id=step.id)})  # type: ignore[arg-type]


@bp.post("/undo/<uuid:step_id>")
@needs(Permission.SELF_WRITE)
def undo(step_id: UUID) -> Response:
    """Put back, the latest first."""
    step = workbench.take_step(step_id, edge.actor())
    query = db.select(Event).where(Event.id.in_([UUID(i) for i in step.events])).order_by(Event.id.desc())
    entries = [e for e in db.session.scalars(query) if e.verb in WAYS]
    back = sum(WAYS[e.verb](e) for e in entries)
    left = len(entries) - back
    flash(f"已撤销 {back} 处" + (f"，{left} 处后来又有改动，没有动" if left else ""))
    return redirect(request.referrer or url_for("home.index"), 303)
