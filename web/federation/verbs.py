"""One mechanism for every aggregate of two counties: verbs travel, states do not (FED/1 §1.4–1.6).

A `Kind` (`pairs`) is a machine, a model, and tables of functions by verb. The anchor numbers decisions: what it says, or accepts
from the follower, is applied, numbered `n`, and sent. The follower's word is a proposal on `base`: it stays `pending`
and moves nothing until the anchor's decision comes back with it as `cause`, or a refusal drops it. Decisions apply to
the confirmed state only and are never refused as illegal; an impossible one stops the aggregate and rings.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Select

from web.core import clock, counters, events, fence
from web.core.errors import WrongState
from web.core.events import Actor
from web.core.ids import made_at
from web.core.queue import AWAY
from web.core.states import Row
from web.extensions import db
from web.federation import admission
from web.federation.pairs import FAIL, NOT_OPENED, Kind, Moved, Said
from web.federation.post import keys
from web.federation.post import service as post
from web.federation.post.inbox import StaleBase
from web.federation.post.models import InboxMessage, OutboxMessage
from web.federation.wire import seals
from web.federation.wire.codes import WireError
from web.federation.wire.envelope import Envelope, read_payload

log = structlog.get_logger(__name__)

KINDS: dict[str, Kind] = {}
# How far the clocks of two counties may differ.
SKEW = timedelta(seconds=300)


def register(kind: Kind) -> Kind:
    """Make the kind known to the post."""
    KINDS[kind.name] = kind
    post.HOOKS.hear[kind.name] = lambda envelope, admitted, attached: hear(kind, envelope, admitted)
    post.HOOKS.refused[kind.name] = lambda message: refused(kind, message)
    post.HOOKS.known[kind.name] = lambda about_id: kind.find(about_id, lock=False) is not None
    return kind


def can(kind: Kind, aggregate: Any) -> list[str]:
    """The verbs our side may say now: none while one of ours waits for its answer."""
    if aggregate.pending or aggregate.stopped:
        return []
    return kind.machine.allowed(aggregate.state, aggregate.role)


def say(
    kind: Kind,
    aggregate: Any,
    verb: str,
    body: Mapping[str, Any] | None = None,
    values: Mapping[str, Any] | None = None,
    *,
    reason: str = "",
    member_id: UUID | None = None,
    disclosures: Any = None,
    sd: Any = None,
) -> UUID:
    """Our side says a verb; returns the message's id. Load the aggregate with `kind.get(id, lock=True)` first.

    A new aggregate (state None) is opened by it. WrongState while it is not our turn, with what to wait for.
    """
    if aggregate.stopped:
        raise WrongState("aggregate_stopped", cause=aggregate.stopped)
    if aggregate.pending:
        raise WrongState("waiting_for_partner", verb=aggregate.pending)
    row = kind.machine.demand(aggregate.state, verb, aggregate.role)
    body = dict(body or {})
    said = Said(verb, aggregate.role, body, dict(values or {}), frozenset(), clock.now(), None, is_ours=True)
    if verb in kind.checks:
        kind.checks[verb](aggregate, said)
    expires_at = kind.expires[verb](aggregate) if verb in kind.expires else None
    extra: dict[str, Any] = {
        "agreement": aggregate.agreement,
        "member_id": member_id or getattr(aggregate, "member_id", None),
        "disclosures": disclosures,
        "sd": sd,
        "expires_at": expires_at,
    }
    if aggregate.role == kind.machine.anchor:
        with own_word():
            _decide(kind, aggregate, row, said, reason=reason)
        return post.send(
            aggregate.partner_uid, f"{kind.name}.{verb}", aggregate.id, body, said.values, n=aggregate.n, **extra
        )
    with own_word():
        if row.source is None:
            aggregate.state_at = aggregate.created_at = clock.now()
            kind.machine.apply(aggregate, verb, reason=reason)
            db.session.add(aggregate)
            db.session.flush()
        else:
            events.record(f"{kind.name}.propose_{verb}", aggregate, reason=reason)
    aggregate.pending, aggregate.refused_code = verb, ""  # what became of the word before is told until the next one
    if verb in kind.suggests:
        kind.suggests[verb](aggregate, said)
    aggregate.pending_id = post.send(
        aggregate.partner_uid, f"{kind.name}.{verb}", aggregate.id, body, said.values, base=aggregate.n, **extra
    )
    db.session.flush()
    return aggregate.pending_id


@contextmanager
def own_word() -> Iterator[None]:
    """What this county says because of what it just heard is its own program's word, not the other county's."""
    who = events.actor()
    with events.by(events.SYSTEM if who.role == "peer" else who):
        yield


def _decide(
    kind: Kind,
    aggregate: Any,
    row: Row[Any],
    said: Said,
    *,
    reason: str = "",
    peer: str = "",
    is_echo: bool = False,
    decided_at: datetime | None = None,
) -> None:
    """Apply a confirmed verb here: state, number, effect, announcement. `is_echo`: the anchor numbered what we said, so
    the log tells it as an entry of theirs and no notice comes of it. `decided_at`: when its anchor did; None: here and now.
    """
    # When the anchor decided, at both sides: figures of a period count the same days, whenever a message came.
    at = decided_at or clock.now()
    if row.source is None:
        aggregate.created_at = at
    details = {"is_echo": True} if is_echo else None
    kind.machine.apply(aggregate, row.verb, reason=reason, details=details, peer=peer)
    aggregate.n = (aggregate.n or 0) + 1
    if row.source not in kind.machine.terminal:  # what is over was over on its day, whatever is told of it later
        aggregate.state_at = at
    db.session.add(aggregate)
    db.session.flush()
    if said.verb in kind.effects:
        kind.effects[said.verb](aggregate, said)
    if row.verb != said.verb and row.verb in kind.effects:
        kind.effects[row.verb](aggregate, said)
    db.session.flush()
    events.announce(Moved(kind.name, aggregate.id, row.verb, str(aggregate.state), aggregate.partner_uid, said.is_ours))


def hear(kind: Kind, envelope: Envelope, admitted: admission.Admitted) -> None:
    """Apply a message of the other side. Raises WireError or DomainError with a final code to refuse it."""
    verb = envelope.type.partition(".")[2]
    aggregate = kind.find(envelope.about_id)
    if aggregate is None:
        if not admission.is_opening(envelope):
            raise WireError("not_open")
        if envelope.agreement is None or not post.HOOKS.is_active(envelope.agreement, envelope.sender):
            raise WireError("agreement_not_active")
        aggregate = kind.opens(envelope, admitted)
        aggregate.id, aggregate.partner_uid = envelope.about_id, envelope.sender
        aggregate.under(envelope.agreement)
        aggregate.n = 0
        aggregate.pending = aggregate.refused_code = aggregate.stopped = ""
        aggregate.state_at = aggregate.created_at = clock.now()
    elif aggregate.partner_uid != envelope.sender or str(aggregate.state) == NOT_OPENED:
        raise WireError("not_open")
    elif (
        admission.is_opening(envelope)
        and kind.machine.row(aggregate.state, verb) is None
        and (
            envelope.cause is None or envelope.cause != aggregate.pending_id
        )  # else our own opening comes back numbered
    ):
        raise WireError("already_open")
    role = kind.other(aggregate.role)
    until = clock.now() + (timedelta(0) if aggregate.role == kind.machine.anchor else SKEW)
    said = Said(
        verb,
        role,
        envelope.body,
        admitted.values,
        frozenset(admitted.withheld),
        _within(aggregate, envelope.at, until),
        envelope.id,
        is_ours=False,
    )
    if aggregate.role == kind.machine.anchor:
        _hear_proposal(kind, aggregate, envelope, said)
        return
    if not aggregate.stopped:
        _hear_decision(kind, aggregate, envelope, said)
    if aggregate.stopped and envelope.n is not None and verb in kind.clears:
        # Nothing moves before a person looked; what its owner takes back does not wait for one.
        kind.clears[verb](aggregate)
        db.session.flush()


def _within(aggregate: Any, at: datetime, until: datetime) -> datetime:
    """When the other side says it said it, between two instants that both sides know: when the aggregate was made, as its
    id has it, and when its anchor decided. A clock that is wrong, or a word that is, moves no day beyond them.
    """
    return min(max(at, made_at(aggregate.id)), until)


def _hear_proposal(kind: Kind, aggregate: Any, envelope: Envelope, said: Said) -> None:
    if envelope.base is None:
        raise WireError("malformed", where="envelope/base")
    if envelope.base != aggregate.n:
        raise StaleBase(aggregate.n)
    row = kind.machine.row(aggregate.state, said.verb)
    if row is None or row.decider not in (said.role, "any"):
        raise WireError("illegal_transition", verb=said.verb)
    if said.verb in kind.checks:
        kind.checks[said.verb](aggregate, said)
    if row.answer:
        answered = kind.machine.row(aggregate.state, row.answer)
        assert answered is not None, f"{kind.name}: {row.answer} does not start where {said.verb} does"
        row = answered
    _decide(kind, aggregate, row, said, peer=str(envelope.sender))
    make = kind.answers.get(row.verb)
    body, values = make(aggregate, said) if make else (said.body, {})
    post.send(
        aggregate.partner_uid,
        f"{kind.name}.{row.verb}",
        aggregate.id,
        body,
        values,
        n=aggregate.n,
        cause=envelope.id,
        agreement=aggregate.agreement,
        member_id=getattr(aggregate, "member_id", None),
    )
    if row.verb in kind.answered:
        kind.answered[row.verb](aggregate)


def _hear_decision(kind: Kind, aggregate: Any, envelope: Envelope, said: Said) -> None:
    if envelope.n is None:
        raise WireError("malformed", where="envelope/n")
    row = kind.machine.row(aggregate.state, said.verb)
    ours = _proposal(kind, aggregate, envelope)
    if envelope.n == 1 and aggregate.state is not None and ours is not None and ours.verb == said.verb:
        # Our own opening comes back numbered: the state stands already, as of when its anchor heard it.
        aggregate.n, aggregate.pending, aggregate.pending_id = 1, "", None
        aggregate.created_at = aggregate.state_at = said.at
        db.session.flush()
        events.announce(
            Moved(kind.name, aggregate.id, said.verb, str(aggregate.state), aggregate.partner_uid, is_ours=True)
        )
        return
    if envelope.n != aggregate.n + 1 or row is None or not _may_decide(kind, row, envelope, ours):
        if aggregate.state is None:
            raise WireError("illegal_transition", verb=said.verb)
        aggregate.stopped = "impossible_decision"
        events.record(f"{kind.name}.stop", aggregate, reason="impossible_decision", peer=str(envelope.sender))
        log.error("aggregate.stopped", kind=kind.name, verb=said.verb, state=str(aggregate.state), n=envelope.n)
        db.session.flush()
        return
    if aggregate.state is None and said.verb in kind.checks:
        kind.checks[said.verb](aggregate, said)
    if envelope.cause is not None and envelope.cause == aggregate.pending_id:
        aggregate.pending, aggregate.pending_id = "", None
    decided_at = said.at
    if ours is not None:
        # The anchor applied it as of when we said it, within the same bounds: days at both sides are the same.
        said = replace(said, at=_within(aggregate, ours.at, said.at))
    is_echo = ours is not None and ours.verb == said.verb
    _decide(kind, aggregate, row, said, peer=str(envelope.sender), is_echo=is_echo, decided_at=decided_at)
    if aggregate.state in kind.machine.terminal and aggregate.pending:
        _drop(kind, aggregate, "overtaken")


@dataclass(frozen=True)
class _Proposal:
    """A word of ours that the anchor can answer: `decided` is the verb its decision has."""

    verb: str
    decided: str
    at: datetime


def _proposal(kind: Kind, aggregate: Any, envelope: Envelope) -> _Proposal | None:
    """The message of ours that a decision names as its cause: about this aggregate, said on the decision before it, and
    not refused. `pending` does not tell: a verb dropped here meanwhile was said all the same.
    """
    if envelope.cause is None or envelope.n is None:
        return None
    query = db.select(OutboxMessage.type, OutboxMessage.created_at).where(
        OutboxMessage.id == envelope.cause,
        OutboxMessage.peer_uid == envelope.sender,
        OutboxMessage.about_id == envelope.about_id,
        OutboxMessage.base == envelope.n - 1,
        OutboxMessage.result.is_distinct_from("refused"),
    )
    found = db.session.execute(query).one_or_none()
    if found is None:
        return None
    verb = found.type.partition(".")[2]
    row = kind.machine.row(aggregate.state, verb)
    return _Proposal(verb, (row.answer if row is not None else "") or verb, found.created_at)


def _may_decide(kind: Kind, row: Row[Any], envelope: Envelope, ours: _Proposal | None) -> bool:
    """Whether the anchor may number this row: as the answer to a proposal of ours that asked for it, or of itself, where
    the row is its own and answers nothing. A cause that is no such proposal is a false word, whatever the row.
    """
    if envelope.cause is not None:
        return ours is not None and ours.decided == row.verb
    is_answer = any(other.answer == row.verb for other in kind.machine.rows if other.source == row.source)
    return row.decider in (kind.machine.anchor, "any") and not is_answer


def refused(kind: Kind, message: OutboxMessage) -> None:
    """A message of ours was refused for good: say so, and undo. (After one that was applied the decision follows.)"""
    verb, code = message.type.partition(".")[2], message.code or ""
    aggregate = kind.find(message.about_id)
    if aggregate is None:
        return
    is_opening = message.n == 1 or message.base == 0
    if is_opening and kind.machine.row(aggregate.state, FAIL) is not None:
        fail(kind, aggregate, code, message.id)
    elif message.base is not None and aggregate.pending_id == message.id:
        _drop(kind, aggregate, code)
    elif message.n is not None:
        if aggregate.state in kind.machine.terminal:
            aggregate.refused_code = code  # the other side never opened it: what came after finds nothing there
        elif kind.refused is not None:
            kind.refused(aggregate, verb, code)
        else:
            aggregate.stopped = f"refused_{code}"[:40]
            events.record(f"{kind.name}.stop", aggregate, reason=code, peer=str(message.peer_uid))
            log.error("decision.refused", kind=kind.name, verb=verb, code=code)
    db.session.flush()


def fail(kind: Kind, aggregate: Any, code: str, message_id: UUID | None = None, *, by_us: bool = False) -> None:
    """It does not stand at the other side: it ends here too. `message_id`: of the word of ours that was refused. `by_us`: a
    person here ended it, by no word of theirs.
    """
    kind.machine.apply(aggregate, FAIL, reason=code, peer="" if by_us else str(aggregate.partner_uid))
    aggregate.refused_code, aggregate.state_at = code, clock.now()
    aggregate.pending, aggregate.pending_id = "", None
    aggregate.stopped = ""  # there is nothing at the other side to compare with any more
    if FAIL in kind.effects:
        said = Said(FAIL, aggregate.role, {}, {}, frozenset(), clock.now(), message_id, is_ours=True)
        kind.effects[FAIL](aggregate, said)
    events.announce(Moved(kind.name, aggregate.id, FAIL, NOT_OPENED, aggregate.partner_uid, is_ours=True))


def heard(kind: Kind, aggregate: Any, verbs: Collection[str]) -> Envelope | None:
    """The last of these words of its anchor that a follower's copy which has stopped heard, and that moved nothing."""
    query = db.select(InboxMessage.envelope).where(
        InboxMessage.about_id == aggregate.id,
        InboxMessage.peer_uid == aggregate.partner_uid,
        InboxMessage.type.in_([f"{kind.name}.{verb}" for verb in verbs]),
        InboxMessage.result == "applied",
    )
    token = db.session.scalar(query.order_by(InboxMessage.id.desc()).limit(1))
    found = read_payload(seals.unverified(token)) if token is not None else None  # it was verified when it came
    return found if found is not None and found.n is not None else None


def follow_to(kind: Kind, aggregate: Any, envelope: Envelope, verb: str) -> None:
    """Bring a follower's copy that has stopped to a later word of its anchor (`heard`), which ended it there: `verb` is the row
    that ends it from where it stands. What was said between is passed over, as nothing of it is kept.
    """
    row = kind.machine.row(aggregate.state, verb)
    assert row is not None and envelope.n is not None, f"{kind.name}: {verb} does not start at {aggregate.state}"
    at = _within(aggregate, envelope.at, clock.now() + SKEW)
    role = kind.other(aggregate.role)
    said = Said(verb, role, envelope.body, {}, frozenset(), at, envelope.id, is_ours=False)
    aggregate.n, aggregate.stopped = envelope.n - 1, ""
    with events.by(Actor(None, keys.peer(envelope.sender).name, "peer")):
        _decide(kind, aggregate, row, said, peer=str(envelope.sender), decided_at=at)
        if aggregate.state in kind.machine.terminal and aggregate.pending:
            _drop(kind, aggregate, "overtaken")


def _drop(kind: Kind, aggregate: Any, code: str) -> None:
    verb = aggregate.pending
    aggregate.pending, aggregate.pending_id, aggregate.refused_code = "", None, code
    with own_word():
        events.record(f"{kind.name}.drop_{verb}", aggregate, reason=code)
    if verb in kind.dropped:
        kind.dropped[verb](aggregate, code)
    db.session.flush()


def run_timers(limit: int = 200) -> int:
    """Say what time says (lapse, expire) for aggregates we decide; returns how many. One unit of work."""
    said = 0
    for kind in KINDS.values():
        for row in kind.machine.rows:
            if row.timer is None or row.source is None:
                continue
            query = db.select(kind.model).where(
                kind.model.state == row.source,  # type: ignore[attr-defined]
                kind.model.state_at <= clock.now() - row.timer,
                kind.model.role == row.decider,
                kind.model.pending == "",
                kind.model.stopped == "",
            )
            if row.verb in kind.ripe:
                query = query.where(kind.ripe[row.verb]())
            said += say_of_each(kind, row.verb, query.limit(limit))
    return said


def say_of_each(kind: Kind, verb: str, due: Select[Any]) -> int:
    """What time says of each of these; returns of how many. One of them of which it cannot be said keeps no other from its
    turn, and is tried again the next time.
    """
    said = 0
    for aggregate in list(db.session.scalars(due.with_for_update(skip_locked=True))):
        about_id = aggregate.id
        try:
            with fence.savepoint():
                say(kind, aggregate, verb, reason="timer")
        except AWAY:
            raise
        except Exception:
            counters.count("kiteline_timer_rows_failed_total", kind=kind.name, verb=verb)
            log.exception("timer.row_failed", kind=kind.name, verb=verb, about=str(about_id))
        else:
            said += 1
    return said
