"""Every table of the federation's rooms, imported once so that the metadata is whole."""

from web.federation.post.models import (
    Blob,
    Channel,
    CountyDescriptor,
    CountyKey,
    InboxMessage,
    OutboxMessage,
    Peer,
    PeerKey,
    PostDue,
    StoredDisclosure,
)

__all__ = [
    "Blob",
    "Channel",
    "CountyDescriptor",
    "CountyKey",
    "InboxMessage",
    "OutboxMessage",
    "Peer",
    "PeerKey",
    "PostDue",
    "StoredDisclosure",
]
