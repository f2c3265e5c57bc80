"""Members who live at the host in the demo: offered, reported in, taken on; some came by themselves, one withdrew."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from web.core import clock
from web.demo.stage import Stand, acting
from web.extensions import db
from web.federation.post import keys
from web.federation.referrals import claims, offering
from web.federation.referrals import service as referrals
from web.federation.referrals.models import Referral, ReferralState
from web.tenants.accounts.permissions import Role
from web.tenants.consents import service as consents
from web.tenants.consents.models import Method
from web.tenants.flows import service as flows
from web.tenants.flows.models import Flow, FlowState
from web.tenants.members import service as members
from web.tenants.members.models import Member, Relation
from web.tenants.organisations.models import OrgKind, PartyOrg


def _open(host: Stand, home: Stand, state: ReferralState) -> list[UUID]:
    query = db.select(Referral.id).where(
        Referral.role == "host", Referral.partner_uid == home.uid, Referral.state == state
    )
    return list(db.session.scalars(query.order_by(Referral.id)))


def taken_on(host: Stand, home: Stand) -> list[UUID]:
    """Referrals of the members the host looks after, the first one first."""
    return _open(host, home, ReferralState.TAKEN_ON)


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
    """All but the last `leave` reported members get a branch: of the township they live in, else of the officer's, whose
    theme days they then attend.
    """
    with acting(host, Role.TOWNSHIP_OFFICER) as officer:
        offices = officer.org_path
    with acting(host):
        branches = list(
            db.session.scalars(db.select(PartyOrg).where(PartyOrg.kind == OrgKind.BRANCH).order_by(PartyOrg.path))
        )
        for index, id_ in enumerate(_open(host, home, ReferralState.REPORTED_IN)[: -leave or None]):
            referral = referrals.get(id_, lock=True)
            township = (
                db.session.get(PartyOrg, (host.tenant_id, referral.township_id)) if referral.township_id else None
            )
            near = [b for b in branches if b.path.startswith(township.path if township is not None else offices)]
            referrals.take_on(referral, near[index % len(near)].id)


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


def months_before(today: date, months: int) -> str:
    """YYYY-MM so many months before today."""
    day = today.replace(day=1)
    for _ in range(months):
        day = (day - timedelta(days=1)).replace(day=1)
    return f"{day:%Y-%m}"
