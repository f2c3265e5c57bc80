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
