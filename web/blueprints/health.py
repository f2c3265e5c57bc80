"""For whoever starts and watches this deployment: does it live, is it fit to work, and what it counted."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request
from redis import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from web.blueprints.policy import public
from web.core import clock, counters, erasures
from web.core.queue import QUEUES
from web.extensions import db, settings, valkey
from web.federation.post import depth
from web.federation.post.models import PostDue

bp = Blueprint("health", __name__)
MIGRATIONS = Path(__file__).parent.parent.parent / "migrations" / "versions"
HEAD = max(path.name[:4] for path in MIGRATIONS.glob("[0-9]*.py"))  # numbered without a gap: a test asks Alembic


@bp.get("/health/live")
@public("照看程序时来问，只答进程还在")
def live() -> Any:
    """200 as long as the process answers: nothing else is asked, so a dead database does not get it restarted."""
    return jsonify(live=True)


@bp.get("/health/ready")
@bp.get("/health")
@public("启动和照看程序时来问，只答是否正常")
def health() -> Any:
    """200 when everything a page needs is there, 503 with the part that is not."""
    parts = state()
    answer = jsonify(parts)
    answer.status_code = 200 if all(parts.values()) else 503
    return answer


def state() -> dict[str, bool]:
    """What a page needs, and whether it is there."""
    parts = {"database": False, "schema": False, "valkey": False}
    try:
        parts["schema"] = db.session.scalar(text("SELECT version_num FROM alembic_version")) == HEAD
        parts["database"] = True
    except SQLAlchemyError:
        db.session.rollback()
    try:
        parts["valkey"] = bool(valkey.client.ping())
    except RedisError:
        parts["valkey"] = False
    return parts


@bp.get("/metrics")
@public("只给持有监控口令的采集程序，数字里没有人名、地名")
def metrics() -> Response:
    """Figures in Prometheus' text format, for who shows KITELINE_METRICS_TOKEN; absent for everybody else. A server that is
    away has `kiteline_up` 0, and its figures are left out.
    """
    token, shown = settings().metrics_token, request.headers.get("Authorization", "")
    if not token or not hmac.compare_digest(shown.encode(), f"Bearer {token}".encode()):
        abort(404)
    known: dict[str, float] = {f'kiteline_up{{part="{part}"}}': is_up for part, is_up in state().items()}
    for figures in (counters.every, _post, _erasures, queues):
        try:
            known |= figures()
        except RedisError:
            continue
        except SQLAlchemyError:
            db.session.rollback()
    lines = [f"{name} {value:g}" for name, value in known.items()]
    return Response("\n".join(lines) + "\n", mimetype="text/plain")


def queues() -> dict[str, float]:
    """Jobs that wait, by queue."""
    return {
        f'kiteline_queue_jobs{{queue="{name}"}}': float(valkey.client.llen(f"rq:queue:{name}"))
        for name in sorted(set(QUEUES.values()))
    }


def _erasures() -> dict[str, float]:
    """Is there a file that tells a restore what was destroyed, and what is not in it yet: that stays above nothing where it
    cannot be written.
    """
    return {
        "kiteline_erasures_kept": float(bool(settings().erasures)),
        "kiteline_erasures_untold": float(erasures.untold()),
    }


def erasing() -> str:
    """How what is destroyed is told outside the database: `told`, `unset`, `late` when something has waited a minute, or
    `unknown` where the database cannot say, as one that is not migrated yet.
    """
    if not settings().erasures:
        return "unset"
    try:
        return "late" if erasures.untold(clock.now() - timedelta(minutes=1)) else "told"
    except SQLAlchemyError:
        db.session.rollback()
        return "unknown"


def _post() -> dict[str, float]:
    """Lines between counties with something to send: how long each is overdue, and how many messages wait on it, also where
    it stands and nothing is due. A line is named by a digest. Those that stand until a person acts are counted by themselves.
    """
    now, found, deep = clock.now(), dict[str, float](), depth.of_every_county()
    rows = db.session.execute(db.select(PostDue.tenant_id, PostDue.peer_uid, PostDue.due_at)).all()
    due = {(tenant_id, peer_uid): due_at for tenant_id, peer_uid, due_at in rows}
    for at in due.keys() | deep.waiting.keys():
        line = hashlib.sha256(f"{at[0]}/{at[1]}".encode()).hexdigest()[:12]
        found[f'kiteline_outbox_messages{{line="{line}"}}'] = float(deep.waiting.get(at, 0))
        if at in due:
            found[f'kiteline_post_overdue_seconds{{line="{line}"}}'] = max((now - due[at]).total_seconds(), 0)
    return {
        "kiteline_post_lines_waiting": float(len(due)),
        "kiteline_post_stopped_lines": float(sum(deep.stopped.values())),
        **found,
    }
