"""What holds for every paper, read back from the PDF."""

from __future__ import annotations

import collections
import hashlib
import html
import re
from collections.abc import Callable

import jinja2
import pytest
import weasyprint
import zxingcpp
from weasyprint.urls import FatalURLFetchingError

from tests.reports import samples
from tests.reports.conftest import CARRYING, TEXT
from tests.reports.reading import FACES, Paper, demand_pdf_a_3
from web.reports import IntroductionLetter, filename, render
from web.reports.press import Shelf
from web.reports.rendering import environment, to_html
from web.reports.typesetting import CLOSING, OPENING


def test_every_visible_character_is_in_the_file_in_the_named_faces_on_a4(paper: Paper) -> None:
    source = to_html(paper.document, carries_data=bool(paper.pdf.attachments))
    body = re.sub(r"(?s)<(style|title)\b.*?</\1>", "", source[source.index("<body") :])
    want = collections.Counter(re.sub(r"\s", "", html.unescape(re.sub(r"<[^>]*>", "", body))))
    have = collections.Counter(paper.text)
    assert not want - have
    assert not [each for each in have if each in "\ufffd\0□" or "\ue000" <= each <= "\uf8ff"]
    assert paper.fonts
    for name, is_embedded, is_mapped in paper.fonts:
        assert name in FACES
        assert is_embedded
        assert is_mapped
    assert paper.sizes == {(595, 842)}


def test_pages_are_counted_and_numbered(paper: Paper) -> None:
    assert len(paper.pages) == paper.rendered.pages == len(paper.pdf.pages)
    if isinstance(paper.document, IntroductionLetter):
        assert paper.rendered.pages == 1
        return
    for number, page in enumerate(paper.pages, 1):
        assert f"—{number}/{paper.rendered.pages}—" in page
    for word in paper.words:
        assert word.left >= 79.4 - 1, word
        assert word.right <= 595.3 - 73.7 + 4, word


def test_no_line_begins_or_ends_with_a_forbidden_mark(paper: Paper) -> None:
    lines = paper.lines
    assert len(lines) > 20
    assert not [line for line in lines if line[0] in CLOSING or line[-1] in OPENING]


def test_numbers_with_their_units_and_dates_stand_on_one_line(paper: Paper) -> None:
    source = to_html(paper.document)
    whole = re.findall(
        r'<span class="n"[^>]*>([^<]+)</span>|<time [^>]*>([^<]+)</time>', source[source.index("<body") :]
    )
    wanted = {re.sub(r"\s", "", html.unescape(one or other)) for one, other in whole}
    lines = [re.sub(r"\s", "", line) for line in paper.lines]
    assert wanted
    assert [each for each in wanted if not any(each in line for line in lines)] == []


def test_no_text_lies_on_other_text(paper: Paper) -> None:
    words = paper.words
    for index, one in enumerate(words):
        for other in words[index + 1 :]:
            if one.page != other.page or abs(one.bottom - other.bottom) < 3:
                continue
            across = min(one.right, other.right) - max(one.left, other.left)
            down = min(one.bottom, other.bottom) - max(one.top, other.top)
            height = min(one.bottom - one.top, other.bottom - other.top)
            assert across < 1 or down < height * 0.35, (one, other)


def test_key_material_stays_in_its_column(papers: Callable[[str], Paper]) -> None:
    words = papers("certificate").words
    days = [each for each in words if each.text.startswith("2026-0") and each.left > 400 and each.top < 740]
    keys = [each for each in words if each.text.startswith("sss")]
    assert len(days) == 12 and max(each.right for each in keys) < min(each.left for each in days) - 4


def test_the_demo_mark_stands_on_every_page_of_a_demo_and_nowhere_else(paper: Paper) -> None:
    counts = [page.count("演示数据") for page in paper.pages]
    expected = 3 if isinstance(paper.document, IntroductionLetter) else 1
    assert counts == [expected if paper.document.is_demo else 0] * len(counts)
    assert ("演示数据" in str(paper.pdf.metadata and paper.pdf.metadata.title)) is paper.document.is_demo


def test_title_language_tags_and_alternative_text(paper: Paper) -> None:
    assert paper.root["/Lang"] == "zh-CN"
    assert paper.root["/MarkInfo"]["/Marked"]
    assert re.search(rf"Title: +{re.escape(paper.document.title)}", paper.tool("pdfinfo", str(paper.path)))
    objects = [paper.pdf.get_object(number) for number in range(1, int(str(paper.pdf.trailer["/Size"])))]
    figures = [each for each in objects if isinstance(each, dict) and each.get("/S") == "/Figure"]
    assert "核验二维码" in [each["/Alt"] for each in figures]
    assert all(each["/Alt"] for each in figures)


def test_the_code_on_the_paper_leads_to_its_proof_and_tells_nothing_else(paper: Paper) -> None:
    page = next(number for number, text in enumerate(paper.pages, 1) if "扫码" in text or "本页证明" in text)
    (found,) = zxingcpp.read_barcodes(paper.picture(page), formats=zxingcpp.barcode_formats_from_str("QRCode"))
    assert found.text == paper.document.link


@pytest.mark.parametrize("name", ["letter", "agreement_of_two", "report", "agreement"])
def test_sealed_papers_have_a_place_for_each_seal(papers: Callable[[str], Paper], name: str) -> None:
    parties = getattr(papers(name).document, "parties", (1, 2))  # the letter: sender and receiver
    assert papers(name).text.count("（盖章）") == len(parties)


def test_a_proof_has_no_place_for_ink(papers: Callable[[str], Paper]) -> None:
    assert "（盖章）" not in papers("proof").text


def test_how_a_paper_is_checked_asks_for_no_page_that_is_not_there() -> None:
    proof, certificate = (to_html(made, carries_data=True) for made in (samples.proof(), samples.certificate()))
    assert "“核验”页面" not in proof and "SHA-256" in proof and "逐一核对三方的封印" in proof
    assert "输入查验码" not in certificate and str(samples.COMMON["link"]) in certificate


def test_the_attached_text_is_carried_byte_for_byte(papers: Callable[[str], Paper]) -> None:
    paper = papers("agreement")
    assert paper.pdf.attachments == {"agreement.json": [TEXT]}
    assert "机器可读的协议正文附在本PDF文件内" in paper.text
    assert "机器可读" not in papers("agreement_of_two").text  # printed without data, it claims none


@pytest.mark.parametrize("name", CARRYING)
def test_what_can_be_read_of_the_rules_of_pdf_a_3(papers: Callable[[str], Paper], name: str) -> None:
    demand_pdf_a_3(papers(name).rendered.pdf, CARRYING[name])


def test_the_same_document_gives_the_same_bytes_and_another_salt_another_digest() -> None:
    first, again = render(samples.letter()), render(samples.letter())
    assert first.pdf == again.pdf
    assert first.sha256 == hashlib.sha256(first.pdf).hexdigest()
    salted = render(samples.letter(salt=b"\xff" * 16))
    assert salted.sha256 != first.sha256
    assert (b"ff" * 16) in salted.pdf


def test_what_is_logged_of_a_paper_names_nobody() -> None:
    document = samples.letter()
    logged = f"{document!r} {render(document)!r}"
    assert document.code in logged
    for value in (document.name, document.id_number, document.contact, document.salt.hex(), "PDF-"):
        assert value not in logged


def test_personal_papers_need_their_random_bytes() -> None:
    for make in (samples.letter, samples.agreement):
        with pytest.raises(ValueError, match="16 random bytes"):
            make(salt=b"short")


@pytest.mark.parametrize(
    "address",
    ["file:///etc/hostname", "http://127.0.0.1/x.css", "paper:../paper.css", "paper:sheet.html", "data:text/css,a{}"],
)
def test_a_paper_reads_nothing_but_its_own_style_sheets(address: str) -> None:
    with pytest.raises(FatalURLFetchingError, match="Error fetching"):
        weasyprint.HTML(string=f'<link rel="stylesheet" href="{address}">', url_fetcher=Shelf()).render()


def test_a_refused_address_is_an_ordinary_error_for_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.reports.rendering.to_html", lambda *_, **__: '<img src="http://127.0.0.1/x.png">')
    with pytest.raises(ValueError, match="Error fetching"):
        render(samples.letter())


def test_values_are_escaped_and_missing_ones_are_errors() -> None:
    page = to_html(samples.letter(name="<img src=x>&", contact='"><script>'))
    assert "<img" not in page
    assert "<script" not in page
    assert "&lt;img src=x&gt;&amp;" in page
    with pytest.raises(jinja2.UndefinedError):
        environment().from_string("{{ doc.nothing }}").render(doc=samples.letter())


def test_files_are_named_so_that_a_clerk_finds_them() -> None:
    assert filename(samples.letter()) == "介绍信_20260057_李例乙.pdf"
    assert filename(samples.letter(name="王　示/..\\甲")) == "介绍信_20260057_王示..甲.pdf"
    assert filename(samples.agreement()) == "协议_KL-2026-0003_第3版.pdf"
    assert filename(samples.proof()) == "封印证明页_KL-2026-0003_第3版.pdf"
    assert filename(samples.report()) == "半年报告_KL-2026-0003_2026年上半年.pdf"
