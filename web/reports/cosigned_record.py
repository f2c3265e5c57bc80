"""共签记录单: the record of one activity (三会一课) with the members of one partner county, and both counties' seals."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from web.core.saying import say
from web.reports.documents import Document, Party

# Kinds of activity as they cross, in the words of papers and pages.
KINDS = {
    "theme_day": "主题党日",
    "branch_assembly": "党员大会",
    "committee_meeting": "支委会",
    "group_meeting": "党小组会",
    "party_lecture": "党课",
    "study": "学习培训",
    "volunteer": "志愿服务",
    "other": "其他活动",
}


@dataclass(frozen=True)
class Attendee:
    """One line of a roll. `sign`: the paper symbol or the word that crossed; `answer`: what home said of it, if anybody."""

    name: str
    org: str
    sign: str
    minutes: int
    answer: str = ""


@dataclass(frozen=True)
class Count:
    """Own members only: `due`, of them `actual` came, `unrecorded` without a line, and how many stayed away by each symbol."""

    due: int
    actual: int
    away: tuple[tuple[str, int], ...] = ()
    unrecorded: int = 0

    @property
    def is_quorate(self) -> bool:
        """More than half came."""
        return 2 * self.actual > self.due


@dataclass(frozen=True)
class SealedWord:
    """A county's word under the record: `what` it said, key id, seal (base64url, 64 bytes), digest of its envelope, time."""

    party: Party
    what: str
    kid: str
    value: str
    digest: str
    sealed_at: dt.datetime


@dataclass(frozen=True, kw_only=True, repr=False)
class CosignedRecord(Document):
    """One record as one county holds it. `fields`: (label, words) in the order of the form; `count` and `own` only at the
    county that recorded it, which alone knows its own members' sheet. `guests`: the lines of the partner's members.
    """

    template: ClassVar[str] = "cosigned_record.html"
    is_personal: ClassVar[bool] = True

    kind: str
    held_on: dt.date
    fields: tuple[tuple[str, str], ...]
    recorder: Party
    home: Party
    k: int
    content: str
    guests: tuple[Attendee, ...]
    seals: tuple[SealedWord, ...]
    count: Count | None = None
    own: tuple[Attendee, ...] = ()
    annulled_on: dt.date | None = None

    @property
    def title(self) -> str:
        """With the day and the county whose members it names."""
        return say(
            "{kind}共签记录单　{isoformat}　{county}",
            kind=self.kind,
            isoformat=self.held_on.isoformat(),
            county=self.home.county,
        )

    @property
    def short(self) -> str:
        """The running head."""
        return say("{kind}共签记录单　{isoformat}", kind=self.kind, isoformat=self.held_on.isoformat())

    @property
    def subject(self) -> str:
        """For the file's metadata."""
        return "组织生活记录、到会名单和两县电子印签"

    @property
    def stem(self) -> tuple[str, ...]:
        """For the file's name."""
        return ("共签记录单", self.held_on.strftime("%Y%m%d"), self.home.county)
