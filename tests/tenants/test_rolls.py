"""Attendance lists as people have them: what is read, who is meant, and the reason of every line that is left out."""

from __future__ import annotations

import pytest

from web.core.errors import Invalid
from web.tenants.activities import rolls
from web.tenants.activities.models import Presence
from web.tenants.activities.rolls import Due
from web.tenants.activities.service import SYMBOLS

DUE = [
    Due("m1", "李明", "第一支部"),
    Due("m2", "王示甲", "第一支部"),
    Due("m3", "王示甲", "第二支部"),
    Due("m4", "赵示丁", "第一支部"),
    Due("g5", "阿依·示例", "岳西县", is_held=True),
    Due("g6", "买买提·示例", "岳西县"),
]


def read(text, **more):
    found, missing = rolls.read(rolls.lines(text), DUE, **more)
    return [(e.number, [p.key for p in e.who], e.presence, e.minutes, e.why and e.why.code) for e in found], missing


def test_every_symbol_and_its_words():
    for presence, sign in SYMBOLS.items():
        assert read(f"李明 {sign}")[0] == [(1, ["m1"], presence, None, None)]
    for said, word in (
        ("✓", "present"), ("到会", "present"), ("＃", "late"), ("o", "sick"), ("0", "sick"), ("〇", "sick"), ("☆", "official"),
        ("公假", "official"), ("▲", "personal"), ("产假", "personal"), ("X", "absent"), ("旷", "absent"),
    ):  # fmt: skip
        assert read(f"李明\t{said}")[0] == [(1, ["m1"], Presence(word), None, None)]


def test_shapes_of_a_list():
    """Tabs, commas, blanks, a symbol on the name's heels, line numbers, a wide name, a heading with columns anywhere."""
    for text in ("1\t李　明\t√\t90", "1. 李明 √ 90", "李明，√，90", "姓名,学时,序号,签到\n李明,90.0,1,√"):
        (entry,), missing = read(text)
        assert entry[1:] == (["m1"], Presence.PRESENT, 90, None) and missing == 5
    for dot in "·•・．":  # as the keyboard at hand has it
        assert read(f"买买提{dot}示例\t√")[0] == [(1, ["g6"], Presence.PRESENT, None, None)]
    assert read("李明√\n\n赵示丁×")[0] == [
        (1, ["m1"], Presence.PRESENT, None, None),
        (3, ["m4"], Presence.ABSENT, None, None),
    ]
    table: list[list[object]] = [
        ["某支部签到表", None],
        [None, None],
        ["序号", "姓名", "支部", "到会情况"],
        [1.0, "王示甲", "第二支部", "△"],
    ]
    (entry,), _missing = rolls.read(table, DUE)
    assert (entry.number, entry.who[0].key, entry.presence) == (4, "m3", Presence.PERSONAL)


def test_a_reason_for_every_line_left_out(proved):
    text = "张三 √\n李明 请假\n李明 ？\n李明\n李明 √ 99999\n李明 √\n李明 ×\n阿依·示例 √\n王示甲 √"
    found, missing = read(text)
    assert [entry[4] for entry in found] == [
        "nobody_due", "which_leave", "symbol_unknown", "no_symbol", "minutes_unreadable", None, "twice", "in_other_hands", None,
    ]  # fmt: skip
    assert found[8][1] == ["m2", "m3"]  # a person chooses
    assert missing == 3
    assert read("李明", blank=Presence.PRESENT)[0] == [(1, ["m1"], Presence.PRESENT, None, None)]
    proved("reasons of a line of a list", len({entry[4] for entry in found} - {None}))


@pytest.mark.parametrize(("text", "field"), [("", "text"), (" \n\t", "text"), ("\n".join(["李明 √"] * 601), "text")])
def test_an_empty_or_endless_list_is_refused(text, field):
    with pytest.raises(Invalid) as wrong:
        read(text)
    assert list(wrong.value.fields) == [field]


def test_a_csv_in_either_encoding():
    for encoding in ("utf-8-sig", "gb18030"):
        assert rolls.decoded("李明,√".encode(encoding)) == "李明,√"
    with pytest.raises(Invalid):
        rolls.decoded(b"\xff\xff\xff")
    # As an old Mac ends its lines; and a quotation mark that swallows the rest of a large file.
    assert read("姓名,签到\r李明,√\r赵示丁,×")[0] == [
        (2, ["m1"], Presence.PRESENT, None, None),
        (3, ["m4"], Presence.ABSENT, None, None),
    ]
    with pytest.raises(Invalid):
        rolls.lines('姓名,签到\n"' + "李明,√\n" * 30_000)
