"""The English catalogue: what a Chinese text of the screens is called in English, exactly or by rule. Read at the first need."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from babel.messages import Message, pofile
from markupsafe import Markup, escape

from web.core import dates
from web.core.saying import CONTEXT, PLACE, Said, SaidMarkup, fill

PATH = Path(__file__).parents[2] / "translations" / "en" / "LC_MESSAGES" / "messages.po"

HAN = re.compile(r"[\u3400-\u9fff]")
_WIDE = {
    "，": ", ",
    "、": ", ",
    "：": ": ",
    "；": "; ",
    "。": ". ",
    "！": "! ",
    "？": "? ",
    "（": " (",
    "）": ") ",
    "“": '"',
    "”": '"',
    "《": '"',
    "》": '"',
    "　": "\u2002",
}
_STRAIGHT = str.maketrans("‘’“”", "''\"\"")
_WIDE_SIGNS = re.compile("[" + "".join(_WIDE) + "]")


@lru_cache(1)
def texts() -> dict[str, str]:
    """Chinese → English, of every message that has one; quotes straight, as Chinese fonts draw the round ones wide."""
    if not PATH.exists():
        return {}
    with PATH.open("rb") as file:
        read = pofile.read_po(file, locale="en")
    return {key(m): str(m.string).translate(_STRAIGHT) for m in read if m.id and m.string}


def key(entry: Message) -> str:
    """What a message of the catalogue is looked up by: its text, after its context if it has one."""
    return f"{entry.context}{CONTEXT}{entry.id}" if entry.context else str(entry.id)


def punctuated(text: str) -> str:
    """A text of signs without words, in English signs: "，" is ", "."""
    if not _WIDE_SIGNS.search(text):
        return text
    said = _WIDE_SIGNS.sub(lambda at: _WIDE[at[0]], text)
    return re.sub(r" (?=[ ,.;:!?)\u2002])", "", said)


def message(text: str) -> str:
    """The English of a message of the program, by rule where it holds no word (places side by side want a space); itself where the catalogue has none."""
    known, in_context = texts(), text
    found = known.get(in_context, known.get(text := text.rpartition(CONTEXT)[2]))
    return found if found is not None else text if HAN.search(text) else punctuated(text.replace("}{", "} {"))


@lru_cache(1)
def _sentences() -> list[tuple[re.Pattern[str], str]]:
    """(what it looks like filled in, template) of each template with words of its own, the longest first; of two as long, the
    one that begins with its own words. With one word alone only numbers are looked for in its places: "{year}年" is a year.
    """
    found = []
    for template in texts():
        if CONTEXT in template:
            continue
        names = set[str]()
        words = PLACE.sub("", template)
        pattern, after, filled = "", 0, ".+?" if len(HAN.findall(words)) > 1 else r"[\d.,]+"
        for at in PLACE.finditer(template):
            pattern += re.escape(template[after : at.start()])
            pattern += f"(?P={at[1]})" if at[1] in names else f"(?P<{at[1]}>{filled})"
            names.add(at[1])
            after = at.end()
        if names and HAN.search(words):
            found.append((len(words), re.compile(pattern + re.escape(template[after:]), re.DOTALL), template))
    found.sort(key=lambda one: (-one[0], one[2].startswith("{")))
    return [(pattern, template) for _, pattern, template in found]


@lru_cache(4096)
def recalled(text: str) -> str:
    """A sentence of ours that was stored as a row, said in English: found by what its template looks like filled in."""
    if said := dates.recalled(text):
        return said
    if text in texts() or not HAN.search(text):
        return texts().get(text, text)
    for pattern, template in _sentences():
        if at := pattern.fullmatch(text):
            return fill(message(template), {name: recalled(value) for name, value in at.groupdict().items()})
    return text


_NAMES = frozenset(
    {"Chinese", "Kiteline", "Excel", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
)
_AFTER_A_WORD = re.compile(r"[A-Za-z0-9,;'] $")


@lru_cache(None)
def inside(said: str) -> frozenset[str]:
    """The places of an English sentence that stand in its midst: what is put there begins small."""
    return frozenset(at[1] for at in PLACE.finditer(said) if _AFTER_A_WORD.search(said[: at.start()]))


def put_inside(value: object) -> object:
    """The same as `put` in the midst of a sentence: "by our county". What people typed, and a name, keep their capital."""
    shown = put(value)
    is_typed = isinstance(value, Said) and value.english
    if not isinstance(shown, str) or shown is value or is_typed:
        return shown
    is_name = not re.match(r"[A-Z][a-z]", shown) or shown.split()[0] in _NAMES
    return shown if is_name else shown[0].lower() + shown[1:]


def _filled(template: str, values: Mapping[str, object]) -> dict[str, object]:
    small = inside(template)
    return {name: (put_inside if name in small else put)(one) for name, one in values.items()}


def put(value: object) -> object:
    """What is shown of a value: a known text or sentence and a day in English, everything else (what people typed) as it is."""
    if isinstance(value, Said):
        if value.english:
            return value.english
        said = message(value.template)
        return fill(said, _filled(said, value.values))
    if isinstance(value, SaidMarkup):
        said = message(value.template)
        shown = {name: escape(one) for name, one in _filled(said, value.values).items()}
        return Markup(fill(said, shown))  # noqa: S704 -- a template of ours, values escaped here
    if isinstance(value, str) and not hasattr(value, "__html__"):
        on = dates.read_day(value)
        return texts().get(value, value) if on is None else dates.english(on)
    if isinstance(value, date) and not isinstance(value, datetime):
        return dates.english(value)
    return value
