"""What a leak is, said once; and the world in which one is looked for.

Every personal value the test makes up is a **canary**: a word found nowhere else, which names the field it stands for. A
leak is a canary

- in the body of an envelope, in an error's parameters, in a line of the log, in an event, a task or a notice;
- in a bundle on its way (opened with the receiver's key) at a pointer the table has not, or without grant, without the
  member's notice or consent at the moment of sealing, or while somebody paused the scope;
- at rest at the receiver: as a stored disclosure or working copy at a pointer or field that is not granted to it, or in
  clear in any column of any table but those that hold persons of its own.

An identity number anywhere but in home's `confirm` is one whatever the pointer.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.world import Agreed, Side
from web.core import fence, vault
from web.core.fields import FIELDS
from web.core.ids import uuid7
from web.extensions import db
from web.federation.agreements.models import AgreementParty, AgreementVersion
from web.federation.messages import DECISIONS, MESSAGES, Scope
from web.federation.post import keys, lines, service, transports
from web.federation.post.models import InboxMessage, OutboxMessage, StoredDisclosure
from web.federation.referrals.models import SharedMember
from web.federation.sharing.models import STANDING, SharedValue, StatusShare
from web.federation.wire import bundles, seals
from web.federation.wire.disclosures import Disclosure
from web.federation.wire.kinds import Choice, Integer, Kind, ListOf, Nullable, Pattern, Record, Row, Uuid
from web.federation.wire.kinds import Text as Words
from web.tenants.consents import service as consents
from web.tenants.consents.models import Method
from web.tenants.members import service as members

MARK = "Canary"
ID_NUMBER = "34082819780909{:03d}6"
RUNS_ON = {"S4"}


@dataclass(frozen=True)
class Leak:
    """Where a canary was found, and which."""

    where: str
    pointer: str
    value: str


@dataclass
class World:
    """The two counties, what holds between them now (the oracle's own book), and every leak found so far."""

    pair: Agreed
    seed: int
    referrals: list[UUID]
    members: list[UUID]
    shares: list[UUID]
    granted: dict[tuple[UUID, UUID], dict[str, set[str]]] = field(default_factory=dict)
    told: dict[UUID, set[str]] = field(default_factory=dict)
    paused: set[str] = field(default_factory=set)
    leaks: list[Leak] = field(default_factory=list)
    sent: int = 0
    crossed: int = 0
    is_honest: bool = True
    logged: list[Any] = field(default_factory=list)
    whom: dict[UUID, UUID | None] = field(default_factory=dict)
    admitted: set[str] = field(default_factory=set)
    looked: set[UUID] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.serial = 0
        self.keys: dict[UUID, dict[str, Any]] = {}
        for side in (self.pair.home, self.pair.host):
            with side.act():
                self.keys[side.uid] = keys.open_keys()

    def sides(self) -> tuple[Side, Side]:
        """Who sends now, and to whom."""
        home, host = self.pair.home, self.pair.host
        return (home, host) if self.random.random() < 0.6 else (host, home)

    def canary(self, name: str) -> str:
        self.serial += 1
        return f"{MARK}.{name}.{self.serial}"

    # What holds

    def deal(self) -> None:
        """Other grants, consents and pauses from here on: both books are changed, the counties' and the oracle's."""
        everything = {s.value: sorted(n for n, f in FIELDS.items() if s.value in f.scopes) for s in Scope}
        home, host = self.pair.home, self.pair.host
        rows = []
        for owner, receiver in ((home, host), (host, home)):
            mine: dict[str, set[str]] = {}
            for scope, names in everything.items():
                if self.random.random() < 0.6:
                    mine[scope] = {n for n in names if self.random.random() < 0.7}
            self.granted[owner.uid, receiver.uid] = mine
            rows += [
                {
                    "owner": str(owner.uid),
                    "receiver": str(receiver.uid),
                    "scope": s,
                    "fields": sorted(f),
                    "purpose": "x",
                }
                for s, f in mine.items()
            ]
        self.paused = {s.value for s in Scope if self.random.random() < 0.1}
        for side in (home, host):
            with side.act():
                version = db.session.scalars(db.select(AgreementVersion)).one()
                version.text = {**version.text, "grants": rows}
                party = db.session.scalars(db.select(AgreementParty).where(AgreementParty.uid == home.uid)).one()
                party.paused = sorted(self.paused)
                fence.commit()
        with home.act():
            for member_id in self.members:
                self.retell(member_id)
            fence.commit()

    def retell(self, member_id: UUID) -> None:
        """The member is told of some scopes and withdraws others. Inside home's unit of work."""
        member, host = members.get(member_id), self.pair.host.uid
        wanted = {s for s in ("S2", "S3", "S4", "S5", "S6") if self.random.random() < 0.6}
        now = self.told.get(member_id, set())
        if gone := now - wanted:
            consents.withdraw(member, host, gone)
        if new := wanted - now:
            consents.give(member, host, new, method=Method.IN_PERSON)
        self.told[member_id] = wanted

    # What is said

    def value(self, kind: Kind, name: str) -> Any:
        """A value of this kind, a canary wherever text can stand; sometimes of quite another kind."""
        roll = self.random.random()
        if roll < 0.05:
            return ID_NUMBER.format(self.random.randrange(1000))
        if roll < 0.1:
            return self.canary(name)
        return self._of(kind, name)

    def _of(self, kind: Kind, name: str) -> Any:
        r = self.random
        match kind:
            case Nullable():
                return None if r.random() < 0.2 else self._of(kind.kind, name)
            case Words():
                return self.canary(name)[: kind.most]
            case Integer():
                return r.randint(kind.least, min(kind.most, kind.least + 400))
            case Choice():
                return r.choice(sorted(kind.words))
            case Uuid():
                return str(r.choice(self.referrals))
            case Row():
                return [self._of(item, name) for item in kind.items]
            case ListOf():
                found = [
                    self._of(kind.item, name) for _ in range(r.randint(kind.least, min(kind.most, kind.least + 2)))
                ]
                return sorted({json.dumps(v): v for v in found}.values(), key=json.dumps) if kind.is_rising else found
            case Record():
                fields = dict(kind.fields)
                if kind.variants:
                    fields |= r.choice(list(kind.variants[1].values()))
                fields |= {n: k for n, k in kind.optional.items() if r.random() < 0.5}
                return {n: self._of(k, n) for n, k in fields.items()}
            case Pattern():
                return self._patterned(name)
        return self.canary(name)

    def _patterned(self, name: str) -> str:
        known = {"id_number": ID_NUMBER.format(self.random.randrange(1000)), "report_in_code": "7K3M9QX2VA"}
        if name in known:
            return known[name]
        if name in ("text", "pdf", "seal", "digest", "content"):
            return "sha-256:" + "A" * 43
        return self.random.choice(["2026-01", "2026-01-05", "01", "1980-02-03"])

    def message(self, sender: Side, receiver: Side) -> tuple[str, UUID, dict[str, Any], dict[str, Any], dict[str, Any]]:
        """(type, about, body, values, number): of any type, any field of the registry at any pointer.

        Four in ten are such as the receiver's machines would take now, so that what they carry is kept.
        """
        r = self.random
        type_, about = r.choice(sorted(MESSAGES)), r.choice([*self.referrals, *self.shares, uuid7()])
        number = {"n": r.randint(1, 9)} if r.random() < 0.5 else {"base": r.randint(0, 9)}
        is_apt = r.random() < 0.4
        if is_apt:
            type_ = r.choice(APT)
        spec = MESSAGES[type_]
        body = self._of(spec.body, "body")
        if is_apt:
            about, number = self._apt(spec.about, sender, receiver, body)
        if r.random() < 0.05:
            body[r.choice(["name", "note", *body])] = self.canary("name") if self.is_honest else "x"
        values = {}
        for pointer in spec.pointers:
            if pointer.is_required or r.random() < 0.6:
                values[pointer.path.replace("*", str(r.randrange(3)))] = self.value(pointer.kind, pointer.field)
        if r.random() < 0.5:
            other = r.choice(POINTERS)
            values[other.path.replace("*", "0")] = self.value(other.kind, other.field)
        if r.random() < 0.3:
            name = r.choice(sorted(FIELDS))
            values[f"/{name}"] = self.canary(name)
        return type_, about, body, values, number

    def _apt(self, kind: str, sender: Side, receiver: Side, body: dict[str, Any]) -> tuple[UUID, dict[str, int]]:
        """The aggregate and number that come next there; the body is filled in to fit."""
        if kind == "share":
            with receiver.act():
                query = db.select(StatusShare).where(StatusShare.role == "receiver", StatusShare.state.in_(STANDING))
                if (share := db.session.scalars(query.limit(1)).first()) is not None:
                    body |= {"referral": str(share.referral_id), "scope": share.scope}
                    return share.id, {"n": share.n + 1}
        if "w" in body:
            self.serial += 1
            body["w"] = 1000 + self.serial
            return uuid7(), {}
        return uuid7(), {"n": 1} if sender is self.pair.home else {"base": 0}

    # Looking

    def watch(self, peer: transports.Address, sender: UUID, batch: list[bundles.Bundle]) -> list[transports.Answer]:
        """In place of `transports.deliver`: looks into every bundle like the receiver would, and at every answer."""
        for parcel in batch:
            self._look_into(parcel, sender, peer.uid)
        answers = DELIVER(peer, sender, batch)
        for answer in answers:
            self._demand_clean("answer", json.dumps([answer.code, answer.params], default=str))
        return answers

    def _look_into(self, parcel: bundles.Bundle, sender: UUID, receiver: UUID) -> None:
        payload = seals.unverified(parcel.envelope)
        self._demand_clean("envelope", json.dumps(payload))
        if not self.is_honest:
            return
        enclosed = bundles.open_enclosed(parcel.jwe, self.keys[receiver])
        spec, body = MESSAGES[payload["type"]], payload["body"]
        for _, pointer, value in enclosed.disclosures:
            self.crossed += 1
            row = spec.pointer(pointer, body.get("scope") if spec.about == "share" else None)
            if spec.type == "agreement.decision":
                row = next((found for d in DECISIONS.values() if (found := d.pointer(pointer))), None)
            member_id = self._about_whom(UUID(payload["id"]), sender)
            if (
                row is None
                or (row.field != "id_number" and _has_id(value))
                or (row.scope is not None and not self.may(row.scope.value, row.field, sender, receiver, member_id))
            ):
                self.leaks.append(Leak("bundle", pointer, str(value)))

    def may(self, scope: str, name: str, owner: UUID, receiver: UUID, member_id: UUID | None) -> bool:
        """The oracle: its own book says whether this field may cross now."""
        if scope in self.paused - RUNS_ON:
            return False
        if name not in self.granted[owner, receiver].get(scope, set()):
            return False
        return member_id is None or scope not in consents.NEEDS or scope in self.told.get(member_id, set())

    def _about_whom(self, message_id: UUID, sender: UUID) -> UUID | None:
        if message_id in self.whom:
            return self.whom[message_id]
        with (self.pair.home if sender == self.pair.home.uid else self.pair.host).act():
            return db.session.scalar(db.select(OutboxMessage.member_id).where(OutboxMessage.id == message_id))

    def _demand_clean(self, where: str, said: str) -> None:
        if MARK in said:
            self.leaks.append(Leak(where, "", said[said.index(MARK) :][:60]))

    def look_at_received(self) -> None:
        """What arrived since the last look, opened with the receiver's keys: granted now, or it must not be here."""
        for receiver, sender in ((self.pair.host, self.pair.home), (self.pair.home, self.pair.host)):
            with receiver.act():
                for pointer, value, scope, name in self._arrived(receiver):
                    if (scope and name not in self.granted[sender.uid, receiver.uid].get(scope, set())) or (
                        name != "id_number" and _has_id(value)
                    ):
                        self.leaks.append(Leak("at rest", pointer, str(value)))
                    self.admitted.update(_canaries(value))
                for pointer, value in _copies():
                    if not self.admitted.issuperset(_canaries(value)):
                        self.leaks.append(Leak("working copy", pointer, str(value)))

    def _arrived(self, receiver: Side) -> Iterator[tuple[str, Any, str, str]]:
        query = db.select(InboxMessage.id, InboxMessage.type).where(InboxMessage.id.not_in(self.looked))
        fresh = {row.id: row.type for row in db.session.execute(query)}
        self.looked.update(fresh)
        rows = db.session.scalars(db.select(StoredDisclosure).where(StoredDisclosure.message_id.in_(fresh))).all()
        vault.prepare(row.about_id for row in rows)
        for row in rows:
            opened, spec = service.reopened(row), MESSAGES.get(fresh[row.message_id])
            known = spec.pointer(row.pointer) if spec else None
            if spec is not None and spec.type == "agreement.decision":
                continue  # official words of the hub's decisions, of no member
            if opened is not None:
                yield row.pointer, opened.value, known.scope or "" if known else "none", known.field if known else ""

    def look_at_logs(self) -> None:
        """The lines of the log since the last look."""
        for entry in self.logged:
            self._demand_clean("log", json.dumps(entry, default=str))
        self.logged.clear()

    def look_everywhere(self, owner: Any) -> None:
        """Every column of both counties that holds words in clear."""
        for table, columns in _columns(owner):
            clear = " || ' ' || ".join(f"coalesce({column}::text, '')" for column in columns)
            query = f"SELECT {clear} FROM {table} WHERE ({clear}) LIKE '%{MARK}%' LIMIT 1"
            for (found,) in owner.execute(query).fetchall():
                self._demand_clean(f"column of {table}", found)


# Types the receiver can take at any time, and whose values it keeps.
APT = ("directory.tell", "counts.tell", "share.snapshot", "share.delta", "referral.offer", "handover.request")
POINTERS = [pointer for spec in MESSAGES.values() for pointer in spec.pointers]
DELIVER = transports.deliver
# Tables that hold a county's own persons, or the plain words of its offices, in clear: its own, not received.
OWN = {"member", "member_gram", "party_org", "account", "shared_gram"}


def _has_id(value: Any) -> bool:
    parts = value if isinstance(value, list) else [value]
    return any(isinstance(p, str) and len(p) == 18 and p[:17].isdigit() for p in parts)


def _canaries(value: Any) -> set[str]:
    return {p for p in (value if isinstance(value, list) else [value]) if isinstance(p, str) and p.startswith(MARK)}


def _copies() -> Iterator[tuple[str, Any]]:
    """(pointer, value) of the working copies of what was received."""
    for shared in db.session.scalars(db.select(SharedMember)):
        try:
            yield from json.loads(vault.unwrap(shared.id, shared.wrapped)).items()
        except vault.Purged:
            continue
    query = db.select(SharedValue).join(StatusShare, StatusShare.id == SharedValue.share_id)
    for held in db.session.scalars(query.where(StatusShare.role == "receiver")):
        try:
            yield f"/{held.field}", json.loads(vault.unwrap(held.share_id, held.wrapped))
        except vault.Purged:
            continue


def _columns(owner: Any) -> list[tuple[str, Sequence[str]]]:
    """(table, its columns that can hold words) of the whole database."""
    query = """SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'
               AND data_type IN ('character varying', 'text', 'jsonb', 'json') ORDER BY 1, 2"""
    found: dict[str, list[str]] = {}
    for table, column in owner.execute(query).fetchall():
        if table not in OWN:
            found.setdefault(table, []).append(f'"{column}"')
    return list(found.items())


def unstick(world: World) -> None:
    """What waits for another sending for ever (a hostile message's attachments) is taken away, the channel goes on."""
    for sender, receiver in ((world.pair.home, world.pair.host), (world.pair.host, world.pair.home)):
        with receiver.act():
            line = lines.take(sender.uid, "in")
            line.stopped = ""
            line.write()
            place = line.epoch, line.seq, line.head
            fence.commit()
        with sender.act():
            stuck = db.session.scalars(db.select(OutboxMessage).where(OutboxMessage.receipt.is_(None))).all()
            for message in stuck:
                for row in db.session.scalars(
                    db.select(StoredDisclosure).where(StoredDisclosure.message_id == message.id)
                ):
                    db.session.delete(row)
                db.session.delete(message)
            out = lines.take(receiver.uid, "out")
            out.stopped, out.lease, out.leased_until = "", None, None
            out.epoch, out.seq, out.head = place
            out.write()
            fence.commit()


def hostile(message: OutboxMessage, made: Sequence[Disclosure]) -> None:
    """Put a message down past every check of ours, as another program would. Inside a unit of work."""
    db.session.add(message)
    for item in made:
        db.session.add(service.stored(message.id, message.about_id, item, ""))
    service.due(message.peer_uid, message.created_at)
