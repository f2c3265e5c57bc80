"""Personal values at rest: no clear text in the row, bound to county and column, and gone with their key."""

from __future__ import annotations

import pytest

from tests.conftest import _database_of, owner
from web.core import fence, vault
from web.core.crypto import Undecryptable
from web.core.fields import blind
from web.core.ids import uuid7
from web.extensions import db
from web.tenants.members import service as members
from web.tenants.members.models import Member

ID, PHONE = "340828198803040011", "15400000123"


def enroll(side, branch):
    with side.act():
        member = members.enroll(
            side.orgs[branch], name="欧阳示甲", gender="1", member_kind="1", phone=PHONE, address="示例村一号"
        )
        fence.commit()
        return member.id


def test_values_at_rest_are_bound_to_county_and_column(pair, fresh):
    ours, theirs = enroll(pair.home, "示例村支部"), enroll(pair.host, "演示社区第一支部")
    with owner(_database_of(fresh)) as connection:
        rows = dict(connection.execute("SELECT id, row(phone, address)::text FROM member").fetchall())
        for text in rows.values():
            assert PHONE not in text and PHONE.encode().hex() not in text
            assert "示例村一号".encode().hex() not in text
        phone, address = connection.execute("SELECT phone, address FROM member WHERE id = %s", [ours]).fetchone()
        assert phone != connection.execute("SELECT phone FROM member WHERE id = %s", [theirs]).fetchone()[0]

    def reads(member_id, side):
        with side.act():
            return db.session.scalar(db.select(Member.phone).where(Member.id == member_id))

    assert reads(ours, pair.home) == reads(theirs, pair.host) == PHONE
    with owner(_database_of(fresh)) as connection:
        connection.execute("UPDATE member SET phone = %s WHERE id = %s", [phone, theirs])
    with pytest.raises(Undecryptable):
        reads(theirs, pair.host)  # another county's cipher text
    with owner(_database_of(fresh)) as connection:
        connection.execute("UPDATE member SET phone = %s WHERE id = %s", [address, ours])
    with pytest.raises(Undecryptable):
        reads(ours, pair.home)  # another column's


def test_equality_inside_the_county_says_nothing_across(pair):
    with pair.home.act():
        ours = blind("id_number", ID)
        assert blind("id_number", ID) == ours != blind("phone", ID)
    with pair.host.act():
        assert blind("id_number", ID) != ours


def test_values_under_a_records_key_go_with_it(pair):
    record, other = uuid7(), uuid7()
    with pair.home.act():
        token, kept = vault.wrap(record, b"clear"), vault.wrap(other, b"kept")
        fence.commit()
    with pair.home.act():
        assert vault.unwrap(record, token) == b"clear"
        with pytest.raises(Undecryptable):
            vault.unwrap(other, token)
        assert vault.destroy(record) and not vault.destroy(record)
        fence.commit()
    with pair.home.act():
        with pytest.raises(vault.Purged):
            vault.unwrap(record, token)
        assert vault.unwrap(other, kept) == b"kept"
    with pair.host.act(), pytest.raises(vault.Purged):
        vault.unwrap(other, kept)  # the key is the county's own
