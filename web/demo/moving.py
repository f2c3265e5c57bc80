"""Handovers in the demo, begun by home or asked for by the host, in different states."""

from __future__ import annotations

from uuid import UUID

from web.core import clock
from web.demo.stage import Stand, acting, org
from web.extensions import db
from web.federation.handovers import service as handovers
from web.federation.handovers.models import Handover
from web.federation.referrals import service as referrals
from web.federation.referrals.models import Referral, ReferralState
from web.tenants.consents.models import Method
from web.tenants.members import service as members
from web.tenants.members.models import Member, Relation
from web.tenants.organisations.models import PartyOrg


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


def take_over(host: Stand, id_: UUID, branch: str) -> None:
    with acting(host) as actor:
        handovers.take_over(
            handovers.get(id_, lock=True), branch_id=org(branch).id, receipt_no=f"{clock.today():%Y}回{str(id_)[-4:]}",
            handler=actor.name, phone="0571-00000057",
        )  # fmt: skip
