"""The follower's pen: a verb said to the hub, on the last decision applied here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from web.core import events
from web.extensions import db
from web.federation import verbs
from web.federation.agreements.models import Agreement, AgreementVersion
from web.federation.post import service as post


def say(
    agreement: Agreement,
    version: AgreementVersion,
    verb: str,
    body: Mapping[str, Any] | None = None,
    values: Mapping[str, Any] | None = None,
    *,
    reason: str = "",
    blobs: Sequence[str] = (),
    attached: Sequence[Mapping[str, Any]] = (),
) -> None:
    """A follower's proposal on the last decision it applied."""
    whole = {"version": version.version, "text": version.text_digest, **(body or {})}
    agreement.pending, agreement.refused_code = verb, ""
    agreement.pending_id = post.send(
        agreement.hub_uid, f"agreement.{verb}", agreement.id, whole, values, base=agreement.n, blobs=blobs,
        attached=attached,
    )  # fmt: skip
    with verbs.own_word():
        events.record(f"agreement.propose_{verb}", agreement, reason=reason, details={"version": version.version})
    db.session.flush()
