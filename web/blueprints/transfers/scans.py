"""The receipt as it came back: a scan or a photograph of it, kept with the case."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, request, url_for
from marshmallow import Schema

from web.blueprints.forms import Form
from web.blueprints.policy import needs
from web.blueprints.transfers.rooms import bp, seen
from web.core import events
from web.core.errors import WrongState
from web.core.saying import say
from web.tenants.accounts.permissions import Permission
from web.tenants.documents import scans
from web.tenants.transfers.models import TransferKind, TransferState


class Scan(Schema):
    """The file comes beside the fields."""


def takes_scan(kind: TransferKind, state: TransferState) -> bool:
    """A paper that came back, or was sent, for a case with a letter on paper."""
    return kind in (TransferKind.OUTWARD, TransferKind.INWARD) and state is TransferState.CLOSED


@bp.route("/<uuid:case_id>/scan", methods=["GET", "POST"])
@needs(Permission.TRANSFER_APPROVE)
def scan(case_id: UUID) -> Any:
    """Keep it, encrypted; who may see full values opens it."""
    whole = seen(case_id, lock=request.method == "POST")
    if not takes_scan(whole.case.kind, whole.case.state):
        raise WrongState("no_receipt")
    form, back = Form(Scan), url_for("transfers.show", case_id=case_id)
    if form.is_sent:
        with form:
            sent = request.files.get("scan")
            content = sent.read(scans.MAX_BYTES + 1) if sent else b""
            title = say("介绍信回执　第{letter_no}号", letter_no=whole.case.values().get("letter_no", ""))
            whole.case.keep(scan=str(scans.keep(content, title=title, about_id=whole.member.id, field="").id))
            events.record("relation_transfer.keep_scan", whole.case)
            flash("扫描件已存入案卷")
            return redirect(back + "#papers", 303)
        whole = seen(case_id)
    return form.page("transfers/scan.html", whole=whole, v=whole.case.values(), back=back)
