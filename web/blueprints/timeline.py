"""The event log in words: verb → sentence, changed fields with their labels, for every record's timeline and the log page.

The words themselves are the tables of `sentences`. `p.log(timeline.of(…))` shows a timeline.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from markupsafe import Markup
from sqlalchemy import union_all

from web.blueprints import filters, words
from web.blueprints.sentences import (
    ALONE,
    DAYS,
    EVERY,
    LABELS,
    NAMED,
    NOUNS,
    OFF,
    ORDER,
    OTHER_LABELS,
    REASONS,
    REASONS_OF,
    REMINDERS,
    SEALED,
    SENTENCES,
    VALUES,
)
from web.core import events
from web.core.events import Event
from web.core.fields import FIELDS, mask
from web.core.saying import PLACE, joined, mark, say
from web.extensions import db
from web.tenants.accounts.models import Account
from web.tenants.organisations.models import PartyOrg


@dataclass(frozen=True)
class Entry:
    """One line of a timeline, as `p.log` shows it."""

    state: str
    words: Markup
    more: str
    event: Event

    @property
    def note(self) -> str:
        """When, in which role, why."""
        return joined("　", filter(None, (filters.moment(self.event.at), self.more)))


# What a follower says waits for the anchor's decision, or is dropped: the sentence of the act, and this after it.
_PENDING = {"propose_": "（待对方登记）", "drop_": "（没有被采用）"}


def _pending(act: str) -> tuple[str, str]:
    """The act itself, and what to say after it."""
    prefix = next((p for p in _PENDING if act.startswith(p)), "")
    return act.removeprefix(prefix), _PENDING.get(prefix, "")


def _acts(noun: str) -> Mapping[str, str]:
    """Act → sentence. What a follower proposes of an agreement is an act of its open version."""
    own = SENTENCES.get(noun, {})
    return SENTENCES["agreement_version"] | own if noun == "agreement" else own


def sayable(verb: str) -> bool:
    """Whether there is a sentence for the verb."""
    noun, _, act = verb.rpartition(".")
    act = act if act in _acts(noun) else _pending(act)[0]
    return act in _acts(noun) or (act in EVERY and noun in NOUNS)


def because(verb: str, reason: str) -> str:
    """Why: the words of the room's closed list, of the program, of a refusal; else as a person wrote it."""
    noun, _, act = verb.rpartition(".")
    of = REASONS_OF.get(f"{noun}.{_pending(act)[0]}") or REASONS_OF.get(noun, {})
    return of.get(reason) or REASONS.get(reason) or words.ERRORS.get(reason, reason)


def sentence(verb: str, details: Mapping[str, Any] | None = None) -> str:
    """What was done, without who: 开立账号. An unknown verb is shown as it is rather than hidden."""
    noun, _, act = verb.rpartition(".")
    acts = _acts(noun)
    bare, after = ("", "") if act in acts else _pending(act)
    if after and bare in acts:
        return say("{said}{after}", said=acts[bare], after=after)
    template = acts.get(act) or EVERY.get(act, verb)
    said = {k: VALUES.get((noun, k), {}).get(str(v), v) for k, v in (details or {}).items() if isinstance(v, str | int)}
    known = said | {"noun": NOUNS.get(noun, noun)}
    return say(template, **{at[1]: known.get(at[1], "") for at in PLACE.finditer(template)})


def choices() -> list[tuple[str, str]]:
    """Every verb with a sentence of its own, for a filter."""
    verbs = [(noun, act, said) for noun, acts in SENTENCES.items() for act, said in acts.items()]
    return [
        (f"{noun}.{act}", say("{noun}：{said}", noun=NOUNS[noun], said=say(said, **_blank(said))))
        for noun, act, said in verbs
    ]


def _blank(template: str) -> dict[str, object]:
    return {at[1]: "…" for at in PLACE.finditer(template)}


def _value(noun: str, field: str, value: object, names: Mapping[str, str]) -> str:
    if value is None or value == "":
        return "无"
    if isinstance(value, bool):
        return "是" if value else "否"
    if (noun, field) in VALUES:
        return VALUES[noun, field].get(str(value), str(value))
    if field.endswith("_id"):
        return names.get(str(value), "另一个")
    if field.endswith("_at") or (field.endswith("_until") and "T" in str(value)):
        return filters.moment(datetime.fromisoformat(str(value)))
    if field.endswith("_on"):
        return date.fromisoformat(str(value)).isoformat()
    if isinstance(value, dict | list):
        return say("{value} 项", value=len(value))
    personal = FIELDS.get(field)
    if personal is not None and isinstance(value, str):
        return str(mask(field, value))
    return str(value)


def _label(noun: str, field: str) -> str | None:
    if (noun, field) in OTHER_LABELS:
        return OTHER_LABELS[noun, field]
    if field == "name" and noun != "member":
        return "名称"
    if field == "role" and noun != "account":
        return None  # which side we are on: the page says it
    return FIELDS[field].label if field in FIELDS and not field.endswith("_blind") else LABELS.get(field)


def _changes(entry: Event, names: Mapping[str, str], *, with_values: bool) -> Markup:
    """由 … 改为 …, joined; personal values masked as everywhere, or only named when values are not wanted."""
    act = entry.verb.rpartition(".")[2]
    found = events.revealed(entry) if with_values else {k: v for k, v in entry.changes.items() if isinstance(v, list)}
    said: list[str] = []
    for field in entry.changes:
        label = _label(entry.subject_kind, field)
        if label is None:
            continue
        if field not in found:
            said.append(say("{label}（内容不在此显示）", label=label) if with_values else label)
            continue
        before, after = (_value(entry.subject_kind, field, v, names) for v in found[field])
        if found[field][0] is None:
            if found[field][1] not in (None, "", {}, [], True, False):
                said.append(mark("{label} <ins>{after}</ins>", label=label, after=after))
        elif before == after:
            said.append(say("{label}已改", label=label))
        else:
            said.append(
                mark("{label}由 <del>{before}</del> 改为 <ins>{after}</ins>", label=label, before=before, after=after)
            )
    if not said and act == "changed":
        said = _bare(entry.changes)
    if not said or act in {"sign_in", "sign_in_failed", "lock"}:
        return Markup("")
    return mark("：{changes}", changes=joined("，", said))


def _bare(changes: Mapping[str, Any]) -> list[str]:
    """What a change without a verb of its own was about."""
    said: list[str] = []
    for field, pair in changes.items():
        if field in DAYS and isinstance(pair, list) and pair[1]:
            said.append(mark("{label} <ins>{after}</ins>", label=DAYS[field], after=pair[1]))
        elif label := DAYS.get(field) or NAMED.get(field):
            said.append(say("{label}已改", label=label))
    if not said and ORDER.issuperset(changes):
        said.append("往来序号，内容没有改")
    return list(dict.fromkeys(said))


def read(entries: Sequence[Event], *, with_values: bool = True, with_ip: bool = False) -> list[Entry]:
    """Entries in words. `with_values=False` names the changed personal fields only (no key is opened: for long mixed lists)."""
    names = _names(entries)
    lines = []
    for entry in entries:
        act = entry.verb.rpartition(".")[2]
        is_reminder = act in REMINDERS  # nobody's word: neither a partner's nor a colleague's
        who = "" if entry.actor_role == "anonymous" or is_reminder or entry.verb in ALONE else entry.actor_name
        did = sentence(entry.verb, entry.details)
        changes = _changes(entry, names, with_values=with_values)
        if not who:
            text = mark("{did}{changes}", did=did, changes=changes)
        elif entry.details.get("is_echo"):  # what this county proposed, under the number the other gave it
            text = mark("{who}登记：{did}{changes}", who=who, did=did, changes=changes)
        else:
            text = mark("{who}{did}{changes}", who=who, did=did, changes=changes)
        role = "" if entry.actor_role == "system" else words.ROLES.get(entry.actor_role, "")
        more = [
            role,
            entry.reason and say("事由：{reason}", reason=because(entry.verb, entry.reason)),
            with_ip and entry.ip and say("来自 {ip}", ip=entry.ip),
        ]
        state = (
            "off"
            if act in OFF
            else "sealed"
            if act in SEALED
            else "theirs"
            if entry.peer
            else "todo"
            if is_reminder
            else "done"
        )
        lines.append(Entry(state, text, joined("　", (m for m in more if m)), entry))
    return lines


def of(*also: UUID, subject_id: UUID | None = None, member_id: UUID | None = None, limit: int = 50) -> list[Entry]:
    """The timeline of a record (`also`: of what belongs to it), or of everything about a member, newest first. The caller has checked that it may be seen."""
    query = db.select(Event).order_by(Event.id.desc()).limit(limit)
    query = (
        query.where(Event.subject_id.in_([subject_id, *also]))
        if subject_id
        else query.where(Event.member_id == member_id)
    )
    return read(list(db.session.scalars(query)))


def _names(entries: Iterable[Event]) -> dict[str, str]:
    """Names of the organisations and accounts that changes point at: at most one query."""
    wanted: dict[type[Any], set[UUID]] = {PartyOrg: set(), Account: set()}
    for entry in entries:
        for field, pair in entry.changes.items():
            if field.endswith("_id") and isinstance(pair, list):
                model = Account if field in ("account_id", "recorded_by") else PartyOrg
                wanted[model] |= {UUID(str(v)) for v in pair if v}
    asked = [db.select(model.id, model.name).where(model.id.in_(ids)) for model, ids in wanted.items() if ids]
    return {str(key): name for key, name in db.session.execute(union_all(*asked))} if asked else {}
