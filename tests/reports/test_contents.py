"""What each paper says."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest

from tests.reports import samples
from tests.reports.reading import Paper
from web.reports import AgreementText, Party, ProofSheet
from web.reports.agreement_text import ordinal
from web.reports.rendering import to_html

Papers = Callable[[str], Paper]


def test_the_agreement_has_its_clauses_annexes_and_fingerprints(papers: Papers) -> None:
    paper = papers("agreement")
    assert isinstance(paper.document, AgreementText)
    headings = [each for each in paper.bookmarks() if each.startswith("第") and "条" in each]
    assert [each.split("条")[0] for each in headings] == [f"第{ordinal(number)}" for number in range(1, 17)]
    text = paper.text
    assert 6 <= paper.rendered.pages <= 10
    for party in paper.document.parties:
        assert party.fingerprint.upper() in text
        assert f"{party.stem}方：{party.name}" in text
    groups = re.findall(r"(?:[0-9A-F]{4} ){7}[0-9A-F]{4}", paper.tool("pdftotext", "-layout", str(paper.path), "-"))
    assert len(groups) == 2 * len(paper.document.parties)  # 16 groups of 4 a party
    assert "本页无正文" in text
    assert "附件一共享字段表" in text
    assert "附件二责任清单" in text
    for item in paper.document.items:
        assert item.goal in text


def test_each_row_of_the_field_table_repeats_its_direction(papers: Papers) -> None:
    document = papers("agreement").document
    assert isinstance(document, AgreementText)
    rows = re.findall(r"<tr><td class=\"c n\">(.)→(.+?)</td><td class=\"n\">(.+?)</td>", to_html(document))
    assert rows == [(grant.owner, "".join(grant.receivers), grant.scope) for grant in document.grants]
    assert papers("agreement").text.count("乙→甲") == 6
    heads = {word.page for word in papers("agreement").words if word.text == "前提"}
    assert heads == {word.page for word in papers("agreement").words if "→甲" in word.text}
    assert len(heads) == 2  # the head is repeated where the table goes on


def test_an_agreement_of_two_names_two(papers: Papers) -> None:
    paper = papers("agreement_of_two")
    assert "丙方：" not in paper.pages[0]
    assert paper.document.subject.startswith("两方")
    assert "乙→甲" in paper.text
    assert "丙→甲" not in paper.text


def test_ordinals_and_fingerprints() -> None:
    assert [ordinal(number) for number in (1, 9, 10, 11, 16, 20, 21)] == [
        "一",
        "九",
        "十",
        "十一",
        "十六",
        "二十",
        "二十一",
    ]
    with pytest.raises(ValueError, match="64 hexadecimal"):
        Party(stem="甲", name="甲", county="甲", division="330110", fingerprint="ab")


def test_the_proof_shows_digests_seals_and_the_chain(papers: Papers) -> None:
    paper = papers("proof")
    document = paper.document
    assert isinstance(document, ProofSheet)
    assert paper.rendered.pages == papers("proof_of_two").rendered.pages == 2
    for digest in (document.text_digest, document.pdf_digest):
        assert digest[:32] in paper.text
        assert digest[32:] in paper.text
    for decision in document.decisions:
        assert decision.head[:40] in paper.text
    for seal in document.seals:
        assert seal.kid in paper.text
        assert seal.party.fingerprint.upper()[:32] in paper.text
        assert seal.value[:43] in paper.text
        assert seal.value[43:] in paper.text
    assert "甲方最后封印" in paper.text
    assert "2025年12月28日10:21:00" in paper.text  # Beijing time of 02:21 UTC
    assert "两方封印" in papers("proof_of_two").text


def test_the_letter_is_filled_in_as_the_form_asks(papers: Papers) -> None:
    text = papers("letter").text
    assert text.count("第20260057号") == 3
    assert text.count("第贰零贰陆零零伍柒号") == 2  # across both cuts
    assert text.count("贰零贰陆年零伍月壹拾捌日") == 2
    assert "该同志党费已交到贰零贰陆年零肆月。" in text
    assert "（有效期叁拾天）" in text
    assert "身份证号码340828197809099966" in text
    assert text.count("（加盖骑缝章）") == 2
    assert "（贴回执联处）" in text
    page = to_html(samples.letter())
    assert "（<del>男</del>／女）" in page
    assert "（正式／<del>预备</del>）" in page
    assert "（<del>预备</del>／正式）" in page


def test_the_longest_names_fit_and_the_receipt_can_be_filled_in(papers: Papers) -> None:
    paper = papers("longest_letter")
    assert "（男／<del>女</del>）" in to_html(paper.document)
    assert "（<del>正式</del>／预备）" in to_html(paper.document)
    for words in ("阿依古丽·买买提示例", "维吾尔族", "经办人：欧阳演丙", "贰零贰陆年零陆月壹拾日"):
        assert words in paper.text
    by_start = {word.text: word for word in paper.words}
    place = next(word for text, word in by_start.items() if text.startswith("（贴回执联处"))
    stub = [word for word in paper.words if word.bottom < place.top]
    assert max(word.bottom for word in stub) < place.top - 14  # above the box, which is 20 mm high around these words


@pytest.mark.parametrize("name", ["㛃示", "䶮例", "王𠮷示", "李𫖯例", "欧阳示范", "阿依·示例"])
def test_rare_characters_are_set_in_the_named_faces(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    from tests.reports.reading import FACES
    from web.reports import render

    document = samples.letter(name=name)
    path = tmp_path_factory.mktemp("rare") / "letter.pdf"
    rendered = render(document)
    path.write_bytes(rendered.pdf)
    paper = Paper(document, rendered, path)
    assert paper.text.count(name) == 3
    assert {face for face, _, _ in paper.fonts} <= FACES


def test_a_number_of_other_software_is_printed_whole(tmp_path_factory: pytest.TempPathFactory) -> None:
    from web.reports import render

    number = "岳组〔2026〕第3号" * 5 + "转出-1"
    document, path = samples.letter(number=number), tmp_path_factory.mktemp("odd") / "letter.pdf"
    rendered = render(document)
    path.write_bytes(rendered.pdf)
    paper = Paper(document, rendered, path)
    assert paper.text.count(number) == 3 and rendered.pages == 1
    parts = [word for word in paper.words if "2026" in word.text or "-1" in word.text]
    assert parts and all(word.left >= 79 and word.right <= 523 for word in parts), "inside the block of 156 mm"


def test_a_letter_is_never_valid_without_end() -> None:
    for days in (0, 91):
        with pytest.raises(ValueError, match="1 to 90"):
            samples.letter(valid_days=days)
    with pytest.raises(ValueError, match="has a number"):
        samples.letter(number=" ")
    with pytest.raises(ValueError, match="aware"):
        samples.letter(made_at=dt.datetime(2026, 1, 1))
