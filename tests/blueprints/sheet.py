"""The sheet of parts as an application of its own: no database, no sign-in, the same content policy as the product."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, Response, render_template, render_template_string, request
from flask_wtf import CSRFProtect

import web
from web.blueprints import appearance, assets, filters, gallery
from web.blueprints.edge import CSP
from web.blueprints.navigation import Entry, Section


@dataclass(frozen=True)
class County:
    code: str = "330110"
    name: str = "余杭区"
    office: str = "余杭区委组织部"
    is_demo: bool = True


@dataclass(frozen=True)
class Reader:
    name: str = "陈例丁"
    role_label: str = "县级经办"

    def can(self, permission: str) -> bool:
        return True

    def left_out(self) -> str:
        return ""


NAV = [
    Section("办理", [Entry("待办", "/parts", 23, is_now=True, is_current=False)]),
    Section(
        "共管",
        [
            Entry("关系转接", "/parts", 1024, is_now=False, is_current=True),
            Entry("半年报告", "/parts", None, is_now=False, is_current=False),
        ],
    ),
]
PLACES = {"home": "/parts", "search": "/parts", "found": "/found", "notices": "/parts", "leave": "/parts"}


def build() -> Flask:
    """The gallery inside the shell; `?bare=1` shows it as a bare page, /wrong/<status> an error, /job a finished job."""
    app = Flask("web", root_path=str(Path(web.__file__).parent))
    app.config.update(SECRET_KEY="only in tests", TESTING=True, PROPAGATE_EXCEPTIONS=True)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    CSRFProtect(app)
    filters.register(app)
    for module in (assets, appearance, gallery):
        app.register_blueprint(module.blueprint)
    asked: list[str] = []
    app.extensions["asked"] = asked

    @app.context_processor
    def shell() -> dict[str, Any]:
        if request.args.get("bare"):
            return {"county": None, "me": None, "nav": [], "places": {}, "notice_count": 0}
        return {"county": County(), "me": Reader(), "nav": NAV, "places": PLACES, "notice_count": 3}

    @app.get("/found")
    def found() -> str:
        asked.append(request.args.get("q", ""))
        return '<a href="/parts">张示例</a>'

    @app.get("/one")
    def one() -> str:
        return render_template_string(
            "{% extends 'shell.html' %}{% import 'parts.html' as p %}{% block title %}一条{% endblock %}"
            "{% block main %}{{ p.crumb([('名单', '/parts'), ('一条', none)]) }}<h1>一条</h1>{% endblock %}"
        )

    @app.get("/wrong/<int:status>")
    def wrong(status: int) -> tuple[str, int]:
        layout = request.args.get("layout", "bare.html")
        return render_template(
            "errors/error.html", status=status, detail="现在不能这样办", who=["罗试甲"], layout=layout
        ), status

    @app.after_request
    def headers(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = CSP
        return response

    return app
