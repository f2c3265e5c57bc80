"""What a page looks like on paper: read in the print medium at the width of the sheet, without printing it."""

from __future__ import annotations

from playwright.sync_api import Page

# A4 less its margins, in CSS pixels: upright (print.css), and the register's landscape (register.css).
SHEET, REGISTER = (658, 930), (1016, 687)
CHECK = """() => {
  const shown = e => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== 'hidden';
  const words = e => (e.textContent || '').replace(/\\s+/g, ' ').trim().slice(0, 40);
  const off = [...document.querySelectorAll('nav, [role=navigation], .nav, .bar, .strip, button, .btn, [type=submit], [type=search], .pager, .filters, .tabs, .crumb, .skip, .toast')]
    .filter(shown).map(e => `still there: ${e.tagName.toLowerCase()}.${e.className} ${words(e)}`);
  const heads = [...document.querySelectorAll('h1, h2, .paper')].filter(shown).length ? [] : ['no heading'];
  const whose = document.querySelector('nav.nav') && ![...document.querySelectorAll('.printed')].some(shown) ? ['does not say whose it is'] : [];
  const cells = [...document.querySelectorAll('main tbody th, main tbody td')]
    .filter(e => words(e) && !e.matches('.pick, .no-print') && !e.closest('.no-print') && !e.querySelector('button, .btn, form'));
  const lost = cells.filter(e => !shown(e)).map(e => `lost: ${words(e)}`);
  const broad = document.scrollingElement.scrollWidth > innerWidth + 1
    ? [`wider than the sheet by ${document.scrollingElement.scrollWidth - innerWidth}: ` + [...document.querySelectorAll('main *')]
        .filter(e => shown(e) && e.getBoundingClientRect().right > innerWidth + 1).slice(0, 2).map(e => `${e.tagName}.${e.className} ${words(e)}`).join(' | ')] : [];
  const cut = [...document.querySelectorAll('main td, main th')].filter(e => shown(e) && e.scrollWidth > e.clientWidth + 2)
    .slice(0, 3).map(e => `cut off: ${words(e)}`);
  const ground = getComputedStyle(document.body).backgroundColor;
  const dark = ground === 'rgb(255, 255, 255)' || ground === 'rgba(0, 0, 0, 0)' ? [] : [`on ${ground}`];
  return [...new Set([...off, ...heads, ...whose, ...lost.slice(0, 3), ...broad, ...cut, ...dark])];
}"""


def printed(page: Page) -> list[str]:
    """What is wrong with the page on paper: controls that stay, data that is lost or cut, a sheet too narrow for it."""
    size = page.viewport_size
    page.emulate_media(media="print")
    width, height = REGISTER if page.locator(".tbl.reg").count() else SHEET
    page.set_viewport_size({"width": width, "height": height})
    found: list[str] = page.evaluate(CHECK)
    page.emulate_media(media="null")
    if size is not None:
        page.set_viewport_size(size)
    return found
