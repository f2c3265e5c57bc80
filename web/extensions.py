"""The libraries that are bound to an application, created unbound."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, cast

import redis
from flask import Flask, current_app
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from flask_wtf import CSRFProtect
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from web.config import Settings

# A unit of work has its own session, wherever it runs (request, job, the other county of a loopback delivery):
# the object in this variable is the key of the session registry. core.fence sets it.
unit: ContextVar[object | None] = ContextVar("unit", default=None)


class Base(DeclarativeBase):
    """Every table. Constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Session(FlaskSession):
    """The one session class; core.fence listens on it."""


def _unit_key() -> int:
    return id(unit.get())


db = SQLAlchemy(
    model_class=Base,
    session_options={"class_": Session, "scopefunc": _unit_key},
    # No ping of its own: core.fence speaks first on every connection taken out. The one given back last is taken first, so
    # that few stay warm.
    engine_options={"hide_parameters": True, "pool_size": 8, "max_overflow": 8, "pool_use_lifo": True},
)
if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model

login = LoginManager()
csrf = CSRFProtect()


class Valkey:
    """The bell (FED/1 §1.2): one connection pool an application."""

    def init_app(self, app: Flask, url: str) -> None:
        app.extensions["valkey"] = redis.Redis.from_url(url)

    @property
    def client(self) -> redis.Redis:
        return cast("redis.Redis", current_app.extensions["valkey"])


valkey = Valkey()


def settings() -> Settings:
    """The settings of the application at work."""
    return cast(Settings, current_app.extensions["kiteline"])
