"""The reader's choice of look: kept in a cookie that holds nothing else, never a way out of the site."""

import pytest

from tests.blueprints import sheet


@pytest.fixture
def client():
    return sheet.build().test_client()


def test_theme_and_size_are_kept_and_painted_by_the_server(client):
    assert '<html lang="zh-Hans">' in client.get("/parts").text
    answer = client.get("/appearance?theme=dark&next=/parts?sort=name")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/parts?sort=name"
    client.get("/appearance?size=large")
    assert client.get_cookie("look").value == "dark.large"
    assert '<html lang="zh-Hans" class="dark large">' in client.get("/parts").text
    client.get("/appearance?theme=light&size=ordinary")
    assert '<html lang="zh-Hans" class="light">' in client.get("/parts").text


def test_what_is_not_offered_changes_nothing(client):
    client.get("/appearance?theme=dark")
    client.get("/appearance?theme=%22%3E%3Cb&size=huge")
    assert client.get_cookie("look").value == "dark"
    client.set_cookie("look", 'evil.dark" onload=x')
    assert "onload" not in client.get("/parts").text.split("<body", maxsplit=1)[0]


@pytest.mark.parametrize(
    "elsewhere",
    ["//evil.test/", "https://evil.test/", "/\\evil.test", "javascript:1", "evil", "", "/a\r\nSet-Cookie: x=1"],
)
def test_it_leads_nowhere_else(client, elsewhere):
    answer = client.get("/appearance", query_string={"theme": "dark", "next": elsewhere})
    assert answer.headers["Location"] == "/"
    assert len(answer.headers.getlist("Set-Cookie")) == 1


def test_keys_are_listed(client):
    page = client.get("/keys").text
    for key in ("/", "Enter", "空格", "[ 和 ]", "?"):
        assert f"<kbd>{key}</kbd>" in page
