"""The encrypted packet for a place that is no partner: the letter's sheet under a password that is shown once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import render_template, request, url_for

from web.blueprints.policy import needs
from web.blueprints.transfers.rooms import bp, seen
from web.core import events
from web.core.errors import WrongState
from web.core.saying import say
from web.reports import protecting
from web.tenants.accounts.permissions import Permission
from web.tenants.documents import service as documents
from web.tenants.documents.models import DocumentKind
from web.tenants.transfers.models import WITH_LETTER


@bp.route("/<uuid:case_id>/packet", methods=["GET", "POST"])
@needs(Permission.TRANSFER_APPROVE)
def packet(case_id: UUID) -> Any:
    """Says what it holds; then the file, with its password in this one answer. Nobody keeps the password: a new file
    gets a new one. It is made here and not by a job, which would have to be told the password.
    """
    whole = seen(case_id, lock=request.method == "POST")
    number = whole.case.values().get("letter_no", "")
    sheets = [
        d for d in documents.of_subject(case_id, DocumentKind.INTRODUCTION_LETTER) if number and number in d.title
    ]
    if whole.case.state not in WITH_LETTER:
        raise WrongState("no_letter")
    if not sheets:
        raise WrongState("letter_in_making")
    made, password = None, ""
    if request.method == "POST":
        password = protecting.new_password()
        made = documents.keep(
            DocumentKind.TRANSFER_PACKET,
            say("加密的转接信息　第{number}号", number=number),
            say("转接信息_{number}.pdf", number=number),
            case_id,
            protecting.protect(bytes(sheets[0].content), password),
            whole.member.id,
        )
        events.record("relation_transfer.protect", whole.case, details={"document": str(made.id)})
    back = url_for("transfers.show", case_id=case_id)
    return render_template(
        "transfers/packet.html", whole=whole, v=whole.case.values(), made=made, password=password, back=back
    )
