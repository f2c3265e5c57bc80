"""From a document to its PDF: the template environment, the only files a paper may read, and the PDF's own data."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import jinja2

from web.reports import metrics, numerals, tables, typesetting
from web.reports.documents import Document

PAPERS = Path(__file__).parent.parent / "templates" / "papers"


@dataclass(frozen=True)
class Attached:
    """Bytes carried inside the PDF, byte for byte."""

    name: str
    data: bytes = field(repr=False)
    description: str


@dataclass(frozen=True)
class Rendered:
    """A finished PDF: its bytes, its number of pages, its SHA-256 in hexadecimal."""

    pdf: bytes = field(repr=False)
    pages: int
    sha256: str


@cache
def environment() -> jinja2.Environment:
    """The papers' own template environment: escaping on, missing values are errors."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(PAPERS),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "n": typesetting.nobreak,
        "squeeze": typesetting.squeeze,
        "on": typesetting.on,
        "at": typesetting.at,
        "groups": typesetting.groups,
        "halves": typesetting.halves,
        "qr": typesetting.qr,
        "digits": numerals.digits,
        "capital": numerals.capital,
        "capital_day": numerals.day,
        "capital_month": numerals.month,
        "figure": metrics.demand,
        "heading": tables.heading,
    }
    return made


def to_html(document: Document, *, carries_data: bool = False) -> str:
    """The document as HTML, before layout; `carries_data` lets it say that its data is attached."""
    return environment().get_template(document.template).render(doc=document, carries_data=carries_data)


def render(document: Document, *, attachments: Sequence[Attached] = ()) -> Rendered:
    """Lay the document out and write it as a tagged PDF; with attachments in the form of PDF/A-3a.

    The same document and attachments give the same bytes on one machine; another version of a library or a font may
    change them, so a PDF is made once and kept. ValueError if a template asks for anything but our style sheets.
    """
    from web.reports import press  # WeasyPrint is half of the program's start, and only the workers print

    pdf, pages = press.printed(to_html(document, carries_data=bool(attachments)), document, attachments)
    return Rendered(pdf, pages, hashlib.sha256(pdf).hexdigest())
