"""A window on one county as one role: what people do and see, and what the browser complained of."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Response, expect

Got = TypeVar("Got")
YUHANG, YUEXI, SONGYANG = "330110", "340828", "331124"
AXE = Axe().axe_script
DESK, ZOOMED, PHONE = (1366, 768), (1093, 614), (390, 844)


@dataclass
class Window:
    """One page of one county."""

    page: Page
    base: str
    code: str
    said: list[tuple[str, str]] = field(default_factory=list)  # (words, address) of every complaint of the browser
    visited: set[str] = field(default_factory=set)

    def watch(self) -> None:
        """From now on every complaint of the browser is written down."""
        page = self.page
        page.on(
            "console",
            lambda m: self.said.append((m.text, m.location["url"])) if m.type in {"error", "warning"} else None,
        )
        page.on("pageerror", lambda error: self.said.append((str(error), "")))
        page.on("response", lambda r: self.visited.add(r.url) if r.request.is_navigation_request() else None)

    @property
    def complaints(self) -> list[str]:
        """But for the status of the page itself, which a test asks for by name: the browser notes 403, 404 and 422 too."""
        return [words for words, url in self.said if not ("status of 4" in words and url in self.visited)]

    def enter(self, role: str) -> Window:
        """Through the door, by its button."""
        self.page.goto(self.base + "/")
        form = self.page.locator(f'form[action="/{self.code}/enter"]', has=self.page.locator(f'input[value="{role}"]'))
        self.follow(form.get_by_role("button"))
        expect(self.page.get_by_role("heading", level=1)).to_have_text("待办")
        return self

    def go(self, path: str = "") -> Response:
        """A page of the county by its address."""
        answer = self.page.goto(f"{self.base}/{self.code}/{path.lstrip('/')}")
        assert answer is not None
        return answer

    def nav(self, words: str) -> None:
        """A page by the main navigation."""
        menu = self.page.get_by_role("navigation", name="主导航").last
        self.follow(menu.get_by_role("link", name=re.compile(f"^{words}( [\\d,]+)?$")))

    def press(self, words: str, within: Locator | None = None) -> None:
        """A button, or a link that looks like one, by its words."""
        place = within or self.page.locator("main")
        self.follow(place.locator(".btn", has_text=re.compile(f"^\\s*{re.escape(words)}(\\s+\\S)?\\s*$")).first)

    def follow(self, place: Locator, key: str = "") -> None:
        """Click it, or press the key in it; where that leads to another page or to a dialog, be there."""
        act = partial(place.press, key) if key else place.click
        kind = place.evaluate(_LEADS)
        with nullcontext() if kind == "stays" else leaving(self.page, "dialog[open]" if kind == "dialog" else ""):
            act()

    def fill(self, **values: Any) -> None:
        """Fields by their name: text, choice of a select, ticks and radios."""
        for name, value in values.items():
            places = self.page.locator(
                f'main [name="{name}"]:not([type=hidden]), dialog [name="{name}"]:not([type=hidden])'
            )
            kind = places.first.evaluate("e => e.type")
            if kind == "select-one":
                places.first.select_option(value)
            elif kind in {"radio", "checkbox"}:
                self.page.locator(f'[name="{name}"][value="{value}"]').last.check()
            else:
                places.first.fill(str(value))

    @property
    def text(self) -> str:
        """What the page says, without the navigation."""
        return self.page.locator("main").first.inner_text()

    def sees(self, *words: str) -> None:
        """Each of these stands on the page, now or within a few seconds."""
        for one in words:
            expect(self.page.locator("main").first).to_contain_text(one, timeout=15_000)

    def until(self, words: str, seconds: float = 20) -> None:
        """As a person without script would: reload until it says so."""

        def said() -> bool:
            self.page.reload()
            return words in self.text

        wait(said, seconds, f"{self.page.url} never said {words}: {self.text[:1500]}")


# What the browser does with a link, a button or a field in which Enter is pressed: a dialog of static/js/dialog.js, another
# document, or neither.
_LEADS = """e => {
    if (e.matches("[data-dialog]") && document.documentElement.classList.contains("js")) return "dialog";
    if (e.matches("a[href]:not([href^='#'])")) return "leaves";
    const sends = e.form && (e.type === "submit" || e.matches("input:not([type=button])"));
    return sends && (e.form.noValidate || e.formNoValidate || e.form.matches(":valid")) ? "leaves" : "stays";
}"""


@contextmanager
def leaving(page: Page, or_else: str = "") -> Iterator[None]:
    """What is done inside leads to another document, or to the element `or_else`, and that is there when this ends.
    A click of Playwright waits for a navigation only if the browser announces it at once, and `wait_for_load_state` answers for
    the document that is still there; so the old one is marked and an unmarked one awaited.
    """
    page.evaluate("document.body.dataset.left = ''")
    yield
    there = page.locator(", ".join(filter(None, ("body:not([data-left])", or_else)))).first
    there.wait_for(state="attached", timeout=90_000)  # a busy machine, while other workers build the demo
    page.wait_for_load_state()


def wait(ask: Callable[[], Got], seconds: float, problem: str) -> Got:
    """Ask until the answer is true."""
    until = time.monotonic() + seconds
    while not (got := ask()):
        assert time.monotonic() < until, problem
        time.sleep(0.1)
    return got


# What differs in nothing but its words looks alike, to axe too: a part of a page is judged once in each dress (light, dark,
# large type), and of the rows of a table the first of each look (and of each stripe). The page as a whole is always judged.
_LOOK = """async ({with_colours, judged}) => {
    const of_ours = ["id", "href", "value", "for", "name", "title", "aria-label", "datetime", "data-id", "action", "content"];
    const attribute = a => of_ours.includes(a.name) ? a.name + (a.value ? "" : "-") : a.name + "=" + a.value;
    const children = e => [...e.children].map(shape).filter((one, at, all) => one !== all[at - 1]).join("");
    const shape = e => [...e.attributes].map(attribute).join() + "<" + e.tagName + ([...e.childNodes].some(c => c.nodeType === 3 && c.data.trim())) + children(e) + ">";
    const short = words => {
        let [a, b] = [0xdeadbeef, 0x41c6ce57];
        for (const c of words) { a = Math.imul(a ^ c.codePointAt(0), 2654435761); b = Math.imul(b ^ c.codePointAt(0), 1597334677); }
        return (a >>> 0).toString(36) + (b >>> 0).toString(36);
    };
    const dress = [matchMedia("(prefers-color-scheme: dark)").matches, with_colours, ...[...document.documentElement.attributes].map(attribute)].join();
    const known = new Set(judged), shapes = [], done = [], alike = [];
    for (const part of document.querySelectorAll("body > *, main > *:not(h1)")) {
        if (part.querySelector("main")) continue;
        const look = short(dress + shape(part));
        known.has(look) ? done.push(part) : shapes.push(look);
    }
    const run = (exclude, options) => axe.run(exclude.length ? {include: [document], exclude} : document, {resultTypes: ["violations"], ...options});
    const found = [await run(done, {rules: {"color-contrast": {enabled: false}}})];
    if (with_colours) {
        const seen = new Set();
        for (const row of document.querySelectorAll("tbody tr")) {
            const table = row.closest("table"), of = [...document.querySelectorAll("table")].indexOf(table);
            const look = [of, row.rowIndex % 2, row.parentElement.rows.length - 1 === row.sectionRowIndex, shape(row)].join();
            seen.has(look) ? alike.push(row) : seen.add(look);
        }
        found.push(await run([...done, ...alike], {runOnly: ["color-contrast"]}));
    }
    const wrong = found.flatMap(one => one.violations).filter(one => ["serious", "critical"].includes(one.impact))
        .flatMap(one => one.nodes.map(node => one.id + ": " + node.target));
    return [wrong, wrong.length ? [] : shapes];
}"""
_judged: set[str] = set()
_HEADS = """Array.from(document.querySelectorAll("table")).filter((table) => table.tHead && table.tBodies.length
  && Math.abs(table.tHead.getBoundingClientRect().left - table.tBodies[0].getBoundingClientRect().left) > 2)
  .map((table) => `the head of ${table.innerText.slice(0, 40)} stands beside its body`)"""


def look(page: Page, *, with_colours: bool = True) -> list[str]:
    """What is wrong with the page at hand: serious findings of axe, sideways scroll on a phone, at a desk, and there at 125 %, a
    table's head that does not stand above its body.
    """
    page.evaluate(AXE)
    found: list[str]
    found, shapes = page.evaluate(_LOOK, {"with_colours": with_colours, "judged": sorted(_judged)})
    _judged.update(shapes)
    for width, height in (PHONE, ZOOMED, DESK) if with_colours else (PHONE, DESK):
        page.set_viewport_size({"width": width, "height": height})
        if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
            found.append(f"{wide} wide at {width}")
    return found + page.evaluate(_HEADS)  # at a desk: the last size


class Windows:
    """The browser of a test: contexts share nothing; two windows of one context are one clerk's browser."""

    def __init__(self, browser: Browser, base: str) -> None:
        self.browser = browser
        self.base = base
        self.contexts: list[BrowserContext] = []
        self.opened: list[Window] = []

    def context(self, size: tuple[int, int] = DESK, **more: Any) -> BrowserContext:
        """A browser of its own. `more`: java_script_enabled, color_scheme …"""
        context = self.browser.new_context(viewport={"width": size[0], "height": size[1]}, **more)
        self.contexts.append(context)
        return context

    def open(self, code: str, role: str = "", context: BrowserContext | None = None) -> Window:
        """A window on a county, entered as the role if one is given."""
        window = Window((context or self.context()).new_page(), self.base, code)
        window.watch()
        self.opened.append(window)
        return window.enter(role) if role else window

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for context in self.contexts:
            context.close()
        if kind is None:
            complaints = [words for window in self.opened for words in window.complaints]
            assert not complaints, complaints
