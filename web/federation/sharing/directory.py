"""What our directory says to a partner (scope S0): committees and away branches, their
activity venues, and the liaisons with their work phones.

Branches in the villages are not in it: a partner writes to the township or to the liaison, and the letter names the rest.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from web.extensions import db
from web.federation.post.models import Peer
from web.federation.wire.envelope import MAX_COMMITMENTS
from web.tenants.accounts.models import Account
from web.tenants.accounts.permissions import Role
from web.tenants.organisations.models import OrgKind, PartyOrg

KINDS = (OrgKind.COUNTY_COMMITTEE, OrgKind.TOWNSHIP_COMMITTEE, OrgKind.GENERAL_BRANCH, OrgKind.AWAY_BRANCH)
AT_MOST, LIAISONS = 400, 50
"""Of one list; of all together as many as one message holds, so that venues of the last organisations may be missing."""


def make(partner: Peer, day: date) -> dict[str, list[list[Any]]]:
    """Pointer → rows, in the order of the tree; the same for every partner."""
    orgs = db.select(PartyOrg.kind, PartyOrg.full_name, PartyOrg.address, PartyOrg.phone, PartyOrg.venue).where(
        PartyOrg.is_active, PartyOrg.kind.in_(KINDS)
    )
    found = db.session.execute(orgs.order_by(PartyOrg.path).limit(AT_MOST)).all()
    of_people = db.select(Account.name, Account.work_phone).where(Account.role == Role.LIAISON, Account.is_active)
    people = db.session.execute(of_people.order_by(Account.name).limit(LIAISONS)).all()
    venues = [[venue, address.strip() or None] for _, _, address, _, venue in found if venue]
    return {
        "/organisations": [
            [kind.value, name, address.strip() or None, phone.strip() or None]
            for kind, name, address, phone, _ in found
        ],
        "/venues": venues[: MAX_COMMITMENTS - len(found) - len(people)],
        "/liaisons": [[name, "跨区联络员", phone.strip() or None] for name, phone in people],
    }
