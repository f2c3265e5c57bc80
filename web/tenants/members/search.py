"""Finding members by what a clerk types, in the list's own query: names, pinyin, initials, last four digits, whole numbers.

Names go through the side table of bigrams (two characters cannot be found by any leakproof operator otherwise); the
last four of an identity number or telephone through the same table as blinded grams, and so a whole second telephone; other
whole numbers by their HMAC.
"""

from __future__ import annotations

import re
import unicodedata

from sqlalchemy import ColumnElement, and_, any_, false, func, or_

from web.core.fields import blind
from web.extensions import db
from web.tenants.members import citizen_id, names, phones
from web.tenants.members.models import Member, MemberGram

_TAIL = re.compile(r"\d{3}[\dX]")
_LATIN = re.compile(r"[a-z]+")


def _tail_gram(kind: str, tail: str) -> str:
    return f"{kind}:{blind(f'{kind}_tail', tail).hex()}"


def _whole_gram(phone: str) -> str:
    """Of a second telephone, which has no column of its own for this."""
    return f"w:{blind('phone', phone).hex()}"


def tail_of(number: str) -> str:
    """The last four characters, telephone extensions and dashes aside."""
    return re.sub(r"\D", "", number.split("转", 1)[0])[-4:] if not re.fullmatch(r"\d{17}[\dX]", number) else number[-4:]


def grams_of(name: str, id_number: str | None, *phones: str | None) -> frozenset[str]:
    """All search tokens of a member."""
    found = set(names.grams(name))
    if id_number:
        found.add(_tail_gram("i", tail_of(id_number)))
    found |= {_tail_gram("p", tail_of(phone)) for phone in phones if phone}
    found |= {_whole_gram(phone) for phone in phones[1:] if phone}
    return frozenset(found)


def _with_gram(*grams: str) -> ColumnElement[bool]:
    # As an array the few are found first; as a subquery the planner may walk the whole sort index for the first page.
    found = db.select(MemberGram.member_id).where(MemberGram.gram.in_(grams)).scalar_subquery()
    return Member.id == any_(func.array(found))


def terms(text: str) -> list[str]:
    """What was typed, in parts that must all fit: blanks inside a Han name or between syllables do not part it."""
    plain = names.normalise(unicodedata.normalize("NFKC", text))
    joined = re.sub(r"\s", "", plain)
    if re.fullmatch(r"[\d+()-]{11,}[xX]?", joined):
        return [joined]
    parts: list[str] = []
    for part in plain.split():
        word = part.lower() if part.isascii() else part
        if parts and _LATIN.fullmatch(word) and _LATIN.fullmatch(parts[-1]):
            parts[-1] += word
        else:
            parts.append(word)
    return parts


def _condition(term: str) -> ColumnElement[bool]:
    plain = term.upper()
    if _LATIN.fullmatch(term):
        return or_(Member.initials.op("^@")(term), Member.name_pinyin.op("^@")(term))
    if _TAIL.fullmatch(plain):
        return _with_gram(_tail_gram("i", plain), _tail_gram("p", plain))
    if plain.isascii() and any(c.isdigit() for c in plain):
        number = citizen_id.normalise(plain)
        if len(number) == 15 and number.isdecimal():
            number = citizen_id.from_fifteen(number)
        whole = [Member.id_blind == blind("id_number", number)] if len(number) == 18 else []
        if phone := phones.normalise(plain):
            whole += [Member.phone_blind == blind("phone", str(phone)), _with_gram(_whole_gram(str(phone)))]
        return or_(false(), *whole)
    if len(re.sub(r"[·\s]", "", term)) < 2:
        return Member.name.op("^@")(term)
    return and_(*(_with_gram(g) for g in sorted(names.query_grams(term))))


def condition(text: str) -> ColumnElement[bool] | None:
    """The condition a member must meet; None when nothing was typed."""
    parts = terms(text)
    return and_(*(_condition(part) for part in parts)) if parts else None
