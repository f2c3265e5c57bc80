"""协议文本: sixteen clauses, the page to sign, what is shared, who does what."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from web.reports.documents import Document, Party

COUNT_WORDS = ("", "一", "两", "三", "四", "五", "六", "七", "八", "九", "十")
_ORDINALS = "一二三四五六七八九"


def ordinal(number: int) -> str:
    """1 → 一, 10 → 十, 16 → 十六, 20 → 二十, up to 99."""
    tens, ones = divmod(number, 10)
    return (_ORDINALS[tens - 1] if tens > 1 else "") + ("十" if tens else "") + (_ORDINALS[ones - 1] if ones else "")


@dataclass(frozen=True)
class Clause:
    """One clause: its heading without the number, its paragraphs."""

    heading: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class CooperationItem:
    """What the parties do together: category, goal, measure, who leads, when due (free words)."""

    category: str
    goal: str
    measure: str
    owner: str
    due: str


@dataclass(frozen=True)
class Responsibility:
    """One row of a side's list: what, whose, what shows it, how often (free words)."""

    item: str
    owner: str
    evidence: str
    frequency: str


@dataclass(frozen=True)
class Grant:
    """What one party lets others see; owner and receivers are stems (甲), `fields` the labels of the fields."""

    owner: str
    receivers: tuple[str, ...]
    scope: str
    fields: str
    purpose: str
    condition: str


@dataclass(frozen=True)
class Liaison:
    """The post through which a party is reached; name and work phone only where the text discloses them."""

    stem: str
    post: str
    name: str = ""
    phone: str = ""


@dataclass(frozen=True, kw_only=True, repr=False)
class AgreementText(Document):
    """The text that is sealed. `name` without 《》; `title_lines` is how the title breaks on the page."""

    template: ClassVar[str] = "agreement_text.html"
    is_personal: ClassVar[bool] = True

    name: str
    number: str
    version: int
    effective_from: dt.date
    effective_to: dt.date
    parties: tuple[Party, ...]
    preamble: str
    clauses: tuple[Clause, ...]
    grants: tuple[Grant, ...]
    home_duties: tuple[Responsibility, ...]
    host_duties: tuple[Responsibility, ...]
    items: tuple[CooperationItem, ...] = ()
    # At township level: stem → the township committee that concludes it; the party above is the county that vouches.
    townships: tuple[tuple[str, str], ...] = ()
    # What comes again → how often (free words).
    frequencies: tuple[tuple[str, str], ...] = ()
    liaisons: tuple[Liaison, ...] = ()

    @property
    def title(self) -> str:
        """Name and version."""
        return f"{self.name}（第{self.version}版）"

    @property
    def short(self) -> str:
        """The running head."""
        return f"{self.name}　第{self.version}版"

    @property
    def subject(self) -> str:
        """For the file's metadata."""
        return f"{COUNT_WORDS[len(self.parties)]}方协议正文、签署页、附件一、附件二"

    @property
    def stem(self) -> tuple[str, ...]:
        """For the file's name."""
        return ("协议", self.number, f"第{self.version}版")

    @property
    def title_lines(self) -> tuple[str, ...]:
        """余杭、岳西、松阳 / 流动党员共管共育协议: the break stands before the subject, if the title has one."""
        head, subject, rest = self.name.partition("流动党员")
        return (head, subject + rest) if head and subject else (self.name,)

    @property
    def numbered(self) -> tuple[tuple[str, Clause], ...]:
        """The clauses with their ordinals."""
        return tuple((ordinal(place), clause) for place, clause in enumerate(self.clauses, 1))

    @property
    def directions(self) -> tuple[tuple[str, tuple[Grant, ...]], ...]:
        """The grants in runs of one direction, each with its heading 甲方（余杭区）→乙方（岳西县）."""
        named = {party.stem: f"{party.stem}方（{party.county}）" for party in self.parties}
        runs: dict[tuple[str, tuple[str, ...]], list[Grant]] = {}
        for grant in self.grants:
            runs.setdefault((grant.owner, grant.receivers), []).append(grant)
        return tuple(
            (f"{named[owner]}→{'、'.join(named[each] for each in receivers)}", tuple(run))
            for (owner, receivers), run in runs.items()
        )

    @property
    def duties(self) -> tuple[tuple[str, tuple[Responsibility, ...]], ...]:
        """The lists that are there, each with its side."""
        return tuple(
            (side, rows) for side, rows in (("流出地", self.home_duties), ("流入地", self.host_duties)) if rows
        )
