"""`deploy/restore FILE`: the deployment of a backup in the place of this one, which must stand still and be empty."""

import json

from deploy import archive, copies, instances
from deploy.console import Stopped, say, step
from deploy.places import CHECKOUT, Instance, write_privately
from deploy.processes import Family
from deploy.run_backup import KEYS, key, parser


def main(arguments: list[str]) -> int:
    words = parser("deploy/restore", "The deployment of a backup in the place of this one.")
    words.add_argument("--force", action="store_true", help="replace what stands here")
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
    with instance.held("stop it first (Ctrl-C)"), Family() as family:
        _check_keys(manifest, instance)
        services = instances.start(instance, family, is_forgetful=False)
        if not asked.force and not copies.is_empty(services.urls.owner):
            raise Stopped("there are counties here already", "deploy/restore --force FILE    (they are lost)")
        with step("database") as notes:
            copies.put_back(
                services.urls.owner, copies.role_of(services.urls.app), manifest, archive.read(path, secret)[1]
            )
            notes.append("every table as the manifest says")
        with step("keys"):
            kept = instance.secrets() | manifest["keys"]
            write_privately(instance.folder() / "secrets.json", json.dumps(kept, indent=1))
    say(
        f"\nrestored: {manifest['made_at']}, revision {manifest['revision']}. deploy/demo --port {asked.port} serves it."
        "\nWhat was withdrawn, ended or destroyed since then is as it was before: the counties have to say it anew."
    )
    return 0


def _check(manifest: dict[str, object]) -> None:
    """Stopped for a schema younger than this program."""
    known = max(path.name[:4] for path in (CHECKOUT / "migrations" / "versions").glob("[0-9]*.py"))
    if str(manifest["revision"]) > known:
        raise Stopped(
            f"the backup is of revision {manifest['revision']}, this program knows {known}",
            "take the program of that version or a newer one",
        )


def _check_keys(manifest: dict[str, dict[str, str]], instance: Instance) -> None:
    """Stopped where the operator's own keys would not open what comes back."""
    own = {name: value for name, value in instances.keys(instance).items() if instance.secrets().get(name) != value}
    wrong = [name for name in KEYS[1:] if name in own and own[name] != manifest["keys"][name]]
    if wrong:
        raise Stopped(f"{' and '.join(wrong)} of the environment is not the backup's", "unset it, or set the right one")
