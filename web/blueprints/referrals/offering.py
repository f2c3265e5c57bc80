"""Choosing whom to offer: exactly what will cross for each, who still lacks notice, and the offer that checks it again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import Select

from web.blueprints import edge, words
from web.blueprints.forms import Form, read
from web.blueprints.members import lists as register
from web.blueprints.policy import needs
from web.blueprints.referrals.rooms import bp
from web.blueprints.referrals.schemas import Chosen, Noticed
from web.core import clock
from web.core.errors import DomainError, Invalid, NotFound
from web.core.saying import say
from web.extensions import db
from web.federation.post import keys
from web.federation.post.models import Peer
from web.federation.referrals import offering
from web.tenants.accounts.permissions import Permission
from web.tenants.consents.models import Method
from web.tenants.flows.models import Flow, FlowState


def _partner(
    uid: UUID | str | None, member_ids: Sequence[UUID] = (), among: Sequence[Peer] | None = None
) -> Peer | None:
    """The confirmed partner named, or the one most of these members live in."""
    partners = keys.partners() if among is None else among
    named = next((p for p in partners if str(p.uid) == str(uid)), None)
    if named is not None or uid:
        return named
    if not member_ids:
        return partners[0] if partners else None
    query = (
        db.select(Flow.host_code)
        .where(
            Flow.member_id.in_(member_ids),
            Flow.state != FlowState.ENDED,
            Flow.host_code.in_([p.code for p in partners]),
        )
        .group_by(Flow.host_code)
        .order_by(db.func.count().desc())
    )
    code = db.session.scalars(query.limit(1)).first()
    return next((p for p in partners if p.code == code), partners[0] if partners else None)


def _page(
    partner: Peer | None,
    chosen: Sequence[UUID] | Select[Any],
    form: Form | None = None,
    *,
    among: Sequence[Peer] | None = None,
    is_listed: bool = False,
) -> Any:
    preview, why = None, ""
    if partner is not None:
        try:
            preview = offering.offer_preview(partner, chosen, edge.actor())
        except DomainError as error:
            if error.code not in ("agreement_not_active", "scope_not_granted"):
                raise
            why = words.of(error)
    if form is None:  # what was posted, if anything, is the register's selection and not this form
        form = Form(Noticed)
        form.values = {"given_on": clock.today(), "method": Method.PAPER.value}
    page = render_template(
        "referrals/preview.html", partner=partner, partners=keys.partners() if among is None else among, preview=preview, why=why,
        form=form, is_listed=is_listed, ids=[c.member_id for c in preview.candidates] if preview else [], most=offering.MOST,
    )  # fmt: skip
    return page, 422 if form.errors else 200


@bp.get("/new")
@needs(Permission.REFERRAL_WRITE)
def new() -> Any:
    """Everybody with an open flow to a partner's county whom nobody offered yet."""
    partners = keys.partners()
    partner = _partner(request.args.get("partner"), among=partners)
    chosen: Sequence[UUID] | Select[Any] = offering.towards(partner, edge.actor()) if partner else []
    return _page(partner, chosen, among=partners, is_listed=True)


@bp.post("/offer-preview")
@needs(Permission.REFERRAL_WRITE)
def offer_preview() -> Any:
    """The register's selection, as it would go."""
    ids = register.chosen()[: offering.MOST]
    return _page(_partner(request.form.get("partner"), ids), ids)


@bp.get("/begin/<uuid:member_id>")
@needs(Permission.REFERRAL_WRITE)
def begin(member_id: UUID) -> Any:
    """One member, from his own page."""
    from web.blueprints.members import pages

    pages.person(member_id)
    return _page(_partner(request.args.get("partner"), [member_id]), [member_id])


@bp.post("/notices")
@needs(Permission.REFERRAL_WRITE)
def notices() -> Any:
    """Record that those who lack it were told; then the preview again."""
    form = Form(Noticed)
    ids, partner = _posted()
    with form:
        given = form.read()
        preview = offering.offer_preview(partner, ids, edge.actor())
        lacking = [c.member_id for c in preview.without_notice]
        told = offering.note_notice(partner.uid, lacking, Method(given["method"]), given["given_on"], edge.actor())
        flash(say("已登记告知 {told} 人", told=told))
        return _page(partner, ids)
    return _page(partner, ids, form)


@bp.post("/")
@needs(Permission.REFERRAL_WRITE)
def offer() -> Any:
    """Offer the ticked ones; who cannot be offered any more is named with the reason."""
    given = read(Chosen, request.form)
    partner = _partner(given["partner"])
    if partner is None:
        raise NotFound()
    outcomes = offering.offer(partner.uid, given["id"], edge.actor())
    sent = [o for o in outcomes if o.referral_id]
    if len(sent) == len(outcomes):
        flash(say("已送请{name}接收 {sent} 人", name=partner.name, sent=len(sent)))
        if len(sent) == 1:
            return redirect(url_for("referrals.show", referral_id=sent[0].referral_id), 303)
        return redirect(url_for("referrals.index", tab="out", partner=partner.uid), 303)
    return render_template(
        "referrals/sent.html", partner=partner, sent=sent, left=[o for o in outcomes if not o.referral_id]
    )


def _posted() -> tuple[list[UUID], Peer]:
    """Members and partner of a form whose other fields may be wrong."""
    try:
        ids = [UUID(value) for value in request.form.getlist("id")[: offering.MOST]]
    except ValueError as error:
        raise Invalid({"id": "invalid"}) from error
    partner = _partner(request.form.get("partner") or "none")
    if partner is None:
        raise NotFound()
    return ids, partner
