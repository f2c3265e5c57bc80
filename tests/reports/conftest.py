"""Each sample is laid out once for all the tests that read it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.reports import samples
from tests.reports.reading import Paper
from web.reports import Attached, Document, render

TEXT = '{"title":"协议","version":3}'.encode()
TWO = (samples.YUHANG, samples.YUEXI)

SAMPLES: dict[str, Callable[[], Document]] = {
    "letter": samples.letter,
    "longest_letter": samples.longest_letter,
    "agreement": samples.agreement,
    "agreement_of_two": lambda: samples.agreement(TWO, is_demo=False, name="余杭、岳西流动党员共管共育协议"),
    "proof": samples.proof,
    "cosigned": samples.cosigned,
    "cosigned_at_home": lambda: samples.cosigned(own=0, guests=3, is_annulled=True),
    "certificate": samples.certificate,
    "proof_of_two": lambda: samples.proof(TWO, is_demo=False),
    "report": samples.report,
    "report_of_hub": lambda: samples.report(
        directions=(
            samples.direction("岳西县", "余杭区", 386, 347, 329, (25, 21, 3, 1, 0), 402),
            samples.direction("余杭区", "岳西县", 7, 4, 2, (2, 1, 0, 0, 0)),
            samples.direction("松阳县", "余杭区", 1254, 1224, 1209, (21, 17, 0, 2, 1), 1260),
            samples.direction("余杭区", "松阳县", 0, 0, 0, (0, 0, 0, 0, 0)),
        ),
    ),
    "report_of_many": lambda: samples.report(
        name="余杭区与2个县（市、区）共管共育",
        number="",
        several=(
            ("余杭、岳西流动党员共管共育协议", "KL-2026-0001"),
            ("余杭、松阳流动党员共管共育协议", "KL-2026-0002"),
        ),
    ),
    "report_of_two": lambda: samples.report(
        parties=TWO,
        directions=(samples.direction("岳西县", "余杭区", 34, 31, 28, (6, 3, 1, 1, 0)),),
        is_demo=False,
        months=(),
        previous=None,
        items=(),
        steps=(),
        words="",
    ),
}

CARRYING = {
    "agreement": "agreement.json",
    "proof": "evidence.json",
    "cosigned": "evidence.json",
    "certificate": "evidence.json",
    "report": "figures.json",
}
"""A sample of each kind of paper that carries its data, and under which name; the others are printed without."""


@pytest.fixture(scope="session")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Paper]:
    """papers("letter") lays the sample out at its first use."""
    folder, made = tmp_path_factory.mktemp("papers"), dict[str, Paper]()

    def paper(name: str) -> Paper:
        if name not in made:
            document = SAMPLES[name]()
            attachments = [Attached(CARRYING[name], TEXT, "机器可读正文")] if name in CARRYING else []
            rendered = render(document, attachments=attachments)
            path = folder / f"{name}.pdf"
            path.write_bytes(rendered.pdf)
            made[name] = Paper(document, rendered, path)
        return made[name]

    return paper


@pytest.fixture(params=SAMPLES)
def paper(request: pytest.FixtureRequest, papers: Callable[[str], Paper]) -> Paper:
    """Every sample in turn."""
    return papers(request.param)
