"""The sixteen clauses and their words to begin with. A data table; the counties change the words.

{full} 《title》, {parties} 中共…（甲方）、…, {all} 双方 or 三方, {from_}, {to}, {days}, {copies}: filled in by `defaults`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from web.federation.agreements import texts

STEMS = "甲乙丙丁戊己庚辛壬癸"
_COUNT = ("", "一", "双", "三", "四", "五", "六", "七", "八", "九", "十")
_COPIES = ("", "一", "两", "三", "四", "五", "六", "七", "八", "九", "十")

CLAUSES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("协议名称和各方", ("本协议名称为{full}，由县级党委组织部门订立：{parties}。哪一方是流出地、哪一方是流入地，看每名党员实际从哪里来、到哪里去，各方可以互为流出地和流入地。",)),
    ("背景与依据", ("为使外出党员离乡不离党、流动不流失，根据《中国共产党章程》和《中国共产党党员教育管理工作条例》以及流动党员管理的有关规定，{all}协商一致，订立本协议。",)),
    ("适用对象和名单产生", ("适用于组织关系在一方、到另一方连续居住或者就业满六个月、暂时不便转接组织关系的党员。", "名单由流出地核实后逐人提出，由流入地逐人核对。每半年共同核对一次，不接收未经核实的整批名单。")),
    ("流出地职责", ("做好行前教育和外出登记，掌握去向，为每名外出党员明确一名联系人，每季度至少联系一次。", "保障其党费交纳、表决和选举的权利，关心留守家属，参考流入地意见开展民主评议。")),
    ("流入地职责", ("收到报到后十个工作日内核对并编入一个党支部，开放党群服务阵地，通知其参加组织生活，如实反馈参加情况。", "报到码只供核对，不作身份证明；不得因党员没有报到码而拒绝其到场报到。")),
    ("信息互通", ("{all}只按附件一列明的方向、范围和字段互通信息，没有列明的一律不提供。", "各方明确联络员一名，人员变动在三个工作日内告知。")),
    ("组织关系转接协作", ("党员本人申请转接的，应转尽转。介绍信有效期一般三十天，最长九十天；流入地接收后及时送出回执。", "流出地确认以前，组织关系在流出地，责任不中断。没有正当理由不得拒收。")),
    ("教育共管", ("课程互认，学时互认。党员在流入地参加的主题党日、学习和志愿服务，由举办一方记录，经流出地核对后双方共签；有不同意见的，更正后再签。",)),
    ("组织共建", ("在党员相对集中的园区、市场和社区共建流动党支部或者党小组，阵地互相开放。驻外党组织的设立、调整和撤销，由流出地提出，与流入地商定。",)),
    ("困难帮扶", ("党员遇到困难的，经本人同意，由先知道的一方联系其党支部，流入地就近帮助，流出地帮助其家庭。困难的具体情形不在各方之间传送。",)),
    ("产业发展", ("每年商定一批劳务对接、产销对接和返乡创业事项，列入合作事项清单，由各自主管部门依法办理。不以党员身份要求其投资或者介绍投资。",)),
    ("人才培育", ("联合培训流动党员中的骨干，每年不少于一期。后备人选名单由流出地掌握，不向其他各方提供。",)),
    ("表彰互认", ("一方给予的表彰，其他各方予以认可；评议结果互相参考。公开宣传须经党员本人同意。",)),
    ("个人信息保护", ("提供个人信息以附件一为限，事先告知党员本人；联系方式须取得本人单独同意。党员可以随时撤回，撤回不影响其党员权利。", "接收方只用于约定目的，不再向他人提供；每次查阅留有记录，本人可以查看。身份证号码只在组织关系转接确认时由流出地提供。", "撤回、协议终止或者保存期届满的，接收方应在24小时内清除并出具清除回执。发生或者可能发生泄露的，立即处置，24小时内通报各方，依法告知本人并报告主管部门。")),
    ("会商与评价", ("每半年召开一次联席会议，轮流承办；每年评估一次执行情况。评价以共签记录和汇总数据为依据，不对党员个人排名。有分歧的，先由联络员协商，再提交联席会议。",)),
    ("有效期、变更和终止", ("本协议自{from_}起生效，至{to}止。修改条款、调整信息范围或者增加一方，应订立新版本并由各方重新印签；暂停提供、撤回本方已经提供的信息，可以由一方随时决定。", "任何一方退出，应提前{days}日书面告知，自退出之日起停止提供和读取。附件与正文具有同等效力。本协议一式{copies}份，各方各执一份。")),
)  # fmt: skip


def redated(text: dict[str, Any], starts_on: date, ends_on: date) -> list[dict[str, Any]]:
    """The clauses of a text with its old days, as they are written out, replaced by new ones."""
    was = (date.fromisoformat(text["effective_from"]), date.fromisoformat(text["effective_to"]))
    return _reworded(text, [(_on(was[0]), _on(starts_on)), (_on(was[1]), _on(ends_on))])


_DAY, _NUMBER = r"\d{4}年[1-9]\d?月[1-9]\d?日", "[一两双三四五六七八九十]"
_OFTEN = "|".join(texts.FREQUENCIES.values())
# What the clauses state of a field of the text: within which words, and how it may be written.
_STATED = {
    "from_": ("(?<=本协议自){}(?=起生效)", _DAY),
    "to": ("(?<=起生效，至){}(?=止)", _DAY),
    "days": ("(?<=任何一方退出，应提前){}(?=日书面告知)", r"\d+"),
    "copies": ("(?<=本协议一式){}(?=份)", _NUMBER),
    "all": ("{}(?=协商一致|只按附件一)", f"{_NUMBER}方"),
    "register": ("(?:{})(?=共同核对一次)", _OFTEN),
    "review": ("(?:{})(?=召开一次联席会议)", _OFTEN),
}


def following(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The clauses of the text `after`. Where they state what the fields of `before` were (name, parties, days, notice,
    frequencies, copies) they state what its own are; what somebody wrote otherwise stays.
    """
    parties = [_parties([*map(texts.signatory, text["parties"])]) for text in (before, after)]
    pairs = [(f"《{before['title']}》", f"《{after['title']}》"), (parties[0], parties[1])]
    return _stated(_reworded(after, pairs), _fields_of(after), _fields_of(before))


def contradicting(text: Mapping[str, Any]) -> list[int]:
    """The numbers of the clauses that state something else than a field of the text."""
    now = _fields_of(text)
    return [
        clause["no"]
        for clause in text["clauses"]
        if any(
            said != now[name]
            for name, (around, any_) in _STATED.items()
            for said in re.findall(around.format(any_), "\n".join(clause["paragraphs"]))
        )
    ]


def _stated(
    written: list[dict[str, Any]], now: Mapping[str, str], was: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """What clauses state of the fields, as those are now. `was`: only where they state this."""
    found = []
    for clause in written:
        paragraphs = clause["paragraphs"]
        for name, (around, any_) in _STATED.items():
            said = re.compile(around.format(any_ if was is None else re.escape(was[name])))
            paragraphs = [said.sub(now[name], paragraph) for paragraph in paragraphs]
        found.append({**clause, "paragraphs": paragraphs})
    return found


def _fields_of(text: Mapping[str, Any]) -> dict[str, str]:
    days = [date.fromisoformat(text[name]) for name in ("effective_from", "effective_to")]
    return _fields(days[0], days[1], text["notice_days"], len(text["parties"])) | _often(text["frequencies"])


def _often(frequencies: Mapping[str, str]) -> dict[str, str]:
    return {name: texts.FREQUENCIES[frequencies[name]] for name in ("register", "review")}


def _fields(starts_on: date, ends_on: date, notice_days: int, parties: int) -> dict[str, str]:
    return {
        "from_": _on(starts_on),
        "to": _on(ends_on),
        "days": str(notice_days),
        "copies": _COPIES[parties],
        "all": f"{_COUNT[parties]}方",
    }


TITLE, PARTIES, FROM, TO = "〔协议名称〕", "〔各方〕", "〔生效日期〕", "〔期满日期〕"


def generic(text: dict[str, Any]) -> list[dict[str, Any]]:
    """The clauses of a text with its name, parties and days taken out."""
    days = [_on(date.fromisoformat(text[name])) for name in ("effective_from", "effective_to")]
    words = [f"《{text['title']}》", _parties([*map(texts.signatory, text["parties"])]), *days]
    return _reworded(text, list(zip(words, (f"《{TITLE}》", PARTIES, FROM, TO), strict=True)))


def specific(
    generic_: list[dict[str, Any]],
    title: str,
    offices: list[str],
    starts_on: date,
    ends_on: date,
    notice_days: int,
    frequencies: Mapping[str, str],
) -> list[dict[str, Any]]:
    """The clauses of a template with name, parties and days put in; notice, frequencies and copies are those of this
    agreement.
    """
    pairs = [(TITLE, title), (PARTIES, _parties(offices)), (FROM, _on(starts_on)), (TO, _on(ends_on))]
    fields = _fields(starts_on, ends_on, notice_days, len(offices)) | _often(frequencies)
    return _stated(_reworded({"clauses": generic_}, pairs), fields)


def _reworded(text: Mapping[str, Any], pairs: list[tuple[str, str]]) -> list[dict[str, Any]]:
    found = []
    for clause in text["clauses"]:
        paragraphs = clause["paragraphs"]
        for before, after in pairs:
            paragraphs = [paragraph.replace(before, after) for paragraph in paragraphs]
        found.append({**clause, "paragraphs": paragraphs})
    return found


def _parties(offices: list[str]) -> str:
    return "、".join(f"{office}（{stem}方）" for stem, office in zip(STEMS, offices, strict=False))


def _on(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


OF_COUNTIES, OF_TOWNSHIPS = "由县级党委组织部门订立", "由乡镇街道党委订立，各自所在县的党委组织部门印签担保"
NO_PERSONS = "本协议不互通党员个人信息；涉及党员个人的事项，按各自所在县之间的协议办理。"


def defaults(
    title: str, offices: list[str], starts_on: date, ends_on: date, notice_days: int, *, is_township: bool = False
) -> list[dict[str, Any]]:
    """The sixteen clauses with the parties and dates filled in, as they stand in a text."""
    words = {
        "full": f"《{title}》",
        "parties": _parties(offices),
        **_fields(starts_on, ends_on, notice_days, len(offices)),
    }
    found: list[dict[str, Any]] = [
        {"no": no, "heading": heading, "paragraphs": [paragraph.format(**words) for paragraph in paragraphs]}
        for no, (heading, paragraphs) in enumerate(CLAUSES, 1)
    ]
    return of_level(found, is_township=is_township)


def of_level(written: list[dict[str, Any]], *, is_township: bool) -> list[dict[str, Any]]:
    """The clauses of an agreement of townships, or of counties: who concludes it, and whether persons cross."""
    level = (OF_COUNTIES, OF_TOWNSHIPS) if is_township else (OF_TOWNSHIPS, OF_COUNTIES)
    found = _reworded({"clauses": written}, [level])
    said = [paragraph for paragraph in found[5]["paragraphs"] if paragraph != NO_PERSONS]
    found[5]["paragraphs"] = [*said, NO_PERSONS] if is_township else said or found[5]["paragraphs"]
    return found


PREAMBLE = "为加强流动党员教育管理服务，流出地与流入地共同管理、共同培育，{all}本着平等自愿、各负其责、相互配合的原则，订立本协议。"
# side → (what, who, what shows it, how often): to begin with; the counties change the words.
RESPONSIBILITIES: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "home": (
        ("外出前谈话一次，说明报到办法，发放活动证", "党支部", "谈话记录、活动证编号", "as_needed"),
        ("外出三十日内登记去向，每半年核对一次底数", "乡镇街道党委", "流动登记、核对记录", "half_yearly"),
        ("为每名外出党员明确一名联系人", "党支部", "联系人名单", "as_needed"),
        ("每季度至少联系一次并留有记录", "党支部", "联系记录", "quarterly"),
        ("及时发出报到通知和报到码", "县委组织部", "报到通知回执", "as_needed"),
        ("保障表决、选举等权利，通知重要会议", "党支部", "通知和到会情况", "as_needed"),
        ("按月收缴党费，提供线上交纳方式", "党支部", "党费缴至年月", "monthly"),
        ("重要节日看望留守家属", "乡镇街道党委", "看望户数", "half_yearly"),
        ("对共签记录在十五日内核对", "党支部", "共签记录", "as_needed"),
        ("参考流入地意见开展民主评议", "党支部", "评议结果", "yearly"),
        ("提出驻外党组织的设立、调整和撤销", "县委组织部", "批复文件", "as_needed"),
        ("做好党籍管理，办理组织关系转接", "县委组织部", "介绍信存根、回执", "as_needed"),
    ),
    "host": (
        ("公布报到地点、电话和时间", "乡镇街道党委", "公布的地点和电话", "yearly"),
        ("收到通知后五个工作日内答复", "县委组织部", "答复回执", "as_needed"),
        ("报到后十个工作日内编入一个党支部", "乡镇街道党委", "编入记录", "as_needed"),
        ("告知党支部负责人和近期组织生活安排", "党支部", "告知记录", "as_needed"),
        ("开放党群服务中心（站）", "乡镇街道党委", "开放时间", "monthly"),
        ("每月至少组织一次主题党日并通知其参加", "党支部", "活动记录", "monthly"),
        ("每月反馈一次参加组织生活情况", "党支部", "共签记录", "monthly"),
        ("提供就业、就学、租房等政策咨询", "乡镇街道党委", "咨询件数", "quarterly"),
        ("转接组织关系的及时送出回执", "县委组织部", "回执", "as_needed"),
        ("离开时办结登记并告知流出地", "党支部", "离开登记", "as_needed"),
        ("安排参加党课和教育培训，登记学时", "党支部", "学时登记", "quarterly"),
        ("接受推荐，吸收参加志愿服务和基层治理", "党支部", "活动记录", "half_yearly"),
    ),
}


def responsibilities() -> list[dict[str, str]]:
    """The list to begin with, as it stands in a text."""
    return [
        {"key": f"{side}{no}", "side": side, "item": item, "owner": owner, "evidence": evidence, "frequency": frequency}
        for side, rows in RESPONSIBILITIES.items()
        for no, (item, owner, evidence, frequency) in enumerate(rows, 1)
    ]


def preamble(parties: int) -> str:
    """The sentence above the first clause of the paper."""
    return PREAMBLE.format(all=f"{_COUNT[parties]}方")
