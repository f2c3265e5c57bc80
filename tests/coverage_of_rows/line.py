"""One promise and what shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One promise. `section`: of its issue. `still`: what is not there yet."""

    section: str
    promise: str
    pages: tuple[str, ...]
    tests: tuple[str, ...]
    still: str = ""


def promise(section: str, promise: str, pages: str = "", tests: str = "", still: str = "") -> Line:
    """`pages` and `tests` are separated by spaces."""
    return Line(section, promise, tuple(pages.split()), tuple(tests.split()), still)
