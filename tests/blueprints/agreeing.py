"""Browsers on the pages of agreements, and what a form of the text would send."""

from __future__ import annotations

import re

import pytest

from tests.blueprints.test_auth import sign_in
from web.blueprints.agreements.schemas import TextForm
from web.core import fence


@pytest.fixture(name="browsers")
def open_browsers(fresh):
    """`browsers(side, role)` is a signed-in client of that county with its address."""

    def open_(side, role="county_admin"):
        client = fresh.test_client()
        assert sign_in(client, side, role).status_code == 303
        return client, f"/{side.code}/agreements"

    return open_


def done_in(side, act):
    with side.act():
        act()
        fence.commit()


def fields_of(page):
    """What a form of the text would send as it stands."""
    sent = {}
    for tag in re.findall(r'<input[^>]*value="[^"]*"[^>]*>', page):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and name[1] in TextForm().fields and name[1] not in ("grants", "without"):
            sent[name[1]] = value[1]
    for name, body in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', body)
        sent[name] = chosen[1] if chosen else ""
    for name, body in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL):
        sent[name] = body
    for ticks in ("grants", "without"):
        sent[ticks] = re.findall(rf'name="{ticks}" value="([^"]+)"[^>]*checked', page)
    return sent
