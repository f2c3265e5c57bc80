"""Every page a role can walk to, on the built demo: nothing serious for axe, nothing sideways, no complaint of the browser;
on paper the data and nothing to press."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter

from tests.browser.printing import printed
from tests.browser.windows import SONGYANG, YUEXI, YUHANG, Window, Windows, look
from web.tenants.accounts.permissions import Role

FILES = re.compile(r"\.xlsx$|/documents/|/paper")  # downloads, proved elsewhere
KINDS = {"handovers.show", "referrals.show", "agreements.show", "cosigning.show", "requests.show"}
# A county's own rooms: what stands in them says nothing of home or host.
ALONE = {
    "accounts",
    "auth",
    "events",
    "imports",
    "labels",
    "members",
    "organisations",
    "settings",
    "tasks",
    "workbench",
}
CLERK = Role.COUNTY_ADMIN
# Home's clerk sees nearly all, the host's the rest. The other roles see the same pages with less on them; the auditor's are
# among the clerks'.
EVERYONE = [
    (YUEXI, CLERK),
    (YUHANG, CLERK),
    *(
        pytest.param(YUHANG if role == Role.LIAISON else YUEXI, role, marks=pytest.mark.long)
        for role in Role
        if role not in (CLERK, Role.AUDITOR)
    ),
]


@pytest.fixture(scope="session")
def routes(application: Flask) -> MapAdapter:
    return application.url_map.bind("localhost")


def sort_of(routes: MapAdapter, address: str) -> tuple[str, str] | None:
    """The view that answers an address, and its tab: pages of one sort look alike. None where no view does. What is done to
    a list looks alike whichever tab it is of."""
    parts = urlsplit(address)
    try:
        endpoint, _ = routes.match(parts.path, "GET")
    except HTTPException:
        return None
    tabs = [] if endpoint.startswith("workbench.") else re.findall(r"(?:tab|part)=\w+", parts.query)
    return str(endpoint), "&".join(sorted(tabs))


def pages(window: Window, routes: MapAdapter, shown: int, unseen: set[str]) -> Iterator[str]:
    """Walk breadth first from home over every link of the county; yields the sort of each page after opening it.
    Of the records of a kind the first `shown` are opened: they stand in different states. The rooms of `unseen` are not
    entered.
    """
    home = f"/{window.code}/"
    waiting, seen = deque([home]), Counter({sort_of(routes, home): 1})
    while waiting:
        address = waiting.popleft()
        answer = window.page.goto(window.base + address)
        assert answer is not None
        assert answer.status == 200, f"a link leads to {answer.status}: {address}"
        yield " ".join(sort_of(routes, address) or ())
        for link in window.page.eval_on_selector_all("a[href]", "all => all.map(a => a.getAttribute('href'))"):
            found = link.partition("#")[0]
            sort = sort_of(routes, found)
            # A list in another order is the same page.
            is_list = "?" in link and "tab=" not in link and "part=" not in link
            if sort is None or is_list or sort[0].partition(".")[0] in unseen:
                continue
            if not found.startswith(home) or FILES.search(urlsplit(found).path):
                continue
            if found not in waiting and seen[sort] < (shown if sort[0] in KINDS else 1):
                seen[sort] += 1
                waiting.append(found)


@pytest.mark.parametrize(("code", "role"), EVERYONE, ids=str)
def test_every_page_of_every_role(windows: Windows, routes: MapAdapter, proved, code: str, role: Role):
    """For the roles that are no clerks contrast and paper are not looked at again."""
    window, wrong, count = windows.open(code, role.value), {}, 0
    for sort in pages(window, routes, 2 if role == CLERK else 1, ALONE if (code, role) == (YUHANG, CLERK) else set()):
        count += 1
        said = look(window.page, with_colours=role == CLERK)
        if role == CLERK:
            said += printed(window.page)
        if said:
            wrong[sort] = said
    assert wrong == {}
    proved("pages looked at by axe", count)
    if role == CLERK:
        proved("pages read as they would be printed", count)


@pytest.mark.long
@pytest.mark.parametrize("code", [YUEXI, YUHANG])
def test_every_page_in_the_dark(windows: Windows, routes: MapAdapter, proved, code: str):
    """One page of each sort, of a clerk, who sees nearly all; the host's without what is a county's own."""
    window, wrong, count = windows.open(code, CLERK.value, windows.context(color_scheme="dark")), {}, 0
    for sort in pages(window, routes, 1, ALONE if code == YUHANG else set()):
        count += 1
        if said := look(window.page):
            wrong[sort] = said
    assert wrong == {} and window.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    proved("pages looked at by axe", count)


@pytest.mark.parametrize("type_size", ["", "large"])
def test_in_the_dark_and_in_large_type(windows: Windows, proved, type_size: str):
    """The pages worked on most, and the first record of each."""
    context, looked = windows.context(color_scheme="dark"), 0
    context.add_cookies([{"name": "look", "value": type_size, "url": windows.base}])
    window = windows.open(YUEXI, "county_admin", context)
    for path in ("", "away/", "handovers/?tab=out", "agreements", "referrals/", "activities/"):
        window.go(path)
        assert look(window.page) == [], path
        link = window.page.locator("main tbody th a")
        has_record = bool(path) and link.count() > 0
        if has_record:
            window.page.goto(f"{window.base}{link.first.get_attribute('href')}")
            assert look(window.page) == [], window.page.url
        looked += 2 if has_record else 1
    proved("pages looked at by axe", looked)


def test_in_english_what_is_longer_stays_on_the_page(windows: Windows, proved):
    """The broadest tables, whose heads are longer in English."""
    window, looked = (
        windows.open(YUEXI, "county_admin"),
        ("away/", "shares/", "peers", "figures", "reports", "agreements"),
    )
    window.page.context.add_cookies([{"name": "lang", "value": "en", "url": windows.base}])
    for path in looked:
        window.go(path)
        assert window.page.locator("html").get_attribute("lang") == "en"
        if path == "peers":
            partner = window.page.eval_on_selector_all("main a", "all => all.map(a => a.getAttribute('href'))")
            window.page.goto(
                window.base + next(link for link in partner if re.search(r"/peers/[0-9a-f-]{36}$", link or ""))
            )
        if path == "agreements":  # of three: its grants have a column for each direction
            window.page.get_by_role("link", name="余杭、岳西、松阳").first.click()
            window.page.locator("#grants").wait_for()
        assert look(window.page, with_colours=False) + printed(window.page) == [], path
    proved("pages looked at by axe", len(looked))


def test_the_door_the_sign_in_and_what_anybody_sees(windows: Windows, proved):
    window = windows.open(SONGYANG)
    addresses = ["/", f"/{SONGYANG}/sign-in", "/keys", "/parts"]
    for address in addresses:
        assert window.page.goto(window.base + address).status == 200
        assert look(window.page) == [], address
    proved("pages looked at by axe", len(addresses))
