"""The search box at 50,000 members: a page through the whole application against the same indexed query in bare psycopg.

Goal: p95 ≤ 300 ms for every way of asking. The limit here is a ratio and only catches a regression; the p95 is printed.
"""

from __future__ import annotations

import random
from datetime import date
from time import perf_counter
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, insert, text

from tests import watching
from tests.benchmarks.measuring import compare
from tests.blueprints.test_auth import sign_in
from web.core import clock, fence
from web.core.fields import blind
from web.core.ids import uuid7
from web.tenants.members import citizen_id, names, search
from web.tenants.members.models import Member, MemberGram, Relation

pytestmark = pytest.mark.long
PEOPLE = 50_000
FAMILY, GIVEN = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗",
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红娥玲芬",
)


def _fill(fresh: Any, tenant_id: int, branch_id: Any) -> list[dict[str, Any]]:
    """Invented people with their tokens, as the services would write them."""
    draw, people, grams = random.Random(7), [], []
    with fence.acting_for(tenant_id):
        for n in range(PEOPLE):
            name = draw.choice(FAMILY) + draw.choice(GIVEN) + draw.choice(["", *GIVEN])
            number = citizen_id.invent("990121", date(1950 + n % 50, 1 + n % 12, 1 + n % 28), n % 999)
            phone = f"154{draw.randrange(10**8):08}"
            row: dict[str, Any] = {
                "tenant_id": tenant_id, "id": uuid7(), "name": name, "name_pinyin": names.pinyin_key(name),
                "initials": names.initials(name), "gender": "12"[n % 2], "member_kind": "1", "relation": Relation.HELD,
                "id_number": number, "id_blind": blind("id_number", number), "phone": phone, "phone_blind": blind("phone", phone),
                "branch_id": branch_id, "created_at": clock.now(), "updated_at": clock.now(),
            }  # fmt: skip
            people.append(row)
            for gram in search.grams_of(name, number, phone):
                grams.append({"tenant_id": tenant_id, "id": uuid7(), "gram": gram, "member_id": row["id"]})
        engine = create_engine(fresh.extensions["kiteline"].owner_url)
        with engine.begin() as connection:
            for model, rows in ((Member, people), (MemberGram, grams)):
                for start in range(0, len(rows), 5_000):
                    connection.execute(insert(model), rows[start : start + 5_000])
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
        engine.dispose()
    return people


HTMX = {"HX-Request": "true"}  # as the box asks
GRAM = (
    "SELECT m.id, m.name, m.gender, m.birth_on, m.id_number, m.phone, m.branch_id FROM member m WHERE m.tenant_id = %s"
    " AND m.relation IN ('held', 'provisional') AND m.id = ANY(ARRAY(SELECT member_id FROM member_gram WHERE tenant_id = %s"
    " AND gram = %s)) ORDER BY m.name_pinyin, m.id LIMIT 51"
)


def test_the_search_box_answers_at_fifty_thousand_members(fresh, pair, proved):
    side = pair.home
    people = _fill(fresh, side.tenant_id, side.orgs["示例村支部"])
    some = random.Random(3).sample(people, 60)
    asked = {
        "姓名": [p["name"][:2] for p in some],
        "拼音": [p["name_pinyin"].replace(" ", "")[:7] for p in some],
        "首字母": [p["initials"][:2] for p in some],
        "证件末四位": [p["id_number"][-4:] for p in some],
        "手机末四位": [p["phone"][-4:] for p in some],
        "身份证号": [p["id_number"] for p in some],
        "手机": [p["phone"] for p in some],
    }
    client = fresh.test_client()
    assert sign_in(client, side).status_code == 303

    def page(q: str, where: str = "members/found") -> str:
        answer = client.get(
            f"/{side.code}/{where}", query_string={"q": q}, headers=HTMX if where == "members/found" else {}
        )
        assert answer.status_code == 200
        return str(answer.text)

    with watching.paused():
        assert some[0]["name"] in page(some[0]["id_number"])
        for where, said in (("members/found", "box"), ("members/", "whole page")):
            for how, texts in asked.items():
                took = []
                for q in texts:
                    begin = perf_counter()
                    page(q, where)
                    took.append(perf_counter() - begin)
                took.sort()
                p95, median = took[int(len(took) * 0.95)] * 1000, took[len(took) // 2] * 1000
                print(
                    f"\nsearch by {how}, {said}: p95 {p95:.0f} ms, median {median:.0f} ms at {PEOPLE:,} members (goal p95 ≤ 300 ms)"
                )
        with psycopg.connect(fresh.extensions["kiteline"].owner_url.replace("+psycopg", "")) as bare:
            gram = asked["姓名"][0]
            query = compare(
                "search box ÷ the same indexed query in bare psycopg",
                lambda: page(gram),
                lambda: bare.execute(GRAM, [side.tenant_id, side.tenant_id, gram]).fetchall(),
                30,
            )
    assert query.ratio < 200
    proved("benchmarks", 1)
