"""`deploy/restore FILE`: the deployment of a backup in the place of this one, which must stand still and be empty."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy import archive, copies, instances, processes
from deploy.console import Stopped, say, step
from deploy.database import Urls, with_name
from deploy.instances import OWNER_URL, Services
from deploy.machine import PYTHON
from deploy.places import CHECKOUT, Instance, write_privately
from deploy.processes import Family
from deploy.run_backup import KEYS, key, parser


def main(arguments: list[str]) -> int:
    words = parser("deploy/restore", "The deployment of a backup in the place of this one.")
    words.add_argument("--force", action="store_true", help="replace what stands here")
    words.add_argument(
        "--erasures", type=Path, help="the list of what was destroyed or taken back (default: the instance's), as it is"
    )
    words.add_argument("--no-erasures", action="store_true", help="the list is lost: bring all of it back")
    asked = words.parse_args(arguments)
    secret, path = key(asked.key_file), asked.file.resolve()
    if not path.exists():
        raise Stopped(f"{path} is not there", "name a file that deploy/backup wrote")
    with step("the file, to its last byte"):
        manifest, parts = archive.read(path, secret)
        for _ in parts:
            pass
    _check(manifest)
    instance = Instance(f"demo-{asked.port}")
    erasures = None if asked.no_erasures else (asked.erasures or instance.erasures).resolve()
    if erasures is not None and not erasures.exists():
        raise Stopped(
            f"{erasures} is not there, which says what counties destroyed or took back since the backup",
            "--erasures FILE, or where it is lost --no-erasures    (all of that comes back)",
        )
    if (
        erasures is not None
        and asked.erasures is None
        and (begun := _begun(erasures)) > datetime.fromisoformat(manifest["made_at"])
    ):
        raise Stopped(
            f"{erasures} is kept since {begun:%Y-%m-%d %H:%M}, the backup is older: what was destroyed or taken back between is not in it",
            "--erasures FILE, the list that was kept before, or this one, as far as it goes    (what it lacks comes back)",
        )
    with instance.held("stop it first (Ctrl-C)"), Family() as family:
        _check_keys(manifest, instance)
        services = instances.start(instance, family, is_forgetful=False)
        if not asked.force and not copies.is_empty(services.urls.owner):
            raise Stopped("there are counties here already", "deploy/restore --force FILE    (they are lost)")
        with step("database") as notes:
            said: list[str] = []
            copies.put_back(
                services.urls.owner,
                copies.role_of(services.urls.app),
                manifest,
                archive.read(path, secret)[1],
                lambda name: said.extend(_mend(instance, services, name, manifest, erasures)),
            )
            notes.append("every table as the manifest says")
        if erasures is not None and erasures != instance.erasures:
            # An older backup may be put back here one day.
            with instance.erasures.open("a") as file:
                file.write(f"\n{erasures.read_text(errors='replace')}")
        with step("keys"):
            kept = instance.secrets() | manifest["keys"]
            write_privately(instance.folder() / "secrets.json", json.dumps(kept, indent=1))
    say(
        f"\nrestored: {manifest['made_at']}, revision {manifest['revision']}. deploy/demo --port {asked.port} serves it."
        f"\n{chr(10).join(said)}\nWhatever else was done since then is as it was before: the counties have to say it anew."
    )
    return 0


def _begun(erasures: Path) -> datetime:
    """Since when the list is kept: the scheduler that finds none makes one, also where one was lost."""
    found = re.findall(r"^begun (\S+[+-]\d\d:\d\d)$", erasures.read_text(errors="replace"), re.MULTILINE)
    return min(map(datetime.fromisoformat, found), default=datetime.min.replace(tzinfo=UTC))


def _mend(
    instance: Instance, services: Services, name: str, manifest: dict[str, Any], erasures: Path | None
) -> list[str]:
    """In the new database, before it has its name: migrated, and what was destroyed or taken back since is so again."""
    urls = Urls(with_name(services.urls.owner, name), with_name(services.urls.app, name))
    there = Services(urls, services.redis_url, services.keys | manifest["keys"])
    words: list[tuple[str, ...]] = [("migrate",)] if manifest["revision"] < _known() else []
    if erasures is not None:
        words.append(("repurge", str(erasures), "--since", manifest["made_at"]))
    for each in words:
        log = instance.log(f"restore-{each[0]}")
        processes.run(
            (PYTHON, "-m", "flask", "--app", "web", *each),
            log=log,
            problem=f"flask {each[0]} failed in what was restored; nothing was changed",
            fix="mend what the log says, then start again",
            env=there.environment(OWNER_URL),
            cwd=CHECKOUT,
        )
    if erasures is None:
        return ["What was destroyed or taken back since then came back: there was no list of it."]
    return [line for line in log.read_text().splitlines() if line.startswith(("refused: ", *"0123456789"))]


def _check(manifest: dict[str, object]) -> None:
    """Stopped for a schema younger than this program."""
    known = _known()
    if str(manifest["revision"]) > known:
        raise Stopped(
            f"the backup is of revision {manifest['revision']}, this program knows {known}",
            "take the program of that version or a newer one",
        )


def _known() -> str:
    return max(path.name[:4] for path in (CHECKOUT / "migrations" / "versions").glob("[0-9]*.py"))


def _check_keys(manifest: dict[str, dict[str, str]], instance: Instance) -> None:
    """Stopped where the operator's own keys would not open what comes back."""
    own = {name: value for name, value in instances.keys(instance).items() if instance.secrets().get(name) != value}
    wrong = [name for name in KEYS[1:] if name in own and own[name] != manifest["keys"][name]]
    if wrong:
        raise Stopped(f"{' and '.join(wrong)} of the environment is not the backup's", "unset it, or set the right one")
