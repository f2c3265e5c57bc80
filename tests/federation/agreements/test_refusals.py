"""What a party refuses: seals too early, a missing clause, a file or text or seal that is not the agreed one."""

from __future__ import annotations

import json

import pytest

from tests import world
from tests.federation.agreements.steps import say, state_of
from web import reports
from web.core import clock, fence
from web.core.errors import WrongState
from web.federation.agreements import effects, follower, hub, service, texts
from web.federation.agreements.models import AgreementState, VersionState
from web.federation.wire import documents, seals
from web.federation.wire.canonical import digest_of


def _agreed_version(pair, work, **changed):
    id_ = world.propose(pair.host, [pair.home], **changed)
    say(pair.home, work, "accept", id_)
    return id_


def test_nobody_seals_before_the_leader_and_the_hub_not_before_the_others(pair, work):
    id_ = _agreed_version(pair, work)
    with pair.home.act(), pytest.raises(WrongState) as refused:
        service.seal(id_)
    assert refused.value.code == "leader_not_approved"
    world.approve(pair.host, id_)
    with pair.host.act(), pytest.raises(WrongState) as refused:
        service.seal(id_)
    assert refused.value.code == "seals_missing"


def test_without_clause_14_nothing_is_completed(pair, work):
    with pair.host.act():
        text = world.agreement_text(pair.host, [pair.home])
    text["clauses"][13]["paragraphs"] = []
    id_ = _agreed_version(pair, work, clauses=text["clauses"])
    for side in (pair.home, pair.host):
        world.approve(side, id_)
        with side.act(), pytest.raises(WrongState) as refused:
            service.seal(id_)
        assert refused.value.code == "clause_14_missing"
    assert state_of(pair.home, id_)[1] is VersionState.AGREED


def test_a_file_that_says_another_text_is_neither_approved_nor_sealed(pair, work, monkeypatch):
    real = reports.render
    attached = [reports.Attached("agreement.json", b'{"title":"another"}', "x")]
    monkeypatch.setattr(reports, "render", lambda paper, attachments=(): real(paper, attachments=attached))
    id_ = _agreed_version(pair, work)
    with pair.home.act():
        version = service.current(service.get(id_))
        assert (version.fault, version.pdf_checked_at) == ("pdf_differs", None)
        with pytest.raises(WrongState) as refused:
            service.approve(id_)
        assert refused.value.code == "file_not_checked"
        with pytest.raises(WrongState):
            service.seal(id_)
        assert service.can(service.get(id_)) == ["reject"]


def test_a_text_that_is_none_cannot_be_accepted(pair, work, monkeypatch):
    with pair.host.act():
        id_ = service.begin([pair.home.uid], world.agreement_text(pair.host, [pair.home])).id
        with monkeypatch.context() as wrong:
            wrong.setattr(texts, "write", lambda text: json.dumps({**text, "more": 1}).encode())
            wrong.setattr(effects, "take_text", lambda agreement, version, data: None)
            service.propose(id_)
        fence.commit()
    work()
    with pair.home.act():
        version = service.current(service.get(id_))
        assert (version.text, version.fault) == (None, "text_malformed")
        with pytest.raises(WrongState) as refused:
            service.accept(id_)
        assert refused.value.code == "text_not_here"
        assert service.can(service.get(id_)) == ["reject"]


def test_a_seal_over_another_file_is_refused_for_good(pair, work):
    id_ = _agreed_version(pair, work)
    world.approve(pair.home, id_)
    with pair.home.act():
        agreement = service.get(id_, lock=True)
        version = service.current(agreement)
        wrong = documents.AgreementSeal(id_, 1, version.text_digest, "sha-256:" + "A" * 43, pair.home.uid, clock.now())
        body = {"pdf": version.pdf_digest, "seal": wrong.digest}
        follower.say(agreement, version, "seal", body, attached=[{"typ": seals.SEAL, "payload": wrong.as_payload()}])
        fence.commit()
    work()
    with pair.home.act():
        agreement = service.get(id_)
        assert (agreement.pending, agreement.refused_code) == ("", "illegal_transition")
    with pair.host.act():
        assert hub.seal_rows(service.get(id_), service.current(service.get(id_))) == []


def _complete_with(pair, work, monkeypatch, change):
    """The hub's program is wrong: its completing decision names `change(sealed)` as the seals."""
    id_ = _agreed_version(pair, work)
    for side in (pair.home, pair.host):
        world.approve(side, id_)
    say(pair.home, work, "seal", id_)
    real = hub.decide

    def decide(agreement, version, verb, **more):
        if verb == "complete":
            more["sealed"] = change(more["sealed"])
            more["body"]["seals"] = sorted(more["sealed"])
            monkeypatch.setattr(effects, "_complete", lambda *given: None)
            monkeypatch.setitem(effects.EFFECTS, "complete", lambda *given: None)
        real(agreement, version, verb, **more)

    monkeypatch.setattr(hub, "decide", decide)
    with pair.host.act():
        service.seal(id_)
        fence.commit()
    monkeypatch.undo()
    work()
    return id_


def test_a_completion_without_every_seal_stops_at_the_follower(pair, work, monkeypatch):
    id_ = _complete_with(pair, work, monkeypatch, lambda sealed: _twice(sealed, pair))
    state = state_of(pair.home, id_)
    assert (state[0], state[1], state[4]) == (AgreementState.PENDING, VersionState.AGREED, "impossible_decision")


def _twice(sealed, pair):
    """The hub's seal alone, with a second one over another file instead of the follower's."""
    name, (payload, _) = next((k, v) for k, v in sealed.items() if v[0]["county"] == str(pair.host.uid))
    other = {**payload, "pdf": "sha-256:" + "A" * 43}
    return {name: (payload, None), digest_of(other): (other, None)}
