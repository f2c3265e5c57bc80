"""Is this deployment fit to work: database, Valkey, schema. For whoever starts and watches it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Blueprint, jsonify
from redis import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from web.blueprints.policy import public
from web.extensions import db, valkey

bp = Blueprint("health", __name__)
MIGRATIONS = Path(__file__).parent.parent.parent / "migrations" / "versions"
HEAD = max(path.name[:4] for path in MIGRATIONS.glob("[0-9]*.py"))  # numbered without a gap: a test asks Alembic


@bp.get("/health")
@public("启动和照看程序时来问，只答是否正常")
def health() -> Any:
    """200 when everything a page needs is there, 503 with the part that is not."""
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
    answer = jsonify(parts)
    answer.status_code = 200 if all(parts.values()) else 503
    return answer
