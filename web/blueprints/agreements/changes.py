"""What differs between two texts of an agreement: clause by clause, and everything else as before and after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from web.core import scopes
from web.core.saying import say
from web.federation.agreements import texts

Text = dict[str, Any]
Name = Callable[[str], str]
LABELS = {"title": "名称", "effective_from": "生效", "effective_to": "期满", "notice_days": "提前告知天数"}


def others(former: Text | None, text: Text | None, name: Name) -> list[tuple[str, str, str]]:
    """(what, before, after) of everything but the clauses. `name`: a party's uid → its name."""
    if former is None or text is None:
        return []
    found = [(said, str(former[k]), str(text[k])) for k, said in LABELS.items() if former[k] != text[k]]
    found += [
        (said, texts.FREQUENCIES[former["frequencies"][k]], texts.FREQUENCIES[text["frequencies"][k]])
        for k, said in texts.FREQUENCY_OF.items()
        if former["frequencies"][k] != text["frequencies"][k]
    ]
    for label, part, row_key, row_words in (
        ("各方", "parties", lambda p: (p["uid"],), lambda p, name: texts.signatory(p)),
        ("授权", "grants", lambda g: (g["owner"], g["receiver"], g["scope"]), _grant),
        ("合作事项", "items", lambda i: (i["key"],), _item),
        ("责任清单", "responsibilities", lambda d: (d["key"],), _duty),
    ):
        before, after = ({row_key(row): row_words(row, name) for row in t.get(part, [])} for t in (former, text))
        found += [
            (label, before.get(key, ""), after.get(key, ""))
            for key in sorted({*before, *after})
            if before.get(key) != after.get(key)
        ]
    return found


def _grant(grant: Text, name: Name) -> str:
    scope = scopes.GRANTABLE[grant["scope"]]
    return say(
        "{name} → {name2}　{label}（{labels}）",
        name=name(grant["owner"]),
        name2=name(grant["receiver"]),
        label=scope.in_short,
        labels=scopes.labels(grant["fields"]),
    )


def _duty(duty: Text, name: Name) -> str:
    often = texts.HOW_OFTEN[duty["frequency"]]
    return say(
        "{side}：{item}，{owner}，{evidence}，{often}",
        side=texts.SIDES[duty["side"]],
        item=duty["item"],
        owner=duty["owner"],
        evidence=duty["evidence"],
        often=often,
    )


def _item(item: Text, name: Name) -> str:
    owner = "各方" if item["owner"] == "all" else name(item["owner"])
    return say(
        "{category}：{goal}，{measure}，{owner}，{due}",
        category=texts.CATEGORIES[item["category"]],
        goal=item["goal"],
        measure=item["measure"],
        owner=owner,
        due=item["due"],
    )


def cards(former: Text | None, tag: str, text: Text | None) -> list[dict[str, Any]]:
    """The clauses; `changed` is the tag of those that differ from the former text, with the words of both."""
    if text is None:
        return []
    was = {c["no"]: "".join(c["paragraphs"]) for c in former["clauses"]} if former else {}
    found = []
    for clause in text["clauses"]:
        now = "".join(clause["paragraphs"])
        old = was.get(clause["no"], now)
        found.append(
            {
                "no": clause["no"],
                "heading": clause["heading"],
                "shown": Markup("<br>").join(clause["paragraphs"]),
                "text": now,
                "old": old,
                "changed": tag if old != now else "",
            }
        )
    return found
