"""The list, one agreement, and drafting a new one."""

from __future__ import annotations

from itertools import chain
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for

from web.blueprints import edge, navigation, todos
from web.blueprints.agreements import schemas, turns, views
from web.blueprints.forms import Form
from web.blueprints.navigation import Item
from web.blueprints.policy import needs
from web.blueprints.workbench.sheets import opening, sheet_of
from web.core import clock, keyset, scopes
from web.core.errors import Invalid
from web.core.events import Actor
from web.core.saying import joined, say
from web.extensions import db
from web.federation.agreements import clauses, duties, service, templates, texts
from web.federation.agreements.listing import LIVING, is_negotiated, is_unclosed
from web.federation.agreements.models import (
    Agreement,
    VersionState,
)
from web.federation.post import keys
from web.tenants.accounts.permissions import GRANTS, Permission, Role
from web.tenants.counties import service as counties
from web.tenants.documents import service as documents
from web.tenants.documents.models import DocumentKind
from web.tenants.organisations import service as organisations
from web.tenants.workbench import service as workbench

bp = Blueprint("agreements", __name__, url_prefix="/<county>/agreements")


def _count(actor: Actor) -> Any:
    return db.select(db.func.count()).select_from(Agreement).where(Agreement.state.in_(LIVING))


navigation.ITEMS.append(Item("共管", "共管共育协议", "agreements.index", Permission.AGREEMENT_READ, count=_count))


AT_ONCE = 200  # agreements in one journey, of those that may wait for us


def _mine(actor: Actor) -> list[todos.Todo]:
    """All agreements that wait for us: for the leader those to approve, for the clerk the rest."""
    can_approve = Permission.AGREEMENT_APPROVE in GRANTS[Role(actor.role)]
    found = []
    every = keyset.pages(lambda after: views.page(is_negotiated() | is_unclosed(), after=after, size=AT_ONCE))
    for view in chain.from_iterable(page.rows for page in every):
        if view.turn.whose != "ours":
            continue
        is_approval = waits_for_approval(view)
        if is_approval != can_approve:
            continue
        due = view.due()
        found.append(
            todos.Todo(
                view.title, view.turn.title, view.url("approve" if is_approval else "show"), due and due[0],
                "批准" if is_approval else "办理",
            )
        )  # fmt: skip
    return found


todos.QUEUES.append(
    todos.Queue(
        "agreements",
        "共管共育协议",
        "同意、批准、印签、办结",
        Permission.AGREEMENT_READ,
        lambda: url_for("home.index", queue="agreements"),
        load=_mine,
    )
)


def waits_for_approval(view: views.View) -> bool:
    """Is the file here and checked, and nobody of ours approved or sealed yet?"""
    version = view.version
    return (
        version.state is VersionState.AGREED
        and version.pdf_checked_at is not None
        and not version.fault
        and view.approval is None
        and view.own not in view.sealed
    )


def load(agreement_id: UUID) -> views.View:
    """NotFound when it is absent or another county's."""
    return views.View(service.get(agreement_id))


@bp.get("")
@needs(Permission.AGREEMENT_READ)
def index() -> Any:
    """Those that are not over first; narrowed in the address."""
    sheet = sheet_of("agreements", keys.choices())
    if (first := opening(sheet.listing, sheet.arranged)) is not None:
        return first
    page = views.page(
        *sheet.asked.conditions(),
        after=request.args.get("after", ""),
        before=request.args.get("before", ""),
        size=SHOWN,
    )
    return render_template(
        "agreements/index.html",
        sheet=sheet,
        page=page,
        rows=[view for view in page.rows if view.agreement.state in LIVING],
        over=[view for view in page.rows if view.agreement.state not in LIVING],
        partners=sheet.arranged.choices.get("partners", {}),
    )


SHOWN = 50


@bp.get("/<uuid:agreement_id>")
@needs(Permission.AGREEMENT_READ)
def show(agreement_id: UUID) -> str:
    view = load(agreement_id)
    history = service.versions(view.agreement)
    papers = {v.id: documents.of_subject(v.id) for v in history}
    return render_template(
        "agreements/show.html",
        view=view,
        history=history,
        papers=papers,
        states=turns.STATES
        | {VersionState.EFFECTIVE: turns.ENDED.get(view.agreement.state, turns.STATES[VersionState.EFFECTIVE])},
        waits_for_approval=waits_for_approval(view),
        never=scopes.NEVER,
        duties=duties.open_of(agreement_id),
        past_duties=duties.past_of(agreement_id, 12),
        meetings=service.meetings(agreement_id),
        responsibilities={side: texts.responsibilities(view.text or {}, side) for side in texts.SIDES},
        sides=texts.SIDES,
        how_often=texts.HOW_OFTEN,
        duty_words=turns.DUTIES,
        duty_url=turns.duty_url,
        kinds={DocumentKind.AGREEMENT_TEXT: "协议文本", DocumentKind.PROOF_SHEET: "印签证明页"},
    )


@bp.route("/new", methods=["GET", "POST"])
@needs(Permission.AGREEMENT_WRITE)
def new() -> Any:
    """Partners, name and dates; the draft then stands with words to begin with."""
    partners, today = keys.partners(), clock.today()
    starts = {
        "effective_from": today.isoformat(),
        "effective_to": (today + views.TWO_YEARS).isoformat(),
        "notice_days": 60,
    }
    townships = organisations.townships()
    form = Form(schemas.NewAgreement, starts, draft="agreements.new")
    if form.is_sent:
        with form:
            given = {"org": "", **form.read()}  # the field is there only where there are townships
            if given["effective_to"] < given["effective_from"]:
                raise Invalid({"effective_to": "before_start"})
            if len(given["partners"]) >= texts.PARTIES:
                raise Invalid({"partners": "too_many_parties"})
            if given["org"] and given["org"] not in townships:
                raise Invalid({"org": "not_a_township"})
            agreement = service.begin(given["partners"], _first_text(given), given["org"])
            flash("草稿已建立，请逐条核对")
            return redirect(url_for("agreements.draft", agreement_id=agreement.id), 303)
    return form.page("agreements/new.html", partners=partners, templates=templates.every(), townships=townships)


def _first_text(given: dict[str, Any]) -> dict[str, Any]:
    own = counties.own().uid
    uids = [own, *given["partners"]]
    is_township = bool(given["org"])
    names = views.offices(given["partners"])
    if is_township:
        names = [given["org"], *names[1:]]
    if given.get("template"):
        parties = list(zip(uids, names, strict=True))
        return templates.text_from(
            templates.find(given["template"]), given["title"], parties, given["effective_from"], given["effective_to"],
            given["notice_days"], is_township=is_township,
        )  # fmt: skip
    grants = [
        texts.grant(a, b, scope)
        for a in uids
        for b in uids
        if a != b
        for scope in (scopes.GRANTABLE if own in (a, b) and not is_township else texts.OF_NO_PERSON)
    ]
    starts, ends = given["effective_from"], given["effective_to"]
    return {
        "title": given["title"],
        "clauses": clauses.defaults(given["title"], names, starts, ends, given["notice_days"], is_township=is_township),
        "items": [],
        "grants": grants,
        "effective_from": starts.isoformat(),
        "effective_to": ends.isoformat(),
        "notice_days": given["notice_days"],
        "frequencies": {"register": "half_yearly", "participation": "monthly", "review": "half_yearly"},
        "responsibilities": clauses.responsibilities(),
    }


@bp.route("/<uuid:agreement_id>/draft", methods=["GET", "POST"])
@needs(Permission.AGREEMENT_WRITE)
def draft(agreement_id: UUID) -> Any:
    """The whole text as one form; saved as a draft, or saved and proposed to every party."""
    view = load(agreement_id)
    assert view.text is not None
    liaison = view.liaisons.get(view.own, {})
    form = Form(schemas.TextForm, schemas.values_of(view.text, liaison), draft=f"agreements.draft:{agreement_id}")
    if form.is_sent:
        with form:
            given = form.read()
            said = liaison_of(given)
            is_proposed = request.form.get("act") == "propose"
            service.revise(agreement_id, schemas.text_of(given, view.text, is_saved_only=not is_proposed))
            if is_proposed:
                service.propose(agreement_id, {view.own: said})
                flash(say("已提出，送{name}", name=joined("、", (p.name for p in view.others))))
                return redirect(view.url("show"), 303)
            flash("草稿已保存")
            if said:  # no part of the text, so it stays as what this person typed, until it is proposed
                workbench.keep_draft(form.draft, {f"liaison_{n}": [v] for n, v in said.items()}, edge.actor())
            return redirect(view.url("draft") + ("?draft=1" if said else ""), 303)
    return form_page(form, view, "draft")


def liaison_of(given: dict[str, Any]) -> dict[str, str]:
    """The liaison's words out of the form."""
    return {name: given[f"liaison_{name}"] for name in ("name", "post", "phone") if given[f"liaison_{name}"]}


def form_page(form: Form, view: views.View, kind: str) -> Any:
    """The form of a text, for the draft and for a counter."""
    assert view.text is not None
    ticked = form.values.get("grants") or []
    levels = texts.OF_NO_PERSON if view.text["level"] == "township" else scopes.GRANTABLE
    return form.page(
        "agreements/text.html",
        view=view,
        kind=kind,
        ticked=set(ticked if isinstance(ticked, list) else [ticked]),
        without=set(form.values.get("without") or []),
        parts={
            s: [(name, scopes.label(name)) for name in names]
            for s in scopes.GRANTABLE
            if s in levels and (names := texts.may_lack(s))
        },
        headings=[
            (no, form.values.get(f"heading_{no}", heading)) for no, (heading, _) in enumerate(clauses.CLAUSES, 1)
        ],
        rows=range(1, schemas.ITEMS + 1),
        categories=list(texts.CATEGORIES.items()),
        owners=[("all", "各方"), *((str(p.uid), p.name) for p in view.parties)],
        frequencies=list(texts.FREQUENCIES.items()),
        frequency_of=texts.FREQUENCY_OF,
        sides=texts.SIDES,
        duty_rows=range(1, texts.RESPONSIBILITIES + 1),
        how_often=list(texts.HOW_OFTEN.items()),
        scopes={s: row for s, row in scopes.GRANTABLE.items() if s in levels},
        bases=scopes.IN_SHORT,
        labels={s: scopes.labels(sorted(row.fields)) for s, row in scopes.GRANTABLE.items()},
        never=scopes.NEVER,
    )
