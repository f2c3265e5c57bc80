"""Templates keep the content policy: no inline style, no inline script, no handler in an attribute, nothing unescaped."""

from __future__ import annotations

import re

from tests.contracts.source import WEB

INLINE = {
    "a style attribute": re.compile(r"<[a-z][^>]*\sstyle\s*=", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "a script without src": re.compile(r"<script\b(?![^>]*\bsrc\s*=)[^>]*>", re.IGNORECASE),
    "a handler in an attribute": re.compile(r"<[a-z][^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "an address that is a script": re.compile(r"(?:href|src|action)\s*=\s*[\"']?\s*javascript:", re.IGNORECASE),
    "text passed by the escaping": re.compile(r"\|\s*safe\b|autoescape\s+false"),
    "something from another host": re.compile(r"(?:src|href|action)\s*=\s*[\"'](?:https?:)?//", re.IGNORECASE),
}


def test_templates_keep_the_content_policy(proved):
    # Paper is rendered by WeasyPrint, never by a browser: it may size its columns.
    pages = [p for p in sorted((WEB / "templates").rglob("*.html")) if p.parent.name != "papers"]
    for path in pages:
        text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for what, pattern in INLINE.items():
            found = pattern.search(text)
            assert not found, f"{path.relative_to(WEB)}: {what}: {found.group(0)[:80]}"
    proved("templates without inline style or script", len(pages))


def test_every_form_that_writes_carries_its_token():
    for path in sorted((WEB / "templates").rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        for form in re.findall(r"<form\b[^>]*method=[\"']post[\"'].*?</form>", text, flags=re.IGNORECASE | re.DOTALL):
            said = re.search(r"csrf|token\(|caller\(|forms?\.|hidden", form)
            assert said, f"{path.relative_to(WEB)}: a form without its token: {form[:90]}"


# Pages called `show` that are of no record to which anything happens.
NO_STORY = {
    "agreements": "told beside the letters and the chain, a page of its own",
    "reports": "figures of a period, counted anew",
    "scopes": "a scope is law, not a record",
    "tasks": "its bar and its result are its story",
}


def test_every_records_page_tells_its_story(proved):
    pages = sorted((WEB / "templates").glob("*/show.html"))
    silent = {page.parent.name for page in pages if "p.log(" not in page.read_text(encoding="utf-8")}
    assert silent == set(NO_STORY), silent ^ set(NO_STORY)
    assert "p.log(" in (WEB / "templates" / "agreements" / "letters.html").read_text(encoding="utf-8")
    proved("pages of records with their story", len(pages) - len(silent))


# Nothing there is written by hand: a pasted list, kept nowhere, and what a list was copied as.
PASTED = {"members/lookup.html", "workbench/copy.html"}


def test_free_words_are_asked_for_before_they_are_left(proved):
    guarded = 0
    for path in sorted((WEB / "templates").rglob("*.html")):
        text, name = path.read_text(encoding="utf-8"), path.relative_to(WEB / "templates").as_posix()
        if name.startswith("parts/") or name in {"gallery.html", *PASTED}:
            continue
        for form in re.findall(r"<form(?:[^>{]|{{.*?}}|{%.*?%})*>.*?</form>", text, re.DOTALL):
            if re.search(r"<textarea|type=\"textarea\"", form):
                assert "data-guard" in form.partition("\n")[0], (
                    f"{name}: what is written there is lost by a press beside it"
                )
                guarded += 1
    proved("forms of free words that ask before they are left", guarded)


# One template for many acts, of which each shows a few of the fields, begun with what is known.
SHORT = {"handovers/act.html", "referrals/act.html", "transfers/act.html"}


# The answer to a list that was pasted or uploaded: it has no address to come back to, and is made again from the list.
ANSWERS = {"activities/roll.html"}
_OF_A_ROW = re.compile(
    r"{%-? (for|endfor)\b|<(?:select|textarea)\b|form\.of\(|<input\b(?![^>]*type=\"(?:hidden|checkbox|radio)\")"
)


def _has_rows(text: str) -> bool:
    """Whether one of its forms has a field in a loop: as many as there are people, items or clauses."""
    text = re.sub(r'{% include "([^"]+)" %}', lambda found: (WEB / "templates" / found[1]).read_text("utf-8"), text)
    for form in re.findall(r"<form\b.*?</form>", text, re.DOTALL):
        depth = 0
        for found in _OF_A_ROW.finditer(form):
            depth += {"for": 1, "endfor": -1}.get(found[1], 0)
            if depth and not found[1]:
                return True
    return False


def test_long_forms_keep_drafts(proved):
    """More than six fields, more than one of many lines, or one a row: then what was typed is kept before it is sent."""
    long = set()
    for path in sorted((WEB / "templates").rglob("*.html")):
        text, name = path.read_text(encoding="utf-8"), path.relative_to(WEB / "templates").as_posix()
        fields = set(re.findall(r"form\.of\(\s*[\"'](\w+)[\"']", text))
        lines = len(re.findall(r"<textarea|type=[\"']textarea", text))
        lines += sum("textarea" in each for each in re.findall(r"{% for .*?{% endfor %}", text))
        if "data-guard" not in text or name in SHORT | ANSWERS:
            continue
        if len(fields) <= 6 and lines <= 1 and not _has_rows(text):
            continue
        long.add(name)
        says = "data-draft-said" in text or "p.keep_draft(form)" in text
        assert "p.draft(form" in text and "data-draft=" in text and says, f"{name}: a long form without a draft"
    assert {"agreements/meeting_form.html", "settings/notice.html", "transfers/receive.html"} <= long, long
    assert {
        "activities/attendance.html",
        "agreements/check.html",
        "cosigning/correct.html",
        "cosigning/show.html",
    } <= long
    proved("long forms that keep drafts", len(long))


def test_a_printed_list_is_without_the_forms_beside_it(proved):
    """A list is printed to be read: a form on its page, with its heading, stays on the screen."""
    lists = 0
    for path in sorted((WEB / "templates").rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        if "p.sheet_table(" in text:
            shown = re.sub(r'<section class="no-print">.*?</section>', "", text, flags=re.DOTALL)
            forms = re.findall(r"<form[^>]*>", shown)
            assert all("no-print" in form for form in forms), f"{path.name}: {forms}"
            lists += 1
    proved("lists printed without forms", lists)


def test_nothing_comes_from_elsewhere():
    for path in [*(WEB / "static").rglob("*.css"), *(WEB / "static").rglob("*.js")]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(
            r"@import\s+[\"']?(?:url\()?[\"']?https?:|url\([\"']?https?:|import\s+.*from\s+[\"']https?:", text
        ), path
