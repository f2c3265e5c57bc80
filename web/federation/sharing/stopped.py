"""A copy that has stopped is put away by a person of its receiver, who alone can have one: the owner takes back what is refused.

What it held is destroyed. The owner hears of it at its next word or the day's heartbeat, which find nothing here, and opens
what is still granted anew; where it had taken the share back meanwhile, the proof goes to it.
"""

from __future__ import annotations

from web.core import events
from web.core.errors import Invalid, WrongState
from web.extensions import db
from web.federation import verbs
from web.federation.pairs import FAIL
from web.federation.sharing.models import PUT_AWAY, STANDING, StatusShare
from web.federation.sharing.service import KIND


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
    taken_back = verbs.heard(KIND, share, ["revoke"]) if share.state in STANDING else None
    if taken_back is not None:
        verbs.follow_to(KIND, share, taken_back, "revoke")
    else:
        verbs.fail(KIND, share, PUT_AWAY, by_us=True)
    db.session.flush()
