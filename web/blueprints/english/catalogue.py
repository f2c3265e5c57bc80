"""The English catalogue: what a Chinese text of the screens is called in English, exactly or by rule. Read at the first need."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from babel.messages import Message, pofile
from markupsafe import Markup, escape

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
    """(what it looks like filled in, template) of each template with two words or more of its own, the longest first."""
    found = []
    for template in texts():
        if CONTEXT in template:
            continue
        names = set[str]()
        pattern, after = "", 0
        for at in PLACE.finditer(template):
            pattern += re.escape(template[after : at.start()])
            pattern += f"(?P={at[1]})" if at[1] in names else f"(?P<{at[1]}>.+?)"
            names.add(at[1])
            after = at.end()
        words = PLACE.sub("", template)
        if names and len(HAN.findall(words)) > 1:
            found.append((len(words), re.compile(pattern + re.escape(template[after:]), re.DOTALL), template))
    found.sort(key=lambda one: -one[0])
    return [(pattern, template) for _, pattern, template in found]


@lru_cache(4096)
def recalled(text: str) -> str:
    """A sentence of ours that was stored as a row, said in English: found by what its template looks like filled in."""
    if text in texts() or not HAN.search(text):
        return texts().get(text, text)
    for pattern, template in _sentences():
        if at := pattern.fullmatch(text):
            return fill(message(template), {name: recalled(value) for name, value in at.groupdict().items()})
    return text


def put(value: object) -> object:
    """What is shown of a value: a known text or sentence in English, everything else (what people typed) as it is."""
    if isinstance(value, Said):
        if value.english:
            return value.english
        return fill(message(value.template), {name: put(one) for name, one in value.values.items()})
    if isinstance(value, SaidMarkup):
        shown = {name: escape(put(one)) for name, one in value.values.items()}
        return Markup(fill(message(value.template), shown))  # noqa: S704 -- a template of ours, values escaped here
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return texts().get(value, value)
    return value
