"""Every text of the screens, gathered from templates, code and scripts, and kept in the catalogue: `flask words`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path

from babel.messages import Catalog, pofile
from jinja2 import Environment

from web.blueprints.english import catalogue
from web.blueprints.english.catalogue import HAN, PATH
from web.blueprints.english.runs import Cutter
from web.core.saying import CONTEXT, PLACE

WEB = Path(__file__).parents[2]

DATA: dict[str, str] = {
    "demo/*": "invented people, places and events: data",
    "cli.py": "speaks to the operator of the machine",
    "reports/agreement_*.py": "papers that are signed",
    "reports/introduction_letter.py": "a letter that is signed",
    "reports/letter_book.py": "a book that is printed and filed",
    "reports/proof_sheet.py": "a paper that is filed with the agreement",
    "reports/totals.py": "titles of the half-yearly report",
    "reports/statements.py": "the half-yearly report, a paper",
    "reports/documents.py": "headings and names of papers",
    "reports/numerals.py": "how papers write dates and figures",
    "reports/typesetting.py": "how papers write dates and figures",
    "jobs/*": "fill papers in",
    "federation/agreements/clauses.py": "the text of an agreement, sealed as it stands",
    "federation/handovers/letters.py": "the text of a letter, sealed as it stands",
    "federation/post/*": "names of offices and notes for the operator",
    "tenants/members/names.py": "readings of surnames",
    "tenants/members/dates.py": "how clerks write dates in workbooks",
    "tenants/members/phones.py": "how clerks write numbers in workbooks",
    "tenants/members/search.py": "how clerks write numbers",
    "tenants/activities/rolls.py": "how clerks write attendance in workbooks",
    "tenants/imports/layouts.py": "headings of workbooks, as the counties write them",
    "tenants/imports/template.py": "the example row of a workbook, invented",
    "tenants/imports/errors_file.py": "headings of a workbook",
    "tenants/counties/divisions.py": "names of places",
    "tenants/counties/townships.py": "names of places",
    "tenants/consents/wordings.py": "the notice members are shown and sign, kept as it was shown",
    "blueprints/english/choice.py": "names of languages, each in itself",
    "blueprints/gallery.py": "invented examples for the sheet of parts",
    "core/dates.py": "writes days and months in both languages",
    "core/logs.py": "speaks to the operator of the machine",
}
"""Modules whose Chinese is no text of a screen, with the reason."""
_QUIET = frozenset({"compile", "match", "fullmatch", "sub", "split", "search", "strip", "removesuffix", "removeprefix"})
"""Calls whose words nobody reads: patterns for what clerks write."""
PAPERS = frozenset(
    {
        "activities/record.html",
        "members/paper.html",
        "referrals/slip.html",
        "reports/figures.html",
        "requests/sheet.html",
    }
)
"""Pages, or parts of them, that are a paper to file: Chinese in every language, as is what stands in lang="zh-Hans"."""
_UNTOUCHED = ("papers/*", "gallery.html", *PAPERS)


def all_messages(jinja: Environment) -> dict[str, set[str]]:
    """message, after its context if it has one → the files it stands in, in no order."""
    found: dict[str, set[str]] = {}
    for name in jinja.list_templates(extensions=["html"]):
        if not any(fnmatch(name, quiet) for quiet in _UNTOUCHED):
            source = (WEB / "templates" / name).read_text()
            for message in of_template(jinja, source):
                found.setdefault(message, set()).add(f"web/templates/{name}")
    for path in sorted(WEB.rglob("*.py")):
        place = path.relative_to(WEB).as_posix()
        is_data = any(fnmatch(place, data) for data in DATA)
        for message in (reasons if is_data else of_code)(path.read_text()):
            found.setdefault(message, set()).add(f"web/{place}")
    for message, name in of_scripts():
        found.setdefault(message, set()).add(f"web/static/js/{name}")
    return found


def of_template(jinja: Environment, source: str) -> list[str]:
    """The messages of a template: its runs, and the constants of its expressions."""
    cutter = Cutter(lambda message: message)
    tree = cutter.template(jinja._parse(source, None, None))  # noqa: SLF001 -- the tree is what a public call would hide
    return [*cutter.found, *cutter.words(tree)]


def of_code(source: str) -> Iterator[str]:
    """The texts of a module that hold Chinese: constants, and the templates of `say`; no docstrings, no patterns."""
    quiet, contexts = set[int](), dict[int, str]()
    for node in ast.walk(tree := ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant() as said):
                quiet.add(id(said))
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in _QUIET:
                quiet.update(id(one) for argument in node.args for one in ast.walk(argument))
            case ast.Call(func=ast.Name(id="within"), args=[ast.Constant(value=str() as context), words]):
                contexts |= {id(one): f"{context}{CONTEXT}" for one in ast.walk(words)}
            case ast.JoinedStr():
                quiet.update(id(part) for part in node.values)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in quiet
            and _is_text(node.value)
        ):
            yield contexts.get(id(node), "") + node.value


def reasons(source: str) -> Iterator[str]:
    """Why pages of a module are public: the table of roles says it even where the rest is data."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id="public"), args=[ast.Constant(value=str() as reason)]):
                yield reason


def _is_text(text: str) -> bool:
    """Chinese, or a template of places side by side, between which English wants a space."""
    return bool(HAN.search(text)) or ("}{" in text.strip("{}") and not re.search(r"[\w\\/<>-]", PLACE.sub("", text)))


def of_scripts() -> list[tuple[str, str]]:
    """(message, file) of our scripts' `say("…")`."""
    paths = sorted((WEB / "static" / "js").glob("*.js"))
    return [
        (found, path.name)
        for path in paths
        for found in re.findall(r'\bsay\("([^"]+)"', path.read_text())
        if HAN.search(found)
    ]


@lru_cache(1)
def script_words() -> dict[str, str]:
    """Chinese → English of what scripts say."""
    return {message: catalogue.message(message) for message, _ in of_scripts()}


def bring_up_to_date(jinja: Environment) -> tuple[int, int]:
    """Write the catalogue anew: messages that are gone leave, new ones come without English. (messages, without English)."""
    english, made, messages, without = read(), Catalog(locale="en"), all_messages(jinja), 0
    for message in sorted(messages, key=lambda message: message.rpartition(CONTEXT)[::-1]):
        context, _, text = message.rpartition(CONTEXT)
        known, places = english.get(text, context or None), [(place, 0) for place in sorted(messages[message])]
        said = str(known.string) if known is not None else ""
        without += not said
        made.add(text, said, context=context or None, locations=places).flags.clear()
    PATH.parent.mkdir(parents=True, exist_ok=True)
    with PATH.open("wb") as file:
        pofile.write_po(file, made, width=0, omit_header=True, include_lineno=False)
    return len(messages), without


def read() -> Catalog:
    """The catalogue as it stands."""
    if not PATH.exists():
        return Catalog(locale="en")
    with PATH.open("rb") as file:
        return pofile.read_po(file, locale="en")
