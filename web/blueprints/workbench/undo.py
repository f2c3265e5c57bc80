"""The way back: what was just done is put back by one press, while nobody changed the rows since."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from flask import flash, redirect, url_for
from werkzeug.wrappers import Response

from web.blueprints import edge, words
from web.blueprints.policy import needs
from web.blueprints.workbench.rooms import bp
from web.core.saying import say
from web.tenants.accounts.permissions import Permission
from web.tenants.register import bulk
from web.tenants.workbench import service as workbench

AT_ONCE = 20
"""So many are put back while one waits; more by a job."""


def offered(words: str, did: Sequence[UUID]) -> dict[str, str] | str:
    """What a toast says, with the way back where there was anything to do."""
    if not did:
        return words
    step = workbench.remember(words, did, edge.actor())
    return {"words": words, "undo": url_for("workbench.undo", step_id=step.id)}


def offer(words: str, did: Sequence[UUID]) -> None:
    """Say on the next page that it is done."""
    flash(offered(words, did))  # type: ignore[arg-type]


@bp.post("/undo/<uuid:step_id>")
@needs(Permission.SELF_WRITE)
def undo(step_id: UUID) -> Response:
    """Put back, the latest first; a great many by a job."""
    step = workbench.take_step(step_id, edge.actor())
    if len(step.events) > AT_ONCE:
        return redirect(url_for("tasks.show", task_id=bulk.begin_undo(step.id, len(step.events)).id), 303)
    back, left = bulk.put_back(step)
    flash(
        say("已撤销 {back} 处{more}", back=back, more=say("，{left} 处后来又有改动，没有动", left=left) if left else "")
    )
    if back and bulk.stays_ended(step):
        flash("随之结束的流动登记和转接没有恢复，需要的请重新登记")
    return redirect(words.came_from() or url_for("home.index"), 303)
