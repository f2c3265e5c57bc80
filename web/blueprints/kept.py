"""A form that was sent after the session ended: its fields wait, sealed, in the sign-in page and are sent again by one press.

Nothing is stored: the sealed fields travel in the page. Only what came from our own pages waits, so that another site cannot
put a form into somebody's sign-in; and it waits for the account of the session that ended, whoever signs in next.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

from flask import g, render_template, request, session

from web.core import clock, crypto
from web.extensions import db, settings
from web.tenants.accounts.models import LoginSession

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
    """The sign-in page with the form that was sent (401), or None where there is none to keep or nobody to keep it for."""
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
    if (sender := _sender()) is None:
        return None
    token = base64.urlsafe_b64encode(crypto.encrypt(_key(), clear, _bound(sender))).decode()
    from web.blueprints.auth import SignIn
    from web.blueprints.forms import Form

    form = Form(SignIn)
    form.values = {"next": "", "username": "", "password": "", "kept": token}
    return render_template("auth/sign_in.html", form=form), 401


def _sender() -> UUID | None:
    """Whose session it was that ended, by the cookie that is still here; None for one who signed out."""
    from web.blueprints.edge import token_digest

    token = token_digest(str(session.get("_user_id", "")))
    found: UUID | None = db.session.scalar(db.select(LoginSession.account_id).where(LoginSession.token == token))
    return found


def _bound(account_id: UUID) -> str:
    return f"{g.county.code} {account_id}"


def read(token: str, account_id: UUID) -> tuple[str, list[tuple[str, str]]] | None:
    """Address and fields of the form of this account that waits; None for none, an old one, another's, or one not ours."""
    try:
        clear = crypto.decrypt(_key(), base64.urlsafe_b64decode(token), _bound(account_id))
    except (crypto.Undecryptable, binascii.Error, ValueError):
        return None
    path, fields, at = json.loads(clear)
    if clock.now().timestamp() - at > WAITS.total_seconds():
        return None
    return path, [(name, value) for name, value in fields]
