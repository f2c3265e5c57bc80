"""The sheet of parts in a browser: the content policy holds, axe finds nothing serious, keys, ticks, dialogs and search work."""

import threading
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Dialog, Page
from werkzeug.serving import make_server

from tests.blueprints import sheet
from tests.browser.windows import leaving

# What htmx does with an answer that says the page has changed: true when the page then reads itself again.
READS_ITSELF_AGAIN = """document.dispatchEvent(new CustomEvent(
    "htmx:beforeOnLoad", {cancelable: true, detail: {xhr: new Proxy({}, {get: () => () => "true"})}}))"""


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, list[str]]]:
    """Address of the sheet, and what its live search was asked."""
    app = sheet.build()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", app.extensions["asked"]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def sheet_page(chromium: Browser, served: tuple[str, list[str]]) -> Iterator[Page]:
    """The sheet, open; the test fails when the browser complained of anything, such as the content policy."""
    complaints: list[str] = []
    page = chromium.new_page(viewport={"width": 1366, "height": 768})
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(served[0] + "/parts")
    page.evaluate("document.activeElement.blur()")
    yield page
    page.close()
    assert complaints == []


@pytest.mark.parametrize(
    ("width", "height", "scheme"), [(1366, 768, "light"), (1366, 768, "dark"), (1093, 614, "light"), (390, 844, "dark")]
)
def test_axe_finds_nothing_serious_and_nothing_goes_sideways(chromium, served, proved, width, height, scheme):
    pages = ["/parts", "/parts?bare=1", "/keys", "/wrong/403", "/wrong/409?layout=shell.html"]
    context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    context.add_cookies([{"name": "look", "value": "large" if width == 390 else "", "url": served[0]}])
    page = context.new_page()
    for path in pages:
        page.goto(served[0] + path)
        found = [
            (v["id"], [node["target"] for node in v["nodes"]])
            for v in Axe().run(page).response["violations"]
            if v["impact"] in {"serious", "critical"}
        ]
        assert found == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    context.close()
    proved("pages looked at by axe", len(pages))


def test_keys_move_open_and_search(sheet_page):
    page = sheet_page
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.evaluate(
        "Array.from(document.querySelectorAll('.cursor')).map(r => r.querySelector('a').textContent)"
    ) == ["李例乙"]
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "find"
    page.keyboard.type("jk?")
    assert page.input_value("#find") == "jk?"
    assert page.locator(".cursor").count() == 1
    assert page.locator("dialog").count() == 0


def test_a_dialog_is_the_page_and_gives_the_focus_back(sheet_page):
    page = sheet_page
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open] h1")
    assert page.inner_text("dialog h1") == "按键"
    assert page.evaluate("document.querySelector('dialog').getAttribute('aria-labelledby')") == "dialog-title"
    assert not page.evaluate(READS_ITSELF_AGAIN), "what was typed in the dialog would be lost"
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    assert page.evaluate("document.activeElement.dataset.key") == "?"
    assert page.evaluate(READS_ITSELF_AGAIN)


def test_ticking_the_page_offers_all_that_match(sheet_page):
    page = sheet_page
    words, all_matching = page.locator("[data-picked]"), page.locator("[data-pick-matching]")
    assert words.text_content() == "已选 1 条"
    assert not all_matching.is_visible()
    page.check("[data-pick-all]")
    assert words.text_content() == "已选本页 4 条"
    all_matching.check()
    assert words.text_content() == "已选全部"
    page.locator("[data-pick]").first.uncheck()
    assert not all_matching.is_checked()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Escape")
    assert not page.locator("[data-bulk]").is_visible()
    page.locator("[data-pick]").nth(0).click()
    page.locator("[data-pick]").nth(2).click(modifiers=["Shift"])
    assert page.locator("[data-pick]:checked").count() == 3
    assert page.locator("tr[aria-selected=true]").count() == 3
    page.keyboard.press("j")
    page.keyboard.press(" ")
    assert page.locator("[data-pick]:checked").count() == 2


def test_live_search_waits_for_the_composed_word(sheet_page, served):
    page, asked = sheet_page, served[1]
    asked.clear()
    page.evaluate("""() => {
        const box = document.querySelector("#find"); box.focus();
        box.dispatchEvent(new CompositionEvent("compositionstart", {bubbles: true}));
        for (const text of ["z", "zh", "zhang"]) {
            box.value = text;
            box.dispatchEvent(new InputEvent("input", {bubbles: true, isComposing: true}));
        }
    }""")
    page.wait_for_timeout(500)
    assert asked == []
    page.evaluate("""() => {
        const box = document.querySelector("#find"); box.value = "张";
        box.dispatchEvent(new CompositionEvent("compositionend", {bubbles: true, data: "张"}));
    }""")
    page.wait_for_selector("#found a")
    assert asked == ["张"]
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == "张示例"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "find"
    assert page.locator("#found a").count() == 0


def test_a_changed_form_asks_before_it_is_left(sheet_page, served):
    page = sheet_page
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    page.goto(served[0] + "/parts?again=1")
    assert asked == []
    page.fill("#f-paid_until", "2026-11")
    page.goto(served[0] + "/keys")
    assert asked == ["beforeunload"]


def test_a_crumb_leads_back_to_the_list_as_it_was_left(sheet_page, served):
    page = sheet_page
    page.goto(served[0] + "/parts?flow=is&after=abc")
    page.evaluate("scrollTo(0, 900)")
    page.goto(served[0] + "/one")
    page.goto(served[0] + "/one?saved=1")
    page.click(".crumb a")
    page.wait_for_url(served[0] + "/parts?flow=is&after=abc")
    page.wait_for_function("scrollY === 900")
    page.goto(served[0] + "/parts")
    page.goto(served[0] + "/one")
    page.click(".crumb a")
    page.wait_for_url(served[0] + "/parts")
    # Who signs in after another in this tab is led nowhere by what the other looked for.
    page.goto(served[0] + "/parts?q=abc")
    page.goto(served[0] + "/one")
    assert page.evaluate("document.querySelector('.crumb a').search") == "?q=abc"
    page.goto(served[0] + "/keys?bare=1")
    page.goto(served[0] + "/one")
    assert page.evaluate("document.querySelector('.crumb a').search") == ""
    assert page.evaluate("Object.keys(sessionStorage).filter(key => key.startsWith('list '))") == []


def test_the_look_changes_in_place_and_stays(sheet_page, served):
    page = sheet_page
    page.fill("#f-paid_until", "2026-11")
    page.click(".acct summary")
    page.click(".acct button[name=theme]")
    assert page.evaluate("document.documentElement.classList.contains('dark')")
    assert page.input_value("#f-paid_until") == "2026-11"
    page.click(".acct button[name=size]")
    assert page.inner_text(".acct button[name=size]") == "标准字"
    page.fill("#f-paid_until", "2026-10")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(served[0] + "/keys")
    assert page.evaluate("document.documentElement.className.split(' ').sort().join(' ')") == "dark js large"


def test_a_toast_counts_down_and_goes(chromium, served):
    page = chromium.new_page()
    page.clock.install(time=0)
    page.clock.pause_at(1)  # or the clock runs on by itself between what is done and what is asserted
    page.goto(served[0] + "/parts")
    assert page.text_content("[data-left]") == "600 秒"
    page.clock.run_for(3000)
    assert page.text_content("[data-left]") == "597 秒"
    page.clock.run_for(600_000)
    assert page.locator("[data-toast]").count() == 0
    page.close()


def test_without_script_nothing_is_missing(chromium, served):
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(served[0] + "/parts")
    assert page.locator("[data-bulk]").is_visible()
    assert page.locator("[data-pick-matching]").is_visible()
    assert not page.locator("[data-pick-none]").is_visible()
    assert not page.locator(".menu nav").is_visible()
    page.click(".menu summary")
    assert page.locator(".menu nav a").first.is_visible()
    page.click(".menu summary")
    page.click(".acct summary")
    with leaving(page):
        page.click(".acct button[name=theme]")
    assert page.locator("html.dark").count() == 1
    with leaving(page):
        page.click("a[data-key='?']")
    assert page.url.endswith("/keys")
    context.close()
