"""The drill: a deployment is backed up, lost, restored elsewhere, and everything in it is as it was."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from deploy import archive, copies, instances, run_backup
from deploy.database import for_psycopg
from deploy.places import CHECKOUT, Instance, state_root
from deploy.processes import Family
from web.federation.sharing.service import BACKUP_DAYS

PORT, PASSPHRASE = 8471, "a passphrase nobody guesses"


@pytest.fixture
def place(monkeypatch):
    """A state directory that is thrown away, where the servers' user may go; the folder for backup files."""
    top = Path(tempfile.mkdtemp(prefix="kiteline backup ", dir="/tmp"))
    top.chmod(0o711)
    monkeypatch.setenv("KITELINE_STATE_DIR", str(top / "state"))
    monkeypatch.setenv("KITELINE_BACKUP_PASSPHRASE", PASSPHRASE)
    for name in (
        "DATABASE_URL",
        "REDIS_URL",
        "KITELINE_OWNER_URL",
        "KITELINE_SEAL_KEY",
        "KITELINE_FIELD_KEY",
        "KITELINE_SECRET",
    ):
        monkeypatch.delenv(name, raising=False)
    yield top
    shutil.rmtree(top)


def command(name: str, *words: object, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, CHECKOUT / "deploy" / name, *map(str, words), "--port", str(PORT)],
        env=os.environ | env, capture_output=True, text=True, check=False,
    )  # fmt: skip


def flask(services: instances.Services, *words: str) -> str:
    env = services.environment(instances.SEAL_KEY, instances.OWNER_URL)
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "web", *words], env=env, cwd=CHECKOUT, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


SERVES = """
from web import create_app
from web.core import fence
from web.extensions import db
from web.federation.post import keys
from web.tenants.counties import service as counties
app = create_app()
client = app.test_client()
assert client.get("/health").status_code == 200
assert "岳西" in client.get("/340828/sign-in").text
with app.app_context():
    with fence.platform("drill"):
        tenant_id = counties.by_code("340828").tenant_id
    with fence.acting_for(tenant_id):
        print(keys.own_fingerprint())
"""


COUNTY = (
    "county", "add", "340828",
    "--sysadmin", "周试甲", "zhou", "990121198001010027",
    "--secadmin", "吴演乙", "wu", "990121199001010022",
    "--auditor", "郑例丙", "zheng", "990121197001010023",
)  # fmt: skip


ASKED = "INSERT INTO backup (id, asked_by, reason, asked_at) VALUES (gen_random_uuid(), '王运维', '例行', now())"


def asked_for(services: instances.Services, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What operators asked for on their page is made by the command, or the row says what hindered it."""

    def rows(*statements: str) -> list[tuple[object, ...]]:
        with psycopg.connect(for_psycopg(services.urls.owner), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)
            query = "SELECT problem, file_name, size, sha256 FROM backup WHERE ended_at IS NOT NULL ORDER BY asked_at"
            return connection.execute(query).fetchall()

    def serve() -> None:
        run_backup.main([str(folder), "--asked", "--once", "--port", str(PORT)])

    with (
        psycopg.connect(for_psycopg(services.urls.app)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("UPDATE backup SET file_name = 'x'")
    assert rows("DELETE FROM backup", f"{ASKED}; UPDATE backup SET begun_at = now()", ASKED) == []
    folder.mkdir()
    (folder / "half.part").write_bytes(b"x")
    serve()
    (abandoned, _, _, _), (problem, name, size, digest) = rows()
    assert abandoned == "interrupted" and problem is None
    file = folder / str(name)
    assert [path.name for path in folder.iterdir()] == [name], "nothing half-written stays"
    assert (file.stat().st_size, hashlib.sha256(file.read_bytes()).hexdigest()) == (size, digest)
    assert archive.read(file, PASSPHRASE.encode())[0]["rows"]["county"][0] == "1"
    monkeypatch.setenv("KITELINE_BACKUP_PASSPHRASE", "short")
    rows(ASKED)
    serve()
    monkeypatch.setenv("KITELINE_BACKUP_PASSPHRASE", PASSPHRASE)
    assert rows()[-1][0] == "key"
    rows(ASKED)
    with monkeypatch.context() as broken:
        broken.setattr(archive, "write", full)
        serve()
    assert rows()[-1] == ("disk", None, None, None)
    rows("DELETE FROM backup")


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "no room")


def test_backed_up_lost_and_restored(place, proved, monkeypatch):
    instance, file = Instance(f"demo-{PORT}"), place / "kiteline.backup"
    with Family() as family:
        services = instances.start(instance, family, is_forgetful=True)
        flask(services, "migrate")
        flask(services, *COUNTY)
        with psycopg.connect(for_psycopg(services.urls.owner)) as connection:
            before = copies.digests(connection)
        with instance.held(""):
            asked_for(services, place / "asked", monkeypatch)
        fingerprint = subprocess.run(
            [sys.executable, "-c", SERVES], env=services.environment(instances.SEAL_KEY), cwd=CHECKOUT, capture_output=True, text=True, check=True
        ).stdout  # fmt: skip
    assert before["county"][0] == "1" and before["alembic_version"][0] == "1"

    done = command("backup", file)
    assert done.returncode == 0, done.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    assert run_backup.KEPT.days == BACKUP_DAYS and "destroy it by 2" in done.stdout, "the day the counties seal"
    assert command("backup", file).returncode == 1, "a backup never takes another's place"
    whole = file.read_bytes()
    for secret in (b"340828", b"county", b"KITELINE_FIELD_KEY", instance.secrets()["KITELINE_FIELD_KEY"].encode()):
        assert secret not in whole, "nothing of it is readable"

    refused = command("restore", file)
    assert refused.returncode == 1 and "--force" in refused.stderr, "what is there is not lost by mistake"
    cut = place / "cut"
    for wrong in (whole[:-1], whole[: len(whole) // 2], whole[:60] + b"x" + whole[61:], b"something else"):
        cut.write_bytes(wrong)
        assert command("restore", cut, "--force").returncode == 1
    assert command("restore", file, "--force", KITELINE_BACKUP_PASSPHRASE="another passphrase").returncode == 1

    secrets, elsewhere = instance.secrets(), place / "other state"
    os.environ["KITELINE_STATE_DIR"] = str(elsewhere)  # the fixture puts the old value back
    shutil.rmtree(place / "state")
    done = command("restore", file)
    assert done.returncode == 0, done.stderr
    assert state_root().is_relative_to(elsewhere)
    kept = instance.secrets()
    assert all(kept[name] == secrets[name] for name in secrets if name.startswith("KITELINE_"))
    assert kept["app"] != secrets["app"], "passwords of the new server are its own"
    with Family() as family:
        services = instances.start(instance, family, is_forgetful=True)
        # Once more, where a restore was killed before it dropped what it had replaced.
        with psycopg.connect(for_psycopg(services.urls.owner), autocommit=True) as connection:
            connection.execute("CREATE DATABASE kiteline_replaced")
        manifest, parts = archive.read(file, PASSPHRASE.encode())
        with pytest.raises(psycopg.errors.InvalidCatalogName):  # between the two renames
            copies._swap(services.urls.owner, "kiteline_nowhere", "kiteline")
        with psycopg.connect(for_psycopg(services.urls.owner), autocommit=True) as connection:
            assert copies.digests(connection) == before, "it has its name still"
            connection.execute("CREATE DATABASE kiteline_replaced")
        copies.put_back(services.urls.owner, copies.role_of(services.urls.app), manifest, parts)
        with psycopg.connect(for_psycopg(services.urls.owner)) as connection:
            assert copies.digests(connection) == before
            left = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'kiteline%'").fetchall()
        assert left == [("kiteline",)]
        served = subprocess.run(
            [sys.executable, "-c", SERVES], env=services.environment(instances.SEAL_KEY), cwd=CHECKOUT, capture_output=True, text=True, check=False
        )  # fmt: skip
        assert served.returncode == 0, served.stderr
        assert served.stdout == fingerprint, "the county's keys open"
    proved("deployments restored from a backup", 1)


def test_a_file_is_read_whole_or_not_at_all(tmp_path):
    file, key = tmp_path / "file", b"k" * 32
    parts = [os.urandom(archive.CHUNK), b"", os.urandom(archive.CHUNK * 2 + 17)]
    archive.write(file, key, {"made": "今天"}, iter(parts))
    manifest, sql = archive.read(file, key)
    assert manifest == {"made": "今天"} and b"".join(sql) == b"".join(parts)
    whole = file.read_bytes()
    first = len(archive.MAGIC) + archive.SALT
    sealed = first + 4 + archive.CHUNK + archive.TAG
    swapped = whole[:first] + whole[sealed : 2 * sealed - first] + whole[first:sealed] + whole[2 * sealed - first :]
    for wrong in (whole[:sealed], swapped, whole + whole[first:sealed], whole[:-1], whole[:-20] + bytes(20)):
        file.write_bytes(wrong)
        with pytest.raises(archive.Broken):
            b"".join(archive.read(file, key)[1])
