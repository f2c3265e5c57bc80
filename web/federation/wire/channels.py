"""Is this envelope the next of its channel? A pure function of the head and of what is stored under id and place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from web.federation.wire.codes import WireError
from web.federation.wire.envelope import Coordinates


class Place(StrEnum):
    """ACCEPT: apply it and sign a receipt. DUPLICATE: answer with the stored receipt, byte for byte."""

    ACCEPT = "accept"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Head:
    """The last envelope taken of one channel; (1, 0, None) before the first."""

    epoch: int = 1
    seq: int = 0
    prev: str | None = None

    def after(self, taken: Coordinates) -> Head:
        """The head once that envelope was taken."""
        return Head(taken.epoch, taken.seq, taken.digest)


def place(head: Head, found: Coordinates, by_id: str | None, by_seq: str | None) -> Place:
    """Where an authentic envelope stands.

    `by_id`: the digest stored under its id from this sender, if any; `by_seq`: the digest stored under its
    (epoch, seq), if any. Raises `id_reuse`, `fork`, `sequence_gap` (with what is expected), `chain_mismatch`.
    """
    if by_id is not None and by_id != found.digest:
        raise WireError("id_reuse", found, id=str(found.id))
    if by_seq is not None and by_seq != found.digest:
        raise WireError("fork", found, epoch=found.epoch, seq=found.seq)
    if by_id is not None:
        return Place.DUPLICATE
    if (found.epoch, found.seq) != (head.epoch, head.seq + 1):
        raise WireError("sequence_gap", found, expected_epoch=head.epoch, expected=head.seq + 1)
    if found.prev != head.prev:
        raise WireError("chain_mismatch", found, expected=head.prev)
    return Place.ACCEPT
