"""A form that was sent after the session ended: its fields wait, sealed, in the sign-in page and are sent again by one press.

Nothing is stored: the sealed fields travel in the page. Only what came from our own pages waits, so that another site cannot
put a form into somebody's sign-in.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import timedelta
from urllib.parse import urlsplit

from flask import g, render_template, request

from web.core import clock, crypto
from web.extensions import settings

MOST = 200_000
"""Bytes of a form that can wait; longer ones are drafts."""
WAITS = timedelta(hours=12)
NEVER = {"csrf_token", "password", "current", "new", "again", "kept"}


def _key() -> bytes:
    return crypto.derive(settings().field_key, "kept form")


def _is_ours() -> bool:
    said = request.headers.get("Origin") or request.headers.get("Referer") or ""
    return bool(said) and urlsplit(said).netloc == request.host


def fields() -> list[tuple[str, str]]:
    """What was posted, without what must not travel in a page."""
    return [(name, value) for name, value in request.form.items(multi=True) if name not in NEVER]


def again() -> dict[str, object] | None:
    """For errors/error.html: what was posted, to be sent once more by a press; None where a file or a password was part."""
    is_whole = set(request.form) & NEVER <= {"csrf_token"} and not request.files and "HX-Request" not in request.headers
    if not _is_ours() or not is_whole:
        return None
    return {"url": request.full_path.rstrip("?"), "fields": fields()}


def page() -> tuple[str, int] | None:
    """The sign-in page with the form that was sent, or None where there is none to keep (401)."""
    if (
        request.method != "POST"
        or not _is_ours()
        or not request.form
        or request.files
        or "HX-Request" in request.headers
    ):
        return None
    clear = json.dumps([request.full_path.rstrip("?"), fields(), clock.now().timestamp()], ensure_ascii=False).encode()
    if len(clear) > MOST:
        return None
    token = base64.urlsafe_b64encode(crypto.encrypt(_key(), clear, g.county.code)).decode()
    from web.blueprints.auth import SignIn
    from web.blueprints.forms import Form

    form = Form(SignIn)
    form.values = {"next": "", "username": "", "password": "", "kept": token}
    return render_template("auth/sign_in.html", form=form), 401


def read(token: str) -> tuple[str, list[tuple[str, str]]] | None:
    """Address and fields of the form that waits; None for none, an old one, or one that is not ours."""
    try:
        clear = crypto.decrypt(_key(), base64.urlsafe_b64decode(token), g.county.code)
    except (crypto.Undecryptable, binascii.Error, ValueError):
        return None
    path, fields, at = json.loads(clear)
    if clock.now().timestamp() - at > WAITS.total_seconds():
        return None
    return path, [(name, value) for name, value in fields]
