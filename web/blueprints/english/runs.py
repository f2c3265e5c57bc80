"""A template cut into runs: what stands between two tags, text and `{{ }}` together, and the attributes people read.

The pass works on Jinja's tree. It goes through the output in the order it is written and keeps where it is: in text, inside
a tag, in an attribute's value, in something that is not language (script, style, what a textarea holds). A run with Chinese
is one message, its expressions are places: `共 {{ rows|length|n }} 人` is "共 {rows} 人". The English text is put in its
stead when the template is compiled, so a page costs the same in both languages, and an expression stays an expression:
escaping is kept. Words inside expressions (arguments of macros) go on as they are and are looked up where they are put out.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass, field
from typing import TypeGuard, cast

from jinja2 import nodes
from markupsafe import escape

from web.blueprints.english.catalogue import HAN, inside, punctuated
from web.core.saying import PLACE

HUMAN = frozenset(
    {"title", "placeholder", "aria-label", "alt", "label", "data-cell", "data-head", "data-missing", "data-confirm"}
)
"""Attributes whose value is read by people; every other value belongs to the machine or to who typed it."""
TYPED = frozenset({"name", "full_name", "remark", "responsible", "filename", "username"})
"""Attributes that hold what people typed: a name that happens to be a word of ours stays as it is."""
RAW = frozenset({"script", "style", "textarea"})
INLINE = frozenset(
    [
        "a",
        "abbr",
        "b",
        "bdi",
        "code",
        "del",
        "em",
        "i",
        "ins",
        "kbd",
        "label",
        "mark",
        "s",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "time",
        "u",
        "var",
    ]
)

_TAG = re.compile(r"<(/?)([a-zA-Z][\w-]*)|<!--.*?-->|<!|<\?", re.DOTALL)
_IN_TAG = re.compile(r"([\w:-]+)=([\"'])|(>)")
_BLANKS = " \t\r\n\u3000"

Say = Callable[[str], str]


@dataclass
class At:
    """Where the output stands."""

    where: str = "text"
    """text, tag, value (of an attribute), or the name of a raw element."""
    tag: str = ""
    attribute: str = ""
    quote: str = ""
    chinese: str = ""
    depth: int = 0
    """The element with lang="zh-Hans" we are in (a paper shown on the page): it stays as it is."""
    is_glued: bool = False
    """Whether a sign of text stands directly before, so that an English word needs a space."""

    @property
    def is_human(self) -> bool:
        return not self.depth and (self.where == "text" or (self.where == "value" and self.attribute in HUMAN))


@dataclass
class Cutter:
    """One template's pass. `say` gives the English of a message; `found` collects every message of a run."""

    say: Say
    found: list[str] = field(default_factory=list)

    def template(self, tree: nodes.Template) -> nodes.Template:
        self._sentences(tree)
        self._body(tree.body, At())
        return tree

    def words(self, tree: nodes.Template) -> list[str]:
        """After the pass: the constants of expressions that hold Chinese."""
        return [c.value for c in tree.find_all(nodes.Const) if isinstance(c.value, str) and HAN.search(c.value)]

    def _sentences(self, node: nodes.Node) -> None:
        """`"共 " ~ n ~ " 人"` anywhere in an expression becomes one sentence with places, and so does `day ~ " " ~ time`."""
        for name, value in node.iter_fields():
            if isinstance(value, nodes.Node):
                setattr(node, name, self._sentence(value))
            elif isinstance(value, list):
                value[:] = [self._sentence(one) if isinstance(one, nodes.Node) else one for one in value]
            elif isinstance(value, tuple):
                setattr(node, name, tuple(self._sentence(o) if isinstance(o, nodes.Node) else o for o in value))

    def _sentence(self, node: nodes.Node) -> nodes.Node:
        if isinstance(node, nodes.Getattr) and node.attr in TYPED and node.ctx == "load":
            self._sentences(node)
            return _call("typed", node)
        parts = _flat(node) if isinstance(node, nodes.Concat | nodes.Add) else []
        if not isinstance(node, nodes.Concat) and not any(_is_wide(p) for p in parts):
            self._sentences(node)
            return node
        for part in parts:
            self._sentences(part)
        texts = [str(p.value) if isinstance(p, nodes.Const) and isinstance(p.value, str) else p for p in parts]
        message, places = _message(texts)
        return _call("sentence", nodes.Const(message), **places)

    def _body(self, body: Iterable[nodes.Node], at: At) -> At:
        for node in body:
            if isinstance(node, nodes.Output):
                at = self._output(node, at)
            elif isinstance(node, nodes.If):
                starts = copy(at)
                at = self._body(node.body, copy(starts))
                for other in node.elif_:
                    self._body(other.body, copy(starts))
                self._body(node.else_, copy(starts))
            elif isinstance(node, nodes.For):
                starts = copy(at)
                at = self._body(node.body, at)
                self._body(node.else_, starts)
            elif isinstance(node, nodes.Macro | nodes.CallBlock | nodes.AssignBlock | nodes.FilterBlock):
                self._body(node.body, At())
            elif isinstance(inside := getattr(node, "body", None), list):
                at = self._body(inside, at)
        return at

    def _output(self, node: nodes.Output, at: At) -> At:
        done: list[nodes.Expr] = []
        run: list[str | nodes.Expr] = []

        def close(*, before_inline: bool = False) -> None:
            done.extend(self._run(run, at, before_inline=before_inline))
            run.clear()

        for child in node.nodes:
            if not isinstance(child, nodes.TemplateData):
                run.append(child)
                continue
            rest = child.data
            while rest:
                text, sign, rest = _until(rest, at)
                if text:
                    run.append(text)
                if sign:
                    if (at.where, at.attribute, text) == ("value", "lang", "zh-Hans"):
                        at.chinese, at.depth = at.tag, 1
                    close(before_inline=bool((m := _TAG.match(sign)) and not m[1] and m[2] and m[2].lower() in INLINE))
                    done.append(nodes.TemplateData(sign))
                    _step(at, sign)
        close()
        node.nodes = _merged(done)
        return at

    def _run(self, run: list[str | nodes.Expr], at: At, *, before_inline: bool) -> list[nodes.Expr]:
        if not run:
            return []
        if not at.is_human:
            return [nodes.TemplateData(p) if isinstance(p, str) else p for p in run]
        is_text = at.where == "text"
        head, middle, tail = _trimmed(run)
        glued = at.is_glued and not head
        if middle:
            at.is_glued = not tail
        elif head or tail:
            at.is_glued = False
        shown: list[nodes.Expr]
        if any(isinstance(p, str) and HAN.search(p) for p in middle):
            message, places = _message([html.unescape(p) if isinstance(p, str) else p for p in middle])
            self.found.append(message)
            said = self.say(message)
            is_english = said != message
            first, last = said[:1], said[-1:]
            if is_english and is_text and glued and ((first.isascii() and first.isalnum()) or first in '({"'):
                said = " " + said
            if is_english and is_text and before_inline and not tail and not last.isspace() and last not in '("':
                said, at.is_glued = said + " ", False
            shown = _filled(said, places)
        else:
            shown = []
            for part, before in zip(middle, [None, *middle], strict=False):
                if is_text and _is_value(part) and _is_value(before):
                    shown.append(nodes.TemplateData(" "))
                shown.append(nodes.TemplateData(punctuated(part)) if isinstance(part, str) else _put(part))
        return [nodes.TemplateData(punctuated(head)), *shown, nodes.TemplateData(punctuated(tail))]


def _is_wide(node: nodes.Node) -> bool:
    return _is_string(node) and bool(HAN.search(node.value) or punctuated(node.value) != node.value)


def _is_string(node: nodes.Node) -> TypeGuard[nodes.Const]:
    return isinstance(node, nodes.Const) and isinstance(node.value, str)


def _flat(node: nodes.Node) -> list[nodes.Expr]:
    """The parts of a chain of `~` or `+`, in order. A sum of numbers stays one."""
    if isinstance(node, nodes.Concat):
        return [part for one in node.nodes for part in _flat(one)]
    if isinstance(node, nodes.Add):
        parts = [*_flat(node.left), *_flat(node.right)]
        if any(_is_string(part) for part in parts):
            return parts
    return [cast("nodes.Expr", node)]


def _is_value(part: str | nodes.Expr | None) -> bool:
    """Whether it is put out as words, of which two want a space between."""
    if isinstance(part, nodes.Call) and isinstance(part.node, nodes.EnvironmentAttribute):
        return True
    return isinstance(part, nodes.Name | nodes.Getattr | nodes.Getitem | nodes.Filter)


def _put(expression: nodes.Expr) -> nodes.Expr:
    """The expression, looked up when it is put out."""
    return _call("put", expression)


def _call(name: str, /, *arguments: nodes.Expr, **named: nodes.Expr) -> nodes.Expr:
    """A call of the English environment."""
    keywords = [nodes.Keyword(word, value) for word, value in named.items()]
    return nodes.Call(nodes.EnvironmentAttribute(name), list(arguments), keywords, None, None)


def _filled(said: str, places: dict[str, nodes.Expr]) -> list[nodes.Expr]:
    """The text with its places, as output."""
    shown, after, small = list[nodes.Expr](), 0, inside(said)
    for at in PLACE.finditer(said):
        if (expression := places.get(at[1])) is None:
            continue
        shown.append(nodes.TemplateData(str(escape(said[after : at.start()]))))
        shown.append(
            _call("put_inside" if at[1] in small else "put", expression)
            if at[3] is None
            else _call("by_count", expression, *map(nodes.Const, at.groups()[1:]))
        )
        after = at.end()
    return [*shown, nodes.TemplateData(str(escape(said[after:])))]


def _message(parts: Iterable[str | nodes.Expr]) -> tuple[str, dict[str, nodes.Expr]]:
    """The message of texts and expressions, blanks as one space, and its places by name."""
    message, places = "", dict[str, nodes.Expr]()
    for part in parts:
        if isinstance(part, str):
            message += re.sub(r"[ \t\r\n]+", " ", part)
            continue
        name = wanted = _name(part)
        number = 2
        while name in places:
            name, number = f"{wanted}{number}", number + 1
        places[name] = part
        message += f"{{{name}}}"
    return message, places


def _name(node: nodes.Node | None) -> str:
    """What an expression is called as a place: its last word."""
    match node:
        case nodes.Name():
            found = node.name
        case nodes.Getattr():
            found = node.attr
        case nodes.Getitem(arg=nodes.Const(value=str() as key)):
            found = key
        case nodes.Call(node=nodes.EnvironmentAttribute(name="typed"), args=[typed]):
            found = _name(typed)
        case nodes.Call(node=nodes.Getattr(attr="get"), args=[nodes.Const(value=str() as key), *_]):
            found = key
        case nodes.Call(node=nodes.Getattr(attr="get" | "strftime" | "isoformat" | "replace") as method):
            found = _name(method.node)
        case nodes.Getitem() | nodes.Filter() | nodes.Call() | nodes.Neg():
            found = _name(node.node)
        case _:
            found = "x"
    found = re.sub(r"[^a-z0-9_]", "", found.lower()).lstrip("0123456789_")
    return found or "x"


def _trimmed(run: list[str | nodes.Expr]) -> tuple[str, list[str | nodes.Expr], str]:
    """(blanks before, the run, blanks after)."""
    middle, head, tail = list(run), "", ""
    if isinstance(middle[0], str):
        kept = middle[0].lstrip(_BLANKS)
        head, middle[0] = middle[0][: len(middle[0]) - len(kept)], kept
    if isinstance(middle[-1], str):
        kept = middle[-1].rstrip(_BLANKS)
        tail, middle[-1] = middle[-1][len(kept) :], kept
    return head, [part for part in middle if part != ""], tail


def _until(text: str, at: At) -> tuple[str, str, str]:
    """(text of the present place, the sign that ends it, what follows)."""
    if at.where == "text":
        found = _TAG.search(text)
    elif at.where == "tag":
        found = _IN_TAG.search(text)
    elif at.where == "value":
        found = re.search(re.escape(at.quote), text)
    else:
        found = re.search(rf"</{at.where}", text, re.IGNORECASE)
    return (text[: found.start()], found[0], text[found.end() :]) if found else (text, "", "")


def _step(at: At, sign: str) -> None:
    """The place after a sign."""
    if at.where == "value":
        at.where = "tag"
    elif at.where == "tag":
        found = _IN_TAG.match(sign)
        if found and found[3]:
            at.where = at.tag if at.tag in RAW else "text"
        elif found:
            at.where, at.attribute, at.quote = "value", found[1].lower(), found[2]
    elif not sign.startswith("<!--"):
        closing, name = sign.startswith("</"), sign.lstrip("<!/?").lower()
        at.where, at.tag = "tag", "" if closing else name
        if name not in INLINE:
            at.is_glued = False
        if at.depth and name == at.chinese:
            at.depth += -1 if closing else 1


def _merged(done: list[nodes.Expr]) -> list[nodes.Expr]:
    """Neighbouring texts as one."""
    merged: list[nodes.Expr] = []
    for node in done:
        if isinstance(node, nodes.TemplateData):
            if not node.data:
                continue
            if merged and isinstance(merged[-1], nodes.TemplateData):
                merged[-1] = nodes.TemplateData(merged[-1].data + node.data)
                continue
        merged.append(node)
    return merged
