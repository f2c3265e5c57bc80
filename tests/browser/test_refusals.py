"""What a page says when it cannot be: who can, not found, sign in again, too late, mend this field."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.browser.windows import SONGYANG, YUEXI, YUHANG, Window, Windows


@pytest.mark.parametrize("path", ["members/", "away/", "handovers/", "events", "accounts"])
def test_a_wrong_role_is_told_who_can(windows: Windows, path: str):
    leader = windows.open(YUEXI, "leader_readonly")
    assert leader.go(path).status == 403
    leader.sees("您现在不能办这件事", "没有改动任何东西", "可办的人", "何试丁（县级经办）")
    assert leader.page.get_by_role("navigation", name="主导航").last.is_visible()


def test_another_countys_id_is_as_absent(windows: Windows):
    home, host = windows.open(YUEXI, "county_admin"), windows.open(YUHANG, "county_admin")
    home.nav("本县党员")
    href = str(home.page.locator("tbody th a").first.get_attribute("href"))
    id_ = re.findall(r"[0-9a-f-]{36}", href)[0]
    said = []
    for asked in (id_, str(uuid4())):
        assert host.go(f"members/{asked}").status == 404
        said.append(host.text)
    assert said[0] == said[1]
    assert "没有找到" in said[0]


def test_a_session_that_ended_leads_back_to_the_page(windows: Windows):
    """Signed in on two machines; the second lets the first be signed out."""
    opens = windows.open(SONGYANG, "sysadmin")
    opens.nav("账号与角色")
    opens.follow(opens.page.get_by_role("link", name="liaison"))
    opens.press("重置密码")
    once, new = opens.page.locator(".big-n").inner_text(), "Lian-Luo-Yuan-7"
    first, second = windows.open(SONGYANG), windows.open(SONGYANG)
    _sign_in(first, once)
    first.fill(current=once, new=new, again=new)
    first.press("改好")
    first.go("members/")  # home would ask for news meanwhile
    _sign_in(second, new)
    second.go("sessions")
    second.press("让其他设备退出")
    expect(second.page.locator(".toast")).to_contain_text("已让其他 1 台设备退出")
    first.go("away/?q=zhang")
    expect(first.page.get_by_role("heading", level=1)).to_have_text("登录")
    first.fill(username="liaison", password=new)
    first.press("登录")
    assert first.page.url.endswith("/away/?q=zhang")
    expect(first.page.get_by_role("heading", level=1)).to_have_text("流出党员")


def _sign_in(window: Window, password: str) -> None:
    window.go("sign-in")
    window.fill(username="liaison", password=password)
    window.press("登录")


def test_a_verb_said_twice_is_refused_the_second_time(windows: Windows):
    """Two windows of one clerk stand on the same form; the second comes too late, and nothing changes."""
    host = windows.open(SONGYANG, "county_admin")
    host.nav("共管共育协议")
    home = windows.open(YUHANG, "county_admin")
    home.go("agreements")
    home.follow(home.page.get_by_role("link", name="余杭、松阳暖心驿站共建协议"))
    home.sees("轮到我方")
    other = windows.open(YUHANG, context=home.page.context)
    other.page.goto(home.page.url)
    home.press("同意这一版")
    expect(home.page.locator(".toast")).to_contain_text("已同意")
    other.press("同意这一版")
    other.sees("这一步现在不能办", "没有改动任何东西")
    other.page.goto(home.page.url)
    assert "轮到我方：同意" not in other.text


def test_a_refused_form_keeps_what_was_typed(windows: Windows):
    home = windows.open(YUEXI, "county_admin")
    home.nav("本县党员")
    home.press("登记")
    typed = {"name": "试填甲", "id_number": "990101199001011234", "phone": "123"}
    home.page.locator('select[name="branch_id"]').select_option(index=1)
    home.fill(**typed)
    home.follow(home.page.locator("main form .acts button", has_text="登记"))
    expect(home.page.locator(".sum")).to_be_focused()
    bad = home.page.locator(".field.bad")
    assert bad.count() == 2
    for field in bad.all():
        assert field.locator(".err").inner_text().strip()
    for name, value in typed.items():
        assert home.page.locator(f'[name="{name}"]').input_value() == value
    assert home.page.locator('select[name="branch_id"]').input_value()
    assert home.page.locator('[name="id_number"]').get_attribute("aria-invalid") == "true"
