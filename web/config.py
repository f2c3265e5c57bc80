"""Settings of one deployment, read once from the environment and frozen."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, field


class SettingsError(RuntimeError):
    """A variable is missing or malformed; the message names it and the mend."""


def _key(env: Mapping[str, str], name: str) -> bytes | None:
    """32 bytes from base64url text, or None when the variable is not set."""
    text = env.get(name, "")
    if not text:
        return None
    try:
        key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise SettingsError(f"{name} is not base64url") from error
    if len(key) != 32:
        raise SettingsError(f"{name} must be 32 bytes in base64url, it is {len(key)}")
    return key


@dataclass(frozen=True)
class Settings:
    """What differs between deployments. `seal_key` is absent where pages are served (FED/1 §1.3)."""

    database_url: str
    redis_url: str
    secret: bytes = field(repr=False)
    field_key: bytes = field(repr=False)
    seal_key: bytes | None = field(default=None, repr=False)
    owner_url: str = ""
    public_url: str = "http://127.0.0.1:8000"
    is_https: bool = False
    metrics_token: str = field(default="", repr=False)
    erasures: str = ""

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Raises SettingsError naming the first variable that is missing."""
        env = os.environ if env is None else env
        for name in ("DATABASE_URL", "REDIS_URL", "KITELINE_SECRET", "KITELINE_FIELD_KEY"):
            if not env.get(name):
                raise SettingsError(
                    f"{name} is not set. In a checkout, while deploy/demo runs:"
                    ' eval "$(deploy/demo --env)", or without one: eval "$(deploy/services start)".'
                    " In a deployment, set what the table of variables in deploy/README.md names"
                )
        secret, field_key = _key(env, "KITELINE_SECRET"), _key(env, "KITELINE_FIELD_KEY")
        assert secret is not None and field_key is not None  # both were checked above
        return cls(
            database_url=env["DATABASE_URL"],
            redis_url=env["REDIS_URL"],
            secret=secret,
            field_key=field_key,
            seal_key=_key(env, "KITELINE_SEAL_KEY"),
            owner_url=env.get("KITELINE_OWNER_URL", ""),
            public_url=env.get("KITELINE_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/"),
            is_https=env.get("KITELINE_PUBLIC_URL", "").startswith("https://"),
            metrics_token=env.get("KITELINE_METRICS_TOKEN", ""),
            erasures=env.get("KITELINE_ERASURES", ""),
        )
