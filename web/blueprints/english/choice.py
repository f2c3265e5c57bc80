"""Which language a page is in: what the account chose, else what this browser chose, else Chinese."""

from __future__ import annotations

from flask import g, has_request_context, request
from flask_login import current_user
from werkzeug.wrappers import Response

from web.blueprints.english import catalogue

CHINESE, ENGLISH = "zh-Hans", "en"
LANGUAGES = {CHINESE: "中文", ENGLISH: "English"}
"""The languages offered. English is offered when its catalogue is whole; a test holds the two together."""


def language() -> str:
    """The language of this request; Chinese outside one."""
    if not has_request_context():
        return CHINESE
    if "language" not in g:
        # While the database is out it is not to be asked who this is.
        account = "" if g.get("is_out") else getattr(current_user, "language", "")
        wanted = account or request.cookies.get("lang", "")
        g.language = wanted if wanted in LANGUAGES else CHINESE
    found: str = g.language
    return found


def keep(answer: Response, wanted: str) -> None:
    """Let this browser remember the language, for pages before anybody signs in."""
    answer.set_cookie("lang", wanted, max_age=365 * 24 * 3600, secure=request.is_secure, httponly=True, samesite="Lax")


def stay_chinese() -> None:
    """This request's page is a paper."""
    g.language = CHINESE


def shown(text: str) -> str:
    """A text as this request shows it, for answers that are no page (JSON to our scripts)."""
    return str(catalogue.put(text)) if language() == ENGLISH else text
