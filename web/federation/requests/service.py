"""Verbs of requests: the asker asks, withdraws, rates; the asked county accepts or declines, and says it is done or not.

Every kind runs through here alike: what it carries, under which scope, and what its being done does at home stands in
its entry (`web.federation.request_kinds`). What ends otherwise than done is purged at the asked county.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement

from web.core import clock
from web.core.errors import DomainError, Invalid, WrongState
from web.core.ids import uuid7
from web.core.saying import say
from web.extensions import db
from web.federation import verbs
from web.federation.admission import Admitted
from web.federation.agreements import service as agreements
from web.federation.messages import REQUEST_DECLINED, REQUEST_FAILED, REQUEST_RATED
from web.federation.pairs import FAIL, Effect, Kind, Said
from web.federation.post import service as post
from web.federation.readings import service as readings
from web.federation.referrals.models import KNOWN, Referral
from web.federation.request_kinds import REQUEST_KINDS, Asked, RequestKind
from web.federation.requests import purging
from web.federation.requests.models import LAPSES_AFTER, OPEN, REQUEST, Request
from web.federation.wire.codes import WireError
from web.federation.wire.envelope import AgreementRef, Envelope
from web.tenants.consents import service as consents
from web.tenants.consents.models import Method
from web.tenants.counties import service as counties
from web.tenants.documents import scans
from web.tenants.documents.models import Scan
from web.tenants.flows.service import add_months
from web.tenants.members import merging
from web.tenants.members import service as members

log = structlog.get_logger(__name__)
KEPT = 36  # months after it was done
CONTACT = ("S3",)
NO_MORE = "本人撤回对这一件事的同意"
NOES = {"decline": REQUEST_DECLINED, "fail": REQUEST_FAILED}


def _members_behind(ids: Collection[UUID], partner_uid: UUID) -> Mapping[UUID, UUID | None]:
    """Our member, if it is one of ours, behind each of these requests between us and that county."""
    query = db.select(Request.id, Request.member_id).where(Request.id.in_(ids), Request.partner_uid == partner_uid)
    return {row.id: row.member_id for row in db.session.execute(query)}


readings.OWNERS["request"] = _members_behind
merging.HELD_BY["merge_requested"] = lambda ids: db.select(Request.member_id).where(Request.member_id.in_(ids))

# The asker's verbs


def kinds_for(referral: Referral) -> list[RequestKind]:
    """What our side of this referral may ask for; nothing of a claim that home has not answered: whose it is, is not known."""
    if referral.state not in KNOWN:
        return []
    return [kind for kind in REQUEST_KINDS.values() if kind.asker in ("any", referral.role)]


def ask(
    referral: Referral,
    kind_name: str,
    values: Mapping[str, Any],
    *,
    consent_on: date | None = None,
    consent_how: Method | None = None,
    signed: bytes | None = None,
) -> Request:
    """Ask the partner of a referral. `values`: by the names of the kind's fields; `signed`: a scan of the member's own yes.

    Invalid for a kind this side may not ask, a missing value, or no consent where one is needed; DomainError where no
    agreement in force covers it.
    """
    kind = next((k for k in kinds_for(referral) if k.name == kind_name), None)
    if kind is None:
        raise Invalid({"kind": "choose_one"})
    given = _given(kind, "asks", values)
    if kind.needs_consent and (consent_on is None or consent_how is None):
        raise Invalid({"consent_on": "required"})
    if consent_on is not None and consent_on > clock.today():
        raise Invalid({"consent_on": "in_the_future"})
    request = Request(
        partner_uid=referral.partner_uid, role="asker", kind=kind.name, referral_id=referral.id,
        member_id=referral.member_id, due_on=counties.calendar().add(clock.today(), kind.due_days),
        consent_on=consent_on if kind.needs_consent else None,
        consent_how=consent_how.value if kind.needs_consent and consent_how else "", reason="", rating="",
    )  # fmt: skip
    request.id = uuid7()
    request.under(_covering(kind, referral))
    scan_id = None
    if kind.needs_consent and signed is not None:
        title = say("同意书　{kind}", kind=kind.title)
        scan_id = scans.keep(signed, title=title, about_id=referral.member_id or request.id).id
    if kind.needs_consent and referral.member_id is not None and consent_how is not None:
        member = members.get(referral.member_id, lock=True)
        consents.give(
            member,
            referral.partner_uid,
            ["S7"],
            method=consent_how,
            on=consent_on,
            about_id=request.id,
            scan_id=scan_id,
        )
    body = {"kind": kind.name, "due_on": request.due_on.isoformat(), "referral": str(referral.id)}
    verbs.say(REQUEST_KIND, request, "ask", body, _pointers(kind, given))
    request.keep(given)
    db.session.flush()
    if kind.withdraws and given["what"] == "all":
        _end_agreed(referral)
    return request


def signed_for(request: Request) -> Scan | None:
    """The paper with the member's own yes: with his consent, or where he is another county's, with the request."""
    if request.member_id is None:
        return scans.of_record(request.id)
    given = next((c for c in consents.history(request.member_id) if c.about_id == request.id), None)
    return scans.get(given.scan_id) if given is not None and given.scan_id is not None else None


def _end_agreed(referral: Referral) -> None:
    """The member says no to everything at our window: what he agreed to here, request by request, ends here at once."""
    mine = (Request.referral_id == referral.id, Request.role == "asker")
    take_back(NO_MORE, *mine, rests=lambda request: request.of_kind.needs_consent)
    for request in purging.held(*mine):
        if request.of_kind.needs_consent:
            purging.purge(request, "consent_withdrawn")


def _covering(kind: RequestKind, referral: Referral) -> AgreementRef:
    """The agreement that grants what it carries, or else what its answer will; a kind with nothing scoped needs one in force."""
    us, partner = counties.own().uid, referral.partner_uid
    for owner, receiver, fields in ((us, partner, kind.asks), (partner, us, kind.answers)):
        for it in fields:
            if it.scope:
                return agreements.covering(partner, it.scope, owner_uid=owner, receiver_uid=receiver)
    found = agreements.in_force(partner)
    if not found:
        raise DomainError("agreement_not_active")
    agreement, version = found[0]
    return AgreementRef(agreement.id, version.version, version.text_digest)


def rate(request_id: UUID, rating: str) -> Request:
    """Say whether it helped: the county's word about the other county's work, never the member's."""
    if rating not in REQUEST_RATED.words:
        raise Invalid({"rating": "choose_one"})
    return _say(request_id, "rate", {"rating": rating})


def withdraw(request_id: UUID, reason: str) -> Request:
    """It is not needed any more; the other side purges what it holds. Also where our copy has stopped: what is over takes no
    word of the other's, and an open one would keep its content, and its agreement from being closed, for ever.
    """
    if not reason.strip():
        raise Invalid({"reason": "required"})
    request = get(request_id, lock=True)
    if _may_give_up(request):
        request.stopped = ""
    return _say(request_id, "withdraw", values={"/text": reason.strip()})


def _may_give_up(request: Request) -> bool:
    return request.role == "asker" and bool(request.stopped) and request.state in OPEN


def take_back(reason: str, *where: ColumnElement[bool], rests: Callable[[Request], bool] = bool) -> None:
    """What we asked and is open: withdrawn where it `rests` on what has ended, and the other county purges it; where that is
    the member's own yes, so do we.
    """
    query = db.select(Request).where(Request.role == "asker", Request.state.in_(OPEN), *where)
    for request in db.session.scalars(query.order_by(Request.id).with_for_update()):
        if not rests(request):
            continue
        if request.stopped:
            log.warning("request.stopped", request=str(request.id), wanted="withdraw")
        else:
            _say(request.id, "withdraw", values={"/text": reason}, reason=reason)
        if reason == NO_MORE:  # our own copy does not wait for a person
            purging.unsay(request)


def may_forgo(request: Request) -> bool:
    """May the member's yes to it still be withdrawn, it being done and its content here?"""
    return request.role == "asker" and request.of_kind.needs_consent and purging.holds(request)


def forgo(request_id: UUID) -> Request:
    """The member withdraws the yes to it after it was done: its content is destroyed at both counties; here alone where our copy
    has stopped, and a person tells the other. WrongState else.
    """
    request = get(request_id, lock=True)
    if not may_forgo(request):
        raise WrongState("illegal_transition", state=request.state.value, verb="purge")
    if request.member_id is not None:
        member = members.get(request.member_id, lock=True)
        consents.withdraw(member, request.partner_uid, ["S7"], NO_MORE, about_id=request.id)
    if purging.holds(request):  # a host has no consent row of another county's member; the request itself is its record
        purging.purge(request, "consent_withdrawn")
    return request


# The asked county's verbs


def accept(request_id: UUID) -> Request:
    """We will do it."""
    return _say(request_id, "accept")


def decline(request_id: UUID, reason: str, text: str = "") -> Request:
    """We will not, with a reason of the list; "other" needs words."""
    return _refuse(request_id, "decline", reason, text)


def fail(request_id: UUID, reason: str, text: str = "") -> Request:
    """It could not be done, with a reason of the list; "other" needs words."""
    return _refuse(request_id, "fail", reason, text)


def done(request_id: UUID, on: date, values: Mapping[str, Any] | None = None) -> Request:
    """It is done; `values`: the kind's answer. Of a withdrawal, this press withdraws the notices and consents here."""
    request = get(request_id, lock=True)
    if on > clock.today():
        raise Invalid({"on": "in_the_future"})
    if on < request.asked_on:
        raise Invalid({"on": "before_it_was_asked"})
    given = _given(request.of_kind, "answers", values or {})
    if request.of_kind.withdraws:
        REQUEST.demand(request.state, "done", request.role)
        _withdraw_consents(request)
    request = _say(request_id, "done", {"on": on.isoformat()}, _pointers(request.of_kind, given))
    request.keep(given)
    db.session.flush()
    return request


def _withdraw_consents(request: Request) -> None:
    """At home: what the member said no to at the host ends here, by the same path as when said here."""
    if request.member_id is None:
        raise Invalid({"on": "not_our_member"})
    scopes = CONTACT if request.values().get("what") == "contact" else tuple(consents.NEEDS)
    member = members.get(request.member_id, lock=True)
    consents.withdraw(member, request.partner_uid, scopes, "本人在流入地提出撤回")


def _refuse(request_id: UUID, verb: str, reason: str, text: str) -> Request:
    if reason not in get(request_id).of_kind.reasons(NOES[verb].words):
        raise Invalid({"reason": "choose_one"})
    if reason == "other" and not text.strip():
        raise Invalid({"text": "required"})
    return _say(request_id, verb, {"reason": reason}, {"/text": text.strip()} if text.strip() else {}, reason=reason)


def _say(
    request_id: UUID,
    verb: str,
    body: Mapping[str, Any] | None = None,
    values: Mapping[str, Any] | None = None,
    reason: str = "",
) -> Request:
    request = get(request_id, lock=True)
    verbs.say(REQUEST_KIND, request, verb, body, values, reason=reason)
    return request


def _given(kind: RequestKind, part: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the kind's fields, each as its entry says. Invalid beside the field that is missing or wrong."""
    fields: tuple[Asked, ...] = getattr(kind, part)
    found = {it.name: values[it.name] for it in fields if values.get(it.name) not in (None, "")}
    found = {name: said.isoformat() if isinstance(said, date) else said for name, said in found.items()}
    wrong: dict[str, object] = {it.name: "required" for it in fields if it.is_required and it.name not in found}
    for it in fields:
        if it.name in found:
            try:
                it.kind.check(found[it.name], it.name)
            except WireError:
                wrong[it.name] = "choose_one"
    if wrong:
        raise Invalid(wrong)
    return found


def _pointers(kind: RequestKind, values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"/{kind.name}/{name}": value for name, value in values.items()}


def forget_old() -> int:
    """What was asked and answered ends three years after it was done, as the notice says to the member (`core.scopes`, S7), or
    came to nothing: each county destroys its own copy. That it was asked, and how it ended, stays. A timer's verb; returns
    how many.
    """
    return purging.forget(add_months(clock.today(), -KEPT))


# Questions


def get(request_id: UUID, *, lock: bool = False) -> Request:
    """NotFound when it is absent or another county's."""
    found: Request = REQUEST_KIND.get(request_id, lock=lock)
    return found


def verbs_now(request: Request) -> list[str]:
    """What our side may say now."""
    return ["withdraw"] if _may_give_up(request) else verbs.can(REQUEST_KIND, request)


def withheld(request: Request) -> list[str]:
    """Names of the kind's values that should be here and are not: consent or grant was gone when it was sealed."""
    if request.done_on is not None and request.wrapped is None:
        return []  # it was here, until it was destroyed
    expected = request.of_kind.asks + (request.of_kind.answers if request.done_on else ())
    return [it.name for it in expected if it.is_required and it.name not in request.values()]


# What the verbs need and do, on both sides


def _opens(envelope: Envelope, admitted: Admitted) -> Request:
    """About a referral both have, asked from a side that may ask for this kind. Whose a claim is, home has not said; once it
    has, its copy and ours are further than the claim before anything can be asked of it.
    """
    body = envelope.body
    kind, referral = REQUEST_KINDS[body["kind"]], None
    if "referral" in body:
        query = db.select(Referral).where(Referral.id == UUID(body["referral"]))
        referral = db.session.scalars(query.where(Referral.partner_uid == envelope.sender)).first()
    if referral is None or referral.state not in KNOWN:
        raise WireError("not_open")
    theirs = "host" if referral.role == "home" else "home"
    if kind.asker not in ("any", theirs):
        raise WireError("illegal_transition", where="kind")
    return Request(
        role="asked",
        kind=kind.name,
        referral_id=referral.id,
        member_id=referral.member_id,
        due_on=date.fromisoformat(body["due_on"]),
        reason="",
        rating="",
        consent_how="",
    )


def _check_values(part: str) -> Effect:
    def check(request: Request, said: Said) -> None:
        """What came is of this kind, and what the kind demands came or was withheld."""
        if said.is_ours:
            return
        kind = request.of_kind
        fields: tuple[Asked, ...] = getattr(kind, part)
        named = {f"/{kind.name}/{it.name}" for it in fields}
        came = {*said.values, *said.withheld}
        if came - named:
            raise WireError("scope_violation")
        if any(it.is_required and f"/{kind.name}/{it.name}" not in came for it in fields):
            raise WireError("malformed", where=part)

    return check


def _check_no(request: Request, said: Said) -> None:
    """The reason is one that the kind admits."""
    if said.body["reason"] not in request.of_kind.reasons(NOES[said.verb].words):
        raise WireError("malformed", where="body/reason")


def _check_done(request: Request, said: Said) -> None:
    """Not before it was asked nor after today, give or take the day that two clocks around midnight make: three years from
    that day on the content is kept.
    """
    _check_values("answers")(request, said)
    a_day = timedelta(days=1)
    if not request.asked_on - a_day <= date.fromisoformat(said.body["on"]) <= clock.today() + a_day:
        raise WireError("malformed", where="body/on")


def _asked(request: Request, said: Said) -> None:
    if request.role == "asked":
        request.keep(_read(request, said))


def _read(request: Request, said: Said) -> dict[str, Any]:
    start = f"/{request.kind}/"
    return {path.removeprefix(start): value for path, value in said.values.items() if path.startswith(start)}


def _done(request: Request, said: Said) -> None:
    request.done_on = date.fromisoformat(said.body["on"])
    if request.role == "asker":
        request.keep(_read(request, said))
    purging.late(request)


def _rated(request: Request, said: Said) -> None:
    request.rating = said.body["rating"]
    if request.refused_code:
        purging.insist(request)


def _ended(request: Request, said: Said) -> None:
    """It came to nothing: the asked county keeps nothing of it. The words are those of the side that spoke."""
    request.reason = said.body.get("reason", "")
    request.words = said.values.get("/text", request.words)
    if request.role == "asked":
        request.wrapped = None
        db.session.flush()
        post.purge(request.id)


def _noted(request: Request, said: Said) -> None:
    request.words = said.values.get("/text")


def _expires(request: Request) -> datetime:
    """Kept for as long as it may be answered: over its due day, however many days off lie before it."""
    over = clock.midnight(request.due_on + timedelta(days=1))
    return max(clock.now() + LAPSES_AFTER, over)


REQUEST_KIND = verbs.register(
    Kind(
        "request",
        REQUEST,
        Request,
        opens=_opens,
        checks={
            "ask": _check_values("asks"),
            "done": _check_done,
            "purge": purging.check,
            **dict.fromkeys(NOES, _check_no),
        },
        effects={
            "ask": _asked,
            "done": _done,
            "rate": _rated,
            "purge": purging.purged,
            **dict.fromkeys(("decline", "fail", "withdraw", "lapse", FAIL), _ended),
        },
        clears=dict.fromkeys(("decline", "fail", "withdraw", "lapse", "purge"), purging.destroy),
        suggests={"decline": _noted, "fail": _noted, "purge": purging.suggested},
        dropped={"purge": purging.dropped},
        expires={"ask": _expires},
        ripe={"lapse": lambda: Request.due_on < clock.today()},
    )
)
