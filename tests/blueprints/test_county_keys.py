"""A person turns and revokes the county's keys on pages, compares a partner's new one, and lets a stopped line go on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.blueprints.test_auth import in_county, sign_in
from web.blueprints import letters
from web.core import clock, fence
from web.core.ids import uuid7
from web.federation.post import keys, lines, service
from web.federation.wire.canonical import digest
from web.tenants.accounts.permissions import Role


@pytest.fixture
def enter(fresh):
    def signed_in(side, role=Role.COUNTY_ADMIN):
        client = fresh.test_client()
        assert sign_in(client, side, role.value).status_code == 303
        return client

    return signed_in


def test_keys_are_turned_and_revoked_and_the_partner_compares_again(pair, work, enter):
    home, host = pair.home, pair.host
    client, base = enter(home), f"/{home.code}/keys"
    first = in_county(home, keys.own_fingerprint)
    assert "在用" in client.get(base).text and "更换密钥" in client.get(base).text
    leader = enter(home, Role.LEADER_READONLY)
    assert "由县级经办办理" in leader.get(base).text
    assert leader.get(f"{base}/turn").status_code == leader.post(f"{base}/turn").status_code == 403
    assert leader.post(f"{base}/revoke", data={"why": "lost"}).status_code == 403
    assert "自动采用" in client.get(f"{base}/turn").text
    assert client.post(f"{base}/turn").status_code == 303
    assert "正在更换" in client.get(base).text and in_county(home, keys.own_fingerprint) == first, "pages open no key"
    assert client.post(f"{base}/turn").status_code == 409, "asked once"
    work()
    assert "吊销以后" not in client.get(base).text, "a turned key is followed by itself"
    second = in_county(home, keys.own_fingerprint)
    page = client.get(base).text
    assert second != first and second.split()[0] in page and "已更换" in page
    assert page.count("county_admin甲申请更换本县密钥") == 1, "both keys by one act are one line"
    assert "更换本县密钥，旧密钥为新密钥担保" in page
    other, theirs = enter(host), f"/{host.code}/peers/{home.uid}"
    assert f"{home.name}更换密钥，由原密钥担保" in other.get(theirs).text and "已核对" in other.get(theirs).text

    refused = client.post(f"{base}/revoke", data={"why": "", "fingerprint": "0000 0000"})
    assert refused.status_code == 422 and "请选一项" in refused.text and "0000 0000" in refused.text
    wrong = client.post(f"{base}/revoke", data={"why": "stolen", "fingerprint": first[-9:]})
    assert wrong.status_code == 422 and "与要吊销的指纹不一致" in wrong.text
    assert client.post(f"{base}/revoke", data={"why": "stolen", "fingerprint": second[-9:]}).status_code == 303
    work()
    page = client.get(base).text
    assert "已吊销" in page and "事由：被盗" in page
    assert f"<strong>{host.name}</strong>　吊销以后还没有签收过" in page, "nothing waits for it: it cannot be told"
    third = in_county(home, keys.own_fingerprint)
    page = other.get(theirs).text
    assert "对方吊销过密钥" in page and f"{home.name}吊销密钥，来往停等" in page
    assert "以前核对过的不再算数" in other.get(f"{theirs}/fingerprint").text
    listed = other.get(f"/{host.code}/peers?line=revoked").text
    assert home.name in listed and "待核对指纹" in listed and "停等核对</" in listed
    assert "停等核对新指纹" in other.get(f"/{host.code}/").text, "home does not lose a partner who revoked"
    assert f'href="{theirs}"' in other.get(f"/{host.code}/notices").text, "a notice opens the partner's page"
    assert other.post(f"{theirs}/fingerprint", data={"fingerprint": third[-9:]}).status_code == 303
    assert "停等的正在接着送" in other.get(f"/{host.code}/peers").text
    work()
    assert "对方吊销过密钥" not in other.get(theirs).text


def test_a_stopped_line_says_why_and_is_reopened_by_a_person_or_never(pair, work, enter):
    def stop(code, way="out"):
        with fence.acting_for(pair.home.tenant_id):
            line = lines.take(pair.host.uid, way)
            line.stopped = code
            line.write()
            fence.commit()

    client, base = enter(pair.home), f"/{pair.home.code}/peers"
    page = f"{base}/{pair.host.uid}"
    assert "通道没有停" in client.get(f"{page}/line").text
    assert client.post(f"{page}/line", data={"reason": "试"}).status_code == 409
    stop("bad_signature", "in")
    assert "通道已停" in client.get(f"/{pair.home.code}/").text, "home says so of either direction"
    stop("bad_signature")
    assert "已停" in client.get(base).text and "印签与内容不符" in client.get(base).text
    assert "重开通道" in client.get(page).text
    assert "由县级经办重开" in enter(pair.home, Role.LEADER_READONLY).get(page).text
    refused = client.post(f"{page}/line", data={"reason": ""})
    assert refused.status_code == 422 and "必填" in refused.text
    assert client.post(f"{page}/line", data={"reason": "对方网络设备故障，电话核对过"}).status_code == 303
    shown = client.get(page).text
    assert "已停" not in shown and "原因查清，重开通道" in shown and "电话核对过" in shown
    assert "通道已停" not in client.get(f"/{pair.home.code}/").text
    with clock.at(clock.now() - timedelta(days=31)), fence.acting_for(pair.home.tenant_id):
        service.send(pair.host.uid, "heartbeat.tell", said := uuid7(), {"live": 1, "root": digest(b"")})
        fence.commit()
    front = client.get(f"/{pair.home.code}/").text
    assert "通道已停" in front and "自动续发" not in front, "nothing tries that again by itself"
    with pair.home.act():
        (letter,) = letters.proofs(pair.host.name, service.traffic(said), {}, lambda it: True)
        assert "不再自动送" in letter["note"], "nor does the page of what it was about say otherwise"
    listed = client.get(f"{base}?line=stopped").text
    assert f'{page}"' in listed and "连续三十天没有送到" in listed and "件待签收" not in listed
    assert f'{page}"' not in client.get(f"{base}?line=waiting").text
    stop("fork")
    shown = client.get(page).text
    assert "两份签过的不同内容" in shown and "这条通道不能重开" in shown and "纸质介绍信" in shown
    assert "原因已查清" not in client.get(f"{page}/line").text
    assert client.post(f"{page}/line", data={"reason": "硬开"}).status_code == 409
