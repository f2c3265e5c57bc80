"""Sentences that remember how they were made: a `str` with its template and the values put in, so that it can be said again
in another language where it is shown. For logs, rows, comparisons and tests it is the plain Chinese sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from markupsafe import Markup, escape

K = TypeVar("K")
W = TypeVar("W")

PLACE = re.compile(r"\{([a-z_][a-z0-9_]*)(?::([^{}|]*)\|([^{}|]*))?\}")
"""A place of a template: {count}, where the value comes already written; or {count:person|people}, a word by whether it is one."""


CONTEXT = "\x04"
"""Between a context and its text in a template, as gettext has it: "log\x04登记流出" is told apart from the button 登记流出."""


class Said(str):
    """`template` with `values` in its places; or, when `english` is not empty, a text known in both languages (a date)."""

    __slots__ = ("english", "template", "values")
    template: str
    values: Mapping[str, object]
    english: str


class SaidMarkup(Markup):
    """The same as markup: the template's tags stand, values are escaped."""

    __slots__ = ("template", "values")
    template: str
    values: Mapping[str, object]


def fill(template: str, values: Mapping[str, object]) -> str:
    """The template with its places filled; a place without a value stays as it is."""

    def one(at: re.Match[str]) -> str:
        if at[1] not in values:
            return at[0]
        value = str(values[at[1]])
        return value if at[3] is None else by_count(value, at[2], at[3])

    return PLACE.sub(one, template)


def by_count(value: object, single: str, many: str) -> str:
    """The word that goes with a count as it is written."""
    return single if str(value) == "1" else many


def say(template: str, /, **values: object) -> str:
    """A sentence with values in it: `say("还有 {n} 天", n=3)`."""
    return restored(getattr(template, "template", template), values, "", fill(template, values))


def within(context: str, words: Mapping[K, W]) -> dict[K, W]:
    """These words, nested or not, as they are said in one context where another language has a word of its own for it:
    `within("log", {"register": "登记流出"})` is English "registered as away" while the button stays "Register".
    """
    found: dict[K, Any] = {}
    for key, word in words.items():
        found[key] = (
            within(context, word)
            if isinstance(word, Mapping)
            else restored(f"{context}{CONTEXT}{word}", {}, "", str(word))
        )
    return found


def mark(template: str, /, **values: object) -> Markup:
    """A sentence with tags of its own: `mark("由 <del>{was}</del> 改为 <ins>{now}</ins>", was=…, now=…)`."""
    said = SaidMarkup(fill(template, {name: escape(value) for name, value in values.items()}))
    said.template, said.values = template, values
    return said


def written(chinese: str, english: str) -> str:
    """A text whose English is made by rule, not looked up: a date, a duration."""
    return restored(chinese, {}, english, chinese)


def restored(template: str, values: Mapping[str, object], english: str, chinese: str) -> str:
    """A sentence out of its four parts."""
    said = Said(chinese)
    said.template, said.values, said.english = template, values, english
    return said


def joined(between: str, parts: Iterable[object]) -> str:
    """between.join(parts), of which each part can still be said again. Markup when a part is."""
    values = {f"part{i}": part for i, part in enumerate(parts)}
    template = between.join(f"{{{name}}}" for name in values)
    return (mark if any(hasattr(part, "__html__") for part in values.values()) else say)(template, **values)
