"""Agreements between two and three counties, by real messages and jobs, from the draft to the end."""

from __future__ import annotations

from tests import world
from web.extensions import db
from web.federation.agreements import effects, hub, service
from web.federation.agreements.models import AgreementDecision, AgreementState, VersionState


def _state(side, id_):
    with side.act():
        agreement = service.get(id_)
        version = service.current(agreement)
        return agreement.state, version.state, agreement.n, agreement.head, agreement.stopped, agreement.pending


def test_two_counties_agree_and_both_hold_the_same(pair, work):
    ref = world.agree(pair)
    states = {side.name: _state(side, ref.id) for side in (pair.home, pair.host)}
    assert states[pair.home.name] == states[pair.host.name]
    state, version_state, n, head, stopped, pending = states[pair.home.name]
    assert (state, version_state, stopped, pending) == (AgreementState.ACTIVE, VersionState.EFFECTIVE, "", "")
    for side in (pair.home, pair.host):
        with side.act():
            agreement = service.get(ref.id)
            version = service.current(agreement)
            chain = service.decisions(agreement)
            assert [d.verb for d in chain] == [
                "propose",
                "accept",
                "agree",
                "render",
                "seal",
                "complete",
                "take_effect",
            ]
            assert all(d.jws for d in chain)
            assert chain[-1].digest == head
            assert {s.county_uid for s in hub.seal_rows(agreement, version) if s.jws} == {pair.home.uid, pair.host.uid}
            assert (
                service.covering(
                    pair.host.uid if side is pair.home else pair.home.uid,
                    "S2",
                    owner_uid=pair.home.uid,
                    receiver_uid=pair.host.uid,
                )
                == ref
            )
            assert service.liaisons(agreement)[0]["name"] == "陈例丁"
            assert [p.uid for p in effects.parties(agreement)] == [pair.host.uid, pair.home.uid]
            assert db.session.scalar(db.select(db.func.count()).select_from(AgreementDecision)) == n


def test_the_template_with_an_agreement_is_the_same_walk(agreed):
    assert _state(agreed.home, agreed.ref.id) == _state(agreed.host, agreed.ref.id)
    assert _state(agreed.home, agreed.ref.id)[0] is AgreementState.ACTIVE
