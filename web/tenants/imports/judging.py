"""What would become of a row of a register: the branch and the member it is about, what it would change, and what is doubtful.

A dry run and an application judge alike, each anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from web.core import events
from web.core.events import Actor
from web.core.fields import blind
from web.core.saying import joined, say
from web.extensions import db
from web.tenants.accounts.permissions import WHOLE_COUNTY
from web.tenants.counties.divisions import find
from web.tenants.flows.models import Flow, FlowState
from web.tenants.imports.layouts import MEMBER_REGISTER
from web.tenants.imports.models import Outcome
from web.tenants.imports.rows import RowReading, primary_phone
from web.tenants.members import service as members
from web.tenants.members.dates import PartialDate
from web.tenants.members.models import Member
from web.tenants.organisations import service as organisations
from web.tenants.organisations.models import OrgKind, PartyOrg


class Judge:
    """What would become of each row: the tree and the members already here, read once."""

    def __init__(self, actor: Actor, rows: Iterable[RowReading]) -> None:
        orgs = {o.id: o for o in organisations.tree()}
        inside = "" if actor.role in WHOLE_COUNTY or actor is events.SYSTEM else actor.org_path or "-"
        self.names = {o.id: o.name for o in orgs.values()}
        self.mine = {o.id for o in orgs.values() if not inside or o.path.startswith(inside)}
        self.branches: dict[tuple[str, str], PartyOrg] = {}
        self.by_name: dict[str, list[PartyOrg]] = {}
        for org in orgs.values():
            if org.kind in members.HOLDS_MEMBERS and org.is_active and (not inside or org.path.startswith(inside)):
                above = orgs.get(org.parent_id) if org.parent_id else None
                while above is not None and above.kind is not OrgKind.TOWNSHIP_COMMITTEE:
                    above = orgs.get(above.parent_id) if above.parent_id else None
                self.branches[above.name if above else "", org.name] = org
                self.by_name.setdefault(org.name, []).append(org)
        numbers = [str(r.values["citizen_id"]) for r in rows if r.values.get("citizen_id")]
        self.blinds = {n: blind("id_number", n) for n in numbers}
        query = db.select(Member).where(
            Member.id_blind.in_(list(self.blinds.values())), Member.relation.in_(members.LIVE)
        )
        self.alike = _alike([r for r in rows if r.values.get("name")])
        self.known = {bytes(m.id_blind): m for m in db.session.scalars(query) if m.id_blind}
        self.episodes: dict[UUID, list[Flow]] = {}
        for flow in db.session.scalars(db.select(Flow).where(Flow.member_id.in_([m.id for m in self.known.values()]))):
            self.episodes.setdefault(flow.member_id, []).append(flow)

    def branch(self, row: RowReading) -> PartyOrg | None:
        """The branch of that name in that township; without a township, the only one of that name."""
        name, township = str(row.values.get("branch") or ""), str(row.values.get("township") or "")
        if township:
            return self.branches.get((township, name))
        same = self.by_name.get(name, [])
        return same[0] if len(same) == 1 else None

    def member(self, row: RowReading) -> Member | None:
        """Who has this identity number here already."""
        return self.known.get(self.blinds.get(str(row.values.get("citizen_id")), b""))

    def departure(self, row: RowReading, member: Member | None) -> dict[str, Any] | None:
        """The away episode that the row tells of and the member does not have: an old file opens none again that ended."""
        away = flow_fields(row)
        if away is None or member is None:
            return away
        has = self.episodes.get(member.id, ())
        left, on = row.values.get("left"), away["left_on"]
        is_told = any(f.state is not FlowState.ENDED or f.left_on == on or _fits(left, f.left_on) for f in has)
        return None if is_told else away

    def otherwise(self, row: RowReading, member: Member) -> list[list[Any]]:
        """What the row says of the open episode that is not what we have: a file changes none, and says so."""
        away, has = flow_fields(row), self.episodes.get(member.id, ())
        flow = next((f for f in has if f.state is not FlowState.ENDED), None)
        if away is None or flow is None:
            return []
        place = "host_code" if away["host_code"] else "host_text"
        differ = [
            MEMBER_REGISTER.column(column).title
            for name, column in (*_OF_FLOW, (place, "host_place"))
            if away[name]
            and away[name] != getattr(flow, name)
            and not _fits(row.values.get(column), getattr(flow, name))
        ]
        if not differ:
            return []
        text = say(
            "第 {number} 行“{columns}”：与{name}没有结束的流动登记不同，导入不改变流动登记。要改的，请在本人页面“流动”里修改",
            number=row.number,
            columns=joined("、", differ),
            name=member.name,
        )
        return [[differ[0], text, False]]

    def doubts(self, row: RowReading) -> list[list[Any]]:
        """Members who may be the same person although the number differs: same name, and same birth or telephone."""
        given, said = member_fields(row), []
        for other, branch in self.alike.get(str(given["name"]), []):
            same = [
                words
                for words, is_same in (
                    ("出生日期", given["birth_on"] is not None and other.birth_on == given["birth_on"]),
                    ("联系电话", given["phone"] is not None and other.phone == given["phone"]),
                )
                if is_same
            ]
            if same:
                text = say(
                    "第 {number} 行“姓名”：与{branch}的{name}{same}相同，身份证号不同，可能是同一人。请核对后再导入",
                    number=row.number,
                    branch=branch,
                    name=other.name,
                    same=joined("、", same),
                )
                said.append(["姓名", text, False])
        return said

    def judge(self, row: RowReading) -> tuple[Outcome, list[list[Any]], list[str], Member | None]:
        """Outcome, findings to show, fields that would change, and the member it is about."""
        findings = [[f.column, f.text, f.is_error] for f in row.findings]
        if row.errors:
            return Outcome.ERROR, findings, [], None
        branch = self.branch(row)
        if branch is None:
            where = f"{row.values.get('township') or ''}{row.values.get('branch') or ''}"
            text = say(
                "第 {number} 行“所在党支部”：组织树里没有“{where}”，或不在您的范围内。请先在“党组织”里建立，或按树上的名称改写",
                number=row.number,
                where=where,
            )
            return Outcome.ERROR, [*findings, ["所在党支部", text, True]], [], None
        member = self.member(row)
        if member is None:
            return Outcome.NEW, [*findings, *self.doubts(row)], [], None
        if not self.mine & {member.branch_id, member.away_org_id}:
            text = say("第 {number} 行“身份证号”：此人登记在您范围以外的党组织，请由上级党组织办理", number=row.number)
            return Outcome.ERROR, [*findings, ["身份证号", text, True]], [], None
        if member.frozen_by is not None:
            text = say(
                "第 {number} 行“姓名”：{name}的组织关系正在转接，办结前不能修改",
                number=row.number,
                name=row.values["name"],
            )
            return Outcome.ERROR, [*findings, ["姓名", text, True]], [], member
        if branch.id not in (member.branch_id, member.away_org_id):
            text = say(
                "第 {number} 行“所在党支部”：{name}登记在{here}，导入不改变所在支部。换支部请在本人页面“申请转接”；只是登记错了的，在本人页面“编入支部”改正",
                number=row.number,
                name=member.name,
                here=self.names[member.branch_id],
            )
            findings.append(["所在党支部", text, False])
        findings += self.otherwise(row, member)
        said = member_fields(row).items()
        changed = [f for f, v in said if v is not None and v != getattr(member, f) and not _is_so(row, member, f)]
        if self.departure(row, member) is not None:
            changed.append("flow")
        if row.values.get("is_lost_contact") and not member.is_lost_contact:
            changed.append("is_lost_contact")
        return (Outcome.CHANGED if changed else Outcome.SAME), findings, changed, member


def _alike(rows: list[RowReading]) -> dict[str, list[tuple[Member, str]]]:
    """Members here by name, of those the rows name."""
    found: dict[str, list[tuple[Member, str]]] = {}
    query = (
        db.select(Member, PartyOrg.name)
        .join(PartyOrg, (PartyOrg.tenant_id == Member.tenant_id) & (PartyOrg.id == Member.branch_id))
        .where(Member.name.in_({str(r.values["name"]) for r in rows}), Member.relation.in_(members.LIVE))
    )
    for member, branch in db.session.execute(query):
        found.setdefault(member.name, []).append((member, branch))
    return found


def member_fields(row: RowReading) -> dict[str, Any]:
    """The columns of a register as fields of a member; None where the cell says nothing."""
    v = row.values
    phone, contact = primary_phone(v), v.get("home_contact_phones")
    return {
        "name": v["name"],
        "gender": v.get("gender"),
        "ethnicity": v.get("ethnicity"),
        "birth_on": _first(v.get("birth")),
        "id_number": v.get("citizen_id"),
        "phone": str(phone) if phone else None,
        "education": v.get("education"),
        # Of somebody new a row that says only 党员 is taken as full and flagged by the reader (§13.5, variant 15).
        "member_kind": v.get("kind") or "1",
        "joined_on": _first(v.get("joined")),
        "confirmed_on": _first(v.get("confirmed")),
        "dues_until": str(v["dues_paid_until"])[:7] if v.get("dues_paid_until") else None,
        "certificate_no": str(v["certificate_no"])[:40] if v.get("certificate_no") else None,
        "backup_contact": v.get("home_contact"),
        "backup_phone": str(contact[0]) if isinstance(contact, tuple) and contact else None,
        "note": v.get("remark"),
    }


def flow_fields(row: RowReading) -> dict[str, Any] | None:
    """The columns of an away episode, or None when the row speaks of none."""
    v, place = row.values, row.values.get("host_place")
    if not v.get("left") and not v.get("host_text"):
        return None
    code: str = getattr(place, "code", None) or ""
    rest = str(getattr(place, "rest", "") or "")
    return {
        "left_on": _first(v.get("left")),
        "expected_until": _last(v.get("expected_until")),
        "flow_reason": v.get("reason") or "",
        "host_code": code[:6],
        "host_text": str(v.get("host_text") or "")[:120],
        "host_township": (_township(code) or rest)[:40],
        "host_address": v.get("host_address"),
        "work_unit": str(v.get("work_unit") or "")[:80],
        "occupation": str(v.get("industry") or "")[:40],
    }


def _township(code: str) -> str:
    division = find(code) if len(code) == 9 else None
    return division.name if division else ""


_OF_FLOW = (
    ("left_on", "left"),
    ("expected_until", "expected_until"),
    ("flow_reason", "reason"),
    ("host_address", "host_address"),
    ("work_unit", "work_unit"),
    ("occupation", "industry"),
)
"""Fields of an episode, and the columns of the register that say them."""
_PARTIAL = {"joined_on": "joined", "confirmed_on": "confirmed"}


def _is_so(row: RowReading, member: Member, field: str) -> bool:
    """What the row says less exactly than it is known of who is here, or not at all: 1998.7 of a day in that month, and full,
    which is taken only of somebody new.
    """
    if field == "member_kind":
        return row.values.get("kind") is None
    return field in _PARTIAL and _fits(row.values.get(_PARTIAL[field]), getattr(member, field))


def _fits(said: object, on: date | None) -> bool:
    """Whether a date of a register, which may be a month or a year alone, can mean this day."""
    return isinstance(said, PartialDate) and on is not None and said.agrees(PartialDate.of(on))


def _first(value: object) -> Any:
    return value.first if isinstance(value, PartialDate) else None


def _last(value: object) -> Any:
    return value.last if isinstance(value, PartialDate) else None
