"""The lists: narrowing, pages, totals, parts of the tree, and one query whatever their length."""

from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import event

from tests import world
from web.core import clock, fence
from web.core.events import Actor
from web.core.ids import uuid7
from web.extensions import db
from web.tenants.accounts.models import Account
from web.tenants.accounts.permissions import Role
from web.tenants.activities.models import Presence
from web.tenants.flows import service as flows
from web.tenants.flows.models import Flow, FlowState
from web.tenants.members import citizen_id
from web.tenants.members import service as members
from web.tenants.members.models import Member
from web.tenants.organisations.models import PartyOrg
from web.tenants.register import service
from web.tenants.register.facets import Roll
from web.tenants.register.queries import Query, cursor, read_cursor
from web.tenants.workbench.facets import Facet

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
PEOPLE = [
    # name, branch, gender, born, phone, dues, education, (left_on, until, reason, host)
    (
        "王示甲",
        "示例村支部",
        "1",
        date(1980, 1, 1),
        "15400000123",
        "2026-10",
        "21",
        (date(2026, 3, 1), None, "10", "330110"),
    ),
    ("李例乙", "示例村支部", "2", date(1990, 5, 5), None, "2026-06", "", (date(2026, 1, 1), None, "20", "331124")),
    ("欧阳演丙", "试例村支部", "1", None, "15400004567", "", "70", (date(2026, 11, 1), date(2027, 2, 1), "", "")),
    ("赵演戊", "试例村支部", "2", date(1990, 5, 5), "15400009999", "2026-08", "14", None),
]


@pytest.fixture
def roll(pair):
    """The people of PEOPLE at home, one at the host; the clock stands in November 2026."""
    with clock.at(NOW):
        with fence.acting_for(pair.host.tenant_id):
            members.enroll(pair.host.orgs["演示社区第一支部"], name="王示甲", gender="1", member_kind="1")
            fence.commit()
        with fence.acting_for(pair.home.tenant_id):
            for name, branch, gender, born, phone, dues, education, away in PEOPLE:
                m = members.enroll(
                    pair.home.orgs[branch], name=name, gender=gender, member_kind="1", birth_on=born, phone=phone,
                    dues_until=dues, education=education,
                )  # fmt: skip
                if away:
                    left_on, until, reason, host = away
                    flows.depart(m, left_on=left_on, expected_until=until, flow_reason=reason, host_code=host)
            fence.commit()
            yield pair


def who(role=Role.COUNTY_ADMIN):
    account = db.session.scalars(db.select(Account).where(Account.role == role)).one()
    path = db.session.get(PartyOrg, (account.tenant_id, account.org_id)).path
    return Actor(account.id, account.name, role, account.org_id, path)


def names(address, roll=Roll.MEMBERS, role=Role.COUNTY_ADMIN):
    pairs = [tuple(part.split("=")) for part in address.split("&") if part]
    found = service.page(Query.read(roll, pairs), who(role))
    assert found.total == len(found.lines)
    return [line.name for line in found.lines]


def test_each_facet_narrows_by_is_not_and_empty(roll):
    everyone = {p[0] for p in PEOPLE}
    town, branch = roll.home.orgs["天堂镇"], roll.home.orgs["示例村支部"]
    for address, expected in {
        "": everyone,
        "gender=1": {"王示甲", "欧阳演丙"},
        "not_gender=1": {"李例乙", "赵演戊"},
        "gender=1&gender=2": everyone,
        "kind=2": set(),
        f"org={town}": everyone,
        f"org={branch}": {"王示甲", "李例乙"},
        f"not_org={branch}": {"欧阳演丙", "赵演戊"},
        "org=nonsense": set(),
        "flow=nonsense": set(),
        "relation=nonsense&q=\0": set(),
        "gender=nonsense&gender=1": {"王示甲", "欧阳演丙"},
        f"org={roll.host.orgs['余杭街道']}": set(),
        "education=2&education=": {"王示甲", "李例乙"},
        "not_education=": {"王示甲", "欧阳演丙", "赵演戊"},
        "flow=registered": {"王示甲", "李例乙"},
        "flow=": {"赵演戊"},
        "not_flow=registered": {"欧阳演丙", "赵演戊"},
        "not_flow=": {"王示甲", "李例乙", "欧阳演丙"},
        "reason=10": {"王示甲"},
        "not_reason=10": {"李例乙", "欧阳演丙", "赵演戊"},
        "host=330110&host=331124": {"王示甲", "李例乙"},
        "host=&flow=away_notice": {"欧阳演丙"},
        "dues=late": {"李例乙"},
        "dues=paid": {"王示甲", "赵演戊"},
        "dues=": {"欧阳演丙"},
        "not_dues=late": {"王示甲", "欧阳演丙", "赵演戊"},
        "phone=": {"李例乙"},
        "certificate=yes": set(),
        "contact=yes": set(),
        "not_contact=yes": everyone,
        "relation=transferred": set(),
        "q=wsj": {"王示甲"},
        "q=0123&gender=2": set(),
        "unknown=1&sort=nonsense": everyone,
    }.items():
        assert set(names(address)) == expected, address
    assert set(names("", Roll.AWAY)) == {"王示甲", "李例乙"}, "a short absence does not count as floating"


def test_the_address_gives_the_query_back(roll):
    query = Query.read(
        Roll.AWAY,
        [("q", " 张 "), ("gender", "1"), ("not_dues", ""), ("gender", "2"), ("after", "x"), ("sort", "-birth")],
    )
    assert Query.read(Roll.AWAY, query.pairs()) == query
    assert query.pairs() == [("q", "张"), ("gender", "1"), ("gender", "2"), ("not_dues", ""), ("sort", "-birth")]
    assert query.unnarrowed().pairs() == [("sort", "-birth")] and not query.unnarrowed().is_narrowed


def test_each_role_sees_its_part_of_the_tree_and_numbers_are_masked(roll):
    assert len(names("", role=Role.LIAISON)) == 4 == len(names("", role=Role.TOWNSHIP_OFFICER))
    assert set(names("", role=Role.BRANCH_SECRETARY)) == {"王示甲", "李例乙"}
    assert set(names("", role=Role.AWAY_SECRETARY)) == {"欧阳演丙", "赵演戊"}
    secretary = who(Role.BRANCH_SECRETARY)
    other = db.session.scalars(db.select(Member).where(Member.name == "赵演戊")).one()
    mine = db.session.scalars(db.select(Member).where(Member.name == "王示甲")).one()
    assert service.person(other.id, secretary) is None and service.person(uuid7(), who()) is None
    assert service.person(mine.id, secretary).branch == "天堂镇示例村支部"
    assert service.among([other.id, mine.id, uuid7()], secretary) == [mine.id]
    assert service.selected(Query(), secretary) == [m.id for m in sorted(db.session.scalars(
        db.select(Member).where(Member.branch_id == roll.home.orgs["示例村支部"])), key=lambda m: m.name_pinyin)]  # fmt: skip
    members.amend(mine, {"id_number": citizen_id.invent("990121", date(1980, 1, 1), 3)})
    line = service.page(Query.read(Roll.MEMBERS, [("q", "wsj")]), secretary).lines[0]
    assert (line.id_number[3:6], len(line.id_number), line.phone) == ("***", 8, "154****0123")
    assert line.host == "余杭区"


@pytest.mark.parametrize(
    "sort", ["name", "-name", "birth", "-birth", "branch", "dues", "-left", "host", "updated", "-updated"]
)
def test_pages_meet_without_gap_or_overlap_in_both_directions(roll, sort):
    for n in range(9):
        members.enroll(
            roll.home.orgs["示例村支部"],
            name=f"孙示{'甲乙丙'[n % 3]}",
            gender="1",
            member_kind="1",
            birth_on=date(1970 + n % 3, 1, 1),
        )
    query = Query.read(Roll.MEMBERS, [("sort", sort)])
    whole = [line.member_id for line in service.page(query, who(), size=100).lines]
    assert len(whole) == 13
    forward, place, pages = [], None, []
    while True:
        found = service.page(query, who(), after=place or "", size=4)
        assert found.total == 13 and (found.before is None) == (place is None)
        forward += [line.member_id for line in found.lines]
        pages.append(found)
        if (place := found.after) is None:
            break
    assert forward == whole
    back = service.page(query, who(), before=pages[-1].before, size=4)
    assert [x.member_id for x in back.lines] == [x.member_id for x in pages[-2].lines]
    first = service.page(query, who(), before=pages[1].before, size=4)
    assert [x.member_id for x in first.lines] == whole[:4] and first.before is None and first.after
    assert [x.member_id for x in service.page(query, who(), after="nonsense!", size=4).lines] == whole[:4]


def test_a_cursor_of_another_sort_or_hand_names_no_place():
    here = cursor(date(1980, 1, 1), uuid7())
    assert read_cursor(here, "birth")[0] == date(1980, 1, 1) and read_cursor(here, "updated")[0] == datetime(1980, 1, 1)
    for text in ("", "%%%", "W10", cursor("x", uuid7()), cursor("a\0", uuid7()), "bnVsbA", here[:-6]):
        assert read_cursor(text, "birth") is None


@contextmanager
def statements():
    seen = []

    def note(connection, cursor_, statement, *rest):
        if not statement.startswith(("SET LOCAL", "SAVEPOINT", "RELEASE")):
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_a_page_is_one_query_and_its_total_another_whatever_its_length(roll, proved):
    admin = who()
    for n in range(60):
        members.enroll(roll.home.orgs["示例村支部"], name=f"周试{'甲乙丙丁'[n % 4]}", gender="1", member_kind="1")
    db.session.expunge_all()
    for address in ([], [("q", "周试")], [("gender", "1"), ("not_flow", "registered"), ("sort", "-left")]):
        with statements() as seen:
            found = service.page(Query.read(Roll.MEMBERS, address), admin)
        assert len(found.lines) == 50 and found.total > 50
        assert len(seen) == 2
    with statements() as seen:
        choices, _beside = service.choices(admin)
    assert len(seen) == 1
    assert choices["hosts"] == {"330110": "浙江省杭州市余杭区", "331124": "浙江省丽水市松阳县"}
    assert list(choices["organisations"].values()) == ["天堂镇", "　示例村支部", "　试例村支部"]
    proved("lists within their query budget", 3)


def test_a_later_room_adds_a_column_and_a_facet_without_another_query(roll):
    # The column a later room would join: here the flow's own state once more, by another name.
    again = db.aliased(Flow)
    extra = service.Extra(
        "referral",
        again.state,
        lambda s: s.outerjoin(again, (again.tenant_id == Flow.tenant_id) & (again.id == Flow.id)),
        Facet("referral", "报到", again.state.in_, again.id.is_(None), {"registered": "已推送"}),
    )
    query = Query.read(Roll.AWAY, [("referral", "registered")], [extra.facet])
    admin = who()
    with statements() as seen:
        found = service.page(query, admin, extras=[extra])
    assert len(seen) == 1, "a first page that holds everything needs no total"
    assert {x.name: x.extra["referral"] for x in found.lines} == {
        "王示甲": FlowState.REGISTERED,
        "李例乙": FlowState.REGISTERED,
    }
    assert service.selected(query, who(), extras=[extra]) and service.count(query, who(), [extra]) == 2
    assert world.count(Member) == 4


def test_completeness_follows_what_is_known(roll):
    m = db.session.scalars(db.select(Member).where(Member.name == "王示甲")).one()
    flow = flows.current(m.id)
    before = dict(service.completeness(m, flow, []))
    assert before == {"个人信息清": False, "流动时间清": False, "流动原因清": True, "流动地点清": True, "从业情况清": False,
                      "联系方式清": False, "掌握党费": True, "掌握思想动态": False, "掌握组织生活": False}  # fmt: skip
    members.amend(m, {"backup_contact": "李例乙", "dues_until": "2026-06"})
    after = dict(service.completeness(m, flow, []))
    assert after["联系方式清"] and not after["掌握党费"]
    assert service.study(m.id) == [] == list(service.papers(m.id))
    assert [e.verb for e in service.timeline(m.id)][:2] == ["member.amend", "flow.register"]
    for presence in ("present", "late", "personal", "absent", "leave"):
        one = service.Study(date(2026, 11, 1), "学习党章", Presence(presence), 0, None)
        assert dict(service.completeness(m, flow, [one]))["掌握组织生活"] is (presence in ("present", "late")), presence
    for spoke, is_so in ((date(2026, 5, 22), False), (date(2026, 5, 23), True)):
        flows.note_contact(flow, on=spoke)
        assert dict(service.completeness(m, flow, []))["掌握思想动态"] is is_so, (
            "a word with him in the half-year, no more"
        )
