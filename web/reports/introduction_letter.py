"""组织关系介绍信: stub, letter and receipt on one sheet, filled in as the form of 2006 asks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from web.reports.documents import Document

ROOM = 14
"""Characters of a number that fit across a cut line."""


@dataclass(frozen=True)
class Receipt:
    """The host's answer; left blank on the sheet until it came."""

    handler: str
    phone: str
    received_on: dt.date


@dataclass(frozen=True, kw_only=True, repr=False)
class IntroductionLetter(Document):
    """One member's letter.

    `age` is computed by the caller for the day of issue. `addressee` is the committee or department the letter is
    presented to, `committee` the home committee the receipt goes back to. `dues_until` counts by its month.
    """

    template: ClassVar[str] = "introduction_letter.html"
    is_personal: ClassVar[bool] = True

    number: str
    name: str
    is_female: bool
    age: int
    ethnicity: str
    is_probationary: bool
    id_number: str
    from_org: str
    to_org: str
    addressee: str
    dues_until: dt.date
    valid_days: int
    issued_on: dt.date
    handler: str
    contact: str
    committee: str
    committee_address: str
    committee_phone: str
    committee_fax: str = ""
    committee_postcode: str = ""
    receipt: Receipt | None = None

    def __post_init__(self) -> None:
        """ValueError for a blank validity or more than 90 days, and without a number."""
        super().__post_init__()
        if not 1 <= self.valid_days <= 90:
            raise ValueError("a letter is valid for 1 to 90 days")
        if not self.number.strip():  # ours are digits; what other software gives out is its own affair
            raise ValueError("a letter has a number")

    @property
    def title(self) -> str:
        """With the number."""
        return f"中国共产党党员组织关系介绍信　第{self.number}号"

    @property
    def is_odd(self) -> bool:
        """Whether the number is longer than one of ours may be: other software's go up to 60 characters."""
        return len(self.number) > ROOM

    @property
    def across(self) -> str:
        """What stands across the cut lines: the number, or its end."""
        return self.number if not self.is_odd else f"…{self.number[1 - ROOM :]}"

    @property
    def is_long(self) -> bool:
        """Whether the organisations' names need the smaller type."""
        return len(self.from_org) + len(self.to_org) > 60

    @property
    def subject(self) -> str:
        """For the file's metadata."""
        return "党员组织关系介绍信，三联：存根、介绍信、回执联"

    @property
    def stem(self) -> tuple[str, ...]:
        """For the file's name."""
        return ("介绍信", self.number, self.name)
