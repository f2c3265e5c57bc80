"""The servers of one instance and what the application's processes read from their environment."""

import os
import shlex
from dataclasses import dataclass

from deploy import database, servers
from deploy.console import step
from deploy.places import Instance
from deploy.processes import Family

# Who may open what.  Pages are served without the county's seal keys and without the owner of the tables.
SEAL_KEY, OWNER_URL = "KITELINE_SEAL_KEY", "KITELINE_OWNER_URL"


@dataclass(frozen=True)
class Services:
    """The addresses of an instance's database and Valkey, and its keys."""

    urls: database.Urls
    redis_url: str
    keys: dict[str, str]

    def environment(self, *extra: str, **more: str) -> dict[str, str]:
        """The environment of one process: `extra` names of SEAL_KEY and OWNER_URL it may have, `more` variables."""
        entrusted = self.everything()
        withheld = {SEAL_KEY, OWNER_URL} - set(extra)
        whole = os.environ | entrusted | {"PYTHONUNBUFFERED": "1", "LANG": "C.UTF-8"} | more
        return {name: value for name, value in whole.items() if name not in withheld}

    def everything(self) -> dict[str, str]:
        return {
            OWNER_URL: self.urls.owner,
            "DATABASE_URL": self.urls.app,
            "REDIS_URL": self.redis_url,
            **self.keys,
        }

    def exports(self, **more: str) -> str:
        """Everything, and `more`, as lines for a shell to read."""
        return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in (self.everything() | more).items())


def keys(instance: Instance) -> dict[str, str]:
    """The application's keys: the operator's from the environment, else those drawn for this instance."""
    drawn = instance.secrets()
    return {name: os.environ.get(name) or drawn[name] for name in drawn if name.startswith("KITELINE_")}


def valkey_url(instance: Instance) -> str:
    return f"unix://{instance.sockets()}/valkey.sock"


def embedded(instance: Instance) -> Services:
    return Services(database.embedded(instance), valkey_url(instance), keys(instance))


def running(instance: Instance) -> Services:
    """An instance that another command of this checkout holds."""
    database_url, redis_url = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    urls = database.external(database_url) if database_url else database.embedded(instance)
    return Services(urls, redis_url or valkey_url(instance), keys(instance))


def start(instance: Instance, family: Family, *, is_forgetful: bool) -> Services:
    """Start what DATABASE_URL and REDIS_URL do not replace, and make sure of the roles."""
    database_url, redis_url = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    if database_url:
        with step("PostgreSQL") as notes:
            urls = database.external(database_url)
            notes.append("the one of DATABASE_URL")
    else:
        with step("PostgreSQL"):
            family.add(servers.start_postgres(instance, is_forgetful=is_forgetful, ends_with_us=True))
            urls = database.embedded(instance)
    with step("Valkey") as notes:
        if redis_url:
            notes.append("the one of REDIS_URL")
        else:
            family.add(servers.start_valkey(instance, ends_with_us=True))
            redis_url = valkey_url(instance)
    return Services(urls, redis_url, keys(instance))
