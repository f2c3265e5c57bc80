"""Who may begin a handover and who flips it. (What no row allows is tried for every kind in tests/federation.)"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.federation import copies
from tests.federation.copies import envelope
from web.core.errors import WrongState
from web.core.ids import uuid7
from web.extensions import db
from web.federation import verbs
from web.federation.admission import Admitted
from web.federation.handovers.models import Handover, HandoverState
from web.federation.handovers.service import KIND
from web.federation.wire.codes import WireError


def in_state(side_uid, role, state):
    """A handover that stands in this state."""
    return copies.in_state(KIND, side_uid, role, state)


def test_only_home_begins_and_nobody_confirms_by_hand(pair, agreed):
    with pair.home.act():
        handover = in_state(pair.host.uid, "home", HandoverState.RELEASED)
        with pytest.raises(WrongState):
            verbs.say(KIND, handover, "confirm")
        about = uuid7()
        opening = replace(envelope(KIND, handover, "request", base=0), about=f"handover/{about}")
        with pytest.raises(WireError) as answer:
            verbs.hear(KIND, opening, Admitted({"/name": "王示甲", "/birth_on": "1990-07-15"}, {}))
        assert answer.value.name in ("illegal_transition", "agreement_not_active")
        assert db.session.scalar(db.select(Handover.id).where(Handover.id == about)) is None
