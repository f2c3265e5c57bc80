"""The drill: a deployment is backed up, lost, restored elsewhere, and everything in it is as it was."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from deploy import archive, copies, instances, run_backup, run_restore
from deploy.database import Urls, for_psycopg
from deploy.places import CHECKOUT, Instance, state_root
from deploy.processes import Family
from tests.conftest import _database_of, _owner_url, environment
from tests.federation.referrals.conftest import walk
from tests.federation.referrals.walk import NAME, next_version
from web import jobs
from web.core import clock, erasures, fence
from web.extensions import db
from web.federation.post import service as post
from web.federation.post.models import StoredDisclosure
from web.federation.referrals import packets
from web.federation.referrals.models import ReferralState, SharedMember
from web.federation.sharing import service as sharing
from web.federation.sharing.models import StatusShare
from web.federation.sharing.service import BACKUP_DAYS
from web.tenants.consents import service as consents

__all__ = ["walk"]

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
    past = folder / "kiteline-2026-01-01.backup"
    archive.write(past, PASSPHRASE.encode(), {"made_at": "2026-01-01T00:00:00+00:00"}, iter([b""]))
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

    instance.erasures.touch()
    refused = command("restore", file)
    assert refused.returncode == 1 and "--force" in refused.stderr, "what is there is not lost by mistake"
    cut = place / "cut"
    for wrong in (whole[:-1], whole[: len(whole) // 2], whole[:60] + b"x" + whole[61:], b"something else"):
        cut.write_bytes(wrong)
        assert command("restore", cut, "--force").returncode == 1
    assert command("restore", file, "--force", KITELINE_BACKUP_PASSPHRASE="another passphrase").returncode == 1

    instance.erasures.unlink()
    lost = command("restore", file, "--force")
    assert lost.returncode == 1 and "--no-erasures" in lost.stderr, "what was destroyed does not come back unsaid"
    instance.erasures.write_text(f"begun {datetime.now(UTC).isoformat()}\n")
    anew = command("restore", file, "--force")
    assert anew.returncode == 1 and "the backup is older" in anew.stderr, "a scheduler made a list anew"
    kept_elsewhere = place / "erasures"
    kept_elsewhere.write_text(f"2026-01-01T00:00:00+00:00 1 record_key {UUID(int=1)}\n")
    secrets, elsewhere = instance.secrets(), place / "other state"
    os.environ["KITELINE_STATE_DIR"] = str(elsewhere)  # the fixture puts the old value back
    shutil.rmtree(place / "state")
    done = command("restore", file, "--erasures", kept_elsewhere)
    assert done.returncode == 0, done.stderr
    assert "0 destroyed or taken back again" in done.stdout, "it was before the backup"
    assert str(UUID(int=1)) in instance.erasures.read_text(), "kept for an older backup"
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
        copies.put_back(services.urls.owner, copies.role_of(services.urls.app), manifest, parts, lambda _: None)
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


def known_of(walk) -> set[str]:
    """Pointers of which either county has a value: stored beside a message, in the packet's copy, or under a share."""
    found: set[str] = set()
    for side in (walk.home, walk.host):
        shares = walk.shares(side)
        with side.act():
            kept = packets.opened(db.session.get(SharedMember, (side.tenant_id, walk.id)))
            ids = db.select(StatusShare.id).where(StatusShare.referral_id == walk.id)
            rows = db.session.scalars(
                db.select(StoredDisclosure).where(
                    StoredDisclosure.about_id.in_(ids.union_all(db.select(db.literal(walk.id))))
                )
            )
            found |= {row.pointer for row in rows if post.reopened(row)} | {*kept}
        found |= {pointer for _, values in shares.values() for pointer in values}
    return found


def test_what_was_destroyed_since_the_backup_stays_destroyed(walk, fresh, tmp_path, monkeypatch, proved):
    """A member withdraws after the backup: put back, neither county has or shares his values, by the commands' own steps."""
    monkeypatch.setenv("KITELINE_STATE_DIR", str(tmp_path / "state"))
    notes, database = tmp_path / "erasures", _database_of(fresh)
    urls = Urls(_owner_url(database), str(fresh.config["SQLALCHEMY_DATABASE_URI"]))
    services = instances.Services(urls, environment(database, 0, is_sealing=False)["REDIS_URL"], {})
    keys = {name: os.environ[name] for name in ("KITELINE_SECRET", "KITELINE_FIELD_KEY")}

    def put_back(manifest: dict[str, object], dump: list[bytes], file: Path | None) -> list[str]:
        said: list[str] = []
        db.session.remove()
        db.engine.dispose()
        copies.put_back(
            urls.owner, copies.role_of(urls.app), manifest, iter(dump),
            lambda name: said.extend(run_restore._mend(Instance("drill"), services, name, manifest, file)),
        )  # fmt: skip
        return said

    stays, going = walk.enroll("司马试乙"), walk.member_id
    narrowed = {}
    for walk.member_id in (stays, going):
        walk.until_taken_on()
        narrowed[walk.member_id] = walk.id
    with clock.at(datetime(2026, 11, 1, tzinfo=UTC)):
        assert erasures.carry_out(notes) == 0, "a list of nothing is no lost list"
        assert run_restore._begun(notes) == clock.now()
    facts, parts = copies.taken(urls.owner)
    manifest = {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "app_role": copies.role_of(urls.app),
        "keys": keys,
    } | facts
    dump = list(parts)
    walk.withdraw("S2", "S6")
    walk.member_id, walk.id = stays, narrowed[stays]
    walk.amend(dues_until="")
    with walk.home.act():
        sharing.snapshot(sharing.standing(walk.id, "owner", "S6"))
        fence.commit()
    next_version(walk, lambda names: [name for name in names if name not in ("gender", "arrival_month")], "S2")
    known = known_of(walk)
    assert not known & {"/gender", "/arrival_month", "/dues_until"}
    walk.member_id, walk.id = going, narrowed[going]
    assert walk.shares(walk.host)["receiver", "S6"] == ("purged", {})
    assert erasures.carry_out(notes) > 0 and erasures.carry_out(notes) == 0
    assert NAME not in notes.read_text() and {ln.kind for ln in erasures.read(notes.read_text().splitlines())} == {
        "consent",
        "disclosure",
        "referral",
        "status_share",
        "record_key",
    }

    assert put_back(manifest, dump, None) == [
        "What was destroyed or taken back since then came back: there was no list of it."
    ]
    assert walk.shares(walk.host)["receiver", "S6"][1], "a backup has it all"
    walk.id = narrowed[stays]
    assert known_of(walk) == known | {"/gender", "/arrival_month", "/dues_until"}
    walk.id = narrowed[going]
    other, now = tmp_path / "other", f"{clock.now().isoformat()} {walk.home.tenant_id}"
    other.write_text(f"{now} consent {UUID(int=1)}\n{now} record_key {UUID(int=2)}\n")
    none = fresh.test_cli_runner().invoke(args=["repurge", str(other), "--since", str(manifest["made_at"])]).output
    assert "0 destroyed" in none and "2 in the list, nothing of it here" in none, "another deployment's list"
    with notes.open("ab") as file:  # of a newer program; then a killed scheduler, and a disk that lost a block
        file.write(f"{now} weather {UUID(int=1)}\n2026-01-01T00:0".encode() + b"\xff\x00\xfe")
    said, unknown = put_back(manifest, dump, notes)
    assert said.endswith("destroyed or taken back again") and not said.startswith("0")
    assert unknown == f"refused: weather {UUID(int=1)}: not known to this program"
    assert walk.shares(walk.host)["receiver", "S6"] == ("live", {}), "before any message is heard"
    with walk.host.act():
        assert db.session.get(SharedMember, (walk.host.tenant_id, walk.id)) is None
    with walk.home.act():
        assert not consents.stands(walk.member_id, walk.host.uid, "S6")
    walk.id = narrowed[stays]
    assert known_of(walk) == known, "single fields, though the version that took them out is lost"
    walk.id = narrowed[going]
    jobs.ring_post()
    walk.work()
    assert walk.shares(walk.host)["receiver", "S6"] == walk.shares(walk.home)["owner", "S6"] == ("purged", {})
    assert walk.states() == (ReferralState.ENDED, ReferralState.ENDED)
    for side in (walk.home, walk.host):
        assert {state for state, _ in walk.shares(side).values()} == {"purged"}
    proved("purged shares kept purged through a restore", 1)


def test_a_backup_ends_by_the_day_the_proofs_name(tmp_path):
    now, key = datetime(2026, 11, 26, tzinfo=UTC), b"k" * 32
    made = {}
    for name, days, secret in (("old", 91, key), ("last-day", 90, key), ("young", 1, key), ("others", 91, b"x" * 32)):
        made[name] = tmp_path / f"{name}.backup"
        archive.write(made[name], secret, {"made_at": (now - timedelta(days=days)).isoformat()}, iter([b""]))
    (tmp_path / "notes.backup").write_text("not ours")
    made["old"].with_suffix(".copy").write_bytes(made["old"].read_bytes())
    said = run_backup.ended(tmp_path, key, now)
    assert [line.split(" ")[:2] for line in said] == [[str(made["old"]), "destroyed:"], [str(made["others"]), "has"]]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "last-day.backup", "notes.backup", "old.copy", "others.backup", "young.backup",
    ]  # fmt: skip


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
