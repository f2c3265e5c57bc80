"""封印证明页: what was sealed, by whom, on which chain of decisions, and how anyone can check it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from web.reports.agreement_text import COUNT_WORDS
from web.reports.documents import Document, Party


@dataclass(frozen=True)
class Seal:
    """One party's seal: key id, base64url value of 64 bytes, time."""

    party: Party
    kid: str
    value: str
    sealed_at: dt.datetime


@dataclass(frozen=True)
class Decision:
    """One numbered decision: what, who decided, when, and the head of the chain after it (hexadecimal)."""

    n: int
    what: str
    by: str
    at: dt.datetime
    head: str


@dataclass(frozen=True)
class ChannelHead:
    """One ordered pair of counties: 甲→乙, epoch, last sequence number, head (hexadecimal), who acknowledged it."""

    direction: str
    epoch: int
    seq: int
    head: str
    receipt: str


@dataclass(frozen=True, kw_only=True, repr=False)
class ProofSheet(Document):
    """Not a part of the agreement; may be printed again. Digests are 64 hexadecimal digits."""

    template: ClassVar[str] = "proof_sheet.html"

    name: str
    number: str
    version: int
    pages: int
    effective_from: dt.date
    effective_to: dt.date
    text_digest: str
    pdf_digest: str
    seals: tuple[Seal, ...]
    decisions: tuple[Decision, ...]
    channels: tuple[ChannelHead, ...] = ()

    @property
    def title(self) -> str:
        """Name and version."""
        return f"封印证明页　{self.name}（第{self.version}版）"

    @property
    def short(self) -> str:
        """The running head."""
        return f"封印证明页　{self.name}　第{self.version}版"

    @property
    def subject(self) -> str:
        """For the file's metadata."""
        return f"协议文本摘要、{self.count}方数字封印、决定链和核验办法"

    @property
    def stem(self) -> tuple[str, ...]:
        """For the file's name."""
        return ("封印证明页", self.number, f"第{self.version}版")

    @property
    def count(self) -> str:
        """两, 三 …"""
        return COUNT_WORDS[len(self.seals)]

    @property
    def last(self) -> Seal:
        """The seal that completed the agreement."""
        return max(self.seals, key=lambda seal: seal.sealed_at)
