"""What pages load: nothing that was not pinned, nothing inline, nothing from elsewhere."""

import hashlib
import re
from pathlib import Path

import pytest

import web
from tests.blueprints import sheet
from web.blueprints import assets

STATIC = Path(web.__file__).parent / "static"
TEMPLATES = Path(web.__file__).parent / "templates"
PAGES = [path for path in TEMPLATES.rglob("*.html") if path.parent.name != "papers"]


@pytest.fixture(scope="module")
def app():
    return sheet.build()


def test_htmx_is_the_pinned_file_and_nothing_else_is_served(app):
    client = app.test_client()
    answer = client.get(f"/assets/htmx.js?v={assets.vendored_version('htmx.js')}")
    assert answer.status_code == 200
    assert answer.mimetype == "text/javascript"
    assert hashlib.sha256(answer.data).hexdigest() == assets.VENDORED["htmx.js"].sha256
    assert b'version:"2.0.10"' in answer.data
    assert "immutable" in answer.headers["Cache-Control"]
    again = client.get("/assets/htmx.js", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert again.headers["Cache-Control"] == "no-cache"
    for other in ("htmx-4.js", "..%2fhtmx.js", "django-htmx.js", "htmx.js/"):
        assert client.get(f"/assets/{other}").status_code == 404


def test_another_file_under_the_same_name_is_refused(monkeypatch):
    wanted = assets.VENDORED["htmx.js"]
    monkeypatch.setitem(assets.VENDORED, "htmx.js", assets.Vendored(wanted.package, wanted.path, "0" * 64))
    assets.vendored_text.cache_clear()
    try:
        with pytest.raises(RuntimeError, match="not the file that was pinned"):
            sheet.build()
    finally:
        assets.vendored_text.cache_clear()


def test_the_address_of_our_own_files_changes_with_them(app):
    with app.test_request_context("/"):
        address = assets.asset("css/tokens.css")
    digest = hashlib.sha256((STATIC / "css/tokens.css").read_bytes()).hexdigest()[:10]
    assert address == f"/static/css/tokens.css?v={digest}"
    client = app.test_client()
    with client.get(address) as answer:
        assert "immutable" in answer.headers["Cache-Control"]
    with client.get("/static/css/tokens.css") as answer:
        assert answer.headers["Cache-Control"] == "no-cache"


def test_all_a_page_loads_is_there_and_ours(app):
    client = app.test_client()
    page = client.get("/parts").text
    loaded = re.findall(r'<(?:link rel="(?:stylesheet|icon)"[^>]*href|script[^>]*src)="([^"]+)"', page)
    assert len(loaded) > 15
    for address in loaded:
        assert address.startswith(("/static/", "/assets/"))
        with client.get(address) as answer:
            assert answer.status_code == 200, address


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_no_template_has_inline_style_or_script(path):
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert not re.search(r"\sstyle\s*=", text), "style attribute"
    assert not re.search(r"<style|javascript:|\son[a-z]+\s*=\s*[\"']|hx-on", text), "inline code"
    assert not re.search(r"<script(?![^>]*\ssrc=)", text), "inline script"
    assert not re.search(r"hx-vals\s*=\s*[\"']js:|hx-trigger=[\"'][^\"']*\[", text), "code in an htmx attribute"
    assert not re.search(r"(?:src|href|action)=[\"'](?:https?:)?//", text), "from elsewhere"


NEWER_THAN_THE_FLOOR = {
    ":has()": r":has\(",
    ":is()": r":is\(",
    ":where()": r":where\(",
    "nesting": r"(?m)^\s*&",
    "color-mix": r"color-mix\(",
    "oklch": r"oklch\(",
    "@layer": r"@layer",
    "@container": r"@container",
    "inset shorthand": r"[{;\s]inset\s*:(?!\s*var)",
    "aspect-ratio": r"aspect-ratio",
    "svh": r"\d[sdl]vh",
    "overflow: clip": r"(?<!text-)overflow(?:-[xy])?:\s*clip",
    "gradients": r"gradient\(",
}


@pytest.mark.parametrize("path", sorted((STATIC / "css").glob("*.css")), ids=lambda path: path.name)
def test_styles_keep_to_the_floor_of_browsers_and_to_the_tokens(path):
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert [name for name, pattern in NEWER_THAN_THE_FLOOR.items() if re.search(pattern, text)] == []
    assert not re.search(r"url\(|@import", text)
    assert text.count("{") == text.count("}")
    used, defined = set(re.findall(r"var\((--[\w-]+)", text)), (STATIC / "css/tokens.css").read_text(encoding="utf-8")
    assert [name for name in used if f"{name}:" not in defined] == []
    if path.name not in {"tokens.css", "print.css"}:
        assert not re.search(r"#[0-9a-fA-F]{3,8}\b(?![^{]*\{)", text), "a colour that is no token"


@pytest.mark.parametrize("path", sorted((STATIC / "js").glob("*.js")), ids=lambda path: path.name)
def test_scripts_make_no_code_of_text(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(
        r"\beval\(|new Function|innerHTML|outerHTML|document\.write|insertAdjacentHTML|setAttribute\([\"']on", text
    )
    assert not re.search(r"https?://", text)
    assert len(text.splitlines()) < 120
