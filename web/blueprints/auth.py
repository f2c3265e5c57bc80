"""Signing in and out, one's own password, and one's own sessions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import segno
from flask import Blueprint, current_app, flash, g, redirect, render_template, request, session, url_for
from flask_login import current_user, login_user, logout_user
from marshmallow import Schema
from werkzeug.wrappers import Response

from web.blueprints import edge, kept, navigation, words
from web.blueprints.english import choice
from web.blueprints.forms import Form, Text
from web.blueprints.policy import needs, public
from web.core.saying import joined, say
from web.tenants.accounts import factors
from web.tenants.accounts import service as accounts
from web.tenants.accounts.models import Account
from web.tenants.accounts.permissions import ADMINISTRATORS, Permission
from web.tenants.counties import service as counties

bp = Blueprint("auth", __name__, url_prefix="/<county>")


class SignIn(Schema):
    username = Text("用户名", limit=40, required=True)
    password = Text("密码", limit=200, required=True, strip=False)
    code = Text("动态码", limit=40)
    next = Text(limit=2000)
    kept = Text(limit=kept.MOST * 2, strip=False)


class Code(Schema):
    code = Text("动态码", limit=40, required=True)


BINDING = frozenset({"auth.factor", "auth.begin_factor"})
"""The pages that bind a second factor."""


class NewPassword(Schema):
    current = Text("现用密码", limit=200, required=True, strip=False)
    new = Text("新密码", limit=200, required=True, strip=False)
    again = Text("再输入一次新密码", limit=200, required=True, strip=False)


def own_path(wanted: str) -> str:
    """The address if it is a page of this county, else the county's home: no link of ours leads elsewhere."""
    is_own = (
        wanted.startswith(f"/{g.county.code}/") and wanted.isprintable() and "\\" not in wanted and ".." not in wanted
    )
    return wanted if is_own else navigation.places().get("home", url_for("auth.sessions"))


def enter(account: Account) -> None:
    """Begin a session in this browser for an account that has proved itself (or that the demo's door lets in)."""
    token = edge.new_token()
    accounts.begin_session(
        account, edge.token_digest(token), ip=request.remote_addr or "", agent=request.user_agent.string
    )
    session.clear()
    login_user(edge.find_user(token))


_BROWSERS = (
    ("MicroMessenger", "微信"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


@bp.app_template_filter("browser")
def browser(agent: str) -> str:
    """What people call the program that sent this User-Agent: Chrome，Windows."""
    found = [next((words for mark, words in table if mark in agent), "") for table in (_BROWSERS, _SYSTEMS)]
    return joined("，", filter(None, found)) or "其他程序"


@bp.before_app_request
def change_first() -> Response | None:
    """With a one-time or outlived password no page opens but the one that changes it, and then, where the
    county demands a second factor of its administrators, none but the one that binds it.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    asks = isinstance(getattr(view, "policy", None), Permission)
    if "county" not in g or not asks or request.endpoint in {"auth.change_password", "auth.sign_out"}:
        return None
    if not current_user.is_authenticated:
        return None
    if current_user.must_change:
        return redirect(url_for("auth.change_password"), 303)
    if current_user.must_bind and request.endpoint not in BINDING:
        return redirect(url_for("auth.factor"), 303)
    return None


@bp.route("/sign-in", methods=["GET", "POST"])
@public("登录之前还没有登录")
def sign_in() -> Any:
    """One message for wrong name, wrong password and a locked account; each failure is counted, so it is committed."""
    wanted = request.form.get("next", "") if request.method == "POST" else request.args.get("next", "")
    if current_user.is_authenticated and request.method == "GET":
        return redirect(own_path(wanted), 303)
    form = Form(SignIn, {"next": wanted, "kept": ""})
    if form.is_sent:
        with form:
            values = form.read()
            account = accounts.authenticate(
                values["username"], values["password"], values.get("code", ""), ip=request.remote_addr or ""
            )
            if account is not None:
                enter(account)
                waiting = kept.read(values.get("kept", ""), account.id)
                if waiting is not None:
                    path, fields = waiting
                    return render_template("auth/resume.html", path=own_path(path), fields=fields)
                return redirect(own_path(wanted), 303)
            form.errors[""] = [words.FIELD_ERRORS["sign_in_refused"]]
    return form.page("auth/sign_in.html")


@bp.post("/sign-out")
@needs(Permission.SELF_WRITE)
def sign_out() -> Any:
    account = accounts.get(current_user.actor.account_id)
    accounts.end_session(account, current_user.session_id, verb="account.sign_out")
    logout_user()
    session.clear()
    return redirect(url_for("auth.sign_in"), 303)


class Language(Schema):
    language = Text("界面语言", limit=10, required=True)
    next = Text(limit=2000)


@bp.post("/language")
@needs(Permission.SELF_WRITE)
def choose_language() -> Any:
    """The language of the account's pages, in every browser; this browser's sign-in page follows. One not offered changes nothing."""
    values = Form(Language).read()
    answer = redirect(own_path(values.get("next", "")), 303)
    if values["language"] in choice.LANGUAGES:
        accounts.choose_language(current_user.actor.account_id, values["language"])
        choice.keep(answer, values["language"])
    return answer


@bp.route("/password", methods=["GET", "POST"])
@needs(Permission.SELF_WRITE)
def change_password() -> Any:
    form = Form(NewPassword)
    if form.is_sent:
        with form:
            account = accounts.get(current_user.actor.account_id)
            if accounts.change_password(account, **form.read(), keep=current_user.session_id):
                flash("密码已改，其他地方的登录都已退出")
                return redirect(own_path(""), 303)
            form.errors["current"] = [words.FIELD_ERRORS["password_wrong"]]
    return form.page("auth/password.html", is_forced=current_user.must_change)


@bp.route("/second-factor", methods=["GET", "POST"])
@needs(Permission.SELF_WRITE)
def factor() -> Any:
    """The second factor: begun, bound by the code the telephone shows, taken off by another code."""
    account = accounts.get(current_user.actor.account_id)
    form = Form(Code)
    if form.is_sent:
        with form:
            code = form.read()["code"]
            if account.factor_at is None:
                return render_template("auth/recovery.html", codes=accounts.bind(account, code))
            if accounts.unbind(account, code):
                flash("已解除验证器，以后登录只要密码")
                return redirect(url_for("auth.factor"), 303)
            form.errors["code"] = [words.FIELD_ERRORS["code_wrong"]]
    account = accounts.get(current_user.actor.account_id)
    return form.page(
        "auth/factor.html",
        account=account,
        is_forced=current_user.must_bind,
        is_demanded=account.role in ADMINISTRATORS and counties.settings().demands_code,
        **_shown_secret(account),
    )


def _shown_secret(account: Account) -> dict[str, str]:
    """The picture a telephone reads and the same for typing in, while the secret is not bound yet."""
    if account.factor is None or account.factor_at is not None:
        return {}
    picture = segno.make_qr(factors.address(account, g.county.code), error="m")
    return {"picture": picture.svg_data_uri(scale=5, border=4, light="#fff"), "typed": factors.typed(account)}


@bp.post("/second-factor/begin")
@needs(Permission.SELF_WRITE)
def begin_factor() -> Any:
    accounts.begin_binding(accounts.get(current_user.actor.account_id))
    return redirect(url_for("auth.factor"), 303)


@bp.get("/sessions")
@needs(Permission.SELF_WRITE)
def sessions() -> str:
    rows = accounts.live_sessions(current_user.actor.account_id)
    return render_template("auth/sessions.html", rows=rows, here_id=current_user.session_id)


@bp.post("/sessions/<uuid:session_id>/revoke")
@needs(Permission.SELF_WRITE)
def revoke(session_id: UUID) -> Any:
    accounts.end_session(accounts.get(current_user.actor.account_id), session_id)
    flash("已让那台设备退出")
    return redirect(url_for("auth.sessions"), 303)


@bp.post("/sessions/revoke-others")
@needs(Permission.SELF_WRITE)
def revoke_others() -> Any:
    count = accounts.end_sessions(accounts.get(current_user.actor.account_id), but=current_user.session_id)
    flash(say("已让其他 {count} 台设备退出", count=count) if count else "没有其他登录")
    return redirect(url_for("auth.sessions"), 303)
