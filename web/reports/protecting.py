"""A finished paper under a password, for a place that is no partner: AES-256, read by any PDF program."""

from __future__ import annotations

import hashlib
import io
import secrets

from pypdf import PdfReader, PdfWriter

from web.reports.rendering import Rendered

_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # none that sounds or looks like another over the telephone


def new_password() -> str:
    """Twelve random characters (59 bit) in three groups, to be read out: 7K3M-9QXA-2B4C."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))


def protect(pdf: bytes, password: str) -> Rendered:
    """The same pages, encrypted whole, text, attachments and metadata; nothing opens it but the password."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf)))
    # The owner's password is thrown away: with it a program could lift the restrictions of the first.
    writer.encrypt(password, secrets.token_urlsafe(32), algorithm="AES-256")
    target = io.BytesIO()
    writer.write(target)
    made = target.getvalue()
    return Rendered(made, len(writer.pages), hashlib.sha256(made).hexdigest())
