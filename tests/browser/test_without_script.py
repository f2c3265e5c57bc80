"""The same path with script off: sign in, filter, offer, accept, hand over, by plain forms and links."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.windows import YUEXI, YUHANG, Window, Windows
from web.core import clock

USERNAME, NEW = "township_officer", "Xian-Bu-Duan-9"


def test_the_core_path_without_script(windows: Windows, proved):
    plain = windows.context(java_script_enabled=False)
    home = windows.open(YUEXI, context=plain)
    sign_in(windows, home)
    name = offer(home)
    host = windows.open(YUHANG, "county_admin", plain)
    accept(host, name)
    hand_over(home, host)
    proved("paths walked without script", 4)


def sign_in(windows: Windows, home: Window) -> None:
    """With a one-time password from the system administrator, which must be changed first."""
    opens = windows.open(YUEXI, "sysadmin")
    opens.nav("账号与角色")
    opens.follow(opens.page.get_by_role("link", name=USERNAME))
    opens.press("重置密码")
    once = opens.page.locator(".big-n").inner_text()
    home.go("away/")
    expect(home.page.get_by_role("heading", level=1)).to_have_text("登录")
    home.fill(username=USERNAME, password="wrong")
    home.press("登录")
    expect(home.page.locator(".sum")).to_be_visible()
    assert home.page.locator('[name="username"]').input_value() == USERNAME
    home.fill(password=once)
    home.press("登录")
    home.sees("先换密码")
    home.fill(current=once, new=NEW, again=NEW)
    home.press("改好")
    expect(home.page.get_by_role("heading", level=1)).to_have_text("待办")


def offer(home: Window) -> str:
    """Filters combine as plain links and forms; one member is offered."""
    home.nav("流出党员")
    total = home.page.locator(".head .hint").inner_text()
    for pick in ("referral:", "reason:10"):
        home.page.get_by_text("＋ 条件").click()
        home.page.locator('select[name="pick"]').select_option(pick)
        home.press("加上")
    assert "referral=" in home.page.url and "reason=10" in home.page.url
    assert home.page.locator(".filters .on").count() == 2
    assert home.page.locator(".head .hint").inner_text() != total
    home.follow(home.page.locator(".filters .on a").last)
    assert home.page.locator(".filters .on").count() == 1
    row = home.page.locator("tbody tr", has_text="余杭").first
    name = row.locator("th a").inner_text()
    row.locator("[data-pick]").check()
    home.press("送请报到", home.page.locator("[data-bulk]"))
    home.sees("还没有登记告知 1 人")
    home.press("登记对这 1 人的告知")
    home.press("送出")
    home.sees("流动报到", "已送出，待接收")
    return name


def accept(host: Window, name: str) -> None:
    host.go("referrals/?tab=inbox")
    host.until(name)
    row = host.page.locator("tbody tr", has=host.page.get_by_role("link", name=name, exact=True)).last
    row.locator("[data-pick]").check()
    host.press("接收", host.page.locator("[data-bulk]"))
    host.go("referrals/?tab=awaited")
    host.until(name)


def hand_over(home: Window, host: Window) -> None:
    """A member of the officer's township asks to go; 余杭 accepts."""
    home.nav("流出党员")
    home.follow(home.page.locator("tbody th a").first)
    name = home.page.get_by_role("heading", level=1).inner_text()
    home.press("转接组织关系")
    home.press("送出申请")
    assert home.page.locator(".field.bad").count() >= 1  # beside the fields, the page kept
    home.page.locator('select[name="partner"]').select_option(label="余杭区")
    home.fill(to_org="中共杭州市余杭区余杭街道工作委员会", method="paper", applied_on=clock.today().isoformat())
    home.press("送出申请")
    home.sees("组织关系转出", "待同意接收")
    host.go("handovers/")
    host.until(name)
    host.follow(host.page.get_by_role("link", name=name, exact=True).first)
    host.press("同意接收")
    host.press("同意接收")
    home.until("已同意，待开介绍信")
