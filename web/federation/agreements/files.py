"""Reading back the one thing that matters in a received agreement file: the text attached inside it."""

from __future__ import annotations

import re
import zlib

_EMBEDDED = re.compile(
    rb"<<(?P<head>[^\x00]{0,40}?/Type\s*/EmbeddedFile\b.{0,600}?/Length\s+(?P<length>\d{1,8})\s*>>)\s*stream\r?\n",
    re.DOTALL,
)

_OBJECTS = re.compile(rb"/Type\s*/ObjStm\b[^\x00]{0,200}?>>\s*stream\r?\n", re.DOTALL)
_PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z])")


def attached_text(pdf: bytes, most: int) -> bytes | None:
    """The bytes of the one file attached to a PDF, or None when there is not exactly one, or it is over `most` bytes.

    Reads the form our own papers are written in (a stream with its length, plain or deflated); anything else is no
    agreement file. The whole file is bound by its digest; this only answers whether file and text say the same.
    """
    if pdf[:5] != b"%PDF-":
        return None
    found = list(_EMBEDDED.finditer(pdf))
    if len(found) != 1:
        return None
    start, length = found[0].end(), int(found[0]["length"])
    raw = pdf[start : start + length]
    if b"/FlateDecode" not in found[0]["head"]:
        return raw if len(raw) <= most else None
    try:
        stream = zlib.decompressobj()
        data = stream.decompress(raw, most + 1)
    except zlib.error:
        return None
    return data if stream.eof and len(data) <= most else None


def pages(pdf: bytes) -> int:
    """How many pages the file says it has; at least one."""
    parts = [pdf]
    for found in _OBJECTS.finditer(pdf):
        try:
            parts.append(zlib.decompressobj().decompress(pdf[found.end() :], 4 * 1024 * 1024))
        except zlib.error:
            continue
    return max(1, sum(len(_PAGE.findall(part)) for part in parts))
