"""An attendance list as people have it: pasted lines or a table, read into names and symbols, matched with the sheet.

Nothing here writes. Each line of the list becomes an entry: matched, ambiguous (a person chooses), or refused with a
reason; the sheet's own form then records what was matched, all of it or nothing.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from web.core.errors import Invalid
from web.tenants.activities.models import Attendance, Presence
from web.tenants.activities.service import MOST_MINUTES, MOST_PEOPLE, SYMBOLS
from web.tenants.members import merging, names
from web.tenants.members.readings import Doubt, doubt, text_of

# What stands on paper and in cells, beside the symbols themselves. A zero is a sick leave only where symbols stand.
WRITTEN: dict[str, Presence] = {sign: presence for presence, sign in SYMBOLS.items()} | {
    **dict.fromkeys(("✓", "✔", "v", "到", "到会", "出席", "签到", "是"), Presence.PRESENT),
    **dict.fromkeys(("迟", "迟到"), Presence.LATE),
    **dict.fromkeys(("o", "○", "〇", "病", "病假"), Presence.SICK),
    **dict.fromkeys(("☆", "*", "公", "公假", "公差", "出差"), Presence.OFFICIAL),
    **dict.fromkeys(("▲", "事", "事假", "探亲", "婚假", "丧假", "产假"), Presence.PERSONAL),
    **dict.fromkeys(("x", "✕", "✗", "╳", "缺", "缺席", "旷", "无故缺席", "未到"), Presence.ABSENT),
}
WRITTEN = {unicodedata.normalize("NFKC", sign).casefold(): presence for sign, presence in WRITTEN.items()}
LEAVE = ("请假", "假")
HEADS = {
    "name": ("姓名", "党员姓名", "名字"),
    "presence": ("到会情况", "到会", "签到", "签到情况", "考勤", "考勤情况", "出勤", "出席情况", "符号"),
    "org": ("支部", "党支部", "所在党支部", "所在支部", "单位", "组织"),
    "minutes": ("学时", "学时分钟", "学时(分钟)", "分钟"),
}
_HEADS_WITHIN = 6
_NUMBER = re.compile(r"\d{1,9}(\.0+)?")


@dataclass(frozen=True)
class Due:
    """Somebody who may stand on the sheet. `is_held`: the line is in a partner county's hands already."""

    key: str
    name: str
    org: str
    is_held: bool = False


@dataclass(frozen=True)
class Entry:
    """One line of the list. `number`: as the file counts, from 1; `who`: one person, several to choose from, or none.

    `why`: what stands in the way; then nothing of the line is recorded.
    """

    number: int
    name: str
    said: str
    presence: Presence | None = None
    minutes: int | None = None
    who: tuple[Due, ...] = ()
    why: Doubt | None = None


@dataclass
class _Columns:
    places: dict[str, int] = field(default_factory=dict)
    first: int = 0


def lines(text: str) -> list[list[str]]:
    """Pasted text or a .csv as a table: by tabs, else commas, else blanks. Invalid for a cell without an end."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    rows = text.split("\n")
    if "\t" in text:
        return [row.split("\t") for row in rows]
    text = text.replace("，", ",").replace("、", ",")
    if "," in text:
        try:
            return [list(row) for row in csv.reader(io.StringIO(text))]
        except csv.Error:
            raise Invalid({"file": "not_text"}) from None
    return [row.split() for row in rows]


def decoded(data: bytes) -> str:
    """The text of a .csv, in UTF-8 or, as WPS and Excel write it, GB 18030. Invalid when it is neither."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid({"file": "not_text"})


def read(
    table: Iterable[Sequence[object]], due: Sequence[Due], *, blank: Presence | None = None
) -> tuple[list[Entry], int]:
    """Every line with somebody's name, matched; and how many of the people due are not on the list.

    `blank`: what a name without a symbol means; None = nothing, which is then the line's reason. Invalid for an empty
    list, or one of more than 600 lines.
    """
    rows = [[text_of(cell) for cell in row] for row in table]
    columns = _columns(rows)
    named: dict[str, list[Due]] = {}
    for person in due:
        named.setdefault(_name(person.name), []).append(person)
    seen: dict[str, int] = {}
    found: list[Entry] = []
    for number, row in enumerate(rows[columns.first :], columns.first + 1):
        said = _said(row, columns)
        if said is None:
            continue
        found.append(_entry(number, *said, named, seen, blank))
    if not found:
        raise Invalid({"text": "no_names"})
    if len(found) > MOST_PEOPLE:
        raise Invalid({"text": "too_many_lines_in_list"})
    listed = {person.key for entry in found for person in entry.who}
    return found, sum(person.key not in listed for person in due)


def _columns(rows: Sequence[Sequence[str]]) -> _Columns:
    for at, row in enumerate(rows[:_HEADS_WITHIN]):
        heads = [_plain(cell) for cell in row]
        places = {name: heads.index(head) for name, words in HEADS.items() for head in words if head in heads}
        if "name" in places:
            return _Columns(places, at + 1)
    return _Columns()


def _said(row: Sequence[str], columns: _Columns) -> tuple[str, str, str, str] | None:
    """name, symbol, organisation, minutes as written; None for a line without a name."""
    if columns.places:
        name, sign, org, minutes = (
            row[columns.places[what]] if columns.places.get(what, len(row)) < len(row) else ""
            for what in ("name", "presence", "org", "minutes")
        )
        return (_name(name), sign, org, minutes) if name else None
    cells = [cell for cell in row if cell]
    while cells and _NUMBER.fullmatch(cells[0].rstrip(".、")):
        cells.pop(0)  # the number of the line
    if not cells:
        return None
    name, rest = _name(cells[0]), cells[1:]
    if not rest and len(name) > 1 and _sign(name[-1]) in WRITTEN:
        name, rest = name[:-1], [name[-1]]
    minutes = next((cell for cell in rest[1:] if _NUMBER.fullmatch(cell)), "")
    return name, rest[0] if rest else "", "", minutes


def _entry(
    number: int,
    name: str,
    said: str,
    org: str,
    minutes: str,
    named: dict[str, list[Due]],
    seen: dict[str, int],
    blank: Presence | None,
) -> Entry:
    who = tuple(named.get(name, ()))
    nearer = tuple(person for person in who if org and org in (person.org, f"中共{person.org}"))
    who = nearer if len(nearer) == 1 else who
    presence = WRITTEN.get(_sign(said)) if said else blank
    if _sign(said) == "0":
        presence = Presence.SICK

    def refused(code: str, **params: object) -> Entry:
        return Entry(number, name, said, presence, None, (), doubt(code, **params))

    if not who:
        return refused("nobody_due")
    who = tuple(person for person in who if not person.is_held)
    if not who:
        return refused("in_other_hands")
    if presence is None:
        return refused("no_symbol" if not said else "which_leave" if said in LEAVE else "symbol_unknown", text=said)
    if minutes and not (_NUMBER.fullmatch(minutes) and int(float(minutes)) <= MOST_MINUTES):
        return refused("minutes_unreadable", text=minutes)
    if len(who) == 1 and (first := seen.setdefault(who[0].key, number)) != number:
        return refused("twice", line=first)
    return Entry(number, name, said, presence, int(float(minutes)) if minutes else None, who)


def _name(text: str) -> str:
    """As the register writes it: one kind of dot in long names, whichever the list has."""
    return _plain(names.normalise(text))


def _plain(text: str) -> str:
    """Without any blanks, also those that make two characters as wide as three."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def _sign(text: str) -> str:
    return _plain(text).casefold()


merging.MOVES["attendance"] = merging.Move(Attendance, alone=(Attendance.activity_id,))
