"""Which language a page is in: what the account chose, else what this browser chose, else Chinese."""

from __future__ import annotations

from flask import g, has_request_context, request
from flask_login import current_user

from web.blueprints.english import catalogue

CHINESE, ENGLISH = "zh-Hans", "en"
LANGUAGES = {CHINESE: "中文"}
"""The languages offered. English is offered when its catalogue is whole; a test holds the two together."""


def language() -> str:
    """The language of this request; Chinese outside one."""
    if not has_request_context():
        return CHINESE
    if "language" not in g:
        account = getattr(current_user, "language", "") if current_user else ""
        wanted = account or request.cookies.get("lang", "")
        g.language = wanted if wanted in LANGUAGES else CHINESE
    found: str = g.language
    return found


def stay_chinese() -> None:
    """This request's page is a paper."""
    g.language = CHINESE


def shown(text: str) -> str:
    """A text as this request shows it, for answers that are no page (JSON to our scripts)."""
    return str(catalogue.put(text)) if language() == ENGLISH else text
