"""Invented people by the ten thousand, as their services would have written them, by COPY and INSERT … SELECT."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from flask import Flask

from web.core import crypto, fence
from web.core.fields import blind
from web.core.ids import uuid7
from web.tenants.members import citizen_id, names, search

FEW, MANY, IN_ALL = 3, 300, 50_000
EACH = IN_ALL // MANY
FAMILY, GIVEN = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗",
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红娥玲芬",
)
WHO = """CREATE TEMP TABLE who (n int, id uuid, name text, name_pinyin text, initials text, id_number bytea, id_blind bytea,
  phone bytea, phone_blind bytea)"""
# Where nobody is looked for, one number and one telephone a county will do.
ANYBODY = """TRUNCATE who;
INSERT INTO who SELECT n, md5(%(t)s || 'm' || n)::uuid, '示例' || n,
  chr(98 + n %% 24) || lpad((n * 7919 %% 100000)::text, 5, '0') || ' shi', 's', %(id)s::bytea, NULL, %(phone)s::bytea, NULL
FROM generate_series(1, %(n)s) n"""
# Branches of forty; every fourth member is away.
PEOPLE = """
INSERT INTO party_org (tenant_id, id, kind, name, full_name, path, division_code, host_code, address, phone, is_active)
SELECT %(t)s, md5(%(t)s || 'b' || n)::uuid, 'branch', '示例' || n, '示例' || n || '党支部', '9.' || n || '.', '', '', '', '', true
FROM generate_series(1, greatest(1, %(n)s / 40)) n;
INSERT INTO member (tenant_id, id, name, name_pinyin, initials, gender, ethnicity, birth_on, id_number, id_blind, phone, phone_blind,
  chosen_phone, education, member_kind, standing, is_lost_contact, post, dues_until, certificate_no, review_result, appraisal, branch_id,
  relation, created_at, updated_at)
SELECT %(t)s, id, name, name_pinyin, initials, (1 + n %% 2)::text, '01', date '1950-01-01' + n %% 18000, id_number, id_blind, phone,
  phone_blind, 'phone', '31', '1', 'normal', false, '', '2026-09', '', '', '',
  md5(%(t)s || 'b' || 1 + n %% greatest(1, %(n)s / 40))::uuid, 'held', now(), now()
FROM who;
INSERT INTO flow (tenant_id, id, member_id, state, flow_reason, host_code, host_text, host_township, work_unit, work_kind, occupation,
  created_at)
SELECT %(t)s, md5(%(t)s || 'f' || n)::uuid, id, 'registered', '10', '330110', '', '', '', '', '', now()
FROM who WHERE n %% 4 = 1;
"""


@dataclass(frozen=True)
class Crowd:
    """An application, and the name of its database."""

    app: Flask
    database: str

    @property
    def owner_url(self) -> str:
        return str(self.app.extensions["kiteline"].owner_url)

    def owner(self) -> psycopg.Connection[Any]:
        """A connection whom no policy touches."""
        return psycopg.connect(
            self.owner_url.replace("+psycopg", ""), autocommit=True, cursor_factory=psycopg.ClientCursor
        )

    def encrypted(self, tenant_id: int, field: str, value: str) -> bytes:
        return crypto.encrypt(self.app.extensions["kiteline"].field_key, value.encode(), f"{tenant_id}:member.{field}")


class Person(NamedTuple):
    """What one is looked for by."""

    id: UUID
    name: str
    pinyin: str
    initials: str
    id_number: str
    phone: str


def fill(crowd: Crowd, sizes: dict[int, int]) -> None:
    """So many members for each county, found by nothing but their list."""
    with crowd.owner() as owner:
        owner.execute(WHO)
        for tenant_id, size in sizes.items():
            number = crowd.encrypted(tenant_id, "id_number", "990121198003071234")
            phone = crowd.encrypted(tenant_id, "phone", "15400001234")
            owner.execute(ANYBODY, {"t": tenant_id, "n": size, "id": number, "phone": phone})
            owner.execute(PEOPLE, {"t": tenant_id, "n": size})
        owner.execute("ANALYZE")


def invent(crowd: Crowd, tenant_id: int, size: int = IN_ALL) -> list[Person]:
    """So many members of one county with their search tokens."""
    draw, people, said = random.Random(7), [], dict[str, tuple[str, str]]()
    for n in range(size):
        name = draw.choice(FAMILY) + draw.choice(GIVEN) + draw.choice(["", *GIVEN])
        number = citizen_id.invent("990121", date(1950 + n % 50, 1 + n % 12, 1 + n % 28), n % 999)
        phone = f"154{draw.randrange(10**8):08}"
        if name not in said:  # many share one
            said[name] = names.pinyin_key(name), names.initials(name)
        people.append(Person(uuid7(), name, *said[name], number, phone))
    with crowd.owner() as owner, crowd.app.app_context(), fence.acting_for(tenant_id):
        owner.execute(WHO)
        with owner.cursor().copy("COPY who FROM STDIN") as copy:
            for n, p in enumerate(people):
                kept: list[bytes] = []
                for field, value in (("id_number", p.id_number), ("phone", p.phone)):
                    kept += crowd.encrypted(tenant_id, field, value), blind(field, value)
                copy.write_row((n, p.id, p.name, p.pinyin, p.initials, *kept))
        owner.execute(PEOPLE, {"t": tenant_id, "n": size})
        with owner.cursor().copy("COPY member_gram (tenant_id, id, gram, member_id) FROM STDIN") as copy:
            for p in people:
                for gram in search.grams_of(p.name, p.id_number, p.phone):
                    copy.write_row((tenant_id, uuid7(), gram, p.id))
        owner.execute("ANALYZE")
    return people
