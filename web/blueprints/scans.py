"""Signed paper at the edge: the file that came with a form, and the one that is kept as a download, never opened in our pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Response, request

from web.core import events
from web.tenants.documents import scans
from web.tenants.documents.models import Scan


def sent() -> bytes | None:
    """The scan that came with the form; None when none did."""
    file = request.files.get("scan")
    return file.read(scans.MAX_BYTES + 1) if file is not None and file.filename else None


def answer(row: Scan, name: str, **details: Any) -> Response:
    """The file, logged with these details. `name`: whose paper it is."""
    events.record("scan.read", row, **details)
    found = Response(scans.opened(row), mimetype=row.media_type)
    called = f"{row.title.replace('　', '_')}_{name}.{scans.SUFFIXES[row.media_type]}"
    found.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(called)}"
    found.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return found
