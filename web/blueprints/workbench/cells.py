"""How one cell of a list answers, whatever the list: to the script that edits in the table, or as a page of one field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import jsonify, redirect, render_template, request

from web.blueprints.english import choice
from web.blueprints.forms import Form
from web.blueprints.workbench.undo import offer, offered
from web.core.saying import joined


def done(said: str, did: Sequence[UUID], back: str, *, now: str, version: str) -> Any:
    """The cell holds `now`, and what was done can be taken back."""
    if _is_script():
        return jsonify(words=now, version=version, toast=render_template("toast.html", said=offered(said, did)))
    offer(said, did)
    return redirect(back, 303)


def page(form: Form, clash: Mapping[str, Any] | None, **more: Any) -> Any:
    """The field by itself, both values where somebody was quicker (412); a script gets JSON. `more`: title, label, trail,
    action, back, and `how` its field is drawn.
    """
    if _is_script() and clash is not None:
        return jsonify({name: choice.shown(value) for name, value in clash.items()}), 412
    if _is_script() and form.errors:
        return jsonify(error=choice.shown(joined("；", (word for each in form.errors.values() for word in each)))), 422
    made, status = form.page("workbench/cell.html", clash=clash, **more)
    return made, 412 if clash else status


def _is_script() -> bool:
    return "X-Cell" in request.headers
