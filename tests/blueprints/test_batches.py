"""Many papers as one job: progress, cancel, a zip, and what could not be made named in it."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from pypdf import PdfReader

from tests.blueprints.test_auth import sign_in
from tests.federation.handovers.walk import Walk
from tests.reports.reading import demand_pdf_a_3
from web import jobs
from web.core import clock, fence
from web.core.events import Event
from web.core.ids import uuid7
from web.core.queue import Job, enqueue
from web.extensions import db
from web.federation.handovers import service
from web.jobs import batches
from web.jobs.batches import Order
from web.jobs.papers import PAPERS
from web.reports import Period
from web.tenants.accounts.permissions import Role
from web.tenants.counties import service as counties
from web.tenants.documents import service as documents
from web.tenants.documents.models import Document, DocumentKind
from web.tenants.tasks import service as tasks
from web.tenants.tasks.models import Task
from web.tenants.transfers.models import LetterStub

LETTER, REPORT = DocumentKind.INTRODUCTION_LETTER, DocumentKind.AGREEMENT_REPORT


@pytest.fixture
def walk(agreed, work):
    """Two letters are out, printed when they were issued."""
    walk = Walk(agreed, work)
    for name, born in ((None, 2), ("张例丙", 3)):
        if name:
            from tests.federation.handovers.walk import BORN
            from web.tenants.members import citizen_id

            walk.member_id = walk.enroll(name, id_number=citizen_id.invent("990128", BORN, born))
        walk.begin()
        walk.host(service.accept)
        walk.release()
    return walk


def papers(side, kind):
    with side.act():
        return list(db.session.scalars(db.select(Document.id).where(Document.kind == kind).order_by(Document.id)))


def unpacked(answer) -> zipfile.ZipFile:
    assert answer.status_code == 200 and answer.mimetype == "application/zip"
    packed = zipfile.ZipFile(io.BytesIO(answer.data))
    assert packed.testzip() is None
    return packed


def test_letters_of_a_selection_and_reports_of_a_period(walk, fresh, work):
    home = walk.pair.home
    client, other = fresh.test_client(), fresh.test_client()
    assert sign_in(client, home, Role.COUNTY_ADMIN.value).status_code == 303
    assert sign_in(other, home, Role.TOWNSHIP_OFFICER.value).status_code == 303
    before = papers(home, LETTER)
    assert len(before) == 2 and "打包介绍信 PDF" in client.get(f"/{home.code}/transfers/letters").text
    ordered = client.post(f"/{home.code}/transfers/letters/pack")
    task_id = re.search(r"/tasks/([0-9a-f-]+)$", ordered.headers["Location"])[1]
    zip_url = f"/{home.code}/batches/{task_id}.zip"
    assert "排队中" in client.get(ordered.headers["Location"]).text and client.get(zip_url).status_code == 404
    work()
    page = client.get(ordered.headers["Location"]).text
    assert "已完成，2 份" in page and zip_url in page
    packed = unpacked(client.get(zip_url))
    assert papers(home, LETTER) == before, "letters that are there already are not made again"
    assert len(packed.namelist()) == 2 and all(re.fullmatch(r"介绍信_\d+_.+\.pdf", n) for n in packed.namelist())
    assert all(PdfReader(io.BytesIO(packed.read(name))).pages for name in packed.namelist())
    assert other.get(zip_url).status_code == 404, "somebody else's"
    assert client.post(f"/{home.code}/transfers/letters/pack?year=1999").status_code == 422

    # A selection: ticked in the book, or all that a work list's question finds, run again.
    def order(path, **data):
        answer = client.post(f"/{home.code}/transfers/letters/pack{path}", data=data)
        with home.act():
            made = db.session.scalars(db.select(Task).order_by(Task.created_at.desc(), Task.id.desc())).first()
            return answer.status_code, len(made.details["of"])

    with home.act():
        one = db.session.scalars(db.select(LetterStub.id)).first()
    assert order("", id=str(one)) == (303, 1)
    assert order("/handovers", all_matching="1", query="tab=open&role=home") == (303, 2)
    assert order("/transfers", all_matching="1", query="tab=open&kind=home") == (303, 2)
    assert (
        order("/transfers", id=str(uuid7()))[0]
        == order("/handovers", all_matching="1", query="tab=open&role=host")[0]
        == 422
    )
    assert order("/members", id=str(one))[0] == 404
    shown = client.get(f"/{home.code}/handovers/?tab=open").text
    assert f'formaction="/{home.code}/transfers/letters/pack/handovers"' in shown and "data-pick-all" in shown

    with home.act():
        assert "task.bulk_changed" not in db.session.scalars(db.select(Event.verb)).all(), "progress is no act"

    # What was chosen and has no letter is named beside what was made: a void number, a row whose letter is not out.
    with home.act():
        void, stands = db.session.scalars(db.select(LetterStub).order_by(LetterStub.serial)).all()
        void.void_on, names = clock.today(), (void.letter_no, void.name, stands.subject_id)
        gone = stands.letter_no
        picked = {"id": [str(void.id), str(stands.id)]}
        fence.commit()
    for path, data, named in (
        ("", picked, f"{names[0]} {names[1]}\t这个编号已经作废，所以不在压缩包里"),
        ("/handovers", {"all_matching": "1", "query": "tab=open&role=home"}, f"{names[1]}\t没有在用的介绍信"),
    ):
        ordered = client.post(f"/{home.code}/transfers/letters/pack{path}", data=data)
        work()
        assert (
            "已完成，1 份" in (page := client.get(ordered.location).text) and "1 份没有生成，原因列在压缩包里" in page
        )
        packed = unpacked(client.get(f"/{home.code}/batches/{ordered.location.rpartition('/')[2]}.zip"))
        assert len(packed.namelist()) == 2 and named in packed.read("没有生成的.txt").decode("utf-8-sig")

    # A paper that was destroyed since is named, and the others are fetched all the same.
    with home.act():
        assert documents.destroy(names[2])
        fence.commit()
    packed = unpacked(client.get(zip_url))
    assert len(packed.namelist()) == 2
    assert f"{gone}\t生成后已销毁" in packed.read("没有生成的.txt").decode("utf-8-sig")

    period = Period.half_of(clock.today())
    assert client.post(f"/{home.code}/reports/pack", data={"from": "2026-02-31"}).status_code == 422
    ordered = client.post(f"/{home.code}/reports/pack", data={"period": period.name})
    assert ordered.status_code == 303
    work()
    task_id = ordered.headers["Location"].rpartition("/")[2]
    packed = unpacked(client.get(f"/{home.code}/batches/{task_id}.zip"))
    (name,) = packed.namelist()
    assert name.startswith("半年报告_") and "figures.json" in PdfReader(io.BytesIO(packed.read(name))).attachments
    demand_pdf_a_3(packed.read(name), "figures.json")
    assert len(papers(home, REPORT)) == 1


def test_what_fails_is_named_what_was_made_is_kept_and_a_cancelled_batch_stops(walk, fresh, work, monkeypatch):
    home = walk.pair.home
    client, other = fresh.test_client(), fresh.test_client()
    assert sign_in(client, home, Role.COUNTY_ADMIN.value).status_code == 303
    assert sign_in(other, home, Role.TOWNSHIP_OFFICER.value).status_code == 303
    agreement, period = walk.pair.ref.id, Period.half_of(clock.today()).name
    details = {
        "paper": REPORT.value,
        "period": period,
        "unit": "份",
        "of": [[str(agreement), "甲"], [str(uuid7()), "乙"]],
    }

    def start(**more):
        with home.act():
            task = tasks.start(Job.BATCH, "执行报告打包", details=details | more)
            task.account_id = home.accounts[Role.COUNTY_ADMIN]
            found = task.id
            fence.commit()
        return found

    def stop(task_id):
        with home.act():
            tasks.cancel(tasks.get(task_id, lock=True))
            fence.commit()

    stopped = start()
    stop(stopped)
    work()
    assert papers(home, REPORT) == [], "nobody wanted it any more"
    three = start(of=[[str(agreement), name] for name in "甲乙丙"])
    make = PAPERS[REPORT]

    def made_and_cancelled(order):
        """The paper, and somebody who cancels while it is made."""
        done = make(order)
        stop(three)
        return done

    with monkeypatch.context() as pressed:
        pressed.setitem(PAPERS, REPORT, made_and_cancelled)
        work()
    with home.act():
        task = db.session.get(Task, (home.tenant_id, three))
        assert (task.state, task.done, task.total) == ("cancelled", 0, 3) and "made" not in task.details
    assert len(papers(home, REPORT)) == 1, "the one in hand was finished and stays; no other was begun"
    page = client.get(f"/{home.code}/tasks/{three}").text
    assert "已取消" in page and f"/{home.code}/batches/{three}.zip" not in page
    assert client.get(f"/{home.code}/batches/{three}.zip").status_code == 404
    made = papers(home, REPORT)
    assert "再做一次" in page and other.post(f"/{home.code}/batches/{three}/again").status_code == 404, (
        "somebody else's"
    )
    again = client.post(f"/{home.code}/batches/{three}/again")
    assert client.post(f"/{home.code}/batches/{three}/again").headers["Location"] == again.headers["Location"], (
        "pressed twice"
    )
    work()
    assert papers(home, REPORT) == made, (
        "the one made before it was cancelled is taken, and all three are of one record"
    )
    assert "已完成，3 份" in client.get(again.headers["Location"]).text
    done = again.headers["Location"].rpartition("/")[2]
    assert len(unpacked(client.get(f"/{home.code}/batches/{done}.zip")).namelist()) == 3
    assert client.post(f"/{home.code}/batches/{done}/again").status_code == 404, "nothing of it is left to make"
    with home.act():
        db.session.execute(db.delete(Document).where(Document.kind == REPORT))
        fence.commit()
    begun = start()
    with home.act():
        # Somebody made the report of another period since it was ordered; then its worker died.
        PAPERS[REPORT](Order(agreement, details | {"period": str(clock.today().year)}))
        assert tasks.run(begun) is not None
        fence.commit()
    work()
    with home.act():
        assert tasks.get(begun).state == "running", "its worker may live: it is waited for"
    with clock.at(clock.now() + tasks.LEASE):
        jobs.ring_tasks()
        work()
    with home.act():
        task = db.session.get(Task, (home.tenant_id, begun))
        assert (task.state, task.done, task.total) == ("done", 2, 2)
        assert task.details["failed"] == [["乙", "not_found"]] and len(task.details["made"]) == 1
    made = papers(home, REPORT)
    assert len(made) == 2 and task.details["made"] == [str(made[1])], "its own, not what it found of the same agreement"
    page = client.get(f"/{home.code}/tasks/{begun}").text
    assert "1 份没有生成" in page
    packed = unpacked(client.get(f"/{home.code}/batches/{begun}.zip"))
    assert any(name.startswith("半年报告_") for name in packed.namelist()), packed.namelist()
    assert "没有生成的.txt" in packed.namelist() and "乙" in packed.read("没有生成的.txt").decode("utf-8-sig")
    again = start()
    assert again != begun

    def at_work(is_stopped):
        """An operator stops the county's work, or lets it go on."""
        with home.act():
            counties.own().jobs_stopped_at = clock.now() if is_stopped else None
            fence.commit()

    def made_and_stopped(order):
        found = make(order)
        at_work(True)
        return found

    at_work(True)
    work()
    assert papers(home, REPORT) == made, "not begun while the county's work is stopped"
    at_work(False)
    with clock.at(clock.now() + tasks.UNANSWERED), monkeypatch.context() as pressed:
        pressed.setitem(PAPERS, REPORT, made_and_stopped)
        jobs.ring_tasks()
        work()
    assert len(papers(home, REPORT)) == len(made) + 1, "another day's figures are another paper"
    with home.act():
        assert tasks.get(again).state == "running", "no other was begun"
    at_work(False)
    with clock.at(clock.now() + tasks.UNANSWERED + tasks.LEASE):
        jobs.ring_tasks()
        work()
    with home.act():
        assert (tasks.get(again).state, len(tasks.get(again).details["made"])) == ("done", 1)
    assert len(papers(home, REPORT)) == len(made) + 1


def test_a_paper_that_breaks_is_named_and_the_others_are_made(walk, fresh, work, monkeypatch):
    home, make = walk.pair.home, PAPERS[REPORT]
    period, told = Period.half_of(clock.today()).name, []

    def broken(order):
        told.append(order.subject_id)
        if len(told) == 1:
            raise ValueError("not to be typeset")
        return make(order)

    monkeypatch.setitem(PAPERS, REPORT, broken)
    with home.act():
        of = [[str(walk.pair.ref.id), name] for name in "甲乙"]
        task = tasks.start(Job.BATCH, "执行报告打包", details={"paper": REPORT.value, "period": period, "of": of})
        task.account_id, task_id = home.accounts[Role.COUNTY_ADMIN], task.id
        fence.commit()
    work()
    with home.act():
        task = tasks.get(task_id)
        assert (task.state, task.details["labels"], task.details["failed"]) == ("done", ["乙"], [["甲", "unforeseen"]])
    client = fresh.test_client()
    assert sign_in(client, home, Role.COUNTY_ADMIN.value).status_code == 303
    packed = unpacked(client.get(f"/{home.code}/batches/{task_id}.zip"))
    assert "甲\t系统出了差错" in packed.read("没有生成的.txt").decode("utf-8-sig")


def test_others_have_their_turn_between_two_papers(walk, work, monkeypatch):
    home, make, seen = walk.pair.home, PAPERS[REPORT], []

    def noted(order):
        seen.append("paper")
        return make(order)

    monkeypatch.setitem(PAPERS, REPORT, noted)
    monkeypatch.setitem(jobs.WHOLE, Job.TIMERS, lambda tenant_id: seen.append("timers"))
    monkeypatch.setattr(batches, "TURN", 0.0)
    with home.act():
        agreement = str(walk.pair.ref.id)
        of = [[agreement, "甲"], [str(uuid7()), "乙"], [agreement, "丙"], [agreement, "丁"]]
        details = {"paper": REPORT.value, "period": Period.half_of(clock.today()).name, "of": of}
        task = tasks.start(Job.BATCH, "执行报告打包", details=details | {"without": [["戊", "not_found"]]})
        task.account_id, task_id = home.accounts[Role.COUNTY_ADMIN], task.id
        fence.commit()
    for county in (1, 2):
        enqueue(Job.TIMERS, county)
    work()
    assert seen[:3] == ["paper", "timers", "timers"], "who came after it did not wait for the whole of it"
    with home.act():
        task = tasks.get(task_id)
        assert (task.state, task.done, task.details["labels"]) == ("done", 4, ["甲", "丙", "丁"])
        assert task.details["failed"] == [["戊", "not_found"], ["乙", "not_found"]] and len(task.details["made"]) == 3
