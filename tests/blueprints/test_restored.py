"""A backup that was put back has open what ended since, and its values are destroyed again: the pages say so, and people end it."""

from __future__ import annotations

import pytest

from tests.blueprints.test_auth import sign_in
from tests.blueprints.test_requests import at, visit
from tests.federation.cosigning.walk import build_with_guests, load_walk  # noqa: F401 -- fixtures
from tests.federation.handovers import walk as handing_over
from tests.federation.referrals import walk as referring
from web import jobs
from web.core import clock
from web.core.erasures import Line
from web.extensions import db
from web.federation.cosigning.models import CoSignedRecord
from web.federation.handovers.models import Handover
from web.federation.post.models import StoredDisclosure
from web.federation.referrals.models import Referral
from web.federation.requests import service as requests
from web.federation.requests.models import Request

BEFORE = "恢复备份之前已经结束"


@pytest.fixture
def desks(walk, fresh):
    """(home's clerk, host's clerk)."""
    found = []
    for side in (walk.pair.home, walk.pair.host):
        client = fresh.test_client()
        sign_in(client, side)
        found.append(client)
    return tuple(found)


def _destroyed(side, model, id_, kind="record_key"):
    with side.act():
        assert db.session.get(model, (side.tenant_id, id_)) is not None
    return Line(clock.now(), side.tenant_id, kind, id_)


def test_what_had_ended_is_said_to_have_ended_and_is_ended_again(walk, desks):
    home, host = desks
    ours, theirs = walk.pair.home, walk.pair.host
    moving, going = handing_over.Walk(walk.pair, walk.work), referring.Walk(walk.pair, walk.work)
    moving.to_release()
    going.offer()
    asked = visit(walk, host)
    walk.hold()
    record = walk.offer()[ours.uid]
    with ours.act():
        request = db.session.scalars(db.select(Request)).one().id
        assert str(request) == asked
    with theirs.act():
        assert requests.get(request).values() == {"trigger": "rights"}
        said = db.session.scalars(db.select(StoredDisclosure).where(StoredDisclosure.about_id == request)).one().id
    lines = [
        _destroyed(theirs, Handover, moving.id), _destroyed(ours, Request, request), _destroyed(ours, CoSignedRecord, record),
        *(_destroyed(side, Referral, going.id, "referral") for side in (ours, theirs)),
        _destroyed(theirs, StoredDisclosure, said, "disclosure"),  # he had taken back his yes at the asker's window
    ]  # fmt: skip
    pages = [
        (host, at(theirs, f"/handovers/{moving.id}")), (host, at(theirs, f"/referrals/{going.id}")),
        (home, at(ours, f"/referrals/{going.id}")), (home, at(ours, f"/requests/{asked}")), (home, at(ours, f"/cosigning/{record}")),
        (host, at(theirs, f"/requests/{asked}")),
    ]  # fmt: skip
    assert not [url for client, url in pages if BEFORE in client.get(url).text]
    assert jobs.repurge(lines)[0] == len(lines)
    with theirs.act():
        assert requests.get(request).values() == {}, "nor does the asker's working copy bring it back"
    for client, url in pages:
        answer = client.get(url)
        assert answer.status_code == 200 and BEFORE in answer.text, url
        assert "本人的告知或同意已经撤回" not in answer.text and "本人撤回了" not in answer.text, "nobody withdrew"
    for client, side, room in ((host, theirs, "handovers"), (home, ours, "requests"), (home, ours, "cosigning")):
        assert client.get(at(side, f"/{room}/")).status_code == 200
    letter = host.get(at(theirs, f"/handovers/{moving.id}")).text
    assert "接收，送出回执" not in letter and "退回介绍信" in letter and "有效 30 天" in letter
    # Nobody's row is made of nothing, and nobody signs what he cannot read.
    branch = str(theirs.orgs[referring.BRANCH])
    over = {"branch_id": branch, "receipt_no": "0007", "handler": "陈例丁", "phone": "0571-0000123"}
    refused = host.post(at(theirs, f"/handovers/{moving.id}/take-over"), data=over)
    assert refused.status_code == 409 and "再结束一次" in refused.text
    signed = home.post(at(ours, f"/cosigning/{record}/answer"), data={"act": "countersign", "accept": "1"})
    assert signed.status_code in (409, 422)
    for client, side, path, given in (
        (host, theirs, f"/handovers/{moving.id}/decline", {"reason": "not_here", "text": ""}),
        (host, theirs, f"/referrals/{going.id}/decline", {"reason": "not_here", "text": ""}),
        (home, ours, f"/requests/{asked}/decline", {"reason": "other", "text": "已办过"}),
        (home, ours, f"/cosigning/{record}/refuse", {"reason": "other", "text": "已办过"}),
    ):
        answer = client.post(at(side, path), data=given)
        assert answer.status_code == 303, (path, answer.text[answer.text.index("<main") :][:1500])
    walk.work()
    for client, url in pages:
        assert BEFORE not in client.get(url).text
