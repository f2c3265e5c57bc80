"""Accounts of the county's staff, and the page of roles rendered from the table the code obeys."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from marshmallow import Schema

from web.blueprints import edge, navigation, timeline, words
from web.blueprints.forms import Form, Id, One, Text
from web.blueprints.navigation import Item
from web.blueprints.policy import needs
from web.core.saying import say
from web.extensions import db
from web.tenants.accounts import service as accounts
from web.tenants.accounts.models import Account
from web.tenants.accounts.permissions import GRANTS, WHOLE_COUNTY, Permission, Role
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import PartyOrg

bp = Blueprint("accounts", __name__, url_prefix="/<county>/accounts")
navigation.ITEMS.append(Item("设置", "账号与角色", "accounts.index", Permission.ACCOUNT_MANAGE))

P = Permission
PERMISSIONS: dict[Permission, str] = {
    P.HOME_READ: "看自己的待办",
    P.SELF_WRITE: "改自己的密码，管自己的登录",
    P.MEMBER_READ: "看党员名册",
    P.MEMBER_WRITE: "登记和修改党员、流动",
    P.MEMBER_REVEAL: "查看证件号、电话等完整信息",
    P.LIST_EXPORT: "导出、复制名单，批量查询",
    P.IMPORT_WRITE: "导入名册",
    P.REFERRAL_READ: "看流动报到",
    P.REFERRAL_WRITE: "办理流动报到和共享",
    P.HANDOVER_READ: "看关系转接",
    P.HANDOVER_WRITE: "办理关系转接",
    P.TRANSFER_READ: "看本县转接案卷和介绍信登记簿",
    P.TRANSFER_WRITE: "提出转接申请",
    P.TRANSFER_APPROVE: "审批转接，开介绍信，接收编入",
    P.ACTIVITY_READ: "看活动",
    P.ACTIVITY_WRITE: "登记活动和到会",
    P.COSIGN_READ: "看共签记录",
    P.COSIGN_WRITE: "办理共签",
    P.REQUEST_READ: "看协助请求",
    P.REQUEST_WRITE: "提出和办理协助请求",
    P.AGREEMENT_READ: "看共管共育协议",
    P.AGREEMENT_WRITE: "起草、协商、印签协议",
    P.AGREEMENT_APPROVE: "批准印签协议",
    P.DOCUMENT_READ: "看和下载文件",
    P.REPORT_READ: "看报表",
    P.REPORT_WRITE: "生成报表",
    P.PEER_READ: "看伙伴县",
    P.PEER_CONFIRM: "邀请、确认伙伴县",
    P.ORGANISATION_READ: "看党组织",
    P.ORGANISATION_WRITE: "设立、改名、撤销党组织",
    P.ACCOUNT_MANAGE: "管理账号",
    P.COUNTY_MANAGE: "修改本县设置",
    P.EVENT_READ: "看办理记录",
}


def _roles() -> list[tuple[str, str]]:
    return [(role.value, words.ROLES[role]) for role in Role]


class NewAccount(Schema):
    username = Text("用户名", limit=40, required=True)
    name = Text("姓名", limit=40, required=True)
    role = One("角色", _roles)
    org_id = Id("所在组织")
    work_phone = Text("办公电话", limit=40)


class Appointment(Schema):
    name = Text("姓名", limit=40, required=True)
    role = One("角色", _roles)
    org_id = Id("所在组织")
    work_phone = Text("办公电话", limit=40)


class Closing(Schema):
    reason = Text("事由", limit=200, required=True)


def _places() -> list[tuple[str, str]]:
    """Open organisations an account can stand in, indented as in the tree."""
    kinds = {kind for held in organisations.PLACES.values() for kind in held}
    return [
        (str(o.id), "　" * (o.path.count(".") - 1) + o.name)
        for o in organisations.tree()
        if o.is_active and o.kind in kinds
    ]


def _once(account: Account, clear: str, title: str) -> str:
    """The one-time password, shown on this one answer and stored nowhere."""
    return render_template("accounts/once.html", account=account, clear=clear, title=title)


@bp.get("")
@needs(Permission.ACCOUNT_MANAGE)
def index() -> str:
    query = db.select(Account, PartyOrg.name).join(
        PartyOrg, (PartyOrg.id == Account.org_id) & (PartyOrg.tenant_id == Account.tenant_id)
    )
    rows = db.session.execute(query.order_by(Account.is_active.desc(), PartyOrg.path, Account.username)).all()
    return render_template("accounts/index.html", rows=rows, roles=words.ROLES)


@bp.get("/roles")
@needs(Permission.ACCOUNT_MANAGE)
def roles() -> str:
    public = sorted(
        (rule.rule, policy.removeprefix("public: "))
        for rule in current_app.url_map.iter_rules()
        if isinstance(policy := getattr(current_app.view_functions[rule.endpoint], "policy", None), str)
        and policy.startswith("public: ")
    )
    return render_template(
        "accounts/roles.html", grants=GRANTS, permissions=PERMISSIONS, roles=_roles(), whole=WHOLE_COUNTY, public=public
    )


@bp.route("/new", methods=["GET", "POST"])
@needs(Permission.ACCOUNT_MANAGE)
def new() -> Any:
    form = Form(NewAccount)
    if form.is_sent:
        with form:
            values = form.read()
            role = Role(values.pop("role"))
            organisations.demand_place(role, values["org_id"])
            account, clear = accounts.open_account(role=role, **values)
            return _once(account, clear, "账号已开立")
    return form.page("accounts/new.html", roles=_roles(), places=_places())


@bp.route("/<uuid:account_id>", methods=["GET", "POST"])
@needs(Permission.ACCOUNT_MANAGE)
def show(account_id: UUID) -> Any:
    """One account: who it is, its live sessions, what was done with it; the form changes name, role and place."""
    account = accounts.get(account_id)
    form = Form(
        Appointment,
        {"name": account.name, "role": account.role, "org_id": account.org_id, "work_phone": account.work_phone},
    )
    if form.is_sent:
        with form:
            values = form.read()
            role = Role(values.pop("role"))
            organisations.demand_place(role, values["org_id"])
            accounts.appoint(account, role=role, **values)
            flash("已保存")
            return redirect(url_for("accounts.show", account_id=account_id), 303)
    return form.page(
        "accounts/show.html",
        account=account,
        roles=_roles(),
        role_words=words.ROLES,
        places=_places(),
        is_own=account.id == edge.actor().account_id,
        sessions=accounts.live_sessions(account.id),
        log=timeline.of(subject_id=account.id, limit=20),
    )


@bp.post("/<uuid:account_id>/reset")
@needs(Permission.ACCOUNT_MANAGE)
def reset(account_id: UUID) -> str:
    account = accounts.get(account_id)
    return _once(account, accounts.reset_password(account), "密码已重置")


@bp.route("/<uuid:account_id>/close", methods=["GET", "POST"])
@needs(Permission.ACCOUNT_MANAGE)
def close(account_id: UUID) -> Any:
    account = accounts.get(account_id)
    form = Form(Closing)
    if form.is_sent:
        with form:
            accounts.close_account(account, form.read()["reason"])
            flash(say("已停用{name}的账号", name=account.name))
            return redirect(url_for("accounts.index"), 303)
    return form.page("accounts/close.html", account=account)


@bp.post("/<uuid:account_id>/reopen")
@needs(Permission.ACCOUNT_MANAGE)
def reopen(account_id: UUID) -> str:
    account = accounts.get(account_id)
    return _once(account, accounts.reopen_account(account), "账号已恢复")
