"""The half-year report on screen: its figures, definitions and links, who may see and make it, and the paper it becomes."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pypdf import PdfReader

from tests import world
from tests.reports.reading import Paper
from tests.reports.test_agreement_report import NO_COUNT, VOID, Sieve
from tests.reports.world import build_with_half_year, load_lived
from web.core import clock, fence
from web.federation.agreements import service as agreements
from web.federation.agreements.models import AGREEMENT
from web.reports import METRICS, Period, Rendered, statements
from web.reports.rows import ROWS
from web.tenants.accounts.permissions import Role
from web.tenants.documents import service as documents
from web.tenants.documents.models import DocumentKind

__all__ = ["build_with_half_year", "load_lived"]
DAY = 20


@pytest.fixture
def lived_on(lived):
    """The day the pages are looked at."""
    with lived.later(DAY):
        yield lived


@pytest.fixture
def enter(fresh, lived_on):
    """Signed in at a county as a role."""

    def sign_in(side, role=Role.COUNTY_ADMIN):
        client = fresh.test_client()
        sent = {"username": role.value, "password": world.PASSWORD, "next": ""}
        assert client.post(f"/{side.code}/sign-in", data=sent).status_code == 303
        return client

    return sign_in


def address(lived, side, rest=""):
    return f"/{side.code}/reports/{lived.agreement_id}/{lived.period.name}{rest}"


def figures_of(page: str) -> Sieve:
    """The part of the page with the sections, sieved as the paper is."""
    found = Sieve()
    found.feed(page[page.index('<div class="figures">') : page.index('id="means"')])
    return found


def test_the_page_shows_what_the_report_says(enter, lived_on):
    for side in (lived_on.walk.home, lived_on.walk.host):
        page = enter(side).get(address(lived_on, side))
        assert page.status_code == 200
        with side.act():
            report = statements.compose([agreements.get(lived_on.agreement_id)], lived_on.period).report
        found = figures_of(page.text)
        shown = [(metric, text.removesuffix("%")) for metric, text in found.figures]
        for _, figure in report.printed:
            assert (figure.metric, figure.words.removesuffix("%")) in shown or (figure.metric, figure.text) in shown
        assert {metric for metric, _ in found.figures} <= set(METRICS)
        assert re.findall(r"\d", NO_COUNT.sub("", found.rest)) == [], "a number that is no figure"
        assert "本期没有提出或者办理协助请求。" in page.text


def test_small_numbers_are_masked_and_labels_explained(enter, lived_on):
    page = enter(lived_on.walk.home).get(address(lived_on, lived_on.walk.home)).text
    shown = [(m, t) for m, t in figures_of(page).figures if METRICS[m].is_persons]
    assert ("members.taken_on", "＜5") in shown and ("members.reported_in", "—") in shown
    assert not [pair for pair in shown if re.fullmatch(r"[1-4](名|件|条)?", pair[1])]
    for metric, _ in figures_of(page).figures:
        assert f'id="means-{metric}"' in page and METRICS[metric].definition in page
    ids = re.findall(r'href="#(means-[^"]+)"', page)
    assert ids and all(f'id="{each}"' in page for each in ids)


class Links(HTMLParser):
    """Addresses of the links in figures."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[tuple[str, str]] = set()
        self._metric: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = dict(attrs)
        if tag in VOID:
            return
        self._metric.append(given.get("data-metric") or "")
        metric = next(filter(None, reversed(self._metric)), "")
        if tag == "a" and metric:
            self.found.add((metric, given["href"]))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self._metric.pop()


def links_of(page: str) -> set[tuple[str, str]]:
    found = Links()
    found.feed(page[page.index('<div class="figures">') : page.index('id="means"')])
    return found.found


def test_numbers_lead_to_their_rows(enter, lived_on):
    counted = {}
    for side in (lived_on.walk.home, lived_on.walk.host):
        client = enter(side)
        links = links_of(client.get(address(lived_on, side)).text)
        with side.act():
            statement = statements.compose([agreements.get(lived_on.agreement_id)], lived_on.period)
        numbers = {
            (f.metric, way.role, f.period.name): f.value
            for way, direction in zip(statement.ways, statement.report.directions, strict=True)
            for f in direction.figures
        } | {(f.metric, "both", f.period.name): f.value for month in statement.report.months for f in month.figures}
        for metric, url in links:
            opened = client.get(url)
            assert opened.status_code == 200, url
            if metric in ROWS and not METRICS[metric].over:
                rows = int(re.search(r"共 (\d+) [名件场]", opened.text)[1])
                said = parse_qs(urlsplit(url).query)
                assert rows == numbers[metric, said["side"][0], said["period"][0]], (
                    "as many, though the report masks it"
                )
                # A column of the list, and of what is taken out of it, wherever its rows may stand on two sides.
                heads = re.findall(r'<th scope="col"[^>]*>方向', opened.text)
                assert len(heads) == (len(ROWS[metric].room.sides) == 2) >= (said["side"] == ["both"])
                assert ("只含依这些协议办的" in opened.text) == (metric != "flows.to_partner")
        counted[side.name] = sorted({metric for metric, _ in links})
    assert counted["岳西县"] == [
        "flows.to_partner", "members.days_to_take_on", "members.new_reported_in", "members.new_taken_on", "members.not_reported", "members.reported_in", "members.shared",
        "members.taken_on", "transfers.closed", "transfers.days", "transfers.opened", "transfers.recalled", "transfers.refused",
    ]  # fmt: skip
    assert "members.shared" in counted["余杭区"] and "flows.to_partner" not in counted["余杭区"]


def test_sums_and_what_is_compared_open_no_rows(enter, lived_on):
    home, begun = lived_on.walk.home, lived_on.period.starts_on
    span = Period(begun + timedelta(days=11), begun + timedelta(days=DAY))
    page = enter(home).get(f"/{home.code}/reports/{lived_on.agreement_id}/{span.name}").text
    rows = re.findall(r'<th scope="row" class="quoted">(合计|上期|增减)</th>(.*?)</tr>', page, re.DOTALL)
    counts = {name for name, cells in rows if re.search(r">[+−＜]?[1-9]", cells)}
    assert counts == {"合计", "上期", "增减"}, "each says a number"
    assert links_of(page) and [name for name, cells in rows if "<a " in cells] == []


def test_the_leader_reads_aggregates_only(enter, lived_on):
    home = lived_on.walk.home
    client = enter(home, Role.LEADER_READONLY)
    page = client.get(address(lived_on, home))
    assert page.status_code == 200 and links_of(page.text) == set()
    assert "生成报告由县级经办办理" in page.text and f'action="{address(lived_on, home)}"' not in page.text
    refused = client.post(address(lived_on, home))
    assert refused.status_code == 403
    assert enter(home, Role.LIAISON).get(address(lived_on, home)).status_code == 200
    for role in (Role.TOWNSHIP_OFFICER, Role.BRANCH_SECRETARY, Role.AWAY_SECRETARY):
        client = enter(home, role)
        assert client.get(address(lived_on, home)).status_code == client.get(f"/{home.code}/reports").status_code == 403
        assert "/reports" not in client.get(f"/{home.code}/").text


def test_what_is_not_there_is_not_found(enter, lived_on):
    home, host = lived_on.walk.home, lived_on.walk.host
    client = enter(home)
    now = lived_on.period.name
    before = lived_on.period.before.name
    for rest in (f"{lived_on.agreement_id}/{before}", f"{lived_on.agreement_id}/2099-1", f"{lived_on.agreement_id}/x",
                 f"{lived_on.walk.member_id}/{now}", f"{lived_on.walk.member_id}/{now}/progress"):  # fmt: skip
        assert client.get(f"/{home.code}/reports/{rest}").status_code == 404, rest
    assert client.post(f"/{home.code}/reports/{lived_on.agreement_id}/{before}").status_code == 404
    assert client.get(address(lived_on, host)).status_code in (303, 401), "not signed in there"
    assert enter(host).get(f"/{host.code}/reports").status_code == 200


def test_any_period_is_asked_for_by_a_form_that_says_what_is_wrong(enter, lived_on):
    home, begun = lived_on.walk.home, lived_on.period.starts_on
    client, form = enter(home), f"/{home.code}/reports/{lived_on.agreement_id}"
    shown = client.get(form)
    assert shown.status_code == 200 and lived_on.period.label in shown.text
    first, last = begun + timedelta(days=10), begun + timedelta(days=DAY)
    taken = client.get(form, query_string={"period": "", "from": first.isoformat(), "to": last.isoformat()})
    assert taken.status_code == 303 and taken.location.endswith(f"/{first.isoformat()}_{last.isoformat()}")
    page = client.get(taken.location).text
    assert f"{first.isoformat()}至{last.isoformat()}" in page and ">报告，" in page
    assert client.get(form, query_string={"period": lived_on.period.name}).location.endswith(lived_on.period.name)
    for first_, last_, said in (
        (last, first, "不能早于起日"),
        (first, first + timedelta(days=900), "不能晚于今天"),
        (begun - timedelta(days=90), begun - timedelta(days=60), "协议没有生效"),
        (begun - timedelta(days=3000), last, "一次最多五年"),
    ):
        refused = client.get(form, query_string={"from": first_.isoformat(), "to": last_.isoformat()})
        assert refused.status_code == 422 and said in refused.text and first_.isoformat() in refused.text, said
    assert "不是有效日期" in client.get(form, query_string={"from": "2026-02-30", "to": "2026-03-01"}).text
    assert "必填" in client.get(form, query_string={"from": "", "to": last.isoformat()}).text


def test_the_paper_is_made_once_kept_and_equal_to_the_page(enter, lived_on, work, tmp_path):
    home = lived_on.walk.home
    client = enter(home)
    listed = client.get(f"/{home.code}/reports")
    assert address(lived_on, home) in listed.text and "还没有生成过报告" in listed.text
    sent = client.post(address(lived_on, home))
    assert sent.status_code == 303 and sent.location.endswith("#papers")
    assert client.post(address(lived_on, home)).status_code == 303, "pressed twice: one job"
    waiting = client.get(address(lived_on, home)).text
    assert "排队中" in waiting and address(lived_on, home, "/progress") in waiting
    assert "排队中" in client.get(address(lived_on, home, "/progress")).text
    work()
    assert client.get(address(lived_on, home, "/progress")).headers["HX-Refresh"] == "true"
    page = client.get(address(lived_on, home)).text
    with home.act():
        made = documents.of_subject(lived_on.agreement_id, DocumentKind.AGREEMENT_REPORT)
        assert len(made) == 1
        row, content = made[0], made[0].content
        report = statements.compose([agreements.get(lived_on.agreement_id)], lived_on.period).report
    url = f"/{home.code}/documents/{row.id}"
    assert row.title == f"{report.name}执行情况{report.kind}（{report.period.label}）", (
        "whose it is, in the list of all"
    )
    assert (
        url in page
        and documents.spelled(row.proof_code) in page
        and row.title in client.get(f"/{home.code}/reports").text
        and row.title in client.get(f"/{home.code}/reports/made?agreement={row.subject_id}").text
    )
    # Of the whole year, or of all agreements, it would share days and members: whoever opens that is told.
    year = f"/{home.code}/reports/{lived_on.agreement_id}/{lived_on.period.starts_on.year}"
    assert "相减" not in page and "相减" in (wider := client.get(year).text) and row.title in wider
    for reader in (client, enter(home, Role.LEADER_READONLY)):
        answer = reader.get(url)
        assert answer.status_code == 200 and answer.mimetype == "application/pdf" and answer.data == content
    (tmp_path / "report.pdf").write_bytes(content)
    paper = Paper(report, Rendered(content, row.pages, row.sha256), tmp_path / "report.pdf")
    for metric, text in figures_of(page).figures:
        assert text in paper.text, (metric, text)
    assert documents.spelled(row.proof_code) in paper.text
    assert client.get(f"/v/{row.proof_code}").status_code == 200


def test_no_agreement_no_report(fresh, pair):
    client = fresh.test_client()
    sent = {"username": "county_admin", "password": world.PASSWORD, "next": ""}
    assert client.post(f"/{pair.home.code}/sign-in", data=sent).status_code == 303
    page = client.get(f"/{pair.home.code}/reports")
    assert page.status_code == 200 and "还没有生效的协议" in page.text


def test_three_parties_report_their_own_directions_and_one_county_all_its_agreements(fresh, pair, three, work):
    id_, _, _, third = three
    seen = {}
    for side in (pair.host, pair.home, third):
        with side.act():
            agreement = agreements.get(id_)
            report = statements.compose([agreement], statements.periods([agreement])[0]).report
            assert report.is_part
            seen[side.name] = [d.label for d in report.directions]
            fence.commit()
    assert seen == {
        "余杭区": ["余杭区→岳西县", "岳西县→余杭区", "余杭区→松阳县", "松阳县→余杭区"],
        "岳西县": ["岳西县→余杭区", "余杭区→岳西县"],
        "松阳县": ["松阳县→余杭区", "余杭区→松阳县"],
    }, "岳西 and 松阳 give each other nothing"
    second = world.conclude(world.propose(pair.host, [third]), pair.host, [third]).id
    with pair.host.act():
        both = statements.of_subject(pair.host.uid)
        assert {a.id for a in both} == {id_, second}
        report = statements.compose(both, statements.periods(both)[0]).report
        one, other = (statements.compose([a], report.period).report for a in both)
        fence.commit()
    following = Period.half_of(report.period.ends_on + timedelta(days=1))
    with clock.at(clock.midnight(following.starts_on) + timedelta(hours=12)), pair.host.act():
        both = statements.of_subject(pair.host.uid)
        ended = next(a for a in both if a.id == second)
        for verb in ("wind_down", "close"):
            AGREEMENT.apply(ended, verb)
        ended.state_at = clock.midnight(following.starts_on) - timedelta(hours=12)
        later = statements.compose(both, following).report
    assert len(later.items) < len(report.items)
    assert len(later.previous.items) == len(report.items), "the last period as its own report has it"
    assert [d.label for d in report.directions] == seen["余杭区"], "a partner of two agreements stands there once"
    assert report.number == "" and len(report.several) == 2 and {p.stem for p in report.parties} == {""}
    assert len(report.items) == len(one.items) + len(other.items)
    assert {item.lead for item in report.items} == {"岳西县", "松阳县", "余杭区", "各方"}, "stems are of one text alone"
    client = fresh.test_client()
    sent = {"username": "county_admin", "password": world.PASSWORD, "next": ""}
    assert client.post(f"/{pair.host.code}/sign-in", data=sent).status_code == 303
    listed = client.get(f"/{pair.host.code}/reports").text
    url = f"/{pair.host.code}/reports/{pair.host.uid}/{report.period.name}"
    assert "各协议汇总" in listed and url in listed
    page = client.get(url).text
    assert report.name in page and all(title in page for title, _ in report.several)
    assert client.get(f"/{pair.host.code}/reports/{pair.home.uid}/{report.period.name}").status_code == 404
    assert client.post(url, data={"words": "两县春节前联合走访。"}).status_code == 303
    assert client.post(url, data={"words": "长" * 601}).status_code == 422
    work()
    with pair.host.act():
        (paper,) = documents.of_subject(pair.host.uid, DocumentKind.AGREEMENT_REPORT)
        text = re.sub(r"\s", "", "".join(each.extract_text() for each in PdfReader(BytesIO(paper.content)).pages))
    assert (
        "两县春节前联合走访" in text
        and "执行情况汇总" in text
        and paper.title.startswith(f"{report.name}执行情况汇总")
        and paper.filename == f"{report.kind}_汇总_{report.period.label}.pdf"
    )
