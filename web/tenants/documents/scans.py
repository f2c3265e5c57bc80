"""Scans of signed paper: looked at before they are kept, encrypted under a key of their own, opened for those who may."""

from __future__ import annotations

import hashlib
from uuid import UUID

from web.core import clock, events, vault
from web.core.errors import Invalid, NotFound
from web.core.ids import uuid7
from web.extensions import db
from web.tenants.documents.models import Scan

MAX_BYTES = 5 * 1024 * 1024
# What a file is, is told by its first bytes; its name and what the browser says of it count for nothing.
_SIGNS: tuple[tuple[bytes, bytes, str, str], ...] = (
    (b"%PDF-", b"%%EOF", "application/pdf", "pdf"),
    (b"\xff\xd8\xff", b"\xff\xd9", "image/jpeg", "jpg"),
    (b"\x89PNG\r\n\x1a\n", b"IEND", "image/png", "png"),
)
SUFFIXES = {media: suffix for _, _, media, suffix in _SIGNS}


def media_of(content: bytes) -> str | None:
    """The media type by first and last bytes; None for anything that is no whole PDF, JPEG or PNG."""
    for head, tail, media, _ in _SIGNS:
        if content.startswith(head) and tail in content[-1024:]:
            return media
    return None


def keep(content: bytes, *, title: str, about_id: UUID, field: str = "scan") -> Scan:
    """Store a scan about a member, or about whoever stands at our window and is no member of ours: `about_id` is then of the
    record that the paper was signed for. Invalid beside `field`: empty, over 5 MiB, or no PDF, JPEG or PNG.
    """
    if not content:
        raise Invalid({field: "scan_empty"})
    if len(content) > MAX_BYTES:
        raise Invalid({field: "scan_too_large"})
    media = media_of(content)
    if media is None:
        raise Invalid({field: "scan_unreadable"})
    id_ = uuid7()
    row = Scan(
        id=id_,
        title=title[:160],
        media_type=media,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        wrapped=vault.wrap(id_, content, is_new=True),
        member_id=about_id,
        created_at=clock.now(),
    )
    events.record("scan.keep", row, details={"sha256": row.sha256, "size": row.size})
    db.session.add(row)
    db.session.flush()
    return row


def get(scan_id: UUID) -> Scan:
    """NotFound when it is absent or another county's."""
    found = db.session.scalars(db.select(Scan).where(Scan.id == scan_id)).first()
    if found is None:
        raise NotFound()
    return found


def of_record(about_id: UUID) -> Scan | None:
    """The paper that was signed for a record at our window."""
    return db.session.scalars(db.select(Scan).where(Scan.member_id == about_id).order_by(Scan.id)).first()


def destroy(about_id: UUID) -> None:
    """The papers signed for a record whose content is destroyed, and their keys."""
    for row in db.session.scalars(db.select(Scan).where(Scan.member_id == about_id)):
        events.record("scan.destroy", row)
        db.session.delete(row)
        db.session.flush()  # before the key goes: what the log encrypts about this row uses it
        vault.destroy(row.id)


def opened(row: Scan) -> bytes:
    """The file as it was sent in. NotFound once its key was destroyed."""
    try:
        return vault.unwrap(row.id, row.wrapped)
    except vault.Purged as gone:
        raise NotFound() from gone
