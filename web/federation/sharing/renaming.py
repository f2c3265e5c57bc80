"""An organisation has another name: the branch we share of those taken on in it, or below it, follows in one job."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Select

from web.core import events
from web.core.queue import Job
from web.core.saying import say
from web.extensions import db
from web.federation.referrals.models import Referral
from web.federation.sharing import service
from web.federation.sharing.models import STANDING, StatusShare
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import PartyOrg
from web.tenants.organisations.service import OrgRenamed
from web.tenants.tasks import service as tasks

PIECE = 25  # shares between two words of progress


def _below(org: PartyOrg) -> Select[tuple[UUID]]:
    """Referrals we took on in the organisation or below it."""
    on = (PartyOrg.tenant_id == Referral.tenant_id) & (PartyOrg.id == Referral.branch_id)
    under = PartyOrg.path.op("^@")(org.path)
    return db.select(Referral.id).join(PartyOrg, on).where(Referral.role == "host", under)


@events.subscribe(OrgRenamed)
def _begin(what: OrgRenamed) -> None:
    org = organisations.get(what.org_id)
    ours = db.select(StatusShare.id).where(
        StatusShare.role == "owner", StatusShare.state.in_(STANDING), StatusShare.referral_id.in_(_below(org))
    )
    if db.session.scalar(ours.limit(1)) is not None:
        title = say("告知伙伴县：{name}的新名称", name=org.name)
        tasks.start(Job.FOLLOW_NAME, title, subject_id=org.id, details={"unit": "条"})


def follow(task_id: UUID) -> None:
    """Job.FOLLOW_NAME: send what changed of every such share, as the one who gave the name. The task's subject: the renamed."""
    task = tasks.run(task_id)
    if task is None:
        return
    assert task.subject_id is not None
    with events.by(tasks.owner(task)):
        shares = service.ours(StatusShare.referral_id.in_(_below(organisations.get(task.subject_id))))
        for index, share in enumerate(shares):
            service.follow(share)
            if index % PIECE == 0:
                tasks.progress(task.id, index, len(shares))
    tasks.finish(task, total=len(shares))
