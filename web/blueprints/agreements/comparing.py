"""Two texts of one agreement side by side, the changed words marked: any round of any version, also the draft."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any
from uuid import UUID

from flask import render_template, request

from web.blueprints.agreements import changes
from web.blueprints.agreements.pages import bp, load
from web.blueprints.filters import beside, moment
from web.blueprints.policy import needs
from web.core.errors import NotFound
from web.core.saying import say
from web.federation.agreements import service
from web.federation.agreements.reading import TextHere
from web.tenants.accounts.permissions import Permission


@bp.get("/<uuid:agreement_id>/compare")
@needs(Permission.AGREEMENT_READ)
def compare(agreement_id: UUID) -> str:
    """`a`, `b`: the texts (v1r2); without them the newest against the one before. `all`: clauses without changes too."""
    view = load(agreement_id)
    here = service.texts_here(view.agreement)
    by_key = {text.key: text for text in here}
    newest = here[-1].key if here else ""
    b = request.args.get("b", newest)
    before = [text.key for text in here if text.key != b]
    a = request.args.get("a", before[-1] if before else b)
    if here and (a not in by_key or b not in by_key):
        raise NotFound
    old, new = (by_key.get(key) for key in (a, b))
    show_all = request.args.get("all") == "1"
    return render_template(
        "agreements/compare.html",
        view=view,
        options=[(text.key, _words(text, view.name(text.by_uid))) for text in here],
        a=a,
        b=b,
        heads=[_words(text, view.name(text.by_uid)) for text in (old, new) if text],
        show_all=show_all,
        **(_compared(view, old, new, show_all=show_all) if old and new else {"rest": [], "clauses": [], "changed": 0}),
    )


def _words(text: TextHere, by: str) -> str:
    said = say("第 {round} 轮", round=text.round) if text.round else "草稿"
    return say("第 {version} 版{said}，{by}，{at}", version=text.version, said=said, by=by, at=moment(text.at))


def _compared(view: Any, old: TextHere, new: TextHere, *, show_all: bool) -> dict[str, Any]:
    rest = [(what, *beside(was, now)) for what, was, now in changes.others(old.text, new.text, view.name)]
    clauses, changed = [], 0
    for before, after in zip_longest(old.text["clauses"], new.text["clauses"]):
        was, now = ("\n".join(clause["paragraphs"]) for clause in (before, after))
        is_changed = (was, before["heading"]) != (now, after["heading"])
        changed += is_changed
        if is_changed or show_all:
            clauses.append(
                {"no": after["no"], "heading": beside(before["heading"], after["heading"]), "both": beside(was, now), "is_changed": is_changed}
            )  # fmt: skip
    return {"rest": rest, "clauses": clauses, "changed": changed + len(rest)}
