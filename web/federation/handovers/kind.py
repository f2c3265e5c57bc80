"""The handover as a kind of `verbs`: the table of what each verb checks and does."""

from __future__ import annotations

from web.core import clock
from web.federation import verbs
from web.federation.handovers import effects
from web.federation.handovers.models import FLIP, HANDOVER, UNANSWERED, Handover
from web.federation.pairs import Kind

KIND = verbs.register(
    Kind(
        "handover",
        HANDOVER,
        Handover,
        opens=effects.opens,
        checks={
            "request": effects.check_request,
            "ask": effects.check_ask,
            "accept": effects.check_accept,
            "release": effects.check_release,
            FLIP: effects.check_said_by_nobody,
        },
        effects={
            "request": effects.requested,
            "ask": effects.asked,
            "return": effects.returned,
            **dict.fromkeys(("refuse", "decline", "recall", "cancel"), effects.ended_for_a_reason),
            "release": effects.released,
            "take_over": effects.receipt_in,
            FLIP: effects.confirmed,
            "forward": effects.forwarded,
        },
        suggests={"take_over": effects.assign},
        dropped={"take_over": effects.unassign},
        answers={FLIP: effects.confirm_with},
        expires=dict.fromkeys(("request", "ask"), lambda handover: clock.now() + UNANSWERED),
    )
)
