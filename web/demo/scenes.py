"""What happened before the visitor came: agreements, referrals, handovers, co-signed activities, a withdrawn notice.

Each scene is played by the services on its day; nothing sets a state. Days count back from the demo's today.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from web.core import clock
from web.core.queue import Job
from web.demo.stage import Stand, acting, org
from web.extensions import db
from web.federation.agreements import clauses, duties, texts
from web.federation.agreements import service as agreements
from web.federation.agreements.models import DutyKind
from web.federation.cosigning import people as guests_of
from web.federation.cosigning import service as cosigning
from web.federation.cosigning.models import CoSignedRecord, CosignState
from web.federation.handovers import service as handovers
from web.federation.handovers.models import Handover
from web.federation.post import keys
from web.federation.referrals import claims, offering
from web.federation.referrals import service as referrals
from web.federation.referrals.models import Referral, ReferralState
from web.federation.requests import service as requests
from web.reports.periods import Period
from web.tenants.accounts.permissions import Role
from web.tenants.activities import service as activities
from web.tenants.activities.models import ActivityKind, Presence
from web.tenants.consents import service as consents
from web.tenants.consents.models import Method
from web.tenants.documents.models import DocumentKind
from web.tenants.flows import service as flows
from web.tenants.flows.models import Flow, FlowState
from web.tenants.members import service as members
from web.tenants.members.models import Member, Relation
from web.tenants.organisations.models import OrgKind, PartyOrg
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
        "clauses": clauses.defaults(title, [f"中共{p.name}委组织部" for p in parties], starts, ends, 60),
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


def offer(home: Stand, host: Stand, count: int) -> list[UUID]:
    """Notices recorded on paper for the next `count` members who live there, then the offer."""
    with acting(home) as actor:
        open_ = db.select(Referral.member_id).where(Referral.role == "home", Referral.member_id.is_not(None))
        seen = set(db.session.scalars(open_))
        able = db.session.scalars(offering.towards(keys.peer(host.uid), actor))
        ids = [m for m in able if m not in seen][:count]
        offering.note_notice(host.uid, ids, Method.PAPER, clock.today(), actor)
    with acting(home) as actor:
        offering.offer(host.uid, ids, actor)
    return ids


def _open(host: Stand, home: Stand, state: ReferralState) -> list[UUID]:
    query = db.select(Referral.id).where(
        Referral.role == "host", Referral.partner_uid == home.uid, Referral.state == state
    )
    return list(db.session.scalars(query.order_by(Referral.id)))


def receive(host: Stand, home: Stand, *, decline: int = 0) -> None:
    """The host accepts what was offered, but for the first `decline`."""
    with acting(host):
        for index, id_ in enumerate(_open(host, home, ReferralState.OFFERED)):
            referral = referrals.get(id_, lock=True)
            if index < decline:
                referrals.decline(referral, "not_here")
            else:
                referrals.accept(referral)


def report(host: Stand, home: Stand, leave: int) -> None:
    """All but the last `leave` accepted members report in, most with their code."""
    with acting(home):
        codes = {
            r.id: referrals.code_of(r) for r in db.session.scalars(db.select(Referral).where(Referral.role == "home"))
        }
    with acting(host) as actor:
        assert actor.account_id is not None
        for index, id_ in enumerate(_open(host, home, ReferralState.ACCEPTED)[: -leave or None]):
            referral, code = referrals.get(id_, lock=True), codes.get(id_)
            if index % 5 and code:
                assert referrals.find_by_code(code, actor.account_id) is not None
                referrals.report_in(referral, "code")
            else:
                referrals.report_in(referral, "person")


def take_on(host: Stand, home: Stand, leave: int) -> None:
    """All but the last `leave` reported members get a branch, of the township they live in where it is known."""
    with acting(host):
        branches = list(
            db.session.scalars(db.select(PartyOrg).where(PartyOrg.kind == OrgKind.BRANCH).order_by(PartyOrg.path))
        )
        for index, id_ in enumerate(_open(host, home, ReferralState.REPORTED_IN)[: -leave or None]):
            referral = referrals.get(id_, lock=True)
            township = (
                db.session.get(PartyOrg, (host.tenant_id, referral.township_id)) if referral.township_id else None
            )
            near = [b for b in branches if township is not None and b.path.startswith(township.path)] or branches[:6]
            referrals.take_on(referral, near[index % len(near)].id)


def hand_over(home: Stand, host: Stand, nth: int, to: str) -> UUID:
    """A member who was taken on applies to move; the handover's id."""
    with acting(home):
        query = (
            db.select(Referral.member_id)
            .join(Member, (Member.tenant_id == Referral.tenant_id) & (Member.id == Referral.member_id))
            .where(
                Referral.role == "home", Referral.partner_uid == host.uid, Referral.state == ReferralState.TAKEN_ON,
                Member.relation == Relation.HELD, Member.frozen_by.is_(None), Member.ethnicity != "",
                Member.id_number.is_not(None), Member.phone.is_not(None), Member.dues_until != "",
            )
            .order_by(Referral.id)
        )  # fmt: skip
        member = members.get(list(db.session.scalars(query))[nth], lock=True)
        made = handovers.begin(member, host.uid, method=Method.PAPER, applied_on=clock.today(), to_org=to)
        return made.id


def keep_in_touch(home: Stand, leave: int) -> None:
    """The branches go through their members away; the last `leave` were last heard of more than half a year ago."""
    with acting(home):
        query = (
            db.select(Flow)
            .join(Member, (Member.tenant_id == Flow.tenant_id) & (Member.id == Flow.member_id))
            .where(Flow.state == FlowState.REGISTERED, Member.relation == Relation.HELD, Member.frozen_by.is_(None))
            .order_by(Flow.id)
        )
        every = db.session.scalars(query).all()
        for place, flow in enumerate(every):
            on = clock.today() if place < len(every) - leave else clock.today() - timedelta(days=180 + 3 * place % 19)
            flows.confirm(flow, on=max(on, flow.left_on or on), reason="电话")


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


def claim(host: Stand, home: Stand, *, known: bool) -> UUID:
    """Somebody at a window of the host says he is this home's member: one who went elsewhere by its register, or nobody's.
    The referral's id.
    """
    name, year, branch = "石示远", 1987, "河图镇，村名说不清"
    if known:
        with acting(home):
            offered = db.select(Referral.flow_id).where(Referral.flow_id.is_not(None))
            query = (
                db.select(Member.name, Member.birth_on, PartyOrg.name)
                .join(Flow, (Flow.tenant_id == Member.tenant_id) & (Flow.member_id == Member.id))
                .join(PartyOrg, (PartyOrg.tenant_id == Member.tenant_id) & (PartyOrg.id == Member.branch_id))
                .where(
                    Flow.state == FlowState.REGISTERED, Flow.host_code != host.code, Flow.id.not_in(offered),
                    Member.relation == Relation.HELD, Member.birth_on.is_not(None), Member.frozen_by.is_(None),
                )
                .order_by(Member.id)
                .limit(1)
            )  # fmt: skip
            name, born, branch = db.session.execute(query).one()
            year = born.year
    with acting(host):
        return claims.claim(
            home.uid,
            name=name,
            birth_year=year,
            home_branch=branch,
            method=Method.IN_PERSON,
            consented_on=clock.today(),
        ).id


def disown(home: Stand, id_: UUID) -> None:
    with acting(home):
        claims.disown(referrals.get(id_, lock=True))


def ask_over(host: Stand, home: Stand, to: str) -> UUID:
    """A guest applies at the host to move there for good; the host asks his home. The handover's id."""
    with acting(home):
        moving = db.select(Handover.member_id).where(Handover.member_id.is_not(None))
        query = (
            db.select(Referral.id, Member.name, Member.birth_on)
            .join(Member, (Member.tenant_id == Referral.tenant_id) & (Member.id == Referral.member_id))
            .where(
                Referral.role == "home", Referral.partner_uid == host.uid, Referral.state == ReferralState.TAKEN_ON,
                Member.relation == Relation.HELD, Member.birth_on.is_not(None), Member.id.not_in(moving),
            )
            .order_by(Referral.id.desc())
            .limit(1)
        )  # fmt: skip
        referral_id, name, born = db.session.execute(query).one()
    with acting(host):
        guest = referrals.get(referral_id)
        return handovers.ask(
            home.uid, name=name, birth_on=born, to_org=to, method=Method.PAPER, applied_on=clock.today(),
            referral_id=referral_id, branch_id=guest.branch_id,
        ).id  # fmt: skip


def accept(host: Stand, id_: UUID) -> None:
    with acting(host):
        handovers.accept(handovers.get(id_, lock=True))


def release(home: Stand, id_: UUID, to: str, addressee: str, days: int = 30) -> None:
    """Home issues the letter; it is rendered by the worker."""
    with acting(home):
        handover = handovers.get(id_, lock=True)
        assert handover.member_id is not None
        member = members.get(handover.member_id)
        branch = db.session.get(PartyOrg, (home.tenant_id, member.branch_id))
        assert branch is not None
        handovers.release(handover, valid_days=days, from_org=branch.full_name, to_org=to, addressee=addressee)


def refuse(host: Stand, id_: UUID, reason: str, words: str) -> None:
    with acting(host):
        handovers.refuse(handovers.get(id_, lock=True), reason, words)


def recall(home: Stand, id_: UUID, reason: str, words: str) -> None:
    with acting(home):
        handovers.recall(handovers.get(id_, lock=True), reason, words)


def counter(party: Stand, id_: UUID, **changed: object) -> None:
    """Another text is put on the table."""
    with acting(party):
        version = agreements.current(agreements.get(id_))
        kept = {k: v for k, v in (version.text or {}).items() if k not in ("number", "level", "parties")}
        agreements.counter(id_, {**kept, **changed}, reason="退出的通知期改为九十日，便于衔接")


def take_over(host: Stand, id_: UUID, branch: str) -> None:
    with acting(host) as actor:
        handovers.take_over(
            handovers.get(id_, lock=True), branch_id=org(branch).id, receipt_no=f"{clock.today():%Y}回{str(id_)[-4:]}",
            handler=actor.name, phone="0571-00000057",
        )  # fmt: skip


def theme_day(host: Stand, title: str, township: str, minutes: int, homes: Sequence[Stand]) -> tuple[UUID, list[UUID]]:
    """A township of the host holds a theme day with guests; its records are offered to their homes."""
    with acting(host, Role.COUNTY_ADMIN) as actor:
        town = org(township)
        head = activities.Head(
            kind=ActivityKind.THEME_DAY, title=title, org_id=town.id, held_on=clock.today(),
            place=f"{township}党群服务中心", responsible="沈演乙", minutes=minutes,
        )  # fmt: skip
        activity = activities.plan(head, actor)
        own = [p.member_id for p in activities.people(activity)][:12]
        invited = guests_of.due_at(activity)
        marks = [
            activities.Mark(p)
            for p in (Presence.PRESENT, Presence.PRESENT, Presence.PRESENT, Presence.LATE, Presence.PERSONAL)
        ]
        activities.record_attendance(
            activity,
            {m: marks[i % 5] for i, m in enumerate(own)},
            {g.referral_id: marks[i % 5] for i, g in enumerate(invited)},
            may_attend={g.referral_id for g in invited},
        )
        activities.hold(activity)
        offered = {uid for uid in cosigning.proposal(activity) if uid in {h.uid for h in homes}}
        records = cosigning.offer(activities.get(activity.id, lock=True), offered) if offered else []
        return activity.id, [r.id for r in records]


def countersign(home: Stand, host: Stand) -> int:
    """Home acknowledges every record this host offered; how many."""
    done = 0
    with acting(home):
        for record in _waiting(host):
            cosigning.countersign(record, [line.line for line in cosigning.lines(record)])
            done += 1
    return done


def dispute(home: Stand, host: Stand) -> None:
    """Home does not agree with the first line of what this host offered."""
    with acting(home):
        for record in _waiting(host):
            first = min(cosigning.lines(record), key=lambda line: line.referral_id)  # lines are numbered by lot
            cosigning.dispute(record, {first.line: "当日本人在外地出差，未到会，请核对签到表"})


def propose_annul(home: Stand, host: Stand) -> None:
    """Home finds that a record it countersigned should not stand; the host has not answered yet."""
    with acting(home):
        final = db.select(CoSignedRecord.id).where(
            CoSignedRecord.role == "home",
            CoSignedRecord.partner_uid == host.uid,
            CoSignedRecord.state == CosignState.FINAL,
        )
        record_id = db.session.scalars(final.order_by(CoSignedRecord.id.desc())).first()
        if record_id is not None:
            cosigning.propose_annul(record_id, "活动当日改在次日举行，日期有误")


def ask(host: Stand, home: Stand, kind: str, nth: int, **values: str) -> UUID:
    """The host asks home for help about the nth member it took on; the request's id."""
    with acting(host):
        taken = _open(host, home, ReferralState.TAKEN_ON)
        consent = {"consent_on": clock.today(), "consent_how": Method.IN_PERSON} if kind == "must_visit" else {}
        return requests.ask(referrals.get(taken[nth]), kind, values, **consent).id  # type: ignore[arg-type]


def answer(home: Stand, id_: UUID, *, answered: bool = True, **values: str) -> None:
    """Home accepts a request and, unless it is still at it, says that it is done."""
    with acting(home):
        requests.accept(id_)
    if answered:
        with acting(home):
            requests.done(id_, clock.today(), values)


def _waiting(host: Stand) -> list[UUID]:
    query = db.select(CoSignedRecord.id).where(
        CoSignedRecord.role == "home",
        CoSignedRecord.partner_uid == host.uid,
        CoSignedRecord.state == CosignState.OFFERED,
    )
    return list(db.session.scalars(query.order_by(CoSignedRecord.id)))


def withdraw_notice(home: Stand, host: Stand, nth: int) -> None:
    """A member withdraws what he was told; the host's copy goes, with its proof."""
    with acting(home):
        query = db.select(Referral.member_id).where(
            Referral.role == "home", Referral.partner_uid == host.uid, Referral.state == ReferralState.TAKEN_ON
        )
        member = members.get(list(db.session.scalars(query.order_by(Referral.id)))[nth], lock=True)
        consents.withdraw(member, host.uid, offering.NOTICE_SCOPES, "本人不再同意共享")


def pay_dues(home: Stand, until: str) -> None:
    """Most of those who are shared with a partner paid, and the partner learns it."""
    with acting(home):
        query = (
            db.select(Member.id).where(Member.relation == Relation.HELD, Member.frozen_by.is_(None)).order_by(Member.id)
        )
        for index, id_ in enumerate(db.session.scalars(query).all()):
            if index % 8:
                members.mark_dues(members.get(id_, lock=True), until)


def report_half_year(county: Stand, agreement_id: UUID, period: str) -> None:
    """The report of an agreement; the worker renders it. `period`: 2026-1."""
    with acting(county):
        details = {"paper": DocumentKind.AGREEMENT_REPORT.value, "period": period, "unit": "份"}
        tasks.start(Job.RENDER, f"执行报告 {Period.named(period).label}", subject_id=agreement_id, details=details)


def months_before(today: date, months: int) -> str:
    """YYYY-MM so many months before today."""
    day = today.replace(day=1)
    for _ in range(months):
        day = (day - timedelta(days=1)).replace(day=1)
    return f"{day:%Y-%m}"
