"""Accounts of the county's staff, and the page of roles rendered from the table the code obeys.

Four verbs in four hands: the system administrator opens, the security administrator grants and closes, what concerns an
administrator's own account wants two of them, and the auditor reads it all in the log.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from marshmallow import Schema
from werkzeug.wrappers import Response

from web.blueprints import edge, navigation, staff, timeline, words
from web.blueprints.forms import Form, Id, One, Text, Tick
from web.blueprints.navigation import Item
from web.blueprints.policy import needs
from web.blueprints.workbench.sheets import opening, sheet_of
from web.core.saying import say
from web.tenants.accounts import four_eyes
from web.tenants.accounts import service as accounts
from web.tenants.accounts.models import Account, ProposalAct
from web.tenants.accounts.permissions import ADMINISTRATORS, GRANTS, WHOLE_COUNTY, Permission, Role
from web.tenants.counties import service as counties
from web.tenants.members import citizen_id
from web.tenants.organisations import service as organisations

bp = Blueprint("accounts", __name__, url_prefix="/<county>/accounts")
navigation.ITEMS.append(Item("设置", "账号与角色", "accounts.index", Permission.ACCOUNT_READ))


def _roles() -> list[tuple[str, str]]:
    return [(role.value, words.ROLES[role]) for role in Role]


class Identity(Text):
    """An identity number, of which only a digest is kept."""

    default_error_messages = {"id_check": "id_check", "id_length": "id_length"}  # noqa: RUF012

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        number = citizen_id.normalise(super()._deserialize(value, attr, data, **kwargs))
        if number and len(number) != 18:
            raise self.make_error("id_length")
        if number and not citizen_id.is_valid(number):
            raise self.make_error("id_check")
        return number


class NewAccount(Schema):
    username = Text("用户名", limit=40, required=True)
    name = Text("姓名", limit=40, required=True)
    person = Identity("身份证号", limit=24, required=True)
    role = One("拟授角色", _roles)
    org_id = Id("所在组织")
    work_phone = Text("办公电话", limit=40)


class Whose(Schema):
    name = Text("姓名", limit=40, required=True)
    person = Identity("身份证号", limit=24)
    work_phone = Text("办公电话", limit=40)


class Appointment(Schema):
    role = One("角色", _roles)
    org_id = Id("所在组织")


class Reason(Schema):
    reason = Text("事由", limit=200, required=True)


class Security(Schema):
    demands_code = Tick("管理员登录要填动态码")


PROPOSALS: dict[str, str] = {
    ProposalAct.CLOSE: "停用账号",
    ProposalAct.RESET: "重置密码",
    ProposalAct.RELEASE: "解除验证器",
}
"""What two persons do to an administrator's account, in words."""


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
@needs(Permission.ACCOUNT_READ)
def index() -> str | Response:
    """Every account, and what waits for a second administrator."""
    sheet = sheet_of("accounts", staff.org_choices(), staff.roles_in_use())
    if (first := opening(sheet.listing, sheet.arranged)) is not None:
        return first
    page = sheet.page(staff.ACCOUNTS)
    missing = ADMINISTRATORS - {Role(role) for role in sheet.arranged.choices.get("in_use", {})}
    return render_template(
        "accounts/index.html", page=page, sheet=sheet, roles=words.ROLES, acts=PROPOSALS, settings=counties.settings(),
        state_of=lambda account: staff.STATES[staff.state_of(account)], is_gone=lambda it: staff.state_of(it.account) == "closed",
        proposals=[(p, name, by, four_eyes.may_decide(p)) for p, name, by in four_eyes.waiting()],
        missing=[words.ROLES[role] for role in Role if role in missing],
    )  # fmt: skip


@bp.get("/roles")
@needs(Permission.HOME_READ)
def roles() -> str:
    """The table the code obeys, for everybody to read."""
    public = sorted(
        (rule.rule, policy.removeprefix("public: "))
        for rule in current_app.url_map.iter_rules()
        if isinstance(policy := getattr(current_app.view_functions[rule.endpoint], "policy", None), str)
        and policy.startswith("public: ")
    )
    return render_template(
        "accounts/roles.html",
        grants=GRANTS,
        permissions=words.PERMISSIONS,
        roles=_roles(),
        whole=WHOLE_COUNTY,
        public=public,
    )


@bp.route("/new", methods=["GET", "POST"])
@needs(Permission.ACCOUNT_OPEN)
def new() -> Any:
    form = Form(NewAccount)
    if form.is_sent:
        with form:
            values = form.read()
            role = Role(values.pop("role"))
            organisations.demand_place(role, values["org_id"])
            account, clear = accounts.open_account(role=role, **values)
            return _once(account, clear, "账号已开立，等安全管理员授予角色")
    return form.page("accounts/new.html", roles=_roles(), places=_places())


@bp.get("/<uuid:account_id>")
@needs(Permission.ACCOUNT_READ)
def show(account_id: UUID) -> str:
    """One account: who it is, its live sessions, what was done with it, and what may be done now."""
    account = accounts.get(account_id)
    return render_template(
        "accounts/show.html",
        account=account,
        org=organisations.get(account.org_id),
        role_words=words.ROLES,
        acts=PROPOSALS,
        is_own=account.id == edge.actor().account_id,
        wants_two=account.role in ADMINISTRATORS and account.is_active,
        sessions=accounts.live_sessions(account.id),
        log=timeline.of(subject_id=account.id, limit=20),
    )


@bp.route("/<uuid:account_id>/amend", methods=["GET", "POST"])
@needs(Permission.ACCOUNT_OPEN)
def amend(account_id: UUID) -> Any:
    """Name and telephone; the identity number of an account from before it was asked."""
    account = accounts.get(account_id)
    form = Form(Whose, {"name": account.name, "work_phone": account.work_phone})
    if form.is_sent:
        with form:
            accounts.amend(account, **form.read())
            flash("已保存")
            return redirect(url_for("accounts.show", account_id=account_id), 303)
    return form.page("accounts/amend.html", account=accounts.get(account_id))


@bp.route("/<uuid:account_id>/appoint", methods=["GET", "POST"])
@needs(Permission.ACCOUNT_GRANT)
def appoint(account_id: UUID) -> Any:
    """Grant a role and a place; a waiting or closed account comes into use with it."""
    account = accounts.get(account_id)
    form = Form(Appointment, {"role": account.role, "org_id": account.org_id})
    if form.is_sent:
        with form:
            values = form.read()
            role = Role(values["role"])
            organisations.demand_place(role, values["org_id"])
            accounts.appoint(account, role, values["org_id"])
            flash(say("已授予{name}角色：{role}", name=account.name, role=words.ROLES[role]))
            return redirect(url_for("accounts.show", account_id=account_id), 303)
    return form.page("accounts/appoint.html", account=accounts.get(account_id), roles=_roles(), places=_places())


@bp.post("/<uuid:account_id>/reset")
@needs(Permission.ACCOUNT_OPEN)
def reset(account_id: UUID) -> str:
    account = accounts.get(account_id)
    return _once(account, accounts.reset_password(account), "密码已重置")


@bp.route("/<uuid:account_id>/<any(close, release):act>", methods=["GET", "POST"])
@needs(Permission.ACCOUNT_GRANT)
def end(account_id: UUID, act: str) -> Any:
    """Close an account, or take its second factor off; of an administrator only by two."""
    account = accounts.get(account_id)
    form = Form(Reason)
    if form.is_sent:
        with form:
            (accounts.close_account if act == "close" else accounts.release)(account, form.read()["reason"])
            closed = say("已停用{name}的账号", name=account.name)
            flash(closed if act == "close" else say("已解除{name}的验证器", name=account.name))
            return redirect(url_for("accounts.show", account_id=account_id), 303)
    return form.page("accounts/end.html", account=accounts.get(account_id), act=act, title=PROPOSALS[act])


@bp.route("/<uuid:account_id>/propose/<any(close, reset, release):act>", methods=["GET", "POST"])
@needs(Permission.ACCOUNT_CONFIRM)
def propose(account_id: UUID, act: str) -> Any:
    """The first of two persons."""
    account = accounts.get(account_id)
    form = Form(Reason)
    if form.is_sent:
        with form:
            four_eyes.propose(account, ProposalAct(act), form.read()["reason"])
            flash("已提议，等另一位管理员确认")
            return redirect(url_for("accounts.index"), 303)
    return form.page("accounts/propose.html", account=accounts.get(account_id), act=act, title=PROPOSALS[act])


@bp.post("/proposals/<uuid:proposal_id>/<any(confirm, refuse):answer>")
@needs(Permission.ACCOUNT_CONFIRM)
def decide(proposal_id: UUID, answer: str) -> Any:
    """The second of two persons; who proposed may take it back."""
    if answer == "confirm":
        account, clear = four_eyes.confirm(proposal_id)
        if clear:
            return _once(account, clear, "已确认，密码已重置")
        flash(say("已确认，{name}的账号已处置", name=account.name))
    else:
        four_eyes.refuse(proposal_id)
        flash("这件提议已了结，没有办理")
    return redirect(url_for("accounts.index"), 303)


@bp.post("/security")
@needs(Permission.ACCOUNT_GRANT)
def security() -> Any:
    """Whether administrators sign in with a second factor."""
    counties.demand_code(is_demanded=Form(Security).read()["demands_code"])
    flash("已保存")
    return redirect(url_for("accounts.index"), 303)
