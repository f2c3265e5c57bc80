"""What each verb of a referral checks and does, at either county. `service.KIND` lists them by verb."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import structlog
from sqlalchemy import func

from web.core import clock
from web.extensions import db
from web.federation import admission
from web.federation.pairs import Said
from web.federation.referrals import packets
from web.federation.referrals.models import Referral
from web.federation.wire.codes import WireError
from web.federation.wire.envelope import Envelope
from web.tenants.counties import service as counties
from web.tenants.organisations.models import OrgKind, PartyOrg

log = structlog.get_logger(__name__)


def opens(envelope: Envelope, admitted: admission.Admitted) -> Referral:
    """Home's offer makes us host; the host's claim makes us home, which knows nobody yet."""
    if envelope.type == "referral.claim":
        body = envelope.body
        return Referral(
            role="home", notice_on=date.fromisoformat(body["consent_on"]), consent_id=UUID(body["consent"]),
            told_how=body["how"], reason="", reported_how="",
        )  # fmt: skip
    return Referral(role="host", notice_on=date.fromisoformat(envelope.body["notice_on"]), reason="", reported_how="")


def offered(referral: Referral, said: Said) -> None:
    """The host keeps the packet, and gives it to the township it names."""
    if referral.role == "host":
        packets.keep(referral, said.values)
        referral.township_id = _township(str(said.values.get("/host_township") or ""))


def _township(named: str) -> UUID | None:
    """Our township of that name, as home wrote it: the packet goes to its officer's list."""
    if not named:
        return None
    query = db.select(PartyOrg.id).where(
        PartyOrg.kind == OrgKind.TOWNSHIP_COMMITTEE, PartyOrg.is_active, PartyOrg.name == named
    )
    return db.session.scalars(query.limit(1)).first()


def check_claim(referral: Referral, said: Said) -> None:
    """At home: not more a day from one county than our settings say. Whom it is about is not looked at here, so that
    nothing in the answer or its time tells known people from unknown ones.
    """
    if said.is_ours:
        return
    most = counties.settings(lock=True).claim_day_limit
    heard = db.select(func.count()).where(
        Referral.role == "home",
        Referral.partner_uid == referral.partner_uid,
        Referral.consent_id.is_not(None),
        Referral.created_at >= clock.midnight(clock.today()),
    )
    if (db.session.scalar(heard) or 0) >= most:
        raise WireError("day_limit")


def claimed(referral: Referral, said: Said) -> None:
    """Home keeps what it was told, for a person to look at."""
    if referral.role == "home":
        packets.keep(referral, said.values)


def recognised(referral: Referral, said: Said) -> None:
    """The packet is now home's: the host learns it, home needs no copy of what the host was told."""
    referral.accepted_on = clock.day(said.at)
    referral.notice_on = date.fromisoformat(said.body["notice_on"])
    told = packets.take_out(referral)
    if referral.role == "host":
        packets.keep(referral, told | dict(said.values))


def accepted(referral: Referral, said: Said) -> None:
    """The host expects him."""
    referral.accepted_on = clock.day(said.at)


def reported(referral: Referral, said: Said) -> None:
    """He is here; the code was used."""
    referral.reported_on, referral.reported_how = date.fromisoformat(said.body["on"]), said.body["how"]
    if referral.role == "host":
        packets.void_code(referral)


def taken_on(referral: Referral, said: Said) -> None:
    """He has a branch at the host."""
    referral.assigned_on = date.fromisoformat(said.body["on"])


def closed(referral: Referral, said: Said) -> None:
    """Declined, disowned, lapsed, ended, or not opened: why, and the packet is gone here."""
    word = {"decline": said.body.get("reason"), "end": said.body.get("reason"), "leave": "left"}.get(said.verb)
    referral.reason = str(word or said.verb)[:20]
    referral.ended_on = date.fromisoformat(said.body["on"]) if "on" in said.body else clock.day(said.at)
    if referral.role == "home":
        referral.answer_text = said.values.get("/text")
    packets.purge(referral)


def untaken(referral: Referral, code: str) -> None:
    """Home did not take the taking-on."""
    referral.branch_id = None
