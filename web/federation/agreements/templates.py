"""Texts a county keeps for its next agreement: without parties and days, which stand as 〔…〕 until an agreement begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete

from web.core import clock
from web.core.errors import Invalid, NotFound
from web.core.scopes import GRANTABLE
from web.extensions import db
from web.federation.agreements import clauses, standing, texts
from web.federation.agreements.models import AgreementTemplate
from web.federation.agreements.reading import current, get
from web.tenants.counties import service as counties
from web.tenants.workbench.service import BIN

KEPT = ("clauses", "notice_days", "frequencies", "items", "responsibilities")


def every() -> list[AgreementTemplate]:
    """All of the county, the one changed last first."""
    return list(db.session.scalars(undeleted().order_by(AgreementTemplate.updated_at.desc())))


def undeleted() -> Select[tuple[AgreementTemplate]]:
    """Those that are not in the recycle bin."""
    return db.select(AgreementTemplate).where(AgreementTemplate.deleted_at.is_(None))


def find(template_id: UUID, *, lock: bool = False, in_bin: bool = False) -> AgreementTemplate:
    """NotFound when it is absent, another county's, or in the recycle bin; `in_bin`: it may be there."""
    query = (db.select(AgreementTemplate) if in_bin else undeleted()).where(AgreementTemplate.id == template_id)
    found: AgreementTemplate | None = db.session.scalars(query.with_for_update() if lock else query).first()
    if found is None:
        raise NotFound()
    return found


def save(agreement_id: UUID, name: str) -> AgreementTemplate:
    """Keep the text in hand of this agreement: parties and days are taken out of it. Invalid for a name there is already."""
    agreement = get(agreement_id)
    version = standing.effective_of(agreement) or current(agreement)
    text = version.text
    if text is None:
        raise NotFound()
    own = str(counties.own().uid)  # whoever begins the next one leads it, whatever place it had in this one
    kept = {key: text[key] for key in KEPT if key in text}
    kept["clauses"] = clauses.generic(text)
    kept["items"] = [{key: item[key] for key in ("key", "category", "goal", "measure")} for item in text["items"]]
    kept["gives"] = sorted({g["scope"] for g in text["grants"] if g["owner"] == own})
    kept["takes"] = sorted({g["scope"] for g in text["grants"] if g["receiver"] == own})
    kept["without"] = _without(text, own)
    _demand_new(name)
    now = clock.now()
    row = AgreementTemplate(name=name, text=kept, created_at=now, updated_at=now)
    db.session.add(row)
    db.session.flush()
    return row


def _without(text: Mapping[str, Any], own: str) -> dict[str, list[str]]:
    """way:scope → fields that this text leaves out of it towards anybody: the next agreement begins as narrow."""
    left: dict[str, set[str]] = {}
    for g in text["grants"]:
        for way, side in (("gives", "owner"), ("takes", "receiver")):
            if g[side] == own:
                left.setdefault(f"{way}:{g['scope']}", set()).update({*GRANTABLE[g["scope"]].fields} - {*g["fields"]})
    return {way: sorted(fields) for way, fields in left.items() if fields and fields != set(GRANTABLE[way[-2:]].fields)}


def change(template_id: UUID, name: str, changed: Mapping[str, Any]) -> AgreementTemplate:
    """Another name, other words. `changed`: any of KEPT, `gives`, `takes`."""
    row = find(template_id, lock=True)
    if name != row.name:
        _demand_new(name)
    row.name, row.text, row.updated_at = name, {**row.text, **changed}, clock.now()
    db.session.flush()
    return row


def drop(template_id: UUID) -> AgreementTemplate:
    """Into the recycle bin; agreements made from it stay as they are."""
    row = find(template_id, lock=True)
    row.deleted_at = clock.now()
    db.session.flush()
    return row


def restore(template_id: UUID) -> AgreementTemplate:
    """Out of the recycle bin. Invalid when another has its name meanwhile."""
    row = find(template_id, lock=True, in_bin=True)
    if row.deleted_at is not None:
        _demand_new(row.name)
        row.deleted_at = None
        db.session.flush()
    return row


def purge() -> None:
    """Those nobody restored."""
    db.session.execute(delete(AgreementTemplate).where(AgreementTemplate.deleted_at < clock.now() - BIN))


def _demand_new(name: str) -> None:
    if db.session.scalar(undeleted().where(AgreementTemplate.name == name)) is not None:
        raise Invalid({"name": "taken"})


def text_from(
    template: AgreementTemplate,
    title: str,
    parties: Sequence[tuple[UUID, str]],
    starts_on: date,
    ends_on: date,
    notice_days: int,
    *,
    is_township: bool = False,
) -> dict[str, Any]:
    """A first text for `negotiating.begin`, of counties or of townships whichever the template was saved from. `parties`:
    (uid, office), the hub first.
    """
    kept, hub = template.text, parties[0][0]
    others = [uid for uid, _ in parties[1:]]
    without = kept.get("without", {})
    grants = [
        texts.grant(hub, it, scope, without.get(f"gives:{scope}", ())) for it in others for scope in kept["gives"]
    ]
    grants += [
        texts.grant(it, hub, scope, without.get(f"takes:{scope}", ())) for it in others for scope in kept["takes"]
    ]
    offices = [office for _, office in parties]
    words = clauses.specific(kept["clauses"], title, offices, starts_on, ends_on, notice_days, kept["frequencies"])
    text: dict[str, Any] = {
        "title": title,
        "clauses": clauses.of_level(words, is_township=is_township),
        "items": [{**item, "owner": "all", "due": ends_on.isoformat()} for item in kept["items"]],
        "grants": [g for g in grants if not is_township or g["scope"] in texts.OF_NO_PERSON],
        "effective_from": starts_on.isoformat(),
        "effective_to": ends_on.isoformat(),
        "notice_days": notice_days,
        "frequencies": kept["frequencies"],
    }
    return text | ({"responsibilities": kept["responsibilities"]} if "responsibilities" in kept else {})
