"""Forms of agreements: the text as fields, and back. A grant is the value owner:receiver:scope of one tick, and
owner:receiver:scope:field of what it leaves out.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from marshmallow import Schema, fields

from web.blueprints.forms import Day, Id, Many, Number, One, Text
from web.core import scopes
from web.core.errors import Invalid
from web.core.saying import say
from web.federation.agreements import clauses, texts

ITEMS = 8  # rows of cooperation items in the form
DUTY_FIELDS = ("item", "owner", "evidence", "frequency")
ITEM_FIELDS = ("category", "goal", "measure", "owner", "due")


class NewAgreement(Schema):
    title = Text("协议名称", limit=120, required=True)
    partners = Many(fields.UUID(), "伙伴县", required=True)
    effective_from = Day("生效日期", required=True)
    effective_to = Day("期满日期", required=True)
    notice_days = Number("提前告知天数", low=0, high=365)
    template = Id("模板", required=False)
    org = Text("本县乡镇街道党委", limit=80, load_default="")


class Reason(Schema):
    reason = Text("理由", limit=1000, required=True)


class Withdrawing(Schema):
    reason = Text("理由", limit=1000)


class Sealing(Schema):
    signer_name = Text("签署人", limit=60)
    signer_post = Text("职务", limit=80)
    is_checked = One("核对", [("1", "已核对")])


class Approving(Schema):
    is_read = One("审阅", [("1", "已审阅")])


class Renewing(Schema):
    effective_to = Day("新的期满日期", required=True)


class Adding(Schema):
    party = Id("增加一方")


class Leaving(Schema):
    on = Day("退出日期", required=True)
    successor = Id("由谁接着牵头", required=False)
    reason = Text("理由", limit=1000)


class Pausing(Schema):
    scope = One(
        "暂停哪一项",
        [
            ("all", "全部范围"),
            *((s, say("{s}　{label}", s=s, label=row.in_short)) for s, row in scopes.GRANTABLE.items()),
        ],
    )
    is_resumed = Text(limit=1)
    reason = Text("原因", limit=1000)


class DutyDone(Schema):
    done_on = Day("办理日期", required=True)
    note = Text("说明", limit=500)


class Progress(Schema):
    percent = Number("完成百分比", low=0, high=100)
    note = Text("进展说明", limit=500)


def _common_fields() -> dict[str, Any]:
    """Frequencies, clauses and the responsibility list: of a text and of a template."""
    found: dict[str, Any] = {}
    for name, words in texts.FREQUENCY_OF.items():
        found[f"frequency_{name}"] = One(words, list(texts.FREQUENCIES.items()))
    for no, (heading, _) in enumerate(clauses.CLAUSES, 1):
        found[f"heading_{no}"] = Text(say("第 {no} 条标题", no=no), limit=40, required=True)
        found[f"clause_{no}"] = Text(say("第 {no} 条　{heading}", no=no, heading=heading), limit=8000)
    for side, name in texts.SIDES.items():
        for row in range(1, texts.RESPONSIBILITIES + 1):
            found |= {
                f"{side}_{row}_item": Text(say("{name}责任", name=name), limit=80),
                f"{side}_{row}_owner": Text("责任单位", limit=40),
                f"{side}_{row}_evidence": Text("佐证", limit=80),
                f"{side}_{row}_frequency": One("频次", list(texts.HOW_OFTEN.items()), required=False),
                f"{side}_{row}_key": Text(limit=12),
            }
    return found


def _text_fields() -> dict[str, Any]:
    found: dict[str, Any] = {
        "title": Text("协议名称", limit=120, required=True),
        "effective_from": Day("生效日期", required=True),
        "effective_to": Day("期满日期", required=True),
        "notice_days": Number("提前告知天数", low=0, high=365),
        "grants": Many(Text(limit=90), "授权"),
        "without": Many(Text(limit=140), "不送的内容"),
        "liaison_name": Text("联络员姓名", limit=60),
        "liaison_post": Text("联络员岗位", limit=80),
        "liaison_phone": Text("工作电话", limit=60),
        "reason": Text("修改说明", limit=1000),
        **{f"org_{place}": Text("乡镇街道党委", limit=80) for place in range(10)},
    }
    for row in range(1, ITEMS + 1):
        found |= {
            f"item_{row}_category": One(
                say("第 {row} 项{words}", row=row, words="类别"), list(texts.CATEGORIES.items()), required=False
            ),
            f"item_{row}_goal": Text(say("第 {row} 项{words}", row=row, words="目标"), limit=200),
            f"item_{row}_measure": Text(say("第 {row} 项{words}", row=row, words="措施"), limit=500),
            f"item_{row}_owner": Text(say("第 {row} 项{words}", row=row, words="负责"), limit=40),
            f"item_{row}_due": Day(say("第 {row} 项{words}", row=row, words="期限")),
            f"item_{row}_key": Text(limit=12),
        }
    return found | _common_fields()


TextForm: type[Schema] = type("TextForm", (Schema,), _text_fields())


TemplateForm: type[Schema] = type(
    "TemplateForm",
    (Schema,),
    _common_fields()
    | {
        "name": Text("模板名称", limit=80, required=True),
        "notice_days": Number("提前告知天数", low=0, high=365),
        "gives": Many(One("范围", list(scopes.GRANTABLE)), "牵头方给出"),
        "takes": Many(One("范围", list(scopes.GRANTABLE)), "牵头方得到"),
        "items": Many(Text(limit=12), "合作事项"),
    },
)


class Saving(Schema):
    name = Text("模板名称", limit=80, required=True)


def _common_values(text: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {f"frequency_{name}": text["frequencies"][name] for name in texts.FREQUENCY_OF}
    for clause in text["clauses"]:
        found[f"heading_{clause['no']}"] = clause["heading"]
        found[f"clause_{clause['no']}"] = "\n".join(clause["paragraphs"])
    for side in texts.SIDES:
        for no, duty in enumerate(texts.responsibilities(text, side)[: texts.RESPONSIBILITIES], 1):
            found |= {f"{side}_{no}_{name}": duty[name] for name in (*DUTY_FIELDS, "key")}
    return found


def template_values(name: str, kept: Mapping[str, Any]) -> dict[str, Any]:
    """What the form of a template starts with."""
    return _common_values(kept) | {
        "name": name,
        "notice_days": kept["notice_days"],
        "gives": kept["gives"],
        "takes": kept["takes"],
        "items": [item["key"] for item in kept["items"]],
    }


def template_of(values: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a template that was sent. Invalid beside the field."""
    errors: dict[str, object] = {}
    made = _common_of(values, errors) | {
        "notice_days": values["notice_days"],
        "gives": sorted(set(values["gives"])),
        "takes": sorted(set(values["takes"])),
        "items": [item for item in kept["items"] if item["key"] in values["items"]],
        "responsibilities": _responsibilities(values, kept, errors),
    }
    if errors:
        raise Invalid(errors)
    return made


def _common_of(values: Mapping[str, Any], errors: dict[str, object]) -> dict[str, Any]:
    found = {no: _paragraphs(values[f"clause_{no}"]) for no in range(1, texts.CLAUSES + 1)}
    for no, lines in found.items():
        if len(lines) > texts.PARAGRAPHS:
            errors[f"clause_{no}"] = "clause_of_many_lines"
        elif any(len(line) > texts.PARAGRAPH for line in lines):
            errors[f"clause_{no}"] = "clause_of_a_long_line"
    return {
        "frequencies": {name: values[f"frequency_{name}"] for name in texts.FREQUENCY_OF},
        "clauses": [{"no": no, "heading": values[f"heading_{no}"], "paragraphs": lines} for no, lines in found.items()],
    }


def values_of(text: Mapping[str, Any], liaison: Mapping[str, str]) -> dict[str, Any]:
    """What the form starts with."""
    found: dict[str, Any] = {name: text[name] for name in ("title", "effective_from", "effective_to", "notice_days")}
    found["grants"] = [f"{g['owner']}:{g['receiver']}:{g['scope']}" for g in text["grants"]]
    found["without"] = [
        f"{g['owner']}:{g['receiver']}:{g['scope']}:{name}"
        for g in text["grants"]
        for name in scopes.GRANTABLE[g["scope"]].fields
        if name not in g["fields"]
    ]
    found |= _common_values(text)
    found |= {f"org_{place}": party["org"] for place, party in enumerate(text["parties"]) if "org" in party}
    found |= {f"liaison_{name}": liaison.get(name, "") for name in ("name", "post", "phone")}
    for row, item in enumerate(text["items"][:ITEMS], 1):
        found |= {f"item_{row}_{name}": item[name] for name in (*ITEM_FIELDS, "key")}
    return found


def text_of(values: Mapping[str, Any], former: Mapping[str, Any], *, is_saved_only: bool = False) -> dict[str, Any]:
    """The text of what was sent; number, level and parties as in `former`. Invalid beside the field. What `is_saved_only` may
    still lack clause 14.
    """
    errors: dict[str, object] = {}
    if values["effective_to"] < values["effective_from"]:
        errors["effective_to"] = "before_start"
    uids = [party["uid"] for party in former["parties"]]
    text: dict[str, Any] = {
        **{name: former[name] for name in ("number", "level", "parties")},
        "title": values["title"],
        "effective_from": values["effective_from"].isoformat(),
        "effective_to": values["effective_to"].isoformat(),
        "notice_days": values["notice_days"],
        **_common_of(values, errors),
        "items": _items(values, uids, errors),
        "grants": _grants(values["grants"], values["without"], uids, former, errors),
    }
    if former["level"] == "township":
        text["parties"] = _orgs(values, former["parties"], errors)
        if any(grant["scope"] not in texts.OF_NO_PERSON for grant in text["grants"]):
            errors["grants"] = "persons_of_townships"
    text["clauses"] = clauses.following(former, text)
    errors |= {f"clause_{no}": "clause_says_otherwise" for no in clauses.contradicting(text)}
    if not is_saved_only and not texts.has_clause_14(text):
        errors[f"clause_{texts.PERSONAL_INFORMATION}"] = "required"
    listed = _responsibilities(values, former, errors)
    if listed or "responsibilities" in former:
        text["responsibilities"] = listed
    if errors:
        raise Invalid(errors)
    return text


def _paragraphs(said: str) -> list[str]:
    return [line.strip() for line in said.splitlines() if line.strip()]


def _items(values: Mapping[str, Any], uids: list[str], errors: dict[str, object]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for row in range(1, ITEMS + 1):
        given = {name: values.get(f"item_{row}_{name}") for name in ITEM_FIELDS}
        if not given["goal"] and not given["measure"] and not given["category"]:
            continue
        for name in ITEM_FIELDS:
            if not given[name]:
                errors[f"item_{row}_{name}"] = "required"
        if given["owner"] and given["owner"] not in ("all", *uids):
            errors[f"item_{row}_owner"] = "choose_one"
        if given["due"]:
            given["due"] = given["due"].isoformat()
        # A row says its key; a new one gets its own: the rows move up when one is emptied, and progress is told by key.
        key = values.get(f"item_{row}_key")
        if not key or key in {item["key"] for item in found}:
            key = f"i{secrets.token_hex(5)}"
        found.append({"key": key, **given})
    return found


def _orgs(values: Mapping[str, Any], former: list[dict[str, Any]], errors: dict[str, object]) -> list[dict[str, Any]]:
    errors |= {f"org_{place}": "required" for place in range(len(former)) if not values.get(f"org_{place}")}
    return [{**party, "org": values.get(f"org_{place}") or ""} for place, party in enumerate(former)]


def _responsibilities(
    values: Mapping[str, Any], former: Mapping[str, Any], errors: dict[str, object]
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for side in texts.SIDES:
        # As with items: what a yearly check found is told by key, so a row keeps its own and a new one gets one never used.
        left = {duty["key"] for duty in texts.responsibilities(former, side)}
        for row in range(1, texts.RESPONSIBILITIES + 1):
            given = {name: values.get(f"{side}_{row}_{name}") or "" for name in DUTY_FIELDS}
            if not given["item"]:
                continue
            errors |= {f"{side}_{row}_{name}": "required" for name in DUTY_FIELDS if not given[name]}
            key = values.get(f"{side}_{row}_key")
            if key not in left:
                key = f"{side}{secrets.token_hex(4)}"
            left.discard(key)
            found.append({"key": key, "side": side, **given})
    return found


def _grants(
    ticked: list[str], without: list[str], uids: list[str], former: Mapping[str, Any], errors: dict[str, object]
) -> list[dict[str, Any]]:
    kept = {f"{g['owner']}:{g['receiver']}:{g['scope']}": g for g in former["grants"]}
    found = []
    for value in dict.fromkeys(ticked):
        owner, _, rest = value.partition(":")
        receiver, _, scope = rest.partition(":")
        if owner not in uids or receiver not in uids or owner == receiver or scope not in scopes.GRANTABLE:
            errors["grants"] = "unknown_scope"
            continue
        fields = sorted(scopes.GRANTABLE[scope].fields)
        named = [name for name in fields if f"{value}:{name}" not in without]
        if not named:
            errors["grants"] = "grant_of_nothing"
        elif set(fields) - {*named, *texts.may_lack(scope)}:
            errors["grants"] = "grant_lacks_the_needed"
        found.append((kept.get(value) or texts.grant(UUID(owner), UUID(receiver), scope)) | {"fields": named})
    # Rows that stay keep their places, so that a form sent back as it was is the same text.
    places = {key: place for place, key in enumerate(kept)}
    return sorted(
        found,
        key=lambda g: (
            places.get(f"{g['owner']}:{g['receiver']}:{g['scope']}", len(places)),
            uids.index(g["owner"]),
            uids.index(g["receiver"]),
            g["scope"],
        ),
    )
