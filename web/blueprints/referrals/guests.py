"""流入党员: members of other counties who live here, and of one of them who sees what, why, until when."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import render_template, request
from werkzeug.wrappers import Response

from web.blueprints import edge
from web.blueprints.policy import needs
from web.blueprints.referrals import wording
from web.blueprints.referrals.acts import offered
from web.blueprints.referrals.rooms import seen, shared
from web.blueprints.workbench.sheets import opening, sheet_of
from web.core.errors import NotFound
from web.core.saying import joined, say
from web.federation.agreements import service as agreements
from web.federation.post import keys
from web.federation.referrals import lists, packets
from web.federation.sharing import lists as share_lists
from web.tenants.accounts.permissions import GRANTS, Permission
from web.tenants.organisations import service as organisations
from web.tenants.workbench.listings import branch_choices


@shared.get("/")
@needs(Permission.REFERRAL_READ)
def index() -> str | Response:
    """The list, by name."""
    actor = edge.actor()
    sheet = sheet_of("guests", keys.choices(), branch_choices(actor))
    if (first := opening(sheet.listing, sheet.arranged)) is not None:
        return first
    where = sheet.asked.conditions()
    page = lists.guests(actor, where, after=request.args.get("after", ""), before=request.args.get("before", ""))
    lists.note_reading(page.rows, "guests")
    total = lists.count_guests(actor, where)
    return render_template("referrals/guests.html", page=page, total=total, sheet=sheet)


@shared.get("/<uuid:referral_id>")
@needs(Permission.REFERRAL_READ)
def show(referral_id: UUID) -> str:
    """One of them: every value with its scope, purpose and clause, who in this county sees it, until when."""
    referral, row = seen(referral_id)
    if referral.role != "host" or not row.values:
        raise NotFound()
    shares = share_lists.of_referral(referral_id)
    held: list[dict[str, Any]] = [
        {"label": label, "words": wording.worded(pointer, row.values[pointer]) if pointer in row.values else "",
         "scope": "S2", "at": referral.created_at}
        for pointer, label in packets.LABELS.items()
        if pointer != packets.CODE
    ]  # fmt: skip
    told = share_lists.told(shares)
    paused = share_lists.paused(shares)
    held += [
        {"label": t.label, "words": t.words, "scope": t.share.scope, "at": t.share.state_at,
         "is_paused": t.share.id in paused}
        for t in told["receiver"]
    ]  # fmt: skip
    page = render_template(
        "referrals/guest.html", r=referral, row=row, held=held, given=told["owner"], sees=_sees(referral), acts=offered(referral),
        until=_until(referral), number=_number(referral),
    )  # fmt: skip
    lists.note_reading([row], "one")
    return page


def _sees(referral: Any) -> list[str]:
    """Who in this county sees it: the whole county's roles, and the part of the tree that looks after him."""
    held = [wording_ for role, wording_ in _roles() if Permission.REFERRAL_READ in GRANTS[role]]
    places = [o for o in (referral.branch_id, referral.township_id) if o is not None]
    named = [organisations.get(o).full_name for o in places]
    return [
        say("全县：{held}", held=joined("、", held)),
        *(say("{name} 的书记和上级党务", name=name) for name in named),
    ]


def _roles() -> list[tuple[Any, str]]:
    from web.blueprints.words import ROLES
    from web.tenants.accounts.permissions import WHOLE_COUNTY

    return [(role, ROLES[role]) for role in sorted(WHOLE_COUNTY)]


def _until(referral: Any) -> str:
    found = next((v for a, v in agreements.in_force(referral.partner_uid) if a.id == referral.agreement_id), None)
    end = found.text["effective_to"] if found is not None and found.text else ""
    last = say("最晚至协议期满 {end}", end=end) if end else "至协议终止"
    return say("流动结束、本人撤回告知时随即清除；{last}", last=last)


def _number(referral: Any) -> str:
    """The agreement it came under."""
    if referral.agreement_id is None:
        return ""
    try:
        return say(
            "{number} 第 {agreement_version} 版",
            number=agreements.get(referral.agreement_id).number,
            agreement_version=referral.agreement_version,
        )
    except NotFound:
        return ""
