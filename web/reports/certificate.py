"""印签证明: which sealed words exist about a handover or a co-signed record, whose they are, and how anyone checks them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from web.core.saying import say, within
from web.reports.documents import Document, Party

# What each message says, by its type.
SAID = within("letter", {
    "handover.request": "申请转接", "handover.ask": "请求转来", "handover.return": "退回补正", "handover.accept": "同意接收",
    "handover.refuse": "不同意接收", "handover.cancel": "撤销", "handover.expire": "到期终止", "handover.release": "开出介绍信",
    "handover.decline": "退回介绍信", "handover.take_over": "接收与回执", "handover.confirm": "确认办结",
    "handover.recall": "收回介绍信", "handover.forward": "补送活动记录",
    "cosign.offer": "送请共签", "cosign.countersign": "共签", "cosign.dispute": "异议", "cosign.refuse": "不予共签",
    "cosign.correct": "更正后再送", "cosign.withdraw": "撤回", "cosign.lapse": "逾期终止", "cosign.propose_annul": "提出作废",
    "cosign.annul": "同意作废", "cosign.keep": "不予作废",
})  # fmt: skip
RESULTS = {"applied": "已签收", "refused": "未收下", "": "等签收"}


@dataclass(frozen=True)
class SealedLetter:
    """One sealed message. `digest`: 64 hexadecimal digits; `value`: the seal, base64url; `answer`: what the receiver said."""

    what: str
    by: Party
    at: dt.datetime
    kid: str
    digest: str
    value: str
    answer: str
    answered_at: dt.datetime | None


@dataclass(frozen=True, kw_only=True, repr=False)
class Certificate(Document):
    """`facts`: what the words are about, label and text. It names a person only where `is_of_person`, and then in `facts`."""

    template: ClassVar[str] = "certificate.html"

    about: str
    number: str
    facts: tuple[tuple[str, str], ...]
    parties: tuple[Party, ...]
    letters: tuple[SealedLetter, ...]

    @property
    def title(self) -> str:
        """组织关系转接印签证明　20260057."""
        return say("{about}印签证明　{number}", about=self.about, number=self.number)

    @property
    def subject(self) -> str:
        """For the file's metadata."""
        return "各方印签的摘要、公钥、签收和核验办法"

    @property
    def stem(self) -> tuple[str, ...]:
        """For the file's name."""
        return (say("{about}印签证明", about=self.about), self.number)

    @property
    def signed(self) -> int:
        """How many of the words both sides signed for."""
        return sum(letter.answer == RESULTS["applied"] for letter in self.letters)
