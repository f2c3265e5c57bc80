"""Papers against WeasyPrint alone on the same HTML, with the same fonts and the same form of PDF.

Goals: a report ÷ alone ≤ 1.1; letters as one job, kept and logged, ÷ alone ≤ 1.3. Every letter is another person's, with
another number. The goal names 1,000 of them, which take nine minutes, both sides together: 200 stand for them, since each
letter is made in a unit of work of its own, and the beginning and the end of the job are shared by fewer. `KITELINE_LETTERS`
sets another number; from 200 on each side runs once.
"""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Callable
from time import process_time
from uuid import UUID

import pytest
import weasyprint

from tests.benchmarks.crowds import FAMILY, GIVEN
from tests.benchmarks.measuring import ROUNDS, Work, compare
from tests.conftest import _database_of, owner
from tests.contracts.lists import stand
from tests.federation.handovers.walk import BORN, Walk
from tests.reports import samples
from tests.reports.world import build_with_half_year, load_lived
from web.core import fence
from web.core.queue import Job
from web.extensions import db, valkey
from web.federation.agreements import service as agreements
from web.federation.handovers import service as handovers
from web.federation.handovers.models import Handover
from web.jobs import batches, letters
from web.reports import Attached, press, statements
from web.reports.documents import Document
from web.reports.rendering import render, to_html
from web.tenants.documents.models import Document as Kept
from web.tenants.documents.models import DocumentKind
from web.tenants.members import citizen_id
from web.tenants.members import service as members
from web.tenants.tasks import service as tasks

__all__ = ["build_with_half_year", "load_lived"]
pytestmark = [pytest.mark.alone, pytest.mark.timeout(1_800)]
LETTERS = int(os.environ.get("KITELINE_LETTERS", "200"))


def alone(document: Document, attached: bytes = b"") -> Callable[[], bytes]:
    """WeasyPrint on the document's HTML, fonts warm, nothing of ours but the door to the style sheets."""
    html = to_html(document, carries_data=bool(attached))

    def work() -> bytes:
        # An attachment can be read once.
        files = [weasyprint.Attachment(string=attached, name="figures.json", relationship="Data")] if attached else None
        page = weasyprint.HTML(string=html, url_fetcher=press.Shelf())
        variant = "pdf/a-3a" if files else None
        pdf: bytes = page.write_pdf(font_config=press._fonts(), pdf_tags=True, pdf_variant=variant, attachments=files)
        return pdf

    return work


def test_a_report_from_the_rows_to_the_file(lived, fresh):
    home = lived.walk.home
    with lived.later(20), home.act():
        agreement = agreements.get(lived.agreement_id)

        def ours() -> bytes:
            report = statements.compose([agreement], lived.period).report
            data = json.dumps(report.as_data(), ensure_ascii=False, indent=1).encode()
            return render(report, attachments=[Attached("figures.json", data, "数字")]).pdf

        report = statements.compose([agreement], lived.period).report
        data = json.dumps(report.as_data(), ensure_ascii=False, indent=1).encode()
        work = Work.on(_database_of(fresh))
        found = compare("a report, queries and all, ÷ WeasyPrint alone", ours, alone(report, data), 3, work)
    assert found.ratio <= 1.1


def test_a_report_of_ten_pages():
    counties = [f"{first}示{last}" for first in "东南西北" for last in ("县", "区", "市")]
    report = samples.report(
        directions=tuple(
            samples.direction("余杭区", name, 90 + n, 80 + n, 70 + n, (21, 17, 3, 2, 1), cosigned=(6, 5, 1, 1, 30))
            for n, name in enumerate(counties)
        ),
        items=tuple(
            samples.item("困难帮扶", "丙方", f"第{n}项，全年走访160场", "场", 160, 96, "集中走访") for n in range(24)
        ),
    )
    made = render(report)
    assert made.pages >= 10
    found = compare(
        f"a report of {made.pages} pages ÷ WeasyPrint alone", lambda: render(report), alone(report), 2, process_time
    )
    assert found.ratio <= 1.1


def people(walk: Walk, count: int) -> list[UUID]:
    """So many handovers like the walked one, each with its own member, number of letter and values under its own key."""
    known = handovers.get(walk.id)
    same = {c.key: getattr(known, c.key) for c in db.inspect(Handover).column_attrs}
    own = same.keys() - {"id", "tenant_id", "member_id", "person_blind", "packet"}
    packet, found = known.values(), list[UUID]()
    for n in range(count):
        name = f"{FAMILY[n % len(FAMILY)]}示{GIVEN[n // len(FAMILY) % len(GIVEN)]}"
        number = citizen_id.invent(f"9901{n // 1_000:02}", BORN, n % 1_000)
        member = members.enroll(
            walk.pair.home.orgs["示例村支部"], name=name, gender="1", member_kind="1", birth_on=BORN, id_number=number
        )
        row = stand(Handover, **{key: same[key] for key in own}, member_id=member.id)
        row.keep(**packet | {"name": name, "letter_no": f"2026{n:06}"})
        found.append(row.id)
    return found


def test_letters_as_one_job(agreed, work, fresh):
    walk = Walk(agreed, work)
    walk.begin()
    walk.host(handovers.accept)
    walk.release()
    home = walk.pair.home
    with home.act():
        ids = people(walk, LETTERS)
        fence.commit()
    with home.act():
        papers = [letters.letter_of(handovers.get(id_), "7K3M9QXA2B4C") for id_ in ids]
    assert len({(paper.name, paper.number, paper.id_number) for paper in papers}) == LETTERS

    def ours(count: int = LETTERS) -> None:
        with owner(_database_of(fresh)) as connection:
            connection.execute("DELETE FROM document")  # else the letters are there already, and are taken as they are
        with home.act():
            of = [[str(id_), str(n)] for n, id_ in enumerate(ids[:count])]
            task = tasks.start(
                Job.BATCH, "介绍信打包", details={"paper": DocumentKind.INTRODUCTION_LETTER.value, "of": of}
            )
            task_id = task.id
            fence.commit()
        valkey.client.flushdb()  # its bell, as a worker takes it: a batch lets go after ten seconds while anything waits
        batches.run(home.tenant_id, task_id)
        with home.act():
            assert db.session.scalar(db.select(db.func.count()).select_from(Kept)) == count

    each = [alone(paper) for paper in papers]
    ours(1)  # connections are made, fonts are read
    each[0]()

    def theirs() -> None:
        for one in each:
            one()

    name = f"{LETTERS:,} letters as one job ÷ WeasyPrint alone"
    found = compare(name, ours, theirs, 1, Work.on(_database_of(fresh)), ROUNDS if LETTERS < 200 else 1)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    assert found.ratio <= 1.3
