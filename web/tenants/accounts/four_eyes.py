"""What wants two persons: an administrator's account is closed, its password reset or its second factor taken off only
when one administrator proposes it and a second one, of another role and not the one it is about, confirms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from web.core import clock, events, fence
from web.core.errors import Invalid, NotFound, NotPermitted
from web.extensions import db
from web.tenants.accounts import service as accounts
from web.tenants.accounts.models import Account, AccountProposal, ProposalAct
from web.tenants.accounts.permissions import ADMINISTRATORS, GRANTS, Permission, Role


def _close(account: Account, reason: str) -> str:
    accounts.close_account(account, reason, is_confirmed=True)
    return ""


def _release(account: Account, reason: str) -> str:
    accounts.release(account, reason, is_confirmed=True)
    return ""


# Act → what a confirmation does; it returns the one-time password, or nothing.
ACTS: dict[ProposalAct, Callable[[Account, str], str]] = {
    ProposalAct.CLOSE: _close,
    ProposalAct.RESET: lambda account, _reason: accounts.reset_password(account, is_confirmed=True),
    ProposalAct.RELEASE: _release,
}


def propose(account: Account, act: ProposalAct, reason: str) -> AccountProposal:
    """Ask a second administrator for it. Invalid when one is open already, or it is about oneself."""
    who = events.actor()
    if account.role not in ADMINISTRATORS or not account.is_active:
        raise Invalid({"reason": "not_an_administrator"})
    if account.id == who.account_id or who.account_id is None:
        raise Invalid({"reason": "not_oneself"})
    if not reason.strip():
        raise Invalid({"reason": "required"})
    is_open = db.select(AccountProposal.id).where(
        AccountProposal.account_id == account.id, AccountProposal.decided_at.is_(None)
    )
    if db.session.scalar(is_open):
        raise Invalid({"reason": "proposed_already"})
    row = AccountProposal(
        account_id=account.id, act=act, reason=reason.strip(), proposed_by=who.account_id,
        proposer_role=Role(who.role), proposed_at=clock.now(), is_confirmed=False,
    )  # fmt: skip
    db.session.add(row)
    events.record("account_proposal.propose", row, reason=row.reason)
    db.session.flush()
    return row


def may_decide(row: AccountProposal) -> bool:
    """Is the actor a second person of another role, and not the one it is about?"""
    who = events.actor()
    holds = Permission.ACCOUNT_CONFIRM in GRANTS.get(Role(who.role), frozenset())
    return holds and who.role != row.proposer_role and who.account_id not in (row.proposed_by, row.account_id, None)


def _deciding(proposal_id: UUID) -> AccountProposal:
    query = db.select(AccountProposal).where(AccountProposal.id == proposal_id).with_for_update()
    row: AccountProposal | None = db.session.scalars(query).first()
    if row is None or row.decided_at is not None:
        raise NotFound()
    row.decided_by, row.decided_at = events.actor().account_id, clock.now()
    return row


def confirm(proposal_id: UUID) -> tuple[Account, str]:
    """The second person agrees: it is done. Returns the account, and its one-time password if that is what it was about."""
    row = _deciding(proposal_id)
    if not may_decide(row):
        raise NotPermitted("second_person", permission=Permission.ACCOUNT_CONFIRM.value)
    row.is_confirmed = True
    events.record("account_proposal.confirm", row, reason=row.reason)
    account = accounts.get(row.account_id)
    return account, ACTS[row.act](account, row.reason)


def refuse(proposal_id: UUID) -> None:
    """The second person says no, or who proposed it takes it back."""
    row = _deciding(proposal_id)
    if not may_decide(row) and events.actor().account_id != row.proposed_by:
        raise NotPermitted("second_person", permission=Permission.ACCOUNT_CONFIRM.value)
    events.record("account_proposal.refuse", row)
    db.session.flush()


def waiting() -> Sequence[tuple[AccountProposal, str, str]]:
    """Open proposals, the oldest first, with the name of the account and of who proposed it: one query."""
    proposer = db.aliased(Account)
    query = (
        db.select(AccountProposal, Account.name, proposer.name)
        .join(Account, (Account.tenant_id == AccountProposal.tenant_id) & (Account.id == AccountProposal.account_id))
        .join(
            proposer, (proposer.tenant_id == AccountProposal.tenant_id) & (proposer.id == AccountProposal.proposed_by)
        )
        .where(AccountProposal.decided_at.is_(None), AccountProposal.tenant_id == fence.tenant())
    )
    return [(p, n, by) for p, n, by in db.session.execute(query.order_by(AccountProposal.id))]
