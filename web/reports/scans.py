"""A scanned or photographed paper as a PDF of its own: what else a file may carry (places, dates, scripts) stays behind."""

from __future__ import annotations

import hashlib
import io

from PIL import Image, ImageOps, UnidentifiedImageError
from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError

from web.core.errors import Invalid
from web.reports.rendering import Rendered

MOST_BYTES, MOST_PIXELS, MOST_PAGES = 8 * 1024 * 1024, 60_000_000, 10
_SIDE = 2_400
"""Pixels of the longer side: 200 dots an inch on A4, legible in print."""


def as_pdf(data: bytes, field: str) -> Rendered:
    """A PDF, JPEG or PNG as a PDF. Invalid, said of `field`, for another kind, a damaged file, or one that is too large."""
    if not data:
        raise Invalid({field: "required"})
    if len(data) > MOST_BYTES:
        raise Invalid({field: "scan_too_large"})
    target = io.BytesIO()
    try:
        pages = _pages_of(data, target) if data.startswith(b"%PDF-") else _picture(data, target)
    except (PyPdfError, UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise Invalid({field: "scan_unreadable"}) from error
    if pages == 0:
        raise Invalid({field: "scan_too_large"})
    made = target.getvalue()
    return Rendered(made, pages, hashlib.sha256(made).hexdigest())


def _pages_of(data: bytes, target: io.BytesIO) -> int:
    """The pages alone, without what the document has besides; 0 when there are too many."""
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted or not 1 <= len(reader.pages) <= MOST_PAGES:
        return 0
    writer = PdfWriter()
    for page in reader.pages:
        kept = writer.add_page(page)
        for name in ("/AA", "/Annots"):
            kept.pop(name, None)
    writer.write(target)
    return len(writer.pages)


def _picture(data: bytes, target: io.BytesIO) -> int:
    """One page the right way up; 0 for a picture with more pixels than a page needs to be read."""
    with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            return 0
        plain = ImageOps.exif_transpose(picture).convert("RGB")
        plain.thumbnail((_SIDE, _SIDE))
        plain.save(target, "PDF", resolution=200)
    return 1
