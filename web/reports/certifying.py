"""Certificates composed from what this county holds of a handover or a co-signed record: for its page, and for paper."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from web.core import clock
from web.core.dates import english
from web.core.errors import WrongState
from web.core.saying import joined, say, written
from web.federation.admission import is_echo
from web.federation.cosigning import service as cosigning
from web.federation.handovers import service as handovers
from web.federation.messages import MESSAGES
from web.federation.post import evidence, keys
from web.reports.certificate import RESULTS, SAID, Certificate, SealedLetter
from web.reports.cosigned_record import KINDS
from web.reports.documents import Party
from web.tenants.counties import service as counties
from web.tenants.documents import service as documents
from web.tenants.documents.models import DocumentKind

Facts = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Certified:
    """`evidence`: a portable proof of each word, in their order. `member_id`: who the paper is about, if about a person."""

    paper: Certificate
    evidence: list[dict[str, Any]]
    member_id: UUID | None


@dataclass(frozen=True)
class _Subject:
    about: str
    number: str
    facts: Facts
    partner_uid: UUID
    member_id: UUID | None = None


def _on(day: Any) -> str:
    return written(f"{day.year}年{day.month}月{day.day}日", english(day))


def _beside(*words: str) -> str:
    return joined("　", filter(None, words))


def _handover(subject_id: UUID) -> _Subject:
    row = handovers.get(subject_id)
    packet, own, partner = row.values(), counties.own(), keys.peer(row.partner_uid)
    home, host = (own.office, partner.office) if row.role == "home" else (partner.office, own.office)
    facts = [
        ("党员", packet.get("name", "（姓名已清除）")),
        ("转出", _beside(home, packet.get("from_org", ""))),
        ("转入", _beside(host, packet.get("to_org", ""))),
        ("介绍信", say("第{letter_no}号", letter_no=packet["letter_no"]) if packet.get("letter_no") else "没有开出"),
        ("转接编号", str(row.id)),
    ]
    if row.received_on:
        facts.append(("接收日期", _on(row.received_on)))
    number = packet.get("letter_no") or str(row.id)[-12:]
    return _Subject("组织关系转接", number, tuple(facts), row.partner_uid, row.member_id)


def _cosigned(subject_id: UUID) -> _Subject:
    row = cosigning.get(subject_id)
    own, partner = counties.own(), keys.peer(row.partner_uid)
    recorder, home = (own.office, partner.office) if row.role == "recorder" else (partner.office, own.office)
    facts = (
        ("活动", _beside(_on(row.held_on), KINDS[row.kind], row.head().get("title", ""))),
        ("记录单位", recorder),
        ("共签单位", home),
        ("版次", say("第{k}次送签", k=row.k)),
        ("记录编号", str(row.id)),
    )
    return _Subject("活动共签", f"{row.held_on:%Y%m%d}-{str(row.id)[-6:]}", facts, row.partner_uid)


SUBJECTS: Mapping[DocumentKind, Callable[[UUID], _Subject]] = {
    DocumentKind.HANDOVER_CERTIFICATE: _handover,
    DocumentKind.COSIGN_CERTIFICATE: _cosigned,
}


def said(each: evidence.Sealed) -> str:
    """同意接收; with （登记） where home gives its number to what the host said before, word for word."""
    what = SAID.get(each.type, each.type)
    return say("{what}（登记）", what=what) if is_echo(MESSAGES[each.type], each.cause) else what


def certify(kind: DocumentKind, subject_id: UUID, *, code: str = "") -> Certified:
    """What is sealed about it, as of now. NotFound for an unknown one; WrongState while nothing is sealed yet."""
    subject = SUBJECTS[kind](subject_id)
    sealed = evidence.of(subject_id)
    if not sealed:
        raise WrongState("nothing_sealed")
    own, partner, prints = counties.own(), keys.peer(subject.partner_uid), keys.fingerprints()
    parties = {
        own.uid: _party("甲", own.office, own.name, own.code, prints[own.uid]),
        partner.uid: _party("乙", partner.office, partner.name, partner.code, prints[partner.uid]),
    }
    public = evidence.keys_of(parties)
    paper = Certificate(
        issuer=own.office,
        code=documents.spelled(code),
        link=documents.link(code),
        made_at=clock.now(),
        is_demo=own.is_demo,
        salt=os.urandom(16),
        about=subject.about,
        number=subject.number,
        facts=subject.facts,
        parties=tuple(parties.values()),
        letters=tuple(
            SealedLetter(
                said(each),
                parties[each.giver],
                each.at,
                each.kid,
                each.digest,
                each.value,
                RESULTS[each.result],
                each.receipted_at,
            )
            for each in sealed
        ),
    )
    return Certified(paper, [evidence.portable(each, public) for each in sealed], subject.member_id)


def _party(stem: str, name: str, county: str, division: str, fingerprint: str) -> Party:
    prints = fingerprint.replace(" ", "").lower()
    return Party(stem=stem, name=name, county=county, division=division, fingerprint=prints)
