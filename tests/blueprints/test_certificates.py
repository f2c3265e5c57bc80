"""Certificates: each sealed word checked on the page, the paper with the sealed messages inside, verified by strangers' tools."""

from __future__ import annotations

import hashlib
import json
import subprocess

import pytest

from tests.blueprints.test_auth import sign_in
from tests.federation.handovers.walk import Walk
from tests.reports.reading import demand_pdf_a_3
from web.core import clock, fence
from web.extensions import db
from web.federation import verify
from web.federation.agreements.models import AgreementVersion
from web.federation.handovers import service
from web.federation.post.models import PeerKey
from web.federation.readings.models import Reading
from web.federation.wire.canonical import b64
from web.federation.wire.seals import unverified
from web.tenants.accounts.permissions import Role
from web.tenants.documents import service as documents
from web.tenants.documents.models import DocumentKind

SAID = ("申请转接", "同意接收", "开出介绍信", "接收与回执", "确认办结")


@pytest.fixture
def closed(agreed, work):
    """A handover that went its whole way."""
    walk = Walk(agreed, work)
    walk.begin()
    walk.host(service.accept)
    walk.release()
    walk.take_over()
    return walk


def carried(content: bytes, name: str, folder) -> bytes:
    """What a PDF carries under that name, as qpdf takes it out; its structure and its form are checked on the way."""
    demand_pdf_a_3(content, name)
    path = folder / "paper.pdf"
    path.write_bytes(content)
    checked = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True, check=False)
    assert checked.returncode == 0 and "No syntax or stream encoding errors" in checked.stdout, checked.stdout
    listed = subprocess.run(["qpdf", "--list-attachments", path], capture_output=True, text=True, check=True).stdout
    assert [line.split(" ")[0] for line in listed.splitlines()] == [name]
    return subprocess.run(["qpdf", f"--show-attachment={name}", path], capture_output=True, check=True).stdout


def judged(evidence: bytes, folder) -> int:
    """The exit status of the offline script: 0 it holds, 1 it does not."""
    path = folder / "evidence.json"
    path.write_bytes(evidence)
    return verify.main([str(path)])


def test_a_handover_is_certified_at_both_sides_and_the_paper_verifies_alone(closed, fresh, work, tmp_path):
    for side, other in ((closed.pair.home, closed.pair.host), (closed.pair.host, closed.pair.home)):
        client = fresh.test_client()
        assert sign_in(client, side, Role.COUNTY_ADMIN.value).status_code == 303
        url = f"/{side.code}/handovers/{closed.id}"
        assert f"{url}/certificate" in client.get(url).text
        page = client.get(f"{url}/certificate").text
        assert "印签全部核对无误" in page and "核对不上" not in page and [w for w in SAID if w not in page] == []
        # What the host said and home then numbered stands there twice, told apart.
        assert page.count("同意接收（登记）") == 1 and page.count("同意接收") == 2
        assert client.post(f"{url}/certificate").status_code == 303
        work()
        with side.act():
            (row,) = documents.of_subject(closed.id, DocumentKind.HANDOVER_CERTIFICATE)
            content = bytes(row.content)
        assert row.member_id is not None, "it names a member, so it opens for those who may see that member"
        evidence = carried(content, "evidence.json", tmp_path)
        given = json.loads(evidence)
        assert [unverified(each["envelope"])["type"].partition(".")[2] for each in given].count("release") == 1
        assert len(given) >= 5 and judged(evidence, tmp_path) == 0
        assert b"\xe7\x8e\x8b" not in evidence and not any(each["disclosures"] for each in given), (
            "no value rides along"
        )
        forged = evidence.replace(given[0]["envelope"][-8:].encode(), b"AAAAAAAA")
        assert judged(forged, tmp_path) == 1
        assert judged(b"[]", tmp_path) == 2
        text = subprocess.run(["pdftotext", "-", "-"], input=content, capture_output=True, check=True).stdout.decode()
        assert [w for w in (*SAID, "怎样核验", "evidence.json") if w not in text.replace("\n", "")] == []
        public = fresh.test_client().get(f"/v/{row.proof_code}").text
        assert "开出介绍信" in public and "已签收" in public and "王示甲" not in public
        signed = subprocess.run(["pdfsig", tmp_path / "paper.pdf"], capture_output=True, text=True, check=False)
        assert "does not contain any signatures" in signed.stdout + signed.stderr, (
            "seals are beside the paper, not PAdES"
        )
        with side.act():
            query = db.select(PeerKey).where(PeerKey.peer_uid == other.uid, PeerKey.use == "sig")
            db.session.scalars(query).one().revoked_at = clock.now().replace(year=2020)
            fence.commit()
        page = client.get(f"{url}/certificate").text
        assert "有印签核对不上" in page and "already revoked" in page
        assert client.get(f"/{side.code}/handovers/{closed.member_id}/certificate").status_code == 404
        leader = fresh.test_client()
        assert sign_in(leader, side, Role.LEADER_READONLY.value).status_code == 303
        assert leader.get(f"{url}/certificate").status_code == leader.post(f"{url}/certificate").status_code == 403


def test_a_certificate_of_somebody_not_here_yet_opens_to_who_may_see_the_handover(agreed, fresh, work):
    walk, side = Walk(agreed, work), agreed.host
    walk.begin()
    clerk, officer = fresh.test_client(), fresh.test_client()
    assert sign_in(clerk, side).status_code == 303
    assert sign_in(officer, side, Role.TOWNSHIP_OFFICER.value).status_code == 303
    assert clerk.post(f"/{side.code}/handovers/{walk.id}/certificate").status_code == 303
    work()
    with side.act():
        (row,) = documents.of_subject(walk.id, DocumentKind.HANDOVER_CERTIFICATE)
        looks = db.select(Reading.count).where(Reading.about_id == walk.id, Reading.is_ours)
        before = db.session.scalar(looks)
    assert row.member_id is None
    assert clerk.get(f"/{side.code}/documents/{row.id}").status_code == 200
    with side.act():
        assert db.session.scalar(looks) == before + 1, "the paper names him, so home is told of this look too"
    assert officer.get(f"/{side.code}/handovers/{walk.id}/certificate").status_code == 404
    assert officer.get(f"/{side.code}/documents/{row.id}").status_code == 404
    # It comes to nothing: what home told of him is gone, and so is the paper that says it.
    walk.host(service.refuse, "other", "本人改了主意")
    assert clerk.get(f"/{side.code}/documents/{row.id}").status_code == 404
    assert clerk.get(f"/v/{row.proof_code}").status_code == 404
    with side.act():
        assert documents.of_subject(walk.id) == []


def test_an_agreements_text_and_seals_ride_in_its_papers(agreed, fresh, work, tmp_path):
    for side in (agreed.host, agreed.home):
        client = fresh.test_client()
        assert sign_in(client, side, Role.COUNTY_ADMIN.value).status_code == 303
        assert client.post(f"/{side.code}/agreements/{agreed.ref.id}/versions/1/proof").status_code == 303
    work()
    for side in (agreed.host, agreed.home):
        with side.act():
            version = db.session.scalars(db.select(AgreementVersion)).one()
            (sheet,) = documents.of_subject(version.id, DocumentKind.PROOF_SHEET)
            paper = documents.get(version.document_id)
            proof, text = bytes(sheet.content), bytes(paper.content)
        evidence = carried(proof, "evidence.json", tmp_path)
        assert judged(evidence, tmp_path) == 0
        seals = [unverified(each["seal"]) for each in json.loads(evidence)]
        assert {seal["county"] for seal in seals} == {str(agreed.host.uid), str(agreed.home.uid)}
        for cut, is_held in (("2199-01-01T00:00:00Z", 0), ("2020-01-01T00:00:00Z", 1)):
            given = json.loads(evidence)
            for each in given:  # every key of the parties revoked, after they signed for each other's, or before
                each["keys"] = [key | {"revoked_at": cut} for key in each["keys"]]
            assert judged(json.dumps(given).encode(), tmp_path) == is_held
            alone = [{"seal": each["seal"], "keys": each["keys"]} for each in given]
            assert judged(json.dumps(alone).encode(), tmp_path) == 1, "a seal alone has no age"
        attached = carried(text, "agreement.json", tmp_path)
        digests = {"sha-256:" + b64(hashlib.sha256(data).digest()) for data in (attached, text)}
        assert all({seal["text"], seal["pdf"]} == digests for seal in seals), "sealed: this very text in this very file"
        forged = evidence.replace(seals[0]["at"][:4].encode(), b"2020").replace(b'"seal": "ey', b'"seal": "eX')
        assert judged(forged, tmp_path) in (1, 2)
