"""The text of an agreement as canonical JSON: its schema, reading it, making it. What is sealed is its digest."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from web.core.scopes import GRANTABLE
from web.federation.messages import needed_fields
from web.federation.wire.canonical import canonical, parse_canonical
from web.federation.wire.codes import WireError
from web.federation.wire.kinds import DATE, UUID_, Integer, ListOf, Pattern, Record, Text, choice

CLAUSES = 16
PARAGRAPHS = 20  # of a clause, at most
PARAGRAPH = 2000  # characters
PARTIES = 10  # at most
PERSONAL_INFORMATION = 14  # without this clause no agreement is completed
CATEGORIES = {
    "hardship": "困难帮扶",
    "industry": "产业发展",
    "talent": "人才培育",
    "organisation": "组织共建",
    "education": "教育共管",
    "service": "服务共享",
}
# At township level each party is a township committee (`org`) of the county that seals for it. Such a text settles what
# the two do together, lists and counts; persons' data cross under the county's own agreement only.
LEVELS = {"county": "县级", "township": "乡镇级"}
OF_NO_PERSON = ("S0", "S1")
FREQUENCIES = {"monthly": "每月", "quarterly": "每季度", "half_yearly": "每半年", "yearly": "每年"}
FREQUENCY_OF = {"register": "名册核对", "participation": "参加组织生活情况", "review": "联席会商"}
# How often a responsibility asks for something, and of whom; twelve rows a side are usual.
HOW_OFTEN = {**FREQUENCIES, "as_needed": "随时"}
SIDES = {"home": "流出地", "host": "流入地"}
RESPONSIBILITIES = 12
_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

SCHEMA = Record(
    {
        "title": Text(120),
        "number": Pattern(r"[0-9A-Z-]{1,40}"),
        "level": choice(" ".join(LEVELS)),
        "parties": ListOf(
            Record(
                {"uid": UUID_, "code": Pattern(r"\d{6}"), "name": Text(40), "office": Text(80)},
                optional={"org": Text(80)},
            ),
            most=PARTIES,
            least=2,
        ),
        "clauses": ListOf(
            Record(
                {"no": Integer(1, CLAUSES), "heading": Text(40), "paragraphs": ListOf(Text(PARAGRAPH), most=PARAGRAPHS)}
            ),
            most=CLAUSES,
            least=CLAUSES,
        ),
        "items": ListOf(
            Record(
                {
                    "key": Pattern(r"[a-z0-9]{1,12}"),
                    "category": choice(" ".join(CATEGORIES)),
                    "goal": Text(200),
                    "measure": Text(500),
                    "owner": Pattern(f"all|{_UUID}"),
                    "due": DATE,
                }
            ),
            most=40,
        ),
        "grants": ListOf(
            Record(
                {
                    "owner": UUID_,
                    "receiver": UUID_,
                    "scope": choice(" ".join(GRANTABLE)),
                    "fields": ListOf(Pattern(r"[a-z_]{1,40}"), most=40, least=1, is_rising=True),
                    "purpose": Text(200),
                }
            ),
            most=700,
        ),
        "effective_from": DATE,
        "effective_to": DATE,
        "notice_days": Integer(0, 365),
        "frequencies": Record({name: choice(" ".join(FREQUENCIES)) for name in FREQUENCY_OF}),
    },
    # The list of both sides, annexed; `evidence`: what shows that it was done. Texts sealed before it existed have none.
    optional={
        "responsibilities": ListOf(
            Record(
                {
                    "key": Pattern(r"(home|host)[0-9a-z]{1,8}"),
                    "side": choice(" ".join(SIDES)),
                    "item": Text(80),
                    "owner": Text(40),
                    "evidence": Text(80),
                    "frequency": choice(" ".join(HOW_OFTEN)),
                }
            ),
            most=2 * RESPONSIBILITIES,
        )
    },
)


def check(text: Any) -> None:
    """Raise `malformed` unless it is a text: schema, and what the schema cannot say."""
    SCHEMA.check(text, "text")
    parties = [party["uid"] for party in text["parties"]]
    pairs = [(g["owner"], g["receiver"], g["scope"]) for g in text["grants"]]
    keys = [item["key"] for item in text["items"]]
    is_whole = (
        len(set(parties)) == len(parties)
        and [clause["no"] for clause in text["clauses"]] == list(range(1, CLAUSES + 1))
        and len(set(pairs)) == len(pairs)
        and len(set(keys)) == len(keys)
        and all(owner in parties and receiver in parties and owner != receiver for owner, receiver, _ in pairs)
        and all(item["owner"] == "all" or item["owner"] in parties for item in text["items"])
        and len({row["key"] for row in responsibilities(text)}) == len(responsibilities(text))
        and all(("org" in party) == (text["level"] == "township") for party in text["parties"])
        and (text["level"] == "county" or all(g["scope"] in OF_NO_PERSON for g in text["grants"]))
        and all(set(g["fields"]) <= set(GRANTABLE[g["scope"]].fields) for g in text["grants"])
        and text["effective_from"] <= text["effective_to"]
    )
    if not is_whole:
        raise WireError("malformed", where="text")


def read(data: bytes) -> dict[str, Any]:
    """The text of its canonical bytes; `malformed` for anything else."""
    text = parse_canonical(data)
    check(text)
    return dict(text)


def write(text: dict[str, Any]) -> bytes:
    """The canonical bytes of a text; `malformed` when it is none."""
    check(text)
    return canonical(text)


def party_uids(text: dict[str, Any]) -> list[UUID]:
    """The parties in their order, 甲 first."""
    return [UUID(party["uid"]) for party in text["parties"]]


def responsibilities(text: Mapping[str, Any], side: str | None = None) -> list[dict[str, Any]]:
    """The responsibility list, of one side or of both; empty in texts that have none."""
    return [row for row in text.get("responsibilities", []) if side in (None, row["side"])]


def signatory(party: Mapping[str, Any]) -> str:
    """Who the party is: its township committee, else the county's office."""
    return str(party.get("org") or party["office"])


def has_clause_14(text: dict[str, Any]) -> bool:
    """Is the clause on personal information written?"""
    clause = text["clauses"][PERSONAL_INFORMATION - 1]
    return any(paragraph.strip() for paragraph in clause["paragraphs"])


def granted(text: dict[str, Any], owner: UUID, receiver: UUID, scope: str, field: str | None = None) -> bool:
    """Does this text let `owner` give `receiver` this scope (this field of it)?"""
    return any(
        g["owner"] == str(owner)
        and g["receiver"] == str(receiver)
        and g["scope"] == scope
        and (field is None or field in g["fields"])
        for g in text["grants"]
    )


def may_lack(scope: str) -> list[str]:
    """The fields of the scope that a county may choose to leave out of its grant, in the registry's order. The schema is wider:
    a text of another program is read as it stands.
    """
    fields, needed = GRANTABLE[scope].fields, needed_fields(scope)
    return [name for name in fields if name not in needed] if len(fields) > 1 else []


def grant(owner: UUID, receiver: UUID, scope: str, without: Collection[str] = ()) -> dict[str, Any]:
    """One row of grants with the fields of the scope but for those that `without` names and it may lack."""
    row = GRANTABLE[scope]
    return {
        "owner": str(owner),
        "receiver": str(receiver),
        "scope": scope,
        "fields": sorted(set(row.fields) - (set(without) & set(may_lack(scope)))),
        "purpose": row.purpose,
    }
