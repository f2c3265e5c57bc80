"""The demo holds what it promises, made by services and real messages (one build: it takes a while)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask import g

from tests.states import State
from web import jobs
from web.blueprints import navigation, todos
from web.core import events, fence
from web.core.events import Actor
from web.core.queue import Job, burst
from web.extensions import db
from web.federation.agreements import texts
from web.federation.agreements.models import Agreement, AgreementParty, AgreementVersion
from web.federation.cosigning.models import CoSignedRecord
from web.federation.handovers.models import Handover
from web.federation.post.models import Channel, InboxMessage, OutboxMessage
from web.federation.requests.models import Request
from web.federation.sharing.models import StatusShare
from web.tenants.accounts.models import Account
from web.tenants.accounts.permissions import Role
from web.tenants.activities import lists
from web.tenants.counties import service as counties
from web.tenants.documents.models import Document
from web.tenants.imports.models import ImportBatch
from web.tenants.members.models import Member
from web.tenants.organisations.models import PartyOrg
from web.tenants.workbench.queues import Days


@pytest.fixture
def built(stand: Callable[[State], Any], with_demo: State) -> dict[str, Any]:
    """What stands in the database after `flask demo build`, county by county."""
    stand(with_demo)
    with fence.platform("the demo's counties"):
        every = [(c.code, c.tenant_id, c.is_demo) for c in counties.every()]
    # The scheduler's first round, which deploy/demo starts right after.
    for _, tenant_id, _ in every:
        jobs.run(Job.TIMERS.value, tenant_id)
    burst()
    found: dict[str, Any] = {"counties": every}
    for code, tenant_id, _ in every:
        with fence.acting_for(tenant_id):
            found[code] = _look()
    return found


def _look() -> dict[str, Any]:
    def states(model: Any) -> Counter[str]:
        return Counter(str(s) for s in db.session.scalars(db.select(model.state)))

    return {
        "members": len(list(db.session.scalars(db.select(Member.id)))),
        "agreements": states(Agreement),
        "versions": states(AgreementVersion),
        "parties": Counter(db.session.scalars(db.select(AgreementParty.agreement_id))),
        "handovers": states(Handover),
        "records": states(CoSignedRecord),
        "requests": states(Request),
        "shares": states(StatusShare),
        "imports": states(ImportBatch),
        "papers": Counter(str(k) for k in db.session.scalars(db.select(Document.kind))),
        "open": len(list(db.session.scalars(db.select(OutboxMessage.id).where(OutboxMessage.receipt.is_(None))))),
        "sent": len(list(db.session.scalars(db.select(OutboxMessage.id)))),
        "heard": len(list(db.session.scalars(db.select(InboxMessage.id)))),
        "stopped": [c for c in db.session.scalars(db.select(Channel.stopped)) if c],
        "chain": events.verify(),
        "unnamed": [
            v.text["title"] for v in db.session.scalars(db.select(AgreementVersion)) if v.text and not _names(v.text)
        ],
    }


def _names(text: dict[str, Any]) -> bool:
    """Does the first clause name every party as it is registered? A template takes out just these words."""
    return all(texts.signatory(party) in text["clauses"][0]["paragraphs"][0] for party in text["parties"])


def test_the_demo_holds_what_it_promises(built):
    codes = {code for code, _, _ in built["counties"]}
    assert codes == {"330110", "340828", "331124"}
    assert all(is_demo for _, _, is_demo in built["counties"])
    assert 550 <= sum(built[c]["members"] for c in codes) <= 700
    at_host = built["330110"]
    assert 3 in at_host["parties"].values() and 2 in at_host["parties"].values()
    agreements: Counter[str] = sum((built[c]["agreements"] for c in codes), Counter())
    assert agreements["active"] and agreements["winding_down"]
    versions: Counter[str] = sum((built[c]["versions"] for c in codes), Counter())
    assert versions["proposed"], "one is in negotiation"
    handovers = built["340828"]["handovers"] + built["331124"]["handovers"]
    for state in ("closed", "refused", "recalled", "released"):
        assert handovers[state], f"no handover is {state}"
    assert [built[c]["unnamed"] for c in codes] == [[]] * 3
    assert at_host["records"]["disputed"] and at_host["records"]["annul_proposed"]
    assert set(at_host["requests"]) == {"done", "accepted", "requested"}, "requests in different states"
    assert sum(built[c]["shares"]["purged"] for c in codes), "a withdrawn notice"
    assert sum(built[c]["papers"]["agreement_report"] for c in codes), "a report"


# Entries of the menu that count work, and the queues of the home page that hold it.
WORK = {
    "transfers.index": {"transfers"},
    "cosigning.index": {"cosign", "cosign_disputed"},
    "requests.index": {"request"},
    "shares.index": {"shares"},
    "referrals.index": {"referrals_inbox", "referrals_claims", "referrals_arrived"},
}


def test_every_role_has_its_work_on_the_home_page_as_the_menu_counts_it(built, application):
    """And the secretary of a branch away has people, meetings, and one to write down."""
    counted = {item.endpoint: item.work for item in navigation.ITEMS if item.work is not None}
    assert counted.keys() == WORK.keys()
    waits, ends = Counter[str](), Counter[str]()
    for code, tenant_id, _ in built["counties"]:
        with fence.acting_for(tenant_id), application.test_request_context(f"/{code}/"):
            g.county = counties.own()
            for account in db.session.scalars(db.select(Account)):
                org = db.session.get(PartyOrg, (tenant_id, account.org_id))
                actor = Actor(account.id, account.name, account.role, account.org_id, org.path, "127.0.0.1")
                shown = todos.load(actor, 500, ahead=Days(None, date(2199, 12, 31)))
                home = {of.queue.key: of.count for of in shown}
                for of in shown:
                    assert of.by_day == Counter(i.due_on for i in of.items if i.due_on), of.queue.key
                    ends[of.queue.key] += len(of.by_day)
                sections, _ = navigation.build(actor)
                menu = {entry.title: entry.count for section in sections for entry in section.entries}
                for item in navigation.ITEMS:
                    if item.work is not None and item.title in menu:
                        waiting = sum(home.get(key, 0) for key in WORK[item.endpoint])
                        assert (menu[item.title] or 0) == waiting, (code, account.role, item.title)
                        waits[item.endpoint] += waiting
                if account.role == Role.AWAY_SECRETARY:
                    assert home == {"activities": 1}, (code, home)
                    states = Counter(line.activity.state for line in lists.page(actor).lines)
                    assert states == {"held": 2, "planned": 2}
                    assert menu["本县党员"] >= 8, "members to look after"
    assert all(waits[endpoint] for endpoint in WORK.keys() - {"shares.index"}), waits
    assert {"cosign", "transfers", "referrals_inbox", "agreements"} <= {key for key, n in ends.items() if n}


def test_the_demo_is_built_by_services_and_real_messages(built):
    codes = [code for code, _, _ in built["counties"]]
    assert all(built[c]["imports"]["applied"] for c in codes), "registers come in through the importer"
    assert sum(built[c]["sent"] for c in codes) == sum(built[c]["heard"] for c in codes) > 100
    assert {c: built[c]["open"] for c in codes} == dict.fromkeys(codes, 0), "everything was delivered"
    assert [built[c]["stopped"] for c in codes] == [[]] * 3
    assert {built[c]["chain"] for c in codes} == {None}, "the log's chain holds"
