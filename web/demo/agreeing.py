"""Agreements in the demo: their texts, put on the table, sealed, kept and reported on.

As every scene, these are played by the services on their day; nothing sets a state. Days count back from the demo's today.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from web.core import clock
from web.core.queue import Job
from web.demo.stage import Stand, acting
from web.federation.agreements import clauses, duties, texts
from web.federation.agreements import service as agreements
from web.federation.agreements.models import DutyKind
from web.reports.periods import Period
from web.tenants.accounts.permissions import Role
from web.tenants.documents.models import DocumentKind
from web.tenants.tasks import service as tasks

HOME_GIVES = ("S0", "S1", "S2", "S3", "S4", "S5", "S6")
HOST_GIVES = ("S0", "S1", "S2", "S4", "S5", "S6", "S7")
OF_NO_PERSON = ("S0", "S1")
"""What an agreement about industry and talent needs: persons rest on the agreement that was made for them."""


def text(
    title: str, parties: Sequence[Stand], starts: date, items: list[dict[str, str]], only: Sequence[str] = ()
) -> dict[str, Any]:
    """An agreement between the first county as host and the others as homes. `only`: the scopes, when not all."""
    hub, homes = parties[0], parties[1:]
    ends = date(starts.year + 3, 12, 31)
    grants = [texts.grant(home.uid, hub.uid, scope) for home in homes for scope in only or HOME_GIVES]
    grants += [texts.grant(hub.uid, home.uid, scope) for home in homes for scope in only or HOST_GIVES]
    return {
        "title": title,
        "clauses": clauses.defaults(title, [p.office for p in parties], starts, ends, 60),
        "items": items,
        "grants": grants,
        "effective_from": starts.isoformat(),
        "effective_to": ends.isoformat(),
        "notice_days": 60,
        "frequencies": {"register": "half_yearly", "participation": "monthly", "review": "half_yearly"},
        "responsibilities": [] if only else clauses.responsibilities(),
    }


def item(key: str, category: str, goal: str, measure: str, owner: str, due: date) -> dict[str, str]:
    """One cooperation item. `owner`: a county's uid, or all."""
    return {"key": key, "category": category, "goal": goal, "measure": measure, "owner": owner, "due": due.isoformat()}


def propose(
    title: str, parties: Sequence[Stand], starts: date, items: list[dict[str, str]], only: Sequence[str] = ()
) -> UUID:
    """The first county drafts it and puts it on the table."""
    with acting(parties[0]) as actor:
        id_ = agreements.begin([p.uid for p in parties[1:]], text(title, parties, starts, items, only)).id
        agreements.propose(
            id_, {parties[0].uid: {"name": actor.name, "post": "组织科联络员", "phone": "0571-00000057"}}
        )
    return id_


def seal(id_: UUID, parties: Sequence[Stand]) -> None:
    """Every other party accepts; leaders approve; all seal, the hub last."""
    for party in parties[1:]:
        with acting(party):
            agreements.accept(id_)
    for party in [*parties[1:], parties[0]]:
        with acting(party, Role.LEADER_READONLY) as leader:
            agreements.approve(id_)
        with acting(party):
            agreements.seal(id_, leader.name, "分管领导")


def counter(party: Stand, id_: UUID, **changed: object) -> None:
    """Another text is put on the table."""
    with acting(party):
        version = agreements.current(agreements.get(id_))
        kept = {k: v for k, v in (version.text or {}).items() if k not in ("number", "level", "parties")}
        agreements.counter(id_, {**kept, **changed}, reason="退出的通知期改为九十日，便于衔接")


def keep_duties(host: Stand, homes: Sequence[Stand], agreement_id: UUID, conclusion: str) -> None:
    """The host met these partners and each went through the lists, as the agreement asks for twice a year."""
    words = {
        "place": f"{host.name}党群服务中心",
        "present": "\n".join(f"{county.name}委组织部组织科科长" for county in (host, *homes)),
        "conclusion": conclusion,
    }
    with acting(host):
        meeting = agreements.record_meeting(agreement_id, clock.today(), "here", words).id
    for county in homes:
        with acting(county):
            agreements.answer_meeting(agreement_id, meeting)
    for county in (host, *homes):
        with acting(county):
            duties.fall_due()
            agreement = agreements.get(agreement_id, lock=True)
            duties.record(agreement, DutyKind.REGISTER, clock.today(), "名册已逐人核对，一致")
            duties.fall_due()


def report_half_year(county: Stand, agreement_id: UUID, period: str) -> None:
    """The report of an agreement; the worker renders it. `period`: 2026-1."""
    with acting(county):
        details = {"paper": DocumentKind.AGREEMENT_REPORT.value, "period": period, "unit": "份"}
        tasks.start(Job.RENDER, f"执行报告 {Period.named(period).label}", subject_id=agreement_id, details=details)
