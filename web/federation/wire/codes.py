"""The closed list of FED/1 error codes: what each means, whose turn it is, and what it does to the channel."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from web.federation.wire.envelope import Coordinates


class Outcome(StrEnum):
    """What a refusal does: nothing (try again), use up the number for good, or stop the channel with an alarm."""

    RETRY = "retry"
    FINAL = "final"
    STOP = "stop"


class Turn(StrEnum):
    """Who has to act next."""

    SENDER = "sender"
    RECEIVER = "receiver"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Code:
    """One entry of the list. `sentence` is for operators and the protocol paper; screens have their own words."""

    name: str
    outcome: Outcome
    turn: Turn
    sentence: str


_RETRY, _FINAL, _STOP = Outcome.RETRY, Outcome.FINAL, Outcome.STOP
_SENDER, _RECEIVER, _BOTH = Turn.SENDER, Turn.RECEIVER, Turn.BOTH

CODES: dict[str, Code] = {
    code.name: code
    for code in (
        # Nothing was consumed: the same envelope may be sent again.
        Code(
            "transport_signature",
            _RETRY,
            _SENDER,
            "The HTTP signature or content digest does not hold; sign the call again with a vouched node key.",
        ),
        Code(
            "clock_skew", _RETRY, _BOTH, "The clocks differ by more than 300 seconds; whoever is wrong sets the clock."
        ),
        Code(
            "unknown_key",
            _RETRY,
            _RECEIVER,
            "The key is not among those pinned for this county; publish the key, or compare its fingerprint and pin it.",
        ),
        Code(
            "key_revoked",
            _RETRY,
            _SENDER,
            "The key was revoked or its time is over; seal the same envelope again with the current key.",
        ),
        Code(
            "sequence_gap", _RETRY, _SENDER, "This is not the next number of the channel; go back to the expected one."
        ),
        Code(
            "behind",
            _RETRY,
            _SENDER,
            "An earlier decision is missing here; send the envelope again with the missing decisions attached.",
        ),
        Code(
            "disclosure_missing",
            _RETRY,
            _SENDER,
            "The disclosures do not open or do not match the seal one to one; make them anew and send again.",
        ),
        Code(
            "version_unsupported",
            _RETRY,
            _RECEIVER,
            "This version or message type is not known here yet; update, it will be sent again.",
        ),
        Code(
            "crit_unsupported",
            _RETRY,
            _RECEIVER,
            "The envelope demands an extension not known here; update, it will be sent again.",
        ),
        Code("too_large", _RETRY, _SENDER, "The batch or the message is over the limit; send fewer or smaller."),
        Code("busy", _RETRY, _SENDER, "Something it needs is locked; send the rest again shortly."),
        Code("maintenance", _RETRY, _SENDER, "The county is being maintained or restored; send again later."),
        # Authentic, at the expected number, and refused for good: it has a receipt, a correction is a new envelope.
        Code(
            "malformed",
            _FINAL,
            _SENDER,
            "The sealed content does not follow its schema; correct the program and send a new envelope.",
        ),
        Code(
            "agreement_not_active",
            _FINAL,
            _BOTH,
            "The agreement named is not in force for these counties; agree first.",
        ),
        Code(
            "scope_violation",
            _FINAL,
            _SENDER,
            "A sealed value is outside the scope agreed; send it without that value.",
        ),
        Code(
            "consent_missing",
            _FINAL,
            _SENDER,
            "The notice or consent this needs is not recorded; record it, then send anew.",
        ),
        Code(
            "illegal_transition",
            _FINAL,
            _SENDER,
            "The verb is not possible in this state; look at the current state first.",
        ),
        Code(
            "stale_base",
            _FINAL,
            _SENDER,
            "The proposal was made on an older decision; apply the newer one, then decide again.",
        ),
        Code("not_open", _FINAL, _SENDER, "What it speaks of never began here or was refused; begin anew."),
        Code(
            "already_open",
            _FINAL,
            _SENDER,
            "The same thing is already open between the two counties; continue that one.",
        ),
        Code(
            "day_limit",
            _FINAL,
            _SENDER,
            "Today's number of these is used up between the two counties; say it again tomorrow.",
        ),
        Code(
            "copies_differ",
            _FINAL,
            _SENDER,
            "What is held of the sender's live shares is not what it says; ask which differ and send those again.",
        ),
        Code(
            "expired",
            _FINAL,
            _SENDER,
            "It arrived after the instant its sender set; send it anew if it is still wanted.",
        ),
        # The channel stops and an alarm rings: persons of both sides must look.
        Code(
            "bad_signature",
            _STOP,
            _BOTH,
            "The seal is not one of this county over this content; both sides look for the cause.",
        ),
        Code(
            "chain_mismatch",
            _STOP,
            _BOTH,
            "The envelope does not continue the chain held here; one side was restored or altered.",
        ),
        Code(
            "digest_mismatch",
            _STOP,
            _BOTH,
            "The receipt is over another content than the one sent; both sides compare their copies.",
        ),
        Code("id_reuse", _STOP, _BOTH, "The id was used before for another content; both are kept as evidence."),
        Code("not_for_us", _STOP, _BOTH, "The envelope is addressed to another county; the sender's routing is wrong."),
        Code("fork", _STOP, _BOTH, "Two sealed contents claim one place of the chain; both are kept as evidence."),
    )
}


class WireError(Exception):
    """A refusal with its code. `params` say where and what (never a personal value).

    `coordinates`: set when the seal was authentic and its place in the channel readable, so that a final refusal can
    be given its receipt. Without them nothing can be consumed, whatever the code.
    """

    def __init__(self, name: str, coordinates: Coordinates | None = None, **params: object) -> None:
        self.code = CODES[name]
        self.coordinates = coordinates
        self.params = params
        super().__init__(name, params)

    @property
    def name(self) -> str:
        """The code's name, as it stands in receipts and answers."""
        return self.code.name

    @property
    def outcome(self) -> Outcome:
        """Retry, final or stop."""
        return self.code.outcome

    def __str__(self) -> str:
        return " ".join([self.name, *(f"{key}={value}" for key, value in self.params.items())])


FINAL_CODES = frozenset(name for name, code in CODES.items() if code.outcome is Outcome.FINAL)
