"""Reads a finished PDF back with the tools a clerk's reader is built on."""

from __future__ import annotations

import html
import re
import subprocess
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from pypdf import PdfReader

from web.reports import Document, Rendered

FACES = {
    "Noto-Serif-CJK-SC",
    "Noto-Serif-CJK-SC-Bold",
    "Noto-Sans-CJK-SC",
    "Noto-Sans-CJK-SC-Bold",
    "Noto-Sans-Mono-CJK-SC",
}


def demand_pdf_a_3(content: bytes, attached: str) -> None:
    """What can be read of ISO 19005-3 §6, of a paper that carries one file: said to be PDF/A-3a, nothing hidden, nothing that
    acts, colours defined, fonts inside, what is attached described and said to be the paper's data, both metadata one.
    """
    pdf = PdfReader(BytesIO(content))
    root: Any = pdf.trailer["/Root"]
    assert content.startswith(b"%PDF-1.7\n%")
    assert isinstance(numbers := pdf.trailer["/ID"], list) and len(numbers) == 2
    assert "/Encrypt" not in pdf.trailer and "/JavaScript" not in root["/Names"]
    assert root["/MarkInfo"]["/Marked"] and "/StructTreeRoot" in root and root["/Lang"]
    (intent,) = root["/OutputIntents"]
    assert intent["/S"] == "/GTS_PDFA1" and intent["/DestOutputProfile"].get_object()["/N"] == 3
    objects = [pdf.get_object(number) for number in range(1, int(str(pdf.trailer["/Size"])))]
    dictionaries = [each for each in objects if isinstance(each, dict)]
    assert not [each for each in dictionaries if {"/OpenAction", "/AA", "/A3D"} & set(each)]
    assert not [each for each in dictionaries if each.get("/S") in ("/JavaScript", "/Launch", "/Sound", "/Movie")]
    assert not [each for each in dictionaries if each.get("/Interpolate") or each.get("/Filter") == "/LZWDecode"]
    fonts = [each for each in dictionaries if each.get("/Type") == "/FontDescriptor"]
    assert fonts and all({"/FontFile", "/FontFile2", "/FontFile3"} & set(each) for each in fonts)
    for page in pdf.pages:
        for annotation in (each.get_object() for each in page.get("/Annots", [])):
            assert annotation["/F"] & 0b100_111 == 0b100, "printed, and not hidden"
    (file,) = [each for each in dictionaries if each.get("/Type") == "/Filespec"]
    assert file["/F"] == file["/UF"] == attached and file["/Desc"] and file["/AFRelationship"] == "/Data"
    assert [each.get_object() for each in root["/AF"]] == [file]
    kept = file["/EF"]["/F"]
    assert kept["/Subtype"] == "/application/json" and kept["/Params"]["/ModDate"]
    told, info = root["/Metadata"].get_data().decode(), pdf.metadata
    assert 'pdfaid:part="3" pdfaid:conformance="A"' in told
    assert info and info.creation_date
    for words in (info.title, info.author, info.subject, info.creation_date.isoformat()[:19]):
        assert words and html.escape(words, quote=False) in told


@dataclass(frozen=True)
class Word:
    """One word with its box, in points from the top left."""

    page: int
    left: float
    top: float
    right: float
    bottom: float
    text: str


@dataclass
class Paper:
    """A document, its PDF, and a file of it."""

    document: Document
    rendered: Rendered
    path: Path

    def tool(self, *args: str) -> str:
        return subprocess.run(args, capture_output=True, text=True, check=True).stdout

    @cached_property
    def pages(self) -> list[str]:
        """The text of each page without white space."""
        text = self.tool("pdftotext", str(self.path), "-")
        return [re.sub(r"\s", "", page) for page in text.split("\f")[:-1]]

    @property
    def text(self) -> str:
        return "".join(self.pages)

    @cached_property
    def fonts(self) -> list[tuple[str, bool, bool]]:
        """Name, embedded, with a Unicode map."""
        rows = self.tool("pdffonts", str(self.path)).splitlines()[2:]
        found = []
        for row in rows:
            flags = re.search(r"(yes|no) (yes|no) (yes|no) +\d+ +\d+$", row.rstrip())
            assert flags
            found.append((row.split()[0].split("+")[-1], flags[1] == "yes", flags[3] == "yes"))
        return found

    @property
    def sizes(self) -> set[tuple[int, int]]:
        text = self.tool("pdfinfo", "-l", "999", str(self.path))
        return {(round(float(w)), round(float(h))) for w, h in re.findall(r"size: +([\d.]+) x ([\d.]+)", text)}

    @cached_property
    def words(self) -> list[Word]:
        found, page = [], 0
        for line in self.tool("pdftotext", "-bbox-layout", str(self.path), "-").splitlines():
            page += "<page " in line
            word = re.search(r'<word xMin="(.*?)" yMin="(.*?)" xMax="(.*?)" yMax="(.*?)">(.*?)</word>', line)
            if word:
                left, top, right, bottom = (float(word[each]) for each in range(1, 5))
                found.append(Word(page, left, top, right, bottom, html.unescape(word[5])))
        return found

    @property
    def lines(self) -> list[str]:
        """What stands together on one baseline; cells of a table are apart."""
        runs: list[list[Word]] = []
        for word in sorted(self.words, key=lambda each: (each.page, round(each.bottom), each.left)):
            last = runs[-1][-1] if runs else None
            if last and last.page == word.page and abs(last.bottom - word.bottom) < 2 and word.left - last.right < 6:
                runs[-1].append(word)
            else:
                runs.append([word])
        return ["".join(word.text for word in run) for run in runs]

    @cached_property
    def pdf(self) -> PdfReader:
        return PdfReader(BytesIO(self.rendered.pdf))

    @property
    def root(self) -> Any:
        return self.pdf.trailer["/Root"]

    def bookmarks(self) -> list[str]:
        def titles(tree: Any) -> list[str]:
            return [
                title for each in tree for title in (titles(each) if isinstance(each, list) else [str(each["/Title"])])
            ]

        return titles(self.pdf.outline)

    def picture(self, page: int) -> Image.Image:
        """The page as a scanner would see it."""
        png = subprocess.run(
            ["pdftoppm", "-r", "130", "-gray", "-png", "-f", str(page), "-l", str(page), str(self.path)],
            capture_output=True,
            check=True,
        ).stdout
        return Image.open(BytesIO(png))
