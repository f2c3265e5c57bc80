"""On a member's page: what of him may go where (field cards), and who has looked at it, in this county and the partners'."""

from __future__ import annotations

from uuid import UUID

from flask import render_template
from markupsafe import Markup

from web.blueprints.members import pages
from web.blueprints.members.pages import partners, person
from web.blueprints.members.rooms import bp
from web.blueprints.policy import needs
from web.blueprints.scopes import WHY_NOT
from web.blueprints.words import ROLES
from web.federation.readings import service as readings
from web.federation.referrals import lists as referrals
from web.federation.sharing import cards
from web.tenants.accounts.permissions import Permission
from web.tenants.consents import service as consents
from web.tenants.flows.models import Flow
from web.tenants.members.models import Member

SHOWN = 5


def _section(member: Member, flow: Flow | None) -> Markup:
    """The last looks, and the way to all of them and to the cards."""
    found = readings.seen(member.id)
    return Markup(  # noqa: S704 -- a template of ours, escaped there
        render_template(
            "members/_seen.html", m=member, seen=found[:SHOWN], total=len(found), roles=ROLES, partners=partners()
        )
    )


pages.SECTIONS.append(_section)


@bp.get("/<uuid:member_id>/seen")
@needs(Permission.MEMBER_READ)
def seen(member_id: UUID) -> str:
    """Everybody who has looked: our people by name, a partner's by role, day and number, as it told us."""
    whole = person(member_id)
    return render_template(
        "members/seen.html", m=whole.member, seen=readings.seen(member_id), roles=ROLES, partners=partners()
    )


@bp.get("/<uuid:member_id>/cards")
@needs(Permission.MEMBER_READ)
def shared(member_id: UUID) -> str:
    """The field cards of one member, a table a partner it has to do with."""
    whole, known = person(member_id), partners()
    touched = {c.partner_uid for c in consents.history(member_id)} | {
        r.partner_uid for r in referrals.of_member(member_id)
    }
    tables = [(known[uid], cards.of_member(member_id, uid)) for uid in known if uid in touched] or [
        (name, cards.of_member(member_id, uid)) for uid, name in known.items()
    ]
    return render_template("members/cards.html", m=whole.member, tables=tables, why_not=WHY_NOT)
