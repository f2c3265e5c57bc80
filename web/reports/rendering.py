"""From a document to its PDF: the template environment, the only files a paper may read, and the PDF's own data."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import weasyprint
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from web.reports import charts, metrics, numerals, typesetting
from web.reports.documents import Document

PAPERS = Path(__file__).parent.parent / "templates" / "papers"
_SCHEME = "paper:"


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


class Shelf(URLFetcher):  # type: ignore[misc]
    """Hands out our own style sheets by name (`paper:paper.css`) and refuses everything else, which stops the rendering."""

    def __init__(self) -> None:
        super().__init__(allowed_protocols=(), fail_on_errors=True)

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        """Raise ValueError for anything that is not one of our style sheets."""
        sheets = {path.name: path for path in PAPERS.glob("*.css")}
        name = url.removeprefix(_SCHEME)
        if not url.startswith(_SCHEME) or name not in sheets:
            raise ValueError(f"papers read nothing but their own style sheets, not {url}")
        return URLFetcherResponse(url, sheets[name].read_bytes(), {"Content-Type": "text/css; charset=utf-8"})


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
        "bars": charts.bars,
        "columns": charts.columns,
    }
    return made


@cache
def _fonts() -> FontConfiguration:
    """One a process: making it is slow."""
    return FontConfiguration()


def to_html(document: Document, *, carries_data: bool = False) -> str:
    """The document as HTML, before layout; `carries_data` lets it say that its data is attached."""
    return environment().get_template(document.template).render(doc=document, carries_data=carries_data)


def _one_af(_document: object, pdf: Any) -> None:
    """WeasyPrint 70 lists each associated file twice in /AF."""
    if "AF" in pdf.catalog:
        once = list(dict.fromkeys(pdf.catalog["AF"]))
        pdf.catalog["AF"].clear()
        pdf.catalog["AF"].extend(once)


def render(document: Document, *, attachments: Sequence[Attached] = ()) -> Rendered:
    """Lay the document out and write it as a tagged PDF; with attachments in the form of PDF/A-3a.

    The same document and attachments give the same bytes on one machine; another version of a library or a font may
    change them, so a PDF is made once and kept. ValueError if a template asks for anything but our style sheets.
    """
    page = weasyprint.HTML(string=to_html(document, carries_data=bool(attachments)), url_fetcher=Shelf())
    files = [
        weasyprint.Attachment(
            string=each.data,
            name=each.name,
            description=each.description,
            relationship="Data",
            created=document.made_at,
            modified=document.made_at,
        )
        for each in attachments
    ]
    try:
        laid_out = page.render(font_config=_fonts())
    except FatalURLFetchingError as refused:  # a BaseException, which would end the worker
        raise ValueError(str(refused)) from refused
    pdf: bytes = laid_out.write_pdf(
        finisher=_one_af,
        pdf_tags=True,
        pdf_variant="pdf/a-3a" if files else None,
        attachments=files or None,
        pdf_identifier=document.salt.hex().encode() if document.salt else True,
    )
    return Rendered(pdf, len(laid_out.pages), hashlib.sha256(pdf).hexdigest())
