"""A copy that has stopped is put away by a person of its receiver, who alone can have one: the owner takes back what is refused.

What it held is destroyed. The owner hears of it at its next word or the day's heartbeat, which find nothing here, and opens
what is still granted anew; where it had taken the share back meanwhile, the proof goes to it.
"""

from __future__ import annotations

from web.core import events
from web.core.errors import Invalid, WrongState
from web.core.events import Actor
from web.extensions import db
from web.federation import admission, verbs
from web.federation.pairs import FAIL
from web.federation.post import keys
from web.federation.post.models import InboxMessage
from web.federation.sharing.models import PUT_AWAY, STANDING, StatusShare
from web.federation.sharing.service import KIND
from web.federation.wire import seals
from web.federation.wire.envelope import Envelope, read_payload


def may_put_away(share: StatusShare) -> bool:
    """Has our copy of their share stopped, and is not over?"""
    return share.role == "receiver" and bool(share.stopped) and KIND.machine.row(share.state, FAIL) is not None


def put_away(share: StatusShare, reason: str) -> None:
    """End our copy. Load the share locked. `reason`: a person's words, for the log. WrongState where it has not stopped."""
    if not may_put_away(share):
        raise WrongState("illegal_transition", machine=KIND.name, state=share.state.value, verb=PUT_AWAY)
    if not reason.strip():
        raise Invalid({"reason": "required"})
    events.record("share.put_away", share, reason=reason.strip())
    taken_back = _taken_back(share)
    if taken_back is not None and taken_back.n is not None:
        # What was said between holds values alone, and all of them go: the copy is brought to the owner's last word.
        share.n, share.stopped = taken_back.n - 1, ""
        db.session.flush()
        with events.by(Actor(None, keys.peer(share.partner_uid).name, "peer")):
            verbs.hear(KIND, taken_back, admission.Admitted({}, {}))
    if taken_back is None or share.stopped:
        verbs.fail(KIND, share, PUT_AWAY, by_us=True)
    db.session.flush()


def _taken_back(share: StatusShare) -> Envelope | None:
    """The owner's word that took it back, where it was heard by the copy that had stopped, and moved nothing."""
    if share.state not in STANDING:
        return None
    query = db.select(InboxMessage.envelope).where(
        InboxMessage.about_id == share.id,
        InboxMessage.peer_uid == share.partner_uid,
        InboxMessage.type == "share.revoke",
        InboxMessage.result == "applied",
    )
    token = db.session.scalar(query.order_by(InboxMessage.id.desc()).limit(1))
    return read_payload(seals.unverified(token)) if token is not None else None  # it was verified when it came
