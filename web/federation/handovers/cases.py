"""Where a case file of this county and a handover meet: an approved case begins one, and its letter stands in the book."""

from __future__ import annotations

from datetime import date

from web.core import events
from web.extensions import db
from web.federation.handovers import service
from web.federation.handovers.models import HandoverState
from web.federation.pairs import Moved
from web.tenants.consents.models import Method
from web.tenants.transfers import letters
from web.tenants.transfers.service import HandedOver

S = HandoverState
# What the county's own book says of a letter that came to nothing; the book is a paper, and prints its words as they stand.
ENDED = {S.DECLINED: "对方退回", S.RECALLED: "我方收回", S.EXPIRED_IN_TRANSIT: letters.RAN_OUT}


@events.subscribe(HandedOver)
def _begin(what: HandedOver) -> None:
    """The committee approved: the partner county is asked. What is missing for that stops the approval too."""
    case, said = what.case, what.case.values()
    assert case.partner_uid is not None
    handover = service.begin(
        what.member,
        case.partner_uid,
        method=Method(said["method"]),
        applied_on=date.fromisoformat(said["applied_on"]),
        to_org=said["to_org"],
    )
    handover.transfer_id = case.id
    db.session.flush()


@events.subscribe(Moved)
def _keep_the_book(moved: Moved) -> None:
    """The stub follows the letter: the receipt came, or it is void. A host gives out no numbers."""
    if moved.kind != service.KIND.name or moved.state not in (S.CLOSED, *ENDED):
        return
    handover = service.get(moved.about_id)
    if handover.role != "home":
        return
    if handover.state in ENDED:
        letters.void(handover.id, ENDED[handover.state])
    elif handover.received_on is not None:
        letters.note_receipt(handover.id, handover.received_on)
