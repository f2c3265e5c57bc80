"""Every verb of a co-signed record as one form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import flash, redirect, request, url_for
from marshmallow import Schema

from web.blueprints import certificates, edge, words
from web.blueprints.cosigning.pages import answers, lines_of, page_of
from web.blueprints.cosigning.rooms import bp
from web.blueprints.cosigning.wording import KINDS, REFUSED, STATES, WIRE_PRESENCES, choices
from web.blueprints.documents import PROVES
from web.blueprints.filters import moment
from web.blueprints.forms import Day, Form, Id, Many, Number, One, Text
from web.blueprints.policy import needs
from web.core.errors import DomainError, Invalid, WrongState
from web.core.queue import Job
from web.core.saying import say
from web.extensions import db
from web.federation.agreements import service as agreements
from web.federation.cosigning import contents, evidence, lists, service
from web.federation.cosigning.models import AGREED, LIVE, CoSignedRecord, CosignState
from web.federation.post import keys
from web.federation.post.models import Peer
from web.tenants.accounts.permissions import Permission
from web.tenants.activities import service as activities
from web.tenants.activities.models import Activity, ActivityKind, Presence
from web.tenants.activities.service import SYMBOLS, Mark
from web.tenants.counties import service as counties
from web.tenants.documents.models import Document, DocumentKind
from web.tenants.tasks import service as tasks


@bp.post("/<uuid:record_id>/answer")
@needs(Permission.COSIGN_WRITE)
def answer(record_id: UUID) -> Any:
    """Countersign what is ticked, or dispute the lines that have a reason."""
    record = lists.get(record_id, edge.actor())
    form = answers(record)
    with form:
        said = form.read()
        if len(said["line"]) != len(said["reason"]):
            raise Invalid({"reason": "invalid"})
        reasons = {line: reason for line, reason in zip(said["line"], said["reason"], strict=True) if reason}
        if request.form.get("act") == "dispute":
            service.dispute(record.id, reasons, said.get("text", ""))
            flash("异议已送出，等对方更正")
        elif reasons:
            raise Invalid({"reason": "reasons_given"})
        else:
            service.countersign(record.id, said["accept"])
            flash("已共签，等对方确认后记入学时")
        return redirect(url_for("cosigning.show", record_id=record_id), 303)
    return page_of(lists.get(record_id, edge.actor()), form=form), 422


class Refusal(Schema):
    """Why nothing of it is acknowledged."""

    reason = One("原因", list(REFUSED.items()))
    text = Text("说明", limit=1000)


@bp.route("/<uuid:record_id>/refuse", methods=["GET", "POST"])
@needs(Permission.COSIGN_WRITE)
def refuse(record_id: UUID) -> Any:
    """Refuse the whole record."""
    record = lists.get(record_id, edge.actor())
    _demand(record, "refuse")
    form = Form(Refusal)
    if form.is_sent:
        with form:
            said = form.read()
            service.refuse(record.id, said["reason"], said.get("text", ""))
            flash("已回复不予共签")
            return redirect(url_for("cosigning.show", record_id=record_id), 303)
    return form.page("cosigning/refuse.html", record=record, reasons=list(REFUSED.items()))


class Words(Schema):
    """A verb that only needs its reason."""

    reason = Text("说明", limit=1000, required=True)


@dataclass(frozen=True)
class Said:
    """What a page says of a verb that only needs its reason."""

    title: str
    what: str
    button: str
    done: str


def _with_reason(record_id: UUID, verb: str, say: Callable[[UUID, str], Any], said: Said) -> Any:
    record = lists.get(record_id, edge.actor())
    _demand(record, verb)
    form = Form(Words)
    if form.is_sent:
        with form:
            say(record.id, form.read()["reason"])
            flash(said.done)
            return redirect(url_for("cosigning.show", record_id=record_id), 303)
    return form.page("cosigning/reason.html", record=record, verb=verb, said=said)


@bp.route("/<uuid:record_id>/withdraw", methods=["GET", "POST"])
@needs(Permission.COSIGN_WRITE)
def withdraw(record_id: UUID) -> Any:
    """Take it back; the other side purges what it holds."""
    what = "撤回后，送往对方的名单在对方清除。改好活动后可以重新送请共签。"
    return _with_reason(record_id, "withdraw", service.withdraw, Said("撤回共签", what, "撤回", "已撤回"))


@bp.route("/<uuid:record_id>/propose-annul", methods=["GET", "POST"])
@needs(Permission.COSIGN_WRITE)
def propose_annul(record_id: UUID) -> Any:
    """Say that a countersigned record should not stand."""
    what = "对方同意后，这份记录划去留存，学时从党员的档案中撤下。对方答复之前照旧有效。个别行有误的，由记录方更正再送，不用作废。"
    said = Said("提出作废", what, "提出作废", "已提出作废，等对方答复")
    return _with_reason(record_id, "propose_annul", service.propose_annul, said)


@bp.route("/<uuid:record_id>/keep", methods=["GET", "POST"])
@needs(Permission.COSIGN_WRITE)
def keep(record_id: UUID) -> Any:
    """Let it stand."""
    what = "这份记录照旧有效，学时不变。"
    return _with_reason(record_id, "keep", service.keep, Said("不作废", what, "照旧有效", "不作废，照旧有效"))


@bp.post("/<uuid:record_id>/annul")
@needs(Permission.COSIGN_WRITE)
def annul(record_id: UUID) -> Any:
    """Agree that it does not stand."""
    service.annul(lists.get(record_id, edge.actor()).id)
    flash("已同意作废")
    return redirect(url_for("cosigning.show", record_id=record_id), 303)


def _demand(record: CoSignedRecord, verb: str) -> None:
    if verb not in service.verbs_now(record):
        raise WrongState("waiting_for_partner" if record.pending else "illegal_transition")


@bp.post("/<uuid:record_id>/paper")
@needs(Permission.COSIGN_WRITE)
def paper(record_id: UUID) -> Any:
    """Order the record as paper; its page shows the progress."""
    record = lists.get(record_id, edge.actor())
    evidence.words(record)
    task = tasks.start(
        Job.RENDER,
        say(
            "共签记录单：{held_on} {name}",
            held_on=f"{record.held_on:%Y-%m-%d}",
            name=keys.peer(record.partner_uid).name,
        ),
        subject_id=record.id,
        details={"paper": DocumentKind.COSIGNED_RECORD.value, "unit": "份"},
    )
    return redirect(url_for("tasks.show", task_id=task.id), 303)


def proof(row: Document) -> list[tuple[str, str]]:
    """What the code on the paper proves: how the record stands now, and when each county sealed its word. The paper outlives
    that: a record that was corrected since has no two words of one content until home answers again.
    """
    record = service.get(row.subject_id)
    found = [("记录现在的状态", STATES[record.state])]
    if record.state in (*AGREED, CosignState.ANNULLED):
        found += [(word.office, f"{moment(word.at)} {word.what}") for word in evidence.words(record)]
    return found


PROVES[DocumentKind.COSIGNED_RECORD] = proof


@bp.get("/<uuid:record_id>/certificate")
@needs(Permission.COSIGN_WRITE)
def certificate(record_id: UUID) -> str:
    """Which sealed words there are about it, and whether they hold."""
    record = lists.get(record_id, edge.actor())
    return certificates.page(
        DocumentKind.COSIGN_CERTIFICATE,
        record_id,
        crumbs=[
            ("活动共签", url_for("cosigning.index")),
            (f"{record.held_on:%Y-%m-%d}", url_for("cosigning.show", record_id=record_id)),
        ],
        make_url=url_for("cosigning.certify", record_id=record_id),
    )


@bp.post("/<uuid:record_id>/certificate")
@needs(Permission.COSIGN_WRITE)
def certify(record_id: UUID) -> Any:
    """Order the certificate."""
    lists.get(record_id, edge.actor())
    return certificates.order(DocumentKind.COSIGN_CERTIFICATE, record_id)


class Correction(Schema):
    """The lines in one order: person (referral), presence or empty to strike out, minutes or empty for the usual."""

    person = Many(Id(""), "名单")
    presence = Many(One("", list(SYMBOLS), required=False), "到会情况")
    minutes = Many(Text("", limit=4), "学时")
    reason = Text("更正说明", limit=1000, required=True)
    kind = One("类别", [(k.value, w) for k, w in KINDS.items()])
    title = Text("主题", limit=120, required=True)
    held_on = Day("日期", required=True)
    place = Text("地点", limit=120, required=True)
    responsible = Text("负责人", limit=40, required=True)
    minutes_of_all = Number("计入学时（分钟）", low=1, high=activities.MOST_MINUTES)


def _head(activity: Activity, said: dict[str, Any]) -> activities.Head | None:
    """The head as typed, None where nothing in it is another."""
    head = activities.Head(
        activity.org_id,
        ActivityKind(said["kind"]),
        said["title"],
        said["held_on"],
        said["place"],
        said["responsible"],
        said["minutes_of_all"],
    )
    return None if all(getattr(activity, name) == said for name, said in vars(head).items()) else head


@bp.route("/<uuid:record_id>/correct", methods=["GET", "POST"])
@needs(Permission.COSIGN_WRITE)
def correct(record_id: UUID) -> Any:
    """Change lines of this home, or the head, and offer again what is another now: the head concerns every home."""
    record = lists.get(record_id, edge.actor())
    _demand(record, "correct")
    stored = activities.guests(record.activity_id)
    activity = activities.get(record.activity_id)
    names = ("kind", "title", "held_on", "place", "responsible")
    begun = {name: getattr(activity, name) for name in names} | {"minutes_of_all": activity.minutes}
    form = Form(Correction, begun, draft=f"cosigning.correct:{record_id}")
    if form.is_sent:
        with form:
            said = form.read()
            again = service.correct(record.id, marks(said), said["reason"], _head(activity, said))
            flash(say("已更正，再次送请 {again} 个县共签", again=len(again)))
            return redirect(url_for("cosigning.show", record_id=record_id), 303)
    others = [
        (keys.peer(other.partner_uid).name, service.untold(other))
        for other in service.of_activity(record.activity_id)
        if other.state in LIVE and other.id != record.id
    ]
    return form.page(
        "cosigning/correct.html",
        record=record,
        lines=lines_of(record),
        stored=stored,
        symbols=choices(),
        partner=keys.peer(record.partner_uid),
        kinds=list(KINDS.items()),
        others=[name for name, why in others if why is None],
        left_out=[(name, words.of(why)) for name, why in others if why is not None],
    )


def marks(said: dict[str, Any]) -> dict[Any, Mark | None]:
    """person → line, out of three lists in one order. Invalid when they do not fit or minutes are no number."""
    if not len(said["person"]) == len(said["presence"]) == len(said["minutes"]):
        raise Invalid({"person": "invalid"})
    found: dict[Any, Mark | None] = {}
    for person, presence, minutes in zip(said["person"], said["presence"], said["minutes"], strict=True):
        if minutes and not (minutes.isascii() and minutes.isdigit()):
            raise Invalid({"minutes": "not_a_number"})
        if person in found:
            raise Invalid({"person": "twice"})
        found[person] = Mark(Presence(presence), int(minutes) if minutes else None) if presence else None
    return found


# Offering


def offers(activity: Activity) -> list[dict[str, Any]]:
    """What could be offered: each home county with its members on the sheet, and why not where it cannot."""
    us, found = counties.own().uid, []
    named = {peer.uid: peer for peer in db.session.scalars(db.select(Peer))}
    for uid, guests in service.proposal(activity).items():
        try:
            agreements.covering(uid, service.SCOPE, owner_uid=us, receiver_uid=uid)
            why = ""
        except DomainError as error:
            why = words.of(error)
        found.append({"uid": uid, "peer": named[uid], "guests": guests, "why": why})
    return found


class Offer(Schema):
    """The counties ticked."""

    partner = Many(Id(""), "送给")


@bp.route("/offer/<uuid:activity_id>", methods=["GET", "POST"])
@needs(Permission.COSIGN_WRITE)
def offer(activity_id: UUID) -> Any:
    """The proposed lists by county; the clerk confirms."""
    activity = activities.get(activity_id, edge.actor(), lock=request.method == "POST")
    form = Form(Offer)
    if form.is_sent:
        with form:
            made = service.offer(activity, form.read()["partner"])
            flash(say("已送请 {made} 个县共签", made=len(made)))
            return redirect(url_for("activities.show", activity_id=activity_id), 303)
    return form.page(
        "cosigning/offer.html",
        activity=activity,
        offers=offers(activity),
        stored=activities.guests(activity.id),
        sent_words={presence: WIRE_PRESENCES[word] for presence, word in contents.PRESENCE.items()},
    )
