"""Section 4 against records that two counties really signed; section 7 says what is due next."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.blueprints.test_auth import sign_in
from tests.blueprints.test_certificates import carried, judged
from tests.contracts.test_query_budgets import LIST, counted
from tests.federation.cosigning.walk import (  # noqa: F401 -- fixtures
    AWAY,
    CAME,
    Walk,
    build_with_guests,
    clerk,
    lines_of,
    load_walk,
    number_of,
)
from web.core import clock, fence
from web.core.errors import NotFound
from web.extensions import db
from web.federation import verify
from web.federation.agreements import service as agreements
from web.federation.agreements.models import Agreement
from web.federation.cosigning import service
from web.jobs.cosigned import paper_of
from web.reports import METRICS, Period, certifying, counting, statements
from web.reports.figures import Span, cosigned
from web.reports.metrics import by_code
from web.reports.rendering import to_html
from web.tenants.documents import service as documents
from web.tenants.documents.models import DocumentKind


def composed(side, period):
    with side.act():
        return statements.compose(list(db.session.scalars(db.select(Agreement))), period).report


def test_held_cosigned_disputed_and_not_settled(walk):
    home, host, yesterday = walk.pair.home, walk.pair.host, clock.today() - timedelta(days=1)
    period = Period(yesterday, clock.today())
    walk.hold()
    (first,) = walk.offer().values()
    walk.say(home, service.dispute, first, {number_of(home, first, walk.guests["王示甲"]): "本人当日在岳西"}, "请核对")
    walk.say(host, service.correct, first, {walk.guests["王示甲"]: AWAY}, "已核对，确未到会")
    walk.say(home, service.countersign, first, list(lines_of(home, first))[:2])
    walk.activity_id = walk.plan("参观红色展馆")
    walk.hold({"李例乙": CAME})
    (second,) = walk.offer().values()
    walk.say(home, service.refuse, second, "wrong_header", "日期应为前一日")
    wanted = {"cosign.held": 2, "cosign.agreed": 1, "cosign.disputed": 1, "cosign.unsettled": 1, "cosign.persons": 2}
    for side, place in ((home, 0), (host, 1)):
        report = composed(side, period)
        found = by_code(report.directions[place].figures)
        assert report.directions[place].label == "岳西县→余杭区"
        assert {code: found[code].value for code in wanted} == wanted
        assert {report.directions[1 - place].shown[code].value for code in wanted} == {0}, "nothing the other way"
        section = report.sections[3]
        assert [words for words, _ in section.words] == [
            "送请共签活动",
            "已共签",
            "共签率",
            "有过异议",
            "没有共签即结束",
        ]
        assert report.totals["cosign.rate"].text == "50.0", "the rate is of activities; few persons are not told"
        assert report.directions[place].shown["cosign.persons"].text == "＜5"
        assert report.totals["cosign.persons"].text == "—"
        problems = by_code(report.sections[6].tables[0].rows[0].figures)
        assert (problems["cosign.disputed"].value, problems["cosign.unsettled"].value) == (1, 1)
        before = Period(yesterday - timedelta(days=9), yesterday - timedelta(days=1))
        with side.act():
            agreement = agreements.get(next(iter(db.session.scalars(db.select(Agreement.id)))))
            assert cosigned(Span.of([agreement.id], before)) == {}, "another day, another period"
            text = statements.in_effect([agreement])[agreement.id][0].text
        assert {step.what for step in report.steps} >= {"联席会商", "名册核对", "反馈参加组织生活情况"}
        assert [step.on for step in report.steps] == sorted(step.on for step in report.steps)
        assert all(clock.today() < step.on < clock.today() + timedelta(days=184) for step in report.steps)
        assert text["effective_to"] > report.steps[-1].on.isoformat(), "its end is years away and not among them"
        with side.act():
            (id_,), out = db.session.scalars(db.select(Agreement.id)).all(), clock.today() + timedelta(days=60)
            agreements.leave(id_, out)
            left = statements.compose([agreements.get(id_)], period).report
            assert left.steps == tuple(step for step in report.steps if step.on < out) != report.steps
            assert {item.due for item in left.items} == {None}, "what is due after it ended is not overdue"


def test_an_activity_that_is_offered_again_is_one_activity(walk, fresh):
    home, host = walk.pair.home, walk.pair.host
    period = Period(clock.today() - timedelta(days=1), clock.today())

    def counts(side, place):
        with side.act():
            actor = clerk(side)
            found = by_code(
                statements.compose(list(db.session.scalars(db.select(Agreement))), period)
                .report.directions[place]
                .figures
            )
            for code in codes:
                behind = counting.length(actor, code, "home" if side is home else "host", period)
                assert db.session.scalar(behind) == found[code].value, code
            return [found[code].value for code in codes]

    def waits(side, other, part):
        """The page of the partner leads to its rows of the one tab, and nobody else's."""
        client = fresh.test_client()
        assert sign_in(client, side).status_code == 303
        url = f"/{side.code}/cosigning/?part={part}&amp;partner={other.uid}"
        assert url in client.get(f"/{side.code}/peers/{other.uid}").text
        assert "重温入党誓词" in client.get(url.replace("&amp;", "&")).text

    codes = ["cosign.held", "cosign.agreed", "cosign.disputed", "cosign.unsettled", "cosign.persons"]
    walk.hold()
    (first,) = walk.offer().values()
    walk.say(home, service.dispute, first, {number_of(home, first, walk.guests["王示甲"]): "本人当日在岳西"})
    waits(host, home, "to_correct")
    walk.say(host, service.correct, first, {walk.guests["王示甲"]: AWAY}, "已核对，确未到会")
    waits(home, host, "to_answer")
    walk.say(home, service.refuse, first, "wrong_header", "日期应为前一日")
    assert counts(home, 0) == counts(host, 1) == [1, 0, 1, 1, 0]
    (again,) = walk.offer().values()
    assert counts(home, 0) == counts(host, 1) == [1, 0, 1, 0, 0]
    walk.say(home, service.countersign, again, list(lines_of(home, again)))
    assert counts(home, 0) == counts(host, 1) == [1, 1, 1, 0, 3]
    assert "没有到会的也在内" in METRICS["cosign.persons"].definition, "one of the three is written down as absent"


def test_a_cosigned_record_is_certified_at_both_sides(walk, fresh, tmp_path):
    home, host = walk.pair.home, walk.pair.host
    walk.hold()
    (record,) = walk.offer().values()
    walk.say(home, service.countersign, record, list(lines_of(home, record)))
    for side in (home, host):
        with side.act():
            certified = certifying.certify(DocumentKind.COSIGN_CERTIFICATE, record, code="7K3M9QXA2B4C")
        said = [letter.what for letter in certified.paper.letters]
        assert said[:2] == ["送请共签", "共签"] and certified.paper.signed == len(said) >= 2
        assert all(verify.verdict(each) for each in certified.evidence)
        words = to_html(certified.paper, carries_data=True)
        assert "重温入党誓词" in words and "evidence.json" in words and "王示甲" not in words, "no guest is named"
        with side.act(), pytest.raises(NotFound):
            certifying.certify(DocumentKind.COSIGN_CERTIFICATE, walk.activity_id)
        # The lines it counts, person by person, to who may see persons.
        client, leader, url = (
            fresh.test_client(),
            fresh.test_client(),
            f"/{side.code}/figures/rows?code=cosign.persons&side=",
        )
        assert sign_in(client, side).status_code == sign_in(leader, side, "leader_readonly").status_code == 303
        with counted() as asked:
            opened = client.get(url + ("home" if side is home else "host"))
        assert len(asked) <= LIST + 2 and "共 3 人次" in opened.text and "王示甲" in opened.text
        assert client.get(url + ("host" if side is home else "home")).status_code == 200
        assert leader.get(url + "both").status_code == 403 and opened.text.count(">重温入党誓词<") == 3
        # As a person gets it: pressed on the page, made by the job, kept as a paper that verifies alone.
        url = f"/{side.code}/cosigning/{record}/certificate"
        assert "印签全部核对无误" in client.get(url).text
        assert (
            leader.post(url).status_code == 403
            and client.post(f"/{side.code}/cosigning/{walk.activity_id}/certificate").status_code == 404
        )
        assert client.post(url).status_code == 303
        walk.work()
        with side.act():
            (row,) = documents.of_subject(record, DocumentKind.COSIGN_CERTIFICATE)
            content, code = bytes(row.content), row.proof_code
        assert client.get(f"/{side.code}/documents/{row.id}").status_code == 200
        attached = carried(content, "evidence.json", tmp_path)
        assert [each["envelope"] for each in json.loads(attached)] == [each["envelope"] for each in certified.evidence]
        assert judged(attached, tmp_path) == 0 and "王示甲".encode() not in attached
        assert "共签" in fresh.test_client().get(f"/v/{code}").text
        # The record's own paper carries the same, and says so.
        assert client.post(f"/{side.code}/cosigning/{record}/paper").status_code == 303
        walk.work()
        with side.act():
            (row,) = documents.of_subject(record, DocumentKind.COSIGNED_RECORD)
            content, words = (
                bytes(row.content),
                to_html(paper_of(service.get(record), row.proof_code), carries_data=True),
            )
        assert carried(content, "evidence.json", tmp_path) == attached and "evidence.json" in words
    # A paper made while the recorder's word was on its way is older than the word here.
    soon = [clock.now() + timedelta(minutes=n) for n in range(1, 4)]
    with clock.at(soon[0]):
        walk.say(host, service.propose_annul, record, "签到表是次日的", run=False)
    with home.act():
        (row,) = documents.of_subject(record, DocumentKind.COSIGNED_RECORD)
        row.created_at = soon[1]
        fence.commit()
    client = fresh.test_client()
    assert sign_in(client, home).status_code == 303
    assert "之后有过改动" not in client.get(f"/{home.code}/cosigning/{record}").text
    with clock.at(soon[2]):
        walk.work()
    assert "之后有过改动" in client.get(f"/{home.code}/cosigning/{record}").text
