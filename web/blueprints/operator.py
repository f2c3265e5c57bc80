"""The operator's pages: does the deployment work, what waits, which counties there are; the doors into a county; backups.

An operator belongs to no county. The pages are made in units of work for no county, where row-level security shows no
row of any, but for two counts made in each county's own unit (`post/depth.py`): messages that wait, lines that stand. They
read rows of outbox, partners and channels, and numbers alone come out. What touches a county goes through
`operators.through`, which writes it into that county's own log first.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, session, url_for
from marshmallow import Schema
from sqlalchemy import text
from werkzeug.wrappers import Response

from web.blueprints import edge, filters, health, words
from web.blueprints.accounts import Identity
from web.blueprints.auth import NewPassword
from web.blueprints.forms import Form, One, Text
from web.blueprints.policy import OPERATOR, operates, public
from web.core import clock
from web.extensions import db, valkey
from web.federation.post import depth
from web.federation.post.models import PostDue
from web.tenants.accounts.permissions import ADMINISTRATORS, Role
from web.tenants.counties import service as counties
from web.tenants.counties.models import County
from web.tenants.operators import backups as kept
from web.tenants.operators import service as operators
from web.tenants.operators.models import Operator

bp = Blueprint("operator", __name__, url_prefix="/operator")

QUEUES = {"post": "县际收发", "work": "其他"}
ROLES = [(role.value, words.ROLES[role]) for role in Role if role in ADMINISTRATORS]


class SignIn(Schema):
    username = Text("用户名", limit=40, required=True)
    password = Text("密码", limit=200, required=True, strip=False)
    code = Text("动态码", limit=40, required=True)


class Why(Schema):
    reason = Text("事由", limit=200, required=True)


class Reset(Why):
    username = Text("管理员的用户名", limit=40, required=True)


class First(Why):
    role = One("角色", ROLES)
    username = Text("用户名", limit=40, required=True)
    name = Text("姓名", limit=40, required=True)
    person = Identity("身份证号", limit=24, required=True)


@dataclass(frozen=True)
class Door:
    """One thing an operator may do to a county. `act` gives the one-time password to show, or nothing."""

    title: str
    said: str
    schema: type[Schema]
    act: Callable[..., str | None]


DOORS: dict[str, Door] = {
    "stop": Door("停下后台任务", "已停下", Why, operators.stop_jobs),
    "start": Door("恢复后台任务", "已恢复", Why, operators.start_jobs),
    "reset": Door("重置管理员密码", "密码已重置", Reset, operators.reset),
    "release": Door("解除管理员验证器", "验证器已解除", Reset, operators.release),
    "open": Door("开立首任管理员", "账号已开立", First, operators.open_administrator),
}


def _token() -> bytes:
    return edge.token_digest(str(session.get("operator", "")))


@bp.before_request
def know() -> Response | None:
    """Nobody but a signed-in operator opens these pages, and with a one-time password only the one that changes it."""
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "policy", None) != OPERATOR:
        return None
    found = operators.signed_in(_token())
    if found is None:
        return redirect(url_for("operator.sign_in"), 303)
    g.operator = found
    if found.must_change and request.endpoint not in {"operator.change_password", "operator.sign_out"}:
        return redirect(url_for("operator.change_password"), 303)
    return None


def me() -> Operator:
    """Who makes this request."""
    found: Operator = g.operator
    return found


@bp.route("/sign-in", methods=["GET", "POST"])
@public("平台运维人员登录之前还没有登录")
def sign_in() -> Any:
    """One message whatever was wrong; each failure is counted, so it is committed."""
    form = Form(SignIn)
    if form.is_sent:
        with form:
            found = operators.authenticate(**form.read())
            if found is not None:
                token = edge.new_token()
                operators.begin_session(found, edge.token_digest(token), ip=request.remote_addr or "")
                session.clear()
                session["operator"] = token
                return redirect(url_for("operator.index"), 303)
            form.errors[""] = [words.FIELD_ERRORS["sign_in_refused"]]
    return form.page("operator/sign_in.html")


@bp.post("/sign-out")
@operates
def sign_out() -> Any:
    operators.end_session(_token())
    session.clear()
    return redirect(url_for("operator.sign_in"), 303)


@bp.route("/password", methods=["GET", "POST"])
@operates
def change_password() -> Any:
    form = Form(NewPassword)
    if form.is_sent:
        with form:
            if operators.change_password(me(), **form.read(), keep=_token()):
                flash("密码已改，其他地方的登录都已退出")
                return redirect(url_for("operator.index"), 303)
            form.errors["current"] = [words.FIELD_ERRORS["password_wrong"]]
    return form.page("operator/password.html", operator=me())


@dataclass(frozen=True)
class Line:
    """One county as an operator sees it: its public name, whether its work goes on, what waits to be sent and what stands."""

    county: County
    lines: int
    messages: int
    oldest: datetime | None
    stopped: int


def _lines() -> list[Line]:
    deep = depth.of_every_county()
    due: dict[int, list[datetime]] = {}
    for tenant_id, due_at in db.session.execute(db.select(PostDue.tenant_id, PostDue.due_at)):
        due.setdefault(tenant_id, []).append(due_at)
    return [
        Line(
            county,
            len(due.get(county.tenant_id, ())),
            sum(n for (tenant_id, _), n in deep.waiting.items() if tenant_id == county.tenant_id),
            min(due.get(county.tenant_id, ()), default=None),
            deep.stopped.get(county.tenant_id, 0),
        )
        for county in counties.every()
    ]


def _versions(*, has_valkey: bool) -> list[tuple[str, str]]:
    return [
        ("数据库结构", health.HEAD),
        ("PostgreSQL", str(db.session.scalar(text("SHOW server_version")))),
        ("Valkey", str(valkey.client.info("server").get("valkey_version", "")) if has_valkey else "连不上"),
        ("Python", platform.python_version()),
    ]


@bp.get("/")
@operates
def index() -> str:
    """Health, versions, what waits in the queues and on the lines, and the counties by their public names."""
    state, erasing = health.state(), health.erasing()
    # Whatever is down, this page says so: a dead Valkey is not asked what waits there, nor for its version.
    queues = health.queues() if state["valkey"] else {}
    return render_template(
        "operator/index.html", operator=me(), lines=_lines(), now=clock.now(), parts=state,
        is_well=all(state.values()) and erasing == "told", erasing=ERASING[erasing],
        queues=[(QUEUES[name.split('"')[1]], filters.n(int(depth))) for name, depth in queues.items()] or [("Valkey", "连不上")],
        versions=_versions(has_valkey=state["valkey"]),
    )  # fmt: skip


@bp.route("/counties/<code>/<any(stop, start, reset, release, open):act>", methods=["GET", "POST"])
@operates
def door(code: str, act: str) -> Any:
    """One act on one county, with a reason its auditor will read."""
    county, door = counties.by_code(code), DOORS[act]
    form = Form(door.schema)
    if form.is_sent:
        with form:
            values = form.read()
            if "role" in values:
                values["role"] = Role(values["role"])
            clear = door.act(me(), code, **values, ip=request.remote_addr or "")
            if clear:
                return render_template(
                    "operator/once.html", operator=me(), county_name=county.name, door=door, clear=clear
                )
            flash(door.said)
            return redirect(url_for("operator.index"), 303)
    shown = counties.by_code(code)
    return form.page("operator/door.html", operator=me(), shown=shown, act=act, door=door, roles=ROLES)


# What hindered a backup, in the words of deploy/asked.py → what was wrong, and the one thing to do about it.
PROBLEMS = {
    "key": ("没有口令，或口令太短", "在服务器上给 deploy/backup 一个至少 16 个字符的口令文件（--key-file），再要一份"),
    "disk": ("服务器上存备份的磁盘满了", "腾出地方，再要一份"),
    "folder": ("存备份的文件夹写不进去", "在服务器上检查那个文件夹的权限，再要一份"),
    "dump": ("读数据库时出错", "看服务器上备份程序的日志，按它说的改好，再要一份"),
    "unread": ("写好的文件读回来不对，已经删掉", "检查服务器的磁盘，再要一份"),
    "interrupted": ("做到一半，备份程序停了", "再要一份"),
}
UNHEARD = timedelta(minutes=2)
# How what is destroyed is told outside the database, where a restore finds it (health.erasing) → in a word, and what to do.
ERASING = {
    "told": ("已写到库外", ""),
    "unset": (
        "没有写到库外",
        "没有设 KITELINE_ERASURES：从备份恢复时，已经销毁、撤回的内容会重新出现。在服务器上设好这个文件，放在与数据库不同的盘上，再重新启动",
    ),
    "unknown": ("查不到", ""),
    "late": (
        "等了一分钟，还没有写到库外",
        "从备份恢复时，这些已经销毁、撤回的内容会重新出现。请看调度程序是否在运行，KITELINE_ERASURES 那个文件能不能写",
    ),
}


@bp.route("/backups", methods=["GET", "POST"])
@operates
def backups() -> Any:
    """Ask for a backup of the whole deployment, and what came of the earlier ones. The file itself stays on the server."""
    form = Form(Why)
    if form.is_sent:
        with form:
            kept.ask(me(), form.read()["reason"], ip=request.remote_addr or "")
            flash("已记下，服务器上的备份程序会来做")
            return redirect(url_for("operator.backups"), 303)
    rows = kept.newest()
    is_open = any(row.ended_at is None for row in rows)
    is_unheard = any(row.begun_at is None and clock.now() - row.asked_at > UNHEARD for row in rows)
    return form.page(
        "operator/backups.html",
        operator=me(),
        rows=rows,
        problems=PROBLEMS,
        is_open=is_open,
        is_unheard=is_unheard,
        erasing=ERASING[health.erasing()],
    )
