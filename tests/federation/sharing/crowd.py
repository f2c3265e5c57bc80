"""Live shares by the thousand, as the first one stands: its rows at both counties, repeated in the database."""

from __future__ import annotations

from uuid import UUID

import psycopg
from sqlalchemy import text

from tests import states
from web.extensions import db, settings

# What every copy has of its own; its values and their disclosures are digested here, and opened nowhere.
REFERRALS = """INSERT INTO referral SELECT made.* FROM referral was, generate_series(1, %(many)s) as i,
  jsonb_populate_record(was, jsonb_build_object('id', md5('r' || i), 'flow_id', NULL)) made
  WHERE was.tenant_id = %(tenant)s AND was.id = %(referral)s"""
SHARES = """INSERT INTO status_share SELECT made.* FROM status_share was, generate_series(1, %(many)s) as i,
  jsonb_populate_record(was, jsonb_build_object('id', md5('s' || i), 'referral_id', md5('r' || i))) made
  WHERE was.tenant_id = %(tenant)s AND was.id = %(share)s"""
VALUES = """INSERT INTO shared_value SELECT made.* FROM shared_value was, generate_series(1, %(many)s) as i,
  jsonb_populate_record(was, jsonb_build_object('id', md5('v' || i || was.field), 'share_id', md5('s' || i))) made
  WHERE was.tenant_id = %(tenant)s AND was.share_id = %(share)s"""
DISCLOSED = """INSERT INTO disclosure SELECT made.* FROM disclosure was, generate_series(1, %(many)s) as i,
  jsonb_populate_record(was, jsonb_build_object('id', md5('d' || i || was.pointer), 'about_id', md5('s' || i),
    'message_id', '00000000' || substr(md5('m' || i), 9),
    'commitment', 'sha-256:' || left(md5(i || was.pointer) || md5('c' || i), 43)))
  made WHERE was.tenant_id = %(tenant)s AND was.about_id = %(share)s"""


def of(walk, share_id: UUID, many: int) -> list[UUID]:
    """So many more shares, live at both counties, of the member of this one; returns their ids."""
    states.crowd()
    given = {"many": many, "share": share_id, "referral": walk.id}
    with psycopg.connect(settings().owner_url.replace("+psycopg", ""), autocommit=True) as owner:
        for statement in (REFERRALS, SHARES, VALUES, DISCLOSED):
            for side in (walk.home, walk.host):
                owner.execute(statement, given | {"tenant": side.tenant_id})
            owner.execute("ANALYZE " + statement.split()[2])  # what refers to it is checked by its index
    with walk.home.act():
        return list(
            db.session.scalars(text("SELECT md5('s' || i)::uuid FROM generate_series(1, :n) as i"), {"n": many})
        )
