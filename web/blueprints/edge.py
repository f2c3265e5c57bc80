"""Assembles the application: unit of work and session a county, one commit a request, headers, errors, context.

The URL names the county (`/<code>/…`), the session cookie has that path and name: two counties stay signed in side by
side in one browser. The unit of work is opened before anything touches the database, since the login query would
otherwise begin a transaction without a county.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import structlog
from flask import Flask, Response, abort, g, redirect, request, url_for
from flask.json.tag import TaggedJSONSerializer
from flask.sessions import SecureCookieSessionInterface
from flask_login import UserMixin, current_user
from werkzeug.wrappers import Response as WerkzeugResponse

from web.blueprints import filters, kept, navigation, outages, policy, words
from web.blueprints.english import choice
from web.blueprints.english.environment import Bilingual
from web.blueprints.english.kept import SaidTag
from web.config import Settings
from web.core import clock, counters, events, fence, logs, permissions
from web.core.events import Actor
from web.core.ids import uuid7
from web.core.saying import joined, say
from web.extensions import csrf, db, login, valkey
from web.tenants.accounts.models import Account, LoginSession
from web.tenants.accounts.permissions import ADMINISTRATORS, GRANTS, Permission
from web.tenants.counties import service as counties
from web.tenants.counties.models import County, CountySettings
from web.tenants.organisations.models import PartyOrg

IDLE = timedelta(minutes=30)
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"
)

log = structlog.get_logger(__name__)


class Kiteline(Flask):
    """Flask with one commit a request (a view that returns commits, one that raises rolls back) and pages in two languages."""

    jinja_environment = Bilingual

    def dispatch_request(self) -> Any:
        answer = super().dispatch_request()
        if isinstance(getattr(g, "unit", None), fence.Unit):
            g.is_committing = True
            fence.commit()
        return answer


@dataclass(frozen=True)
class Here:
    """The county of this request."""

    tenant_id: int
    uid: UUID
    code: str
    name: str
    office: str
    is_demo: bool


@dataclass(frozen=True)
class User(UserMixin):  # type: ignore[misc]  # Flask-Login says no types of its own
    """Who is signed in: the account, and the session row whose token the cookie holds."""

    session_id: UUID
    token: str
    actor: Actor
    must_change: bool
    must_bind: bool
    language: str

    def get_id(self) -> str:
        """The token, never the account: a session can be revoked."""
        return self.token

    @property
    def name(self) -> str:
        return self.actor.name

    @property
    def role_label(self) -> str:
        return words.ROLES[self.actor.role]

    def can(self, permission: str) -> bool:
        """For templates: `me.can("member:write")`. An act the role has not is remembered: the foot of the page says who has it."""
        asked = Permission(permission)
        may = asked in GRANTS[self.actor.role]  # type: ignore[index]
        if not may and not asked.endswith(":read"):
            g.setdefault("left_out", {})[asked] = None
        return may

    def left_out(self) -> str:
        """What this page, so far, has left out because the role does not do it, with the roles that do; empty when nothing."""
        return joined("；", (self._others(asked) for asked in g.get("left_out", ())))

    def _others(self, act: Permission) -> str:
        roles = joined("、", (words.ROLES[role] for role in permissions.holders(GRANTS, act)))
        return say("{act}（由{roles}办理）", act=words.PERMISSIONS[act], roles=roles)


class CountySessions(SecureCookieSessionInterface):
    """One cookie a county, limited to the county's path. A flash keeps the template of its sentence."""

    serializer = TaggedJSONSerializer()
    serializer.register(SaidTag, index=0)

    def get_cookie_name(self, app: Flask) -> str:
        code = _code()
        return f"kl_{code}" if code else "kl"

    def get_cookie_path(self, app: Flask) -> str:
        code = _code()
        return f"/{code}/" if code else "/"


def _code() -> str:
    first = request.path.split("/", 2)[1] if request.path.startswith("/") else ""
    return first if (len(first) == 6 and first.isdigit()) or first == "operator" else ""


def build(settings: Settings) -> Flask:
    """Everything in its order; the policies are enforced last."""
    logs.configure()
    app = Kiteline("web", root_path=str(Path(__file__).parent.parent))
    app.config.update(
        SECRET_KEY=settings.secret,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.is_https,
        MAX_CONTENT_LENGTH=24 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=settings.is_https,
    )
    app.extensions["kiteline"] = settings
    app.session_interface = CountySessions()
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.url_map.strict_slashes = False
    db.init_app(app)
    valkey.init_app(app, settings.redis_url)
    _requests(app)
    login.init_app(app)
    csrf.init_app(app)
    filters.register(app)
    words.register(app)
    outages.register(app)
    from web.blueprints import rooms
    from web.federation import registry  # noqa: F401  (every kind of message finds its room)

    for blueprint in rooms.BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.context_processor(_context)
    app.after_request(_headers)
    app.after_request(_told)
    policy.enforce(app)
    return app


def _requests(app: Flask) -> None:
    @app.before_request
    def number_it() -> None:
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=str(uuid7()))
        g.began = time.perf_counter()

    @app.before_request
    def open_unit() -> None:
        stack = g.stack = ExitStack()
        code = g.get("county_code")
        if code is None:
            g.unit = stack.enter_context(fence.platform("a page that names no county"))
            return
        with fence.platform("which county the URL names"):
            county = db.session.scalars(db.select(County).where(County.code == code)).first()
        if county is None:
            g.unit = stack.enter_context(fence.platform("no such county"))
            abort(404)
        g.county = Here(county.tenant_id, county.uid, county.code, county.name, county.office, county.is_demo)
        g.unit = stack.enter_context(fence.acting_for(county.tenant_id))
        counties.enter(county)
        if current_user.is_authenticated:
            stack.enter_context(events.by(current_user.actor))

    @app.url_defaults
    def same_county(endpoint: str, values: dict[str, Any]) -> None:
        if "county" not in values and "county" in g and app.url_map.is_endpoint_expecting(endpoint, "county"):
            values["county"] = g.county.code

    @app.url_value_preprocessor
    def take_county(endpoint: str | None, values: dict[str, Any] | None) -> None:
        # Views do not take the county: it stands in `g.county`, and the fence holds it.
        g.county_code = (values or {}).pop("county", None)

    @app.teardown_request
    def close_unit(error: BaseException | None) -> None:
        stack = g.pop("stack", None)
        if stack is not None:
            stack.close()

    @login.user_loader
    def load(token: str) -> User | None:
        if "county" not in g:
            return None
        return find_user(token)

    @login.unauthorized_handler
    def sign_in_first() -> WerkzeugResponse | tuple[str, int]:
        if (waits := kept.page()) is not None:
            return waits
        wanted = request.full_path.rstrip("?") if request.method == "GET" else None
        response = redirect(url_for("auth.sign_in", next=wanted), 303)
        if request.headers.get("HX-Request"):
            response.status_code, response.headers["HX-Redirect"] = 401, response.headers["Location"]
        return response


def token_digest(token: str) -> bytes:
    """What the session row stores of a cookie's token."""
    return hashlib.sha256(token.encode()).digest()


def new_token() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def find_user(token: str) -> User | None:
    """The account of a live session row: not revoked, not idle, account active. One query, the county's settings with it."""
    now = clock.now()
    query = (
        db.select(LoginSession, Account, PartyOrg.path, CountySettings)
        .join(Account, (Account.id == LoginSession.account_id) & (Account.tenant_id == LoginSession.tenant_id))
        .join(PartyOrg, (PartyOrg.id == Account.org_id) & (PartyOrg.tenant_id == Account.tenant_id))
        .outerjoin(CountySettings, CountySettings.tenant_id == Account.tenant_id)
        .where(LoginSession.token == token_digest(token), LoginSession.revoked_at.is_(None), Account.is_active)
    )
    found = db.session.execute(query).first()
    if found is None or now - found[0].last_seen_at > IDLE:
        return None
    row, account, path, settings = found
    if settings is not None:
        counties.hold(settings)
    if now - row.last_seen_at > timedelta(minutes=1):
        row.last_seen_at = now
    actor = Actor(account.id, account.name, account.role, account.org_id, path, request.remote_addr or "")
    is_bare = account.role in ADMINISTRATORS and account.factor_at is None
    return User(
        row.id, token, actor, account.must_change, is_bare and counties.settings().demands_code, account.language
    )


def _context() -> dict[str, Any]:
    county = g.get("county")
    home = {"home": f"/{county.code}/"} if county else {}
    if g.get("is_out"):  # the database is not to be asked who this is
        return {"county": county, "me": None, "nav": [], "notice_count": 0, "places": home, "today": clock.today(),
                "language": choice.language(), "languages": {}}  # fmt: skip
    me = current_user if county and current_user.is_authenticated else None
    whole = me is not None and not request.headers.get("HX-Request")
    nav, notices = navigation.build(me.actor) if me and whole else ([], 0)
    return {
        "county": county,
        "me": me,
        "nav": nav,
        "notice_count": notices,
        "places": navigation.places(me.actor) if me else {},
        "today": clock.today(),
        "shown_at": say("{day} {time}", day=clock.today(), time=f"{clock.now().astimezone(clock.CHINA):%H:%M}"),
        "language": choice.language(),
        "languages": choice.LANGUAGES,
    }


def _headers(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = CSP
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.endpoint not in ("static", "assets.file"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _told(response: Response) -> Response:
    """One line and one count a request: its route, never its address, which may hold what somebody searched for."""
    if request.endpoint in ("static", "assets.file"):
        return response
    route = request.url_rule.rule if request.url_rule else "none"
    status = str(response.status_code)
    counters.count("kiteline_requests_total", route=route, method=request.method, status=status)
    log.info("request", route=route, method=request.method, status=response.status_code,
             ms=round((time.perf_counter() - g.get("began", time.perf_counter())) * 1000))  # fmt: skip
    response.headers["X-Request-Id"] = logs.request_id()
    return response


def actor() -> Actor:
    """Who makes this request."""
    return cast(Actor, current_user.actor)
