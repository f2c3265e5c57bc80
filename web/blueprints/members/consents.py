"""Notices and consents: recorded for one member or a selection, shown in the words of their day, withdrawn.

A notice (S2, S5, S6) informs and can be about many; a consent (S3) is asked by itself, for one partner and one number.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, flash, g, redirect, render_template, request, url_for

from web.blueprints import scans as files
from web.blueprints.forms import Form
from web.blueprints.members import wording
from web.blueprints.members.lists import ENDPOINTS, chosen
from web.blueprints.members.pages import locked, partners, person
from web.blueprints.members.rooms import bp
from web.blueprints.members.schemas import Agreed, Notice, NoticeOfMany, Withdraw
from web.blueprints.policy import needs
from web.core import clock
from web.core.errors import Invalid, NotFound
from web.core.fields import mask
from web.core.saying import say
from web.core.scopes import SCOPES
from web.federation.request_kinds import REQUEST_KINDS
from web.federation.requests import lists as requests
from web.federation.sharing import lists as shares
from web.tenants.accounts.permissions import Permission
from web.tenants.consents import service, wordings
from web.tenants.consents.models import Consent, Method
from web.tenants.documents import scans
from web.tenants.members import service as members
from web.tenants.members.models import Member
from web.tenants.register.facets import Roll

_FIRST = {"scope": ["S2", "S6", "S5"], "method": Method.IN_PERSON.value}


def _scopes() -> list[tuple[str, str, str]]:
    return [(s, *wording.SCOPES[s]) for s in wording.NOTICES]


def _start(known: dict[UUID, str]) -> dict[str, Any]:
    return {"given_on": clock.today(), "partner": next(iter(known)) if len(known) == 1 else ""}


def _checked(given: dict[str, Any], known: dict[UUID, str]) -> dict[str, Any]:
    if given["partner"] not in known:
        raise Invalid({"partner": "choose_one"})
    return given


def _demand_last_word(member: Member, given: dict[str, Any], scopes: list[str]) -> None:
    """Invalid for a day after which the member withdrew one of these scopes."""
    if service.withdrawn_since(member.id, given["partner"], given["given_on"]) & set(scopes):
        raise Invalid({"given_on": "withdrawn_since"})


def _scan(
    sent: bytes | None, member: Member, title: str, partner_uid: UUID, scopes: list[str], *, is_anew: bool = False
) -> UUID | None:
    """The signed paper that came with the form, kept; None when none did, or when all it is about has its paper already."""
    if sent is None or not (is_anew or service.takes_scan(member.id, partner_uid, scopes)):
        return None
    return scans.keep(sent, title=title, about_id=member.id).id


def _back(member_id: UUID) -> Any:
    return redirect(url_for("members.show", member_id=member_id) + "#notices", 303)


@bp.route("/<uuid:member_id>/notice", methods=["GET", "POST"])
@needs(Permission.MEMBER_WRITE)
def notice(member_id: UUID) -> Any:
    """Record what the member was told about one partner county."""
    member = locked(member_id) if request.method == "POST" else person(member_id).member
    members.demand_open(member)
    known = partners()
    form = Form(Notice, {**_FIRST, **_start(known)})
    if form.is_sent:
        with form:
            given = _checked(form.read(), known)
            _demand_last_word(member, given, given["scope"])
            title = say("告知书　{partner}", partner=known[given["partner"]])
            sent = files.sent()
            scan_id = _scan(sent, member, title, given["partner"], given["scope"])
            rows = service.give(
                member, given["partner"], given["scope"], method=Method(given["method"]), on=given["given_on"],
                scan_id=scan_id,
            )  # fmt: skip
            if rows:
                flash(say("已登记 {rows} 项告知", rows=len(rows)))
            elif scan_id:
                flash("这些范围此前已告知，签字扫描件已补上")
            else:
                flash("这些范围此前已告知，已有扫描件，这次的没有存" if sent is not None else "这些范围此前已告知")
            return _back(member_id)
    return form.page(
        "members/notice.html", m=member, count=1, partners=known, scopes=_scopes(), w=wording,
        back=url_for("members.show", member_id=member_id), version=wordings.in_use().version,
    )  # fmt: skip


@bp.route("/<uuid:member_id>/consent", methods=["GET", "POST"])
@needs(Permission.MEMBER_WRITE)
def agree(member_id: UUID) -> Any:
    """The member's separate consent to one number going to one partner (S3)."""
    member = locked(member_id) if request.method == "POST" else person(member_id).member
    members.demand_open(member)
    known, text = partners(), wordings.in_use()
    form = Form(Agreed, {"chosen_phone": member.chosen_phone, "method": Method.PAPER.value, **_start(known)})
    if form.is_sent:
        with form:
            given = _checked(form.read(), known)
            if not given["is_own_wish"]:
                raise Invalid({"is_own_wish": "not_agreed"})
            _demand_last_word(member, given, ["S3"])
            sent = files.sent()
            if given["method"] == Method.PAPER and sent is None:
                raise Invalid({"scan": "scan_missing"})
            service.demand_choice(member, given["chosen_phone"], given["partner"])
            before, chosen_now = member.contact_phone, {"chosen_phone": given["chosen_phone"]}
            if given.get("number"):
                chosen_now[given["chosen_phone"]] = given["number"]
            try:
                members.amend(member, chosen_now, reason="本人选定送往外县的号码")
            except Invalid as wrong:
                raise Invalid({"number": wrong.fields.get(given["chosen_phone"], ["invalid"])}) from wrong
            if not member.contact_phone:
                raise Invalid({"number": "required"})
            is_anew = member.contact_phone != before
            title = say("单独同意书　{partner}", partner=known[given["partner"]])
            scan_id = _scan(sent, member, title, given["partner"], ["S3"], is_anew=is_anew)
            rows = service.give(
                member, given["partner"], ["S3"], method=Method(given["method"]), on=given["given_on"], scan_id=scan_id,
                is_anew=is_anew,
            )  # fmt: skip
            if rows:
                flash("已登记单独同意")
            elif scan_id:
                flash("此前已同意，签字扫描件已补上")
            else:
                flash("此前已同意，已有扫描件，这次的没有存" if sent is not None else "此前已同意")
            return _back(member_id)
    partner = next((name for uid, name in known.items() if str(uid) == str(form.values.get("partner"))), "伙伴县")
    return form.page(
        "members/agree.html", m=member, partners=known, w=wording, version=text.version,
        words=wordings.shown(text.texts["S3"], g.county.name, partner),
        numbers={f: mask(f, getattr(member, f)) or "未填" for f in wording.PHONES},
    )  # fmt: skip


@bp.get("/<uuid:member_id>/consents/<uuid:consent_id>")
@needs(Permission.MEMBER_READ)
def shown(member_id: UUID, consent_id: UUID) -> str:
    """One notice or consent: the words the member was shown, how, when, the signed paper, and what came of it."""
    whole = person(member_id)
    row = next((c for c in service.history(member_id) if c.id == consent_id), None)
    if row is None:
        raise NotFound()
    partner = partners().get(row.partner_uid, "伙伴县")
    text = wordings.of_version(row.version)
    return render_template(
        "members/shown.html", m=whole.member, c=row, partner=partner, w=wording, scope=SCOPES[row.scope],
        words=wordings.shown(text.texts.get(row.scope, ""), g.county.name, partner) if text else [],
        used_from=text.used_from if text else None, scan=scans.get(row.scan_id) if row.scan_id else None,
        shares=[s for s in shares.of_member(member_id, row.partner_uid) if s.scope == row.scope],
    )  # fmt: skip


@bp.get("/<uuid:member_id>/notice/paper")
@needs(Permission.MEMBER_READ)
def paper(member_id: UUID) -> str:
    """The paper to read out and sign: the words in use now, for the partner and the scopes of the address."""
    whole, known = person(member_id), partners()
    partner = next(((uid, name) for uid, name in known.items() if str(uid) == request.args.get("partner")), None)
    scopes = [s for s in request.args.getlist("scope") if s in (*wording.NOTICES, "S3")] or [*wording.NOTICES]
    text = wordings.in_use()
    is_consent = scopes == ["S3"]
    return render_template(
        "members/paper.html", m=whole.member, w=wording, partners=known, partner=partner, version=text.version,
        scopes=[(SCOPES[s], wordings.shown(text.texts[s], g.county.name, partner[1])) for s in scopes] if partner else [],
        asked=scopes, is_consent=is_consent,
    )  # fmt: skip


@bp.get("/<uuid:member_id>/scans/<uuid:scan_id>")
@needs(Permission.MEMBER_REVEAL)
def scan(member_id: UUID, scan_id: UUID) -> Response:
    """The signed paper, to be stored: never opened inside our pages. Each download is logged."""
    whole, row = person(member_id), scans.get(scan_id)
    # The papers of a record that was merged go along; a consent that the other had too stays, and shows its own.
    if row.member_id != whole.member.id and all(c.scan_id != scan_id for c in service.history(member_id)):
        raise NotFound()
    return files.answer(row, whole.member.name, member_id=member_id)


@bp.post("/notify")
@needs(Permission.MEMBER_WRITE)
def notify() -> Any:
    """The same for a selection of a list: first whom it is about, then written. The selection is run again both times."""
    known, ids, form = partners(), chosen(), Form(NoticeOfMany)
    roll = Roll(request.form.get("roll", Roll.MEMBERS))
    if request.form.get("act") != "give":
        form.values |= {**_FIRST, **_start(known)}
    else:
        with form:
            given = _checked(form.read(), known)
            told = sum(_tell(member_id, given) for member_id in ids)
            flash(
                say(
                    "已为 {told} 人登记告知{more}",
                    told=told,
                    more=say("，{ids} 人此前已告知、后来撤回过或关系在途", ids=len(ids) - told)
                    if told < len(ids)
                    else "",
                )
            )
            return redirect(url_for(ENDPOINTS[roll]), 303)
    return form.page(
        "members/notice.html", m=None, count=len(ids), partners=known, scopes=_scopes(), w=wording,
        back=url_for(ENDPOINTS[roll]), version=wordings.in_use().version,
    )  # fmt: skip


def _tell(member_id: UUID, given: dict[str, Any]) -> bool:
    member = members.get(member_id, lock=True)
    if member.frozen_by is not None:
        return False
    return bool(
        service.give(member, given["partner"], given["scope"], method=Method(given["method"]), on=given["given_on"])
    )


@bp.route("/<uuid:member_id>/notice/<uuid:partner_uid>/withdraw", methods=["GET", "POST"])
@needs(Permission.MEMBER_WRITE)
def withdraw(member_id: UUID, partner_uid: UUID) -> Any:
    """Says what a withdrawal does, in numbers, then does it at once."""
    whole = person(member_id)
    stands = [c for c in service.standing(member_id) if c.partner_uid == partner_uid]
    if not stands:
        raise NotFound()
    form = Form(Withdraw, {"scope": [c.scope for c in stands]})
    if form.is_sent:
        with form:
            given = form.read()
            member = locked(member_id)
            rows = service.withdraw(member, partner_uid, given["scope"], reason=given.get("reason", ""))
            if not rows:
                raise Invalid({"scope": "choose_one"})
            flash(say("已撤回 {rows} 项，停止共享并请对方销毁", rows=len(rows)))
            return _back(member_id)
    return form.page(
        "members/withdraw.html", m=whole.member, stands=_each(stands), w=wording,
        partner=partners().get(partner_uid, "伙伴县"), effect=shares.effect_of_withdrawal(member_id, partner_uid),
        done=[REQUEST_KINDS[name].title for name in requests.at_stake(member_id, partner_uid)],
    )  # fmt: skip


def _each(stands: list[Consent]) -> list[Consent]:
    """One line a scope, however many requests a consent of S7 stands for."""
    return list({c.scope: c for c in stands}.values())
