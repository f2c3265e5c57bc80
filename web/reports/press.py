"""The printing press: WeasyPrint with our fonts, and the only files a paper may read. Imported when something is printed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import weasyprint
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from web.reports.documents import Document
from web.reports.rendering import PAPERS, Attached

_SCHEME = "paper:"


class Shelf(URLFetcher):  # type: ignore[misc]  # WeasyPrint says no types of its own
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
def _fonts() -> FontConfiguration:
    """One a process: making it is slow."""
    return FontConfiguration()


_LINK = re.compile(r'<link rel="stylesheet" href="(paper:[a-z_]+\.css)">\n?')


@cache
def _sheet(url: str) -> weasyprint.CSS:
    """A style sheet read once a process: reading one takes a tenth of a letter's time."""
    return weasyprint.CSS(url, url_fetcher=Shelf(), font_config=_fonts())


def _one_af(_document: object, pdf: Any) -> None:
    """WeasyPrint 70 lists each associated file twice in /AF."""
    if "AF" in pdf.catalog:
        once = list(dict.fromkeys(pdf.catalog["AF"]))
        pdf.catalog["AF"].clear()
        pdf.catalog["AF"].extend(once)


def printed(html: str, document: Document, attachments: Sequence[Attached]) -> tuple[bytes, int]:
    """The PDF of this HTML and how many pages it has; see `rendering.render`."""
    page = weasyprint.HTML(string=_LINK.sub("", html), url_fetcher=Shelf())
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
        laid_out = page.render(font_config=_fonts(), stylesheets=[_sheet(url) for url in _LINK.findall(html)])
    except FatalURLFetchingError as refused:  # a BaseException, which would end the worker
        raise ValueError(str(refused)) from refused
    pdf: bytes = laid_out.write_pdf(
        finisher=_one_af,
        pdf_tags=True,
        pdf_variant="pdf/a-3a" if files else None,
        attachments=files or None,
        pdf_identifier=document.salt.hex().encode() if document.salt else True,
    )
    return pdf, len(laid_out.pages)
