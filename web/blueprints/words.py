"""The words of the edge: roles, errors, and the one handler that turns a DomainError into HTML or problem+json.

An entry of ERRORS says what is wrong, where, and how to mend it. A code without words fails a contract test.
"""

from __future__ import annotations

from typing import Any

import structlog
from flask import Flask, Response, g, jsonify, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from web.core.errors import DomainError, NotPermitted
from web.extensions import db
from web.tenants.accounts import service as accounts
from web.tenants.accounts.permissions import Permission, Role

log = structlog.get_logger(__name__)

ROLES: dict[str, str] = {
    Role.COUNTY_ADMIN: "县级经办",
    Role.TOWNSHIP_OFFICER: "乡镇街道党务",
    Role.BRANCH_SECRETARY: "支部书记",
    Role.AWAY_SECRETARY: "驻外支部书记",
    Role.LIAISON: "跨区联络员",
    Role.LEADER_READONLY: "分管领导",
    "anonymous": "未登录",
    "system": "系统",
    "peer": "伙伴县",
}

ERRORS: dict[str, str] = {
    "not_found": "没有找到。它可能不存在，也可能不属于本县",
    "not_permitted": "您的角色不能办这件事",
    "illegal_transition": "现在的状态不能这样办。请刷新页面，看轮到谁",
    "wrong_state": "现在的状态不能这样办。请刷新页面，看轮到谁",
    "state_written_outside_its_machine": "状态只能按流程改变",
    "waiting_for_partner": "上一步还在等对方答复。收到答复后再办",
    "conflict": "这条记录刚被别人改过。请核对后再保存",
    "csrf": "页面停留太久，表单凭证已失效。请返回刷新后重交，已填的内容仍在",
    "invalid": "有几处需要改正",
    "too_many": "次数太多，请稍后再试",
    "import_has_errors": "有 {count} 行有误，没有导入。请改正后重新上传，或选择“只导入正确行”",
    "import_nothing_to_do": "没有新增或更新的行，不需要导入",
    "import_undo_too_late": "导入已超过 7 天，不能整批撤销。请逐人修改",
    "import_file_gone": "原文件已按期清除，请重新上传",
    "task_cancelled": "任务已取消，没有写入任何内容",
    "too_large": "文件或表单太大，上限 24 MB。请拆分后再传",
}

# Words of a wrong field, by code.
FIELD_ERRORS: dict[str, str] = {
    "required": "必填",
    "taken": "已有同名的，请换一个",
    "in_the_future": "不能晚于今天",
    "before_left_on": "不能早于流出时间",
    "kind_not_under_parent": "这种组织不能设在所选上级之下",
    "has_open_organisations": "下面还有未撤销的组织，请先撤销或调整",
    "unknown_scope": "没有这个共享范围",
    "not_a_date": "不是有效日期，请写成 2026-11-23",
    "not_a_month": "请写成 年-月，例如 2026-10",
    "invalid": "不是有效的值",
    "too_long": "太长了",
    "choose_one": "请选一项",
    "unknown": "没有这一项",
    "not_a_number": "请填整数",
    "out_of_range": "超出允许的范围",
    "username_letters": "只能用英文字母、数字、点和下划线",
    "not_oneself": "不能对自己的账号这样办，请另一位管理员来办",
    "password_wrong": "现用密码不对",
    "password_short": "至少 8 位",
    "password_plain": "大写、小写、数字、符号至少要有三种",
    "password_holds_username": "不能含有用户名",
    "password_same": "不能与现用密码相同",
    "password_differs": "两次输入的不一样",
    "sign_in_refused": "用户名或密码不对。连续五次不对，账号停用三十分钟",
    "not_a_division_code": "不是六位区划代码",
    "not_this_place": "这个角色不能设在所选组织",
    "org_closed": "所选组织已撤销",
    "root_stays": "县委不能撤销",
    "has_people": "还有党员或账号编在这里，请先调整",
    "day_listed": "这一天已经列过",
    "same_as_calendar": "与国家放假安排相同，不用另列",
}


def of(error: DomainError) -> str:
    """The sentence for an error, its parameters filled in."""
    text = ERRORS.get(error.code, ERRORS["wrong_state"])
    try:
        return text.format(**error.params)
    except (KeyError, IndexError):
        return text


def field_errors(error: DomainError) -> dict[str, list[str]]:
    """field → sentences, for showing beside the fields."""
    return {name: [FIELD_ERRORS.get(c, c) for c in codes] for name, codes in getattr(error, "fields", {}).items()}


def register(app: Flask) -> None:
    """One handler for our errors, one for the framework's."""

    @app.errorhandler(DomainError)
    def ours(error: DomainError) -> Any:
        db.session.rollback()
        return _answer(error.status, error.code, of(error), who=_who_can(error) if isinstance(error, NotPermitted) else [])

    @app.errorhandler(CSRFError)
    def stale_form(error: CSRFError) -> Any:
        db.session.rollback()
        return _answer(400, "csrf", ERRORS["csrf"])

    @app.errorhandler(HTTPException)
    def theirs(error: HTTPException) -> Any:
        if error.code is not None and error.code < 400:
            return error
        db.session.rollback()
        code = {404: "not_found", 413: "too_large", 429: "too_many"}.get(error.code or 500, f"http_{error.code}")
        return _answer(error.code or 500, code, ERRORS.get(code, "请求不对，服务器没有办理"))

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Any:
        db.session.rollback()
        log.exception("request.failed", path=request.path)
        if app.testing or app.debug:
            raise error
        return _answer(500, "internal", "系统出了差错，您填的内容没有保存。差错已记录，请稍后再试或找管理员")


def _who_can(error: NotPermitted) -> list[str]:
    """Names with their roles; the roles alone when nobody holds one, or the refusal names no permission."""
    permission = error.params.get("permission")
    people = accounts.who_can(Permission(str(permission))) if permission and g.get("county") else []
    roles = error.params.get("who", ())
    assert isinstance(roles, list | tuple)
    return [f"{name}（{ROLES[role]}）" for name, role in people] or [ROLES.get(str(r), str(r)) for r in roles]


def _answer(status: int, code: str, detail: str, who: list[str] | None = None) -> Any:
    wants_json = request.path.startswith(("/fed/", "/api/")) or request.accept_mimetypes.best == "application/json"
    if wants_json:
        response: Response = jsonify(type=f"urn:kiteline:{code}", title=code, status=status, detail=detail)
        response.status_code, response.mimetype = status, "application/problem+json"
        return response
    signed_in = g.get("county") is not None and _signed_in()
    return render_template("errors/error.html", status=status, code=code, detail=detail, who=who or [],
                           layout="shell.html" if signed_in else "bare.html"), status  # fmt: skip


def _signed_in() -> bool:
    from flask_login import current_user

    return bool(current_user.is_authenticated)
