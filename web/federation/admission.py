"""May this pass the border? The checks of the message table, the same at egress and at ingress. Pure.

Order at ingress: `wire.envelope.open_envelope` → `wire.channels.place` → `check_envelope` →
`wire.bundles.open_enclosed` → `admit` → the aggregate. At egress: `compose`, then `wire.envelope.seal`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from web.federation.messages import DECISIONS, MESSAGES, MessageSpec, Numbering, Pointer, Scope
from web.federation.wire import seals
from web.federation.wire.canonical import digest_of
from web.federation.wire.codes import WireError
from web.federation.wire.disclosures import Disclosure, Enclosed, Matched, commitments, disclose, match
from web.federation.wire.documents import SEAL, AgreementSeal, Decision, open_decision, open_seal
from web.federation.wire.envelope import Envelope
from web.federation.wire.keys import Pins

_ID_NUMBER = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)", re.ASCII)
_NOBODY = Pins(UUID(int=0), {})

IsGranted = Callable[[Scope, str], bool]


@dataclass(frozen=True)
class Admitted:
    """What came through. `values`: by pointer; `withheld`: commitments by pointer, of what the sender withheld or
    what was dropped here because nothing grants it any more; `dropped`: the pointers of the latter.
    """

    values: dict[str, Any]
    withheld: dict[str, str]
    dropped: frozenset[str] = frozenset()
    disclosures: tuple[Disclosure, ...] = ()

    def get(self, pointer: str) -> Any:
        """The value, or None if it was withheld or is not there."""
        return self.values.get(pointer)


def is_opening(envelope: Envelope) -> bool:
    """Does it begin its aggregate? Only an opening can be refused for time, agreement or scope."""
    spec = MESSAGES.get(envelope.type)
    return spec is not None and spec.opens and (envelope.n == 1 or envelope.base == 0)


def is_expired(envelope: Envelope, now: datetime) -> bool:
    """Did it arrive after the instant its sender set? (The inbox answers `expired`.)"""
    return envelope.expires is not None and envelope.expires <= now


def is_echo(spec: MessageSpec, cause: UUID | None) -> bool:
    """The anchor's decision that repeats a proposal word for word. It carries none of the proposal's values back."""
    return spec.numbering is Numbering.BOTH and cause is not None


def check_envelope(envelope: Envelope) -> MessageSpec:
    """The row of an envelope's type, after its numbering, references and body were held against it.

    `version_unsupported` for a type this program does not know; `malformed` for the rest.
    """
    spec = MESSAGES.get(envelope.type)
    if spec is None:
        raise WireError("version_unsupported", envelope.coordinates, type=envelope.type)
    try:
        _check(spec, envelope)
    except WireError as error:
        error.coordinates = envelope.coordinates
        raise
    return spec


def admit(envelope: Envelope, enclosed: Enclosed, is_granted: IsGranted | None = None) -> Admitted:
    """Match the disclosures with the seal and hold each against the table, its kind, its scope, and the grants.

    `is_granted(scope, field)`: do the agreement's grants from sender to receiver hold it? What they do not is
    `scope_violation` in an opening, and dropped as withheld in anything later (a decision always applies).
    Raises also `disclosure_missing` (send again) and `malformed`, with the coordinates.
    """
    try:
        spec = check_envelope(envelope)
        found = match(envelope.sd, enclosed, envelope.body.keys(), others=spec.has_foreign_lines)
        sealed, is_bare = len(envelope.sd), is_echo(spec, envelope.cause)
        return _admit(spec, found, sealed, envelope.body.get("scope"), is_opening(envelope), is_granted, is_bare)
    except WireError as error:
        error.coordinates = envelope.coordinates
        raise


def check_decision(decision: Decision) -> MessageSpec:
    """The row of a hub's decision, after its body was held against it; `version_unsupported` for an unknown verb."""
    spec = DECISIONS.get(decision.verb)
    if spec is None:
        raise WireError("version_unsupported", verb=decision.verb)
    spec.body.check(decision.body, "fed1-decision/body")
    return spec


def admit_decision(decision: Decision, enclosed: Enclosed) -> Admitted:
    """The same as `admit`, for the values committed to by a decision (`enclosed`: its part, by `sort_out`)."""
    spec = check_decision(decision)
    found = match(decision.sd, enclosed, decision.body.keys())
    return _admit(spec, found, len(decision.sd), None, is_first=False, is_granted=None)


def attached_decisions(
    envelope: Envelope, attached: Collection[str], hub: Pins | Callable[[int], Pins]
) -> list[Decision]:
    """The hub's decisions that came with an envelope, ascending by n; among them the one an `agreement.decision` names.

    `hub`: whose keys sign them, or by n when the hub changed on the way. All are of the envelope's agreement and
    chained to each other. Attachments are made anew at each send and the sender does not seal them, so whatever is
    wrong with one is `disclosure_missing` (send again); unknown and revoked keys keep their codes.
    """
    is_decision = envelope.type == "agreement.decision"
    about = envelope.about_id if is_decision or envelope.agreement is None else envelope.agreement.id
    found = {}
    for token in attached:
        if _attached(seals.typ_of, token) == seals.DECISION:
            pins = hub if isinstance(hub, Pins) else hub(_attached(seals.unverified, token).get("n"))
            decision = _attached(open_decision, token, pins)
            found[decision.n] = decision
    chain = [found[n] for n in sorted(found)]
    named = found.get(envelope.body["n"]) if is_decision else None
    if (
        (is_decision and (named is None or named.digest != envelope.body["digest"]))
        or any(decision.agreement != about for decision in chain)
        or any(later.n == earlier.n + 1 and later.prev != earlier.digest for earlier, later in pairwise(chain))
    ):
        raise WireError("disclosure_missing", envelope.coordinates, where="attached")
    return chain


def attached_seals(
    attached: Collection[str], pins: Mapping[UUID, Pins], digests: Collection[str]
) -> list[AgreementSeal]:
    """The agreement seals with exactly these digests, each verified with keys pinned for a county of `pins`. Seals of other
    versions may come along.

    `disclosure_missing` if one of them is not there or does not hold.
    """
    found = {}
    for token in attached:
        if _attached(seals.typ_of, token) == seals.SEAL:
            said = _attached(seals.unverified, token)
            if digest_of(said) in digests:
                _attached(SEAL.check, said, "fed1-seal")
                pin = next((pin for pin in pins.values() if str(pin.county) == said.get("county")), _NOBODY)
                seal = _attached(open_seal, token, pin)
                found[seal.digest] = seal
    if any(wanted not in found for wanted in digests):
        raise WireError("disclosure_missing", where="attached")
    return [found[wanted] for wanted in digests]


def compose(
    type_: str, body: Mapping[str, Any], values: Mapping[str, Any], cause: UUID | None = None
) -> list[Disclosure]:
    """New disclosures for a message about to be written to the outbox, checked like the receiver will check them.

    `type_`: a message type, or `decision.<verb>`. Raises `malformed` or `scope_violation`: a mistake of the program.
    (Whether consent and grants still hold is checked again when the message is sealed; what fails is withheld.)
    """
    spec = MESSAGES[type_] if type_ in MESSAGES else DECISIONS[type_.removeprefix("decision.")]
    spec.body.check(dict(body), "body")
    found = {pointer: disclose(pointer, value) for pointer, value in values.items()}
    sd = commitments(found.values())
    matched = match(sd, Enclosed(tuple(item.as_list() for item in found.values())), body.keys())
    _admit(spec, matched, len(sd), body.get("scope"), is_first=True, is_granted=None, is_bare=is_echo(spec, cause))
    return list(found.values())


def content_digest(body: Mapping[str, Any], sd: Collection[str]) -> str:
    """The digest of a co-sign content: the offer's body without `content`, and the commitments of header and lines.

    The same for every home county, so each countersigns one and the same list without seeing the others' lines.
    """
    return digest_of({**{name: value for name, value in body.items() if name != "content"}, "sd": sorted(sd)})


def carries_id(field: str, value: Any) -> bool:
    """Is there an identity number in a value that is none? It crosses with home's `confirm` alone (FED/1 §5.7)."""
    if field == "id_number":
        return False
    parts = value if isinstance(value, list) else [value]
    return any(isinstance(part, str) and _ID_NUMBER.search(part) for part in parts)


def is_known(type_: str, pointer: str, body: Mapping[str, Any]) -> bool:
    """Is the pointer in the row of this type, under this share's scope? Values that come with an `agreement.decision` are
    those of its verbs.
    """
    if type_ == "agreement.decision":
        return any(spec.pointer(pointer) is not None for spec in DECISIONS.values())
    spec = MESSAGES[type_]
    return spec.pointer(pointer, body["scope"] if spec.about == "share" else None) is not None


def pointer_of(spec: MessageSpec, path: str, scope: str | None = None) -> Pointer:
    """The row of a pointer; `scope_violation` if this type (under this share's scope) may not carry it."""
    found = spec.pointer(path, scope if spec.about == "share" else None)
    if found is None:
        raise WireError("scope_violation", pointer=path)
    return found


def _attached(read: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return read(*arguments)
    except WireError as error:
        if error.name in ("unknown_key", "key_revoked"):
            raise
        raise WireError("disclosure_missing", where="attached") from error


def _check(spec: MessageSpec, envelope: Envelope) -> None:
    def demand(is_so: bool, where: str) -> None:
        if not is_so:
            raise WireError("malformed", where=f"envelope/{where}")

    demand(envelope.about_kind == spec.about, "about")
    decides, proposes = envelope.n is not None, envelope.base is not None
    demand(decides == (spec.numbering is Numbering.DECISION) or spec.numbering is Numbering.BOTH, "n")
    demand(proposes == (spec.numbering is Numbering.PROPOSAL) or spec.numbering is Numbering.BOTH, "base")
    demand(decides != proposes or spec.numbering is Numbering.REGISTER, "n")
    demand(spec.opens or (envelope.n != 1 and envelope.base != 0), "n" if decides else "base")
    demand((envelope.agreement is not None) == spec.needs_agreement, "agreement")
    demand(envelope.cause is not None or not spec.needs_cause, "cause")
    demand(envelope.expires is None or spec.may_expire, "expires")
    spec.body.check(envelope.body, "envelope/body")
    demand(bool(spec.pointers) or not envelope.sd, "sd")
    if envelope.type == "agreement.decision":
        demand(envelope.body["n"] == envelope.n, "body/n")
        demand(envelope.body["agreement"] == str(envelope.about_id), "body/agreement")
    if spec.has_foreign_lines:
        demand(envelope.body["content"] == content_digest(envelope.body, envelope.sd), "body/content")


def _admit(
    spec: MessageSpec,
    found: Matched,
    sealed: int,
    scope: str | None,
    is_first: bool,
    is_granted: IsGranted | None,
    is_bare: bool = False,
) -> Admitted:
    disclosed, hidden = found.disclosed, dict(found.withheld)
    rows = {path: pointer_of(spec, path, scope) for path in disclosed}
    for path, row in rows.items():
        row.kind.check(disclosed[path].value, f"sd{path}")
    for path in hidden:
        if spec.pointer(path) is None:  # the names of withheld values are not sealed: ask for them again
            raise WireError("disclosure_missing", where="withheld")
    for row in spec.pointers:
        if row.is_required and not is_bare and row.path not in disclosed and row.path not in hidden:
            # Final only if the seal itself shows it: with values withheld or others' lines, it may just not be enclosed.
            raise WireError("malformed" if len(disclosed) == sealed else "disclosure_missing", where=f"sd{row.path}")
    dropped = set()
    for path, row in rows.items():
        if is_granted is None:
            continue  # composing: what does not cross is withheld at sealing, and the verb goes
        is_free = row.scope is None or is_granted(row.scope, row.field)
        if not is_free or carries_id(row.field, disclosed[path].value):
            if is_first:
                raise WireError("scope_violation", pointer=path)
            dropped.add(path)
            hidden[path] = disclosed[path].commitment
    kept = {path: found for path, found in disclosed.items() if path not in dropped}
    values = {path: found.value for path, found in kept.items()}
    return Admitted(values, hidden, frozenset(dropped), tuple(kept.values()))
