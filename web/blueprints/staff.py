"""The list of accounts as a declaration: what waits for its role first, then those in use by their place in the tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, or_

from web.blueprints import words
from web.core import clock
from web.core.events import Actor
from web.core.keyset import Order
from web.extensions import db
from web.tenants.accounts.models import Account
from web.tenants.accounts.permissions import Permission, Role
from web.tenants.organisations.models import PartyOrg
from web.tenants.workbench.facets import Facet, any_of, by_word, one_of, yes
from web.tenants.workbench.listings import LISTINGS, Column, Listing, choice
from web.tenants.workbench.plain import PlainList

STATES: Mapping[str, tuple[str, str]] = {
    "waiting": ("now", "待授予角色"), "first": ("todo", "待首次登录改密码"), "used": ("done", "在用"), "closed": ("off", "已停用"),
}  # fmt: skip
"""State → its chip."""
_STANDS: Mapping[str, ColumnElement[bool]] = {
    "waiting": Account.granted_at.is_(None),
    "first": and_(Account.is_active, Account.must_change),
    "used": and_(Account.is_active, Account.must_change.is_(False)),
    "closed": and_(Account.granted_at.is_not(None), Account.is_active.is_(False)),
}
_RANK = case((_STANDS["waiting"], 0), (Account.is_active, 1), else_=2)
ORDER = Order((_RANK, PartyOrg.path, Account.id), (int, str, UUID))


def state_of(account: Account) -> str:
    """One of STATES."""
    if account.granted_at is None:
        return "waiting"
    return ("first" if account.must_change else "used") if account.is_active else "closed"


@dataclass(frozen=True)
class Line:
    """One account, and the name of the organisation it stands in."""

    account: Account
    org: str


COLUMNS = (
    Column("username", "用户名", lambda it: it.account.username, 160),
    Column("name", "姓名", lambda it: it.account.name, 128),
    Column("role", "角色", lambda it: words.ROLES[it.account.role], 144),
    Column("org", "所在组织", lambda it: it.org, 0, "hide-phone"),
    Column("state", "状态", lambda it: STATES[state_of(it.account)][1], 176),
    Column(
        "factor", "验证器", lambda it: "已绑定" if it.account.factor_at else "", 96, "hide-phone", missing="没有绑定"
    ),
    Column("person", "证件", lambda it: "已登记" if it.account.person else "", 96, is_standard=False, missing="未登记"),
    Column("phone", "办公电话", lambda it: it.account.work_phone, 128, is_standard=False),
    Column("opened", "开立", lambda it: clock.day(it.account.created_at), 96, is_standard=False),
)
FACETS = (
    Facet("role", "角色", any_of(Account.role), None, {role.value: words.ROLES[role] for role in Role}),
    Facet("use", "状态", by_word(lambda: _STANDS), None, {state: said for state, (_, said) in STATES.items()}),
    Facet("place", "所在组织", one_of(Account.org_id), None, "places"),
    Facet("factor", "验证器", yes(Account.factor_at.is_not(None)), Account.factor_at.is_(None), {"yes": "已绑定"}),
    Facet("person", "证件", yes(Account.person.is_not(None)), Account.person.is_(None), {"yes": "已登记"}),
    Facet("phone", "办公电话", yes(Account.work_phone != ""), Account.work_phone == "", {"yes": "已填"}),
)


def _typed(text: str) -> ColumnElement[bool]:
    return or_(Account.username.contains(text, autoescape=True), Account.name.contains(text, autoescape=True))


def org_choices() -> Select[tuple[object, ...]]:
    """Organisations that have an account, as choices of the list's page."""
    held = db.select(Account.org_id)
    return db.select(*choice("places", PartyOrg.id, PartyOrg.full_name, PartyOrg.path)).where(PartyOrg.id.in_(held))


def roles_in_use() -> Select[tuple[object, ...]]:
    """Roles somebody in use has, beside the choices: it tells which administrators are missing, whatever is narrowed to."""
    return db.select(*choice("in_use", Account.role, Account.role)).distinct().where(Account.is_active)


def _rows(_actor: Actor) -> Select[Any]:
    here = (PartyOrg.id == Account.org_id) & (PartyOrg.tenant_id == Account.tenant_id)
    return db.select(Account, PartyOrg.name).join(PartyOrg, here)


ACCOUNTS = PlainList(_rows, ORDER, lambda row: Line(*row[:2]))
LISTINGS["accounts"] = Listing(
    "accounts", "账号", "个", "accounts.index", Permission.ACCOUNT_READ, lambda: COLUMNS, *ACCOUNTS.of("accounts"),
    facets=lambda: FACETS, fixed="accounts are managed by four hands, one act at a time", typed=_typed,
)  # fmt: skip
