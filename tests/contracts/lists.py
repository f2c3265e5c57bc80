"""Every declared list: at which address it stands, and how it is made longer.

The rows are written as they would have come to stand, past the verbs that bring them there: these lists are read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import Flask, g, url_for
from sqlalchemy import inspect

from tests import world
from tests.federation.copies import OF_TYPE
from web.core import clock, events
from web.core.ids import uuid7
from web.core.states import _moving
from web.extensions import db
from web.federation.agreements import service as agreements
from web.federation.agreements import standing, templates
from web.federation.agreements.models import Agreement, AgreementState, AgreementVersion, VersionState
from web.federation.cosigning.models import Answer, CoSignedRecord, CosignLine, CosignState
from web.federation.handovers.models import Handover, HandoverState
from web.federation.post.models import Peer, PeerState
from web.federation.referrals import packets
from web.federation.referrals.models import Referral, ReferralState
from web.federation.requests.models import Request, RequestState
from web.federation.sharing.models import ShareState, StatusShare
from web.tenants.accounts.models import Account
from web.tenants.accounts.permissions import Role
from web.tenants.activities.models import Activity, ActivityKind, ActivityState
from web.tenants.counties import service as counties
from web.tenants.documents.models import Document, DocumentKind
from web.tenants.flows import service as flows
from web.tenants.flows.models import Flow
from web.tenants.imports.models import ImportBatch, ImportRow, ImportState, Outcome
from web.tenants.labels import rows as labels
from web.tenants.labels.models import Label
from web.tenants.labels.service import COLOURS
from web.tenants.members import service as members
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import OrgKind, PartyOrg
from web.tenants.tasks.models import Task, TaskState
from web.tenants.transfers.models import LetterStub, RelationTransfer, TransferKind, TransferState
from web.tenants.workbench.listings import LISTINGS, Listing

TABS = {
    "behind_flow": "code=flows.to_partner&side=home",
    "behind_handover": "code=transfers.opened&side=both",
    "behind_line": "code=cosign.persons&side=both",
    "behind_record": "code=cosign.held&side=both",
    "behind_referral": "code=members.shared&side=both",
    "behind_request": "code=requests.opened&side=both",
    "handovers_ended": "tab=out",
    "referrals_out": "tab=out",
    "referrals_in": "tab=inbox",
    "referrals_over": "tab=over",
    "transfers_decided": "tab=decided",
    "transfers_ended": "tab=out",
}
"""Of a list that stands in tabs, or of the rows behind numbers, which address shows it."""
NUMERALS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥天地人和春夏秋冬"


def page_of(application: Flask, side: Any, listing: Listing) -> str:
    """The page of a list, behind its county's code."""
    with application.test_request_context(f"/{side.code}/"):
        g.county = side
        return url_for(listing.endpoint).removeprefix(f"/{side.code}")


def addresses(application: Flask, side: Any) -> dict[str, str]:
    """Every declared list → the whole address that shows it."""
    return {
        name: f"/{side.code}{page_of(application, side, listing)}" + (f"?{TABS[name]}" if name in TABS else "")
        for name, listing in LISTINGS.items()
    }


def stand(model: type[Any], **given: Any) -> Any:
    """A row of any model, in any state. Columns it must have and nobody has a default for are filled by their type."""
    now = {"state_at": clock.now(), "created_at": clock.now()}
    for attribute in inspect(model).column_attrs:
        column, name = attribute.columns[0], attribute.key
        if name not in (*given, "id", "tenant_id") and not column.nullable and column.default is None:
            given[name] = now[name] if name in now else OF_TYPE[column.type.python_type]()
    token = _moving.set(True)
    row = model(id=uuid7(), **given)
    _moving.reset(token)
    db.session.add(row)
    db.session.flush()
    return row


class Longer:
    """The county's lists with `many` rows more each. What is about a member of ours is about the new ones."""

    def __init__(self, side: world.Side, many: int) -> None:
        self.side, self.many = side, many
        self.agreement = db.session.scalars(db.select(Agreement).where(Agreement.state == AgreementState.ACTIVE)).one()
        self.partner = next(p.uid for p in standing.parties(self.agreement) if p.uid != counties.own().uid)
        self.ref = agreements.covering(self.partner, "S2", owner_uid=counties.own().uid, receiver_uid=self.partner)
        self.branch = db.session.get(PartyOrg, (side.tenant_id, side.orgs["示例村支部"]))
        self.clerk = side.accounts[Role.COUNTY_ADMIN]
        for make in MORE:
            make(self)

    def each(self) -> Sequence[str]:
        """A name for each new row."""
        return [f"{NUMERALS[-self.many]}{NUMERALS[n]}" for n in range(self.many)]

    def pair(self, model: type[Any], role: str, state: Any, **given: Any) -> Any:
        """This county's copy of what it shares with the partner, under the agreement that is in force."""
        row = stand(model, partner_uid=self.partner, role=role, state=state, n=3, **given)
        row.under(self.ref)
        return row

    def flows(self) -> list[Flow]:
        """The new members' stays away."""
        return list(db.session.scalars(db.select(Flow).order_by(Flow.id.desc()).limit(self.many)))


def more_members(it: Longer) -> None:
    """Members of our own, away since the winter."""
    for name in it.each():
        member = members.enroll(it.branch.id, name=f"周{name}", gender="1", member_kind="1", birth_on=date(1990, 7, 15))
        flows.depart(member, left_on=date(2026, 2, 1), host_code="330110")


def more_agreements(it: Longer) -> None:
    """Drafts with the text of an agreement that is there, and templates of it."""
    known = db.session.scalars(db.select(AgreementVersion).where(AgreementVersion.text.is_not(None))).first()
    kept = {k: v for k, v in known.text.items() if k not in ("number", "level", "parties")}
    for name in it.each():
        agreements.begin([it.partner], kept)
        templates.save(it.agreement.id, f"协议{name}")


def more_responsibilities(it: Longer) -> None:
    """Responsibilities in the text of the agreement that is in force."""
    query = db.select(AgreementVersion).where(AgreementVersion.agreement_id == it.agreement.id)
    version = db.session.scalars(query.where(AgreementVersion.state == VersionState.EFFECTIVE)).one()
    row = {"side": "home", "owner": "县委组织部", "evidence": "记录", "frequency": "quarterly"}
    listed = [{**row, "key": f"home{n}", "item": f"责任{name}"} for n, name in enumerate(it.each())]
    version.text = {**version.text, "responsibilities": listed}
    db.session.flush()


def more_referrals(it: Longer) -> None:
    """Sent, received, over; and people of the partner who are here; all that is shared about the first."""
    for flow, name in zip(it.flows(), it.each(), strict=True):
        sent = it.pair(Referral, "home", ReferralState.OFFERED, member_id=flow.member_id, flow_id=flow.id)
        it.pair(StatusShare, "owner", ShareState.LIVE, referral_id=sent.id, member_id=flow.member_id, scope="S3")
        it.pair(Referral, "home", ReferralState.ENDED, member_id=flow.member_id, ended_on=clock.today(), reason="left")
        came = it.pair(Referral, "host", ReferralState.OFFERED)
        guest = it.pair(Referral, "host", ReferralState.TAKEN_ON, branch_id=it.branch.id, assigned_on=clock.today())
        it.pair(StatusShare, "receiver", ShareState.LIVE, referral_id=guest.id, scope="S2")
        for row in (came, guest):
            packets.keep(row, {"/name": f"吴{name}", "/gender": "1", "/home_branch": "支部", "/birth_year": 1990})


def asked_handovers(many: int, partner: UUID) -> None:
    """Handovers another county asked for, due today."""
    for n in range(many):
        row = stand(
            Handover, partner_uid=partner, role="host", state=HandoverState.REQUESTED, n=3, due_on=clock.today(),
            person_blind=uuid7().bytes,
        )  # fmt: skip
        row.keep(name=f"王示{NUMERALS[n]}")


def more_handovers(it: Longer) -> None:
    """Asked for by another county, and such as are over."""
    asked_handovers(it.many, it.partner)
    for flow, name in zip(it.flows(), it.each(), strict=True):
        it.pair(Handover, "home", HandoverState.CLOSED, member_id=flow.member_id, branch_id=it.branch.id).keep(
            name=f"王{name}"
        )


def more_transfers(it: Longer) -> None:
    """Cases of the county itself, begun, decided and over, with their letters."""
    for n, (flow, name) in enumerate(zip(it.flows(), it.each(), strict=True)):
        given = {"kind": TransferKind.OUTWARD, "member_id": flow.member_id, "branch_id": it.branch.id}
        decided = {"decided_at": clock.now(), "decided_by": "罗试甲"}
        stands = stand(RelationTransfer, state=TransferState.SUBMITTED, due_on=clock.today(), **given)
        over = stand(RelationTransfer, state=TransferState.CLOSED, **given, **decided)
        for row in (stands, over):
            row.keep(name=f"周{name}", to_org="某县")
        stand(
            LetterStub, year=2026, serial=1_000 * it.many + n, subject_id=over.id, member_id=flow.member_id,
            branch_id=it.branch.id, name=f"周{name}",
        )  # fmt: skip


def more_cosigned(it: Longer) -> None:
    """Activities of ours, and the record of each, final, with one person."""
    guests = db.session.scalars(db.select(Referral.id).where(Referral.role == "host").limit(it.many)).all()
    for name, guest in zip(it.each(), guests, strict=True):
        held = stand(
            Activity,
            state=ActivityState.HELD,
            kind=ActivityKind.THEME_DAY,
            org_id=it.branch.id,
            title=f"主题党日{name}",
        )
        record = it.pair(
            CoSignedRecord, "recorder", CosignState.FINAL, activity_id=held.id, kind="theme_day", held_on=clock.today()
        )
        record.keep(title=held.title, place="会议室", responsible="罗试甲")
        line = CosignLine(record_id=record.id, line=1, referral_id=guest, answer=Answer.ACCEPTED, wrapped=b"")
        line.keep(presence="present", minutes=60)
        db.session.add(line)
    db.session.flush()


def more_requests(it: Longer) -> None:
    """Asked of us, about people of ours."""
    sent = db.session.scalars(
        db.select(Referral).where(Referral.state == ReferralState.OFFERED, Referral.role == "home").limit(it.many)
    )
    for referral in sent:
        asked = it.pair(
            Request, "asked", RequestState.REQUESTED, kind="must_visit", referral_id=referral.id,
            member_id=referral.member_id, due_on=clock.today() + timedelta(days=9),
        )  # fmt: skip
        asked.keep({})


def more_of_the_county(it: Longer) -> None:
    """Its tree, its accounts, the counties it knows, its words, its work, its papers, its files, its log."""
    root = db.session.scalars(db.select(PartyOrg).where(PartyOrg.kind == OrgKind.COUNTY_COMMITTEE)).one()
    batch = None
    for n, name in enumerate(it.each()):
        organisations.found(root, OrgKind.TOWNSHIP_COMMITTEE, f"乡镇{name}")
        account = stand(Account, username=f"u{it.many}.{n}", name=name, role=Role.LIAISON, org_id=root.id)
        stand(
            Peer,
            state=PeerState.CONFIRMED,
            uid=uuid7(),
            name=f"县{name}",
            code=f"{it.many}{n:04}",
            confirmed_at=clock.now(),
        )
        stand(Label, title=f"标签{name}", colour=next(iter(COLOURS)), deleted_at=clock.now())
        stand(Task, state=TaskState.DONE, kind="export", title=f"导出{name}", account_id=account.id)
        stand(
            Document,
            kind=DocumentKind.AGREEMENT_REPORT,
            title=f"报告{name}",
            subject_id=it.agreement.id,
            content=b"%PDF",
        )
        batch = stand(ImportBatch, state=ImportState.PREVIEWED, filename=f"{name}.xlsx", account_id=it.clerk)
        events.record("account.open", account)
    for n in range(it.many):
        stand(
            ImportRow, batch_id=batch.id, number=n, outcome=Outcome.ERROR, findings=[["name", "没有姓名", True]],
            changes=["phone"],
        )  # fmt: skip


def more_labels(it: Longer) -> None:
    """The county's words, on all that can bear one."""
    made = [stand(Label, title=f"督办{name}", colour=next(iter(COLOURS))) for name in it.each()]
    with events.by(events.Actor(it.clerk, "county_admin甲", Role.COUNTY_ADMIN.value)):
        actor = events.actor()
        for name, listing in LISTINGS.items():
            if listing.labelled is not None:
                ids = [listing.labelled.id_of(line) for line in listing.walk(TABS.get(name, ""), actor, False)]
                labels.mark(ids, made[:1], [])


MORE: tuple[Callable[[Longer], None], ...] = (
    more_members,
    more_agreements,
    more_responsibilities,
    more_referrals,
    more_handovers,
    more_transfers,
    more_cosigned,
    more_requests,
    more_of_the_county,
    more_labels,
)
