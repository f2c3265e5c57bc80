"""What one county asks another to help with."""

from __future__ import annotations

from uuid import UUID

from web.core import clock
from web.demo.referring import taken_on
from web.demo.stage import Stand, acting
from web.federation.referrals import service as referrals
from web.federation.requests import service as requests
from web.tenants.consents.models import Method


def ask(host: Stand, home: Stand, kind: str, nth: int, **values: str) -> UUID:
    """The host asks home for help about the nth member it took on; the request's id."""
    with acting(host):
        taken = taken_on(host, home)
        consent = {"consent_on": clock.today(), "consent_how": Method.IN_PERSON} if kind == "must_visit" else {}
        return requests.ask(referrals.get(taken[nth]), kind, values, **consent).id  # type: ignore[arg-type]


def answer(home: Stand, id_: UUID, *, answered: bool = True, **values: str) -> None:
    """Home accepts a request and, unless it is still at it, says that it is done."""
    with acting(home):
        requests.accept(id_)
    if answered:
        with acting(home):
            requests.done(id_, clock.today(), values)
