"""Papers of invented people and counties' real names: the samples every test of the papers reads."""

from __future__ import annotations

import datetime as dt
import hashlib
from decimal import Decimal

from web.reports import (
    AgreementReport,
    AgreementText,
    Attendee,
    Certificate,
    ChannelHead,
    Clause,
    CooperationItem,
    CosignedRecord,
    Count,
    Decision,
    Direction,
    Grant,
    IntroductionLetter,
    Item,
    Liaison,
    Month,
    Party,
    Period,
    ProofSheet,
    Receipt,
    Responsibility,
    ScopeUse,
    Seal,
    SealedLetter,
    SealedWord,
    Step,
    figure,
)  # fmt: skip
from web.reports.directions import HELP_COUNTED, Help

MADE_AT = dt.datetime(2026, 7, 3, 1, 41, 5, tzinfo=dt.UTC)
COMMON = {
    "issuer": "中共杭州市余杭区委组织部",
    "code": "7K3M-9QXA",
    "link": "https://kiteline.example/v/7K3M9QXA2B4C6D8E",
    "made_at": MADE_AT,
    "is_demo": True,
}
NAME = "余杭、岳西、松阳流动党员共管共育协议"


def digest(words: str) -> str:
    """64 hexadecimal digits that look like a digest."""
    return hashlib.sha256(words.encode()).hexdigest()


YUHANG = Party(stem="甲", name="中共杭州市余杭区委组织部", county="余杭区", division="330110", fingerprint=digest("甲"))
YUEXI = Party(stem="乙", name="中共岳西县委组织部", county="岳西县", division="340828", fingerprint=digest("乙"))
SONGYANG = Party(stem="丙", name="中共松阳县委组织部", county="松阳县", division="331124", fingerprint=digest("丙"))

CLAUSES = tuple(
    Clause(heading, tuple(text.split("\n")))
    for heading, text in (
        ("协议名称和各方", "本协议全称为《余杭、岳西、松阳流动党员共管共育协议》，各方为县级党委组织部门：中共杭州市余杭区委组织部（甲方）、中共岳西县委组织部（乙方）、中共松阳县委组织部（丙方）。流出地、流入地按每名党员的实际流向确定，任何一方均可兼为流出地和流入地。"),
        ("背景与依据", "依据《中国共产党章程》《中国共产党党员教育管理工作条例》和中央组织部关于加强流动党员管理的有关规定，坚持流入地管理为主、流出地配合，经三方协商一致，订立本协议。"),
        ("适用对象和名单产生", "本协议适用于组织关系在一方、外出到另一方连续居住六个月以上，且短期内无法转移组织关系的正式党员和预备党员。名单由流出地基层党委核实后逐人提出，流入地核对确认；任何一方不得批量导入未经核实的名单。"),
        ("流出地职责", "流出地负责行前教育和外出登记，掌握外出党员底数，明确一名支部委员担任联系人，每季度至少联系一次，保障其党费交纳和表决等权利，看望慰问留守家属，并依据流入地的反馈开展民主评议。具体事项见附件二。"),
        ("流入地职责", "流入地在收到报到后五个工作日内完成核对，十五个工作日内编入一个党支部，开放党群服务阵地，组织其参加组织生活，如实反馈参加情况，按需提供服务。党员凭一次性报到码或者本人到场报到；报到码只用于核对，不作为身份证明。"),
        ("信息互通", "三方按附件一所列范围互通信息，未列明的内容不得提供。名单变动随时互通，参加组织生活情况每月互通一次，汇总数据每半年互通一次。各方指定一名联络员，联络员变动应在三个工作日内告知其他各方。"),
        ("组织关系转接协作", "党员本人申请转移组织关系的，流出地应在十个工作日内开具介绍信，有效期一般为三十天，最长不超过九十天。流入地接收后应在一个月内送达回执。流出地确认之前，党员的组织关系仍在流出地。"),
        ("教育共管", "三方互认课程和学时。流动党员在流入地参加的主题党日、集中学习和志愿服务，由活动承办方记录，经流出地核对后共签确认；有异议的，承办方应予更正或者撤回，未经共签的记录不作为考核依据。"),
        ("组织共建", "三方支持在流动党员相对集中的园区、商圈和行业设立流动党支部、党小组，共享党群服务中心（站）。设立、调整和撤销驻外党组织，由流出地提出，征得流入地同意后办理。"),
        ("困难帮扶", "对生活困难和遭遇突发变故的流动党员，由首先获知情况的一方告知其党支部，流入地就近帮助，流出地帮助其家庭。帮扶的具体情形不在各方之间传送。"),
        ("产业发展与劳务对接", "三方每年商定一批产业协作、劳务对接和返乡创业事项，互通岗位和项目信息，由各自主管部门依法办理。"),
        ("人才培育", "三方共同培养流动党员中的业务骨干，每年联合举办不少于一期培训。列入后备力量的名单由流出地掌握，不向其他各方提供。"),
        ("表彰奖励和评议互认", "民主评议由流出地组织，流入地党支部提出书面意见。流入地给予的表彰奖励，流出地予以认可并记入党员档案。"),
        ("个人信息保护", "个人信息的提供以附件一为限，遵循合法、正当、必要和诚信原则。提供联系方式和服务事项，应当取得党员本人的单独同意；党员可以随时撤回，撤回不影响其党员权利。\n同意撤回、协议终止或者保存期届满的，接收方应在24小时内删除，并出具删除回执。发生或者可能发生信息泄露的，应立即处置，并在24小时内通报其他各方，依法告知本人、报告主管部门。"),
        ("会商与评价", "三方每半年召开一次联席会议，由各方轮流承办；每年对协议执行情况开展一次评估，形成年度报告。评价以共签记录和汇总数据为依据，不对党员个人排名。"),
        ("有效期、变更和终止", "本协议自2026年1月1日起生效，至2028年12月31日止。变更条款、扩大共享范围或者增加一方，应订立新版本并经各方重新签署。\n任何一方退出，应提前60日书面告知，退出之日起停止提供和读取。附件一、附件二是本协议的组成部分。本协议一式三份，各方各执一份，具有同等效力。"),
    )
)  # fmt: skip

SCOPES = {
    "S0 名录": ("组织名称、阵地、联络员姓名、工作电话", "日常联络", "协议约定"),
    "S1 汇总数": ("按乡镇、月份的人数和场次；小于5的不显示", "半年报告、年度评估", "协议约定"),
    "S2 流动告知": ("姓名、性别、出生年份、党员类别、所在党支部、到达月份、流入乡镇（街道）、一次性报到码", "核对报到", "告知本人"),
    "S3 联系方式": ("本人选定的一个电话", "联系报到", "本人单独同意"),
    "S4 转接": ("介绍信各栏；身份证号码仅在确认时提供", "转接组织关系", "本人申请"),
    "S5 参加情况": ("活动、日期、出席、学时", "共签与评议", "告知本人"),
    "S6 状态": ("编入的党支部", "掌握去向", "告知本人"),
}  # fmt: skip


def grants(owner: str, receivers: str, scopes: str) -> tuple[Grant, ...]:
    """The rows of one direction: grants("甲", "乙丙", "S0 S1")."""
    return tuple(
        Grant(owner, tuple(receivers), name, *row) for name, row in SCOPES.items() if name[:2] in scopes.split()
    )


def agreement(parties: tuple[Party, ...] = (YUHANG, YUEXI, SONGYANG), **changed: object) -> AgreementText:
    """The three-party text, or the same between fewer."""
    homes = [party.stem for party in parties[1:]]
    given: dict[str, object] = {
        "name": NAME, "number": "KL-2026-0003", "version": 3,
        "effective_from": dt.date(2026, 1, 1), "effective_to": dt.date(2028, 12, 31), "parties": parties,
        "preamble": "为加强和改进流动党员教育管理服务，做到流出地、流入地共同管理、共同教育，三方本着平等自愿、各负其责、相互配合的原则，订立本协议。",
        "clauses": CLAUSES,
        "grants": grants("甲", "".join(homes), "S0 S1 S5 S6") + tuple(row for home in homes for row in grants(home, "甲", "S0 S1 S2 S3 S4 S6")),
        "items": (
            CooperationItem("困难帮扶", "全年走访160场", "元旦、春节和端午节前集中走访", "丙方", "2026年12月"),
            CooperationItem("产业发展", "对接项目12个", "每季度一次产销对接，茶叶、香榧各两场", "乙方", "2026年12月"),
            CooperationItem("人才培育", "联合培训2期", "党务骨干和业务骨干各一期", "甲方", "2026年9月"),
        ),
        "home_duties": tuple(Responsibility(item, "党支部", "记录", "每季度") for item in ("外出前开展一次教育谈话，发放流动党员活动证", "外出之日起三十日内登记流向和联系方式", "每半年核对一次外出党员底数，数据逐人确认", "每季度至少联系一次，联系情况留有记录", "对流入地的参加记录在十五日内核对共签")),
        "host_duties": tuple(Responsibility(item, "党支部", "记录", "每季度") for item in ("公布报到地点、电话和办理时间", "对报到党员在五个工作日内核对完毕", "十五个工作日内编入一个党支部", "每月反馈一次参加组织生活情况")),
        "liaisons": (
            Liaison("甲", "区委组织部组织科联络员", "王示甲", "0571-00000001"), Liaison("乙", "县委组织部组织股联络员", "李例乙", "0556-00000002"),
            *((Liaison("丙", "县委组织部基层党建股联络员"),) if len(parties) > 2 else ()),
        ),
        "salt": bytes(range(16)),
    }  # fmt: skip
    return AgreementText(**(COMMON | given | changed))  # type: ignore[arg-type]


def letter(**changed: object) -> IntroductionLetter:
    """A woman of 47 from 岳西, a full member."""
    given: dict[str, object] = {
        "issuer": "中共岳西县委组织部", "number": "20260057", "name": "李例乙", "is_female": True, "age": 47, "ethnicity": "汉族", "is_probationary": False,
        "id_number": "340828197809099966", "from_org": "中共岳西县天堂镇示例村支部委员会", "to_org": "中共杭州市余杭区仓前街道演示社区总支部委员会",
        "addressee": "中共杭州市余杭区委组织部", "dues_until": dt.date(2026, 4, 1), "valid_days": 30, "issued_on": dt.date(2026, 5, 18), "handler": "王示甲",
        "contact": "15400000057", "committee": "中共岳西县天堂镇委员会", "committee_address": "安徽省安庆市岳西县天堂镇演示路1号　中共天堂镇委员会",
        "committee_phone": "0556-0000057", "committee_fax": "0556-0000058", "committee_postcode": "246600", "salt": bytes(range(16)),
    }  # fmt: skip
    return IntroductionLetter(**(COMMON | given | changed))  # type: ignore[arg-type]


def longest_letter() -> IntroductionLetter:
    """The longest names the form must hold, with the receipt filled in."""
    return letter(
        name="阿依古丽·买买提示例", ethnicity="维吾尔族", is_female=False, is_probationary=True, number="20260999",
        from_org="中共内蒙古自治区包头市土默特右旗萨拉齐镇示范新区演示电子有限公司联合流动党员支部委员会",
        to_org="中共浙江省杭州市余杭区仓前街道演示未来社区党群服务中心外来流动党员第一总支部委员会",
        addressee="中共浙江省杭州市余杭区委组织部组织关系转接受理中心", committee="中共内蒙古自治区包头市土默特右旗萨拉齐镇委员会",
        committee_address="内蒙古自治区包头市土默特右旗萨拉齐镇演示大街100号演示党群服务中心综合楼三层　中共萨拉齐镇委员会",
        receipt=Receipt("欧阳演丙", "0571-00000001", dt.date(2026, 6, 10)),
    )  # fmt: skip


def proof(parties: tuple[Party, ...] = (YUHANG, YUEXI, SONGYANG), **changed: object) -> ProofSheet:
    """The proof of the three-party text."""
    when = dt.datetime(2025, 12, 8, 2, 21, tzinfo=dt.UTC)
    verbs = (("提出", "甲方"), ("改稿", "乙方"), ("接受", "乙方"), ("接受", "丙方"), ("商定", "甲方"), ("生成文本", "甲方"), ("封印", "乙方"), ("封印", "丙方"), ("完成", "甲方"), ("生效", "甲方"))  # fmt: skip
    value = "Rx4uEoPEnHfcdT1WHDY_Kp1zL5Fpr-kZdNatf8FT1FgYxB6a0qtiSSVaISp021wXNPKhha-hsO07Fr9WkdGf3w"
    given: dict[str, object] = {
        "name": NAME, "number": "KL-2026-0003", "version": 3, "pages": 9,
        "effective_from": dt.date(2026, 1, 1), "effective_to": dt.date(2028, 12, 31),
        "text_digest": digest("text"), "pdf_digest": digest("pdf"),
        "seals": tuple(Seal(party, f"{party.division}-seal-2025-1", value, when + dt.timedelta(days=20 - place)) for place, party in enumerate(parties)),
        "decisions": tuple(Decision(31 + place, what, by, when + dt.timedelta(days=2 * place), digest(str(place))) for place, (what, by) in enumerate(verbs)),
        "channels": tuple(ChannelHead(f"{a.stem}→{b.stem}", 1, 57, digest(a.stem + b.stem), f"{b.stem}方已签收") for a in parties for b in parties if a != b and "甲" in (a.stem, b.stem)),
    }  # fmt: skip
    return ProofSheet(**(COMMON | given | changed))  # type: ignore[arg-type]


def certificate() -> Certificate:
    """Of a handover from 岳西 to 余杭 that is closed."""
    at = MADE_AT - dt.timedelta(days=30)
    steps = (
        ("申请转接", YUEXI),
        ("同意接收", YUHANG),
        ("开出介绍信", YUEXI),
        ("接收与回执", YUHANG),
        ("确认办结", YUEXI),
        ("提出作废（登记）", YUHANG),  # the longest a step is called
    )
    return Certificate(
        **COMMON,  # type: ignore[arg-type]
        salt=b"0123456789abcdef",
        about="组织关系转接",
        number="20260057",
        facts=(
            ("党员", "李例乙"), ("转出", f"{YUEXI.name}　岳西县天堂镇示例村支部"), ("转入", f"{YUHANG.name}　余杭街道演示社区第一支部"),
            ("介绍信", "第20260057号"), ("转接编号", "01a21513-333c-7671-b809-9af38d1c4160"), ("接收日期", "2026年6月18日"),
        ),
        parties=(YUHANG, YUEXI),
        letters=tuple(
            SealedLetter(
                what, by, at + dt.timedelta(days=3 * place), f"{by.division}-seal-2026-1", digest(what), "s" * 43 + "Q" * 43,
                "已签收", at + dt.timedelta(days=3 * place, minutes=2),
            )
            for place, (what, by) in enumerate(steps)
        ),
    )  # fmt: skip


PERIOD = Period.half(2026, 1)


def direction(
    home: str,
    host: str,
    shared: int,
    reported: int,
    taken: int,
    transfers: tuple[int, int, int, int, int],
    flows: int | None = None,
    *,
    cosigned: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0),
    period: Period = PERIOD,
) -> Direction:
    """One direction from its bare counts; `cosigned`: held, agreed, disputed, unsettled, persons."""
    counts: dict[str, int | Decimal] = {
        "flows.to_partner": flows or shared, "members.shared": shared, "members.reported_in": reported, "members.taken_on": taken,
        "members.not_reported": shared - reported, "members.days_to_take_on": 11,
        **dict(zip(("transfers.opened", "transfers.closed", "transfers.refused", "transfers.recalled", "transfers.expired"), transfers, strict=True)),
        "transfers.days": Decimal("9.5"),
        **dict(zip(("cosign.held", "cosign.agreed", "cosign.disputed", "cosign.unsettled", "cosign.persons"), cosigned, strict=True)),
    }  # fmt: skip
    return Direction(home, host, tuple(figure(code, value, period) for code, value in counts.items()))


def scope(name: str, *values: int | None) -> ScopeUse:
    """One row of the sharing table."""
    codes = ("shares.provided", "shares.reads", "notices.recorded", "notices.withdrawn", "purges.proved")
    return ScopeUse(name, tuple(figure(code, value, PERIOD) for code, value in zip(codes, values, strict=True)))


def help_(kind: str, *values: int, period: Period = PERIOD) -> Help:
    """One kind of request: opened, done, refused, void, due, on time."""
    return Help(kind, tuple(figure(code, value, period) for code, value in zip(HELP_COUNTED, values, strict=True)))


def item(category: str, lead: str, goal: str, unit: str, planned: int, done: int, remark: str = "") -> Item:
    """One row of the table of items."""
    return Item(
        category,
        lead,
        goal,
        figure("items.planned", planned, PERIOD, unit),
        figure("items.done", done, PERIOD, unit),
        remark,
        key=category,
    )


def previous() -> AgreementReport:
    """The half-year before, of one direction."""
    before = PERIOD.before
    whole = direction(
        "岳西县", "余杭区", 598, 503, 461, (20, 16, 2, 1, 1), 610, cosigned=(9, 8, 1, 0, 71), period=before
    )
    done = figure("items.done", 60, before, "场")
    return report(
        period=before, data_until=before.ends_on, directions=(whole,), months=(), overall=(), previous=None, scopes=(), steps=(), words="",
        items=(Item("困难帮扶", "丙方", "全年走访160场", figure("items.planned", 160, before, "场"), done, key="困难帮扶"),),
        missed=figure("duties.missed", 0, before), helps=(help_("走访家属", 9, 8, 0, 0, 9, 8, period=before),),
    )  # fmt: skip


def report(**changed: object) -> AgreementReport:
    """The half-year report of the three parties."""
    given: dict[str, object] = {
        "name": NAME, "number": "KL-2026-0003", "period": PERIOD, "data_until": dt.date(2026, 6, 30), "parties": (YUHANG, YUEXI, SONGYANG),
        "directions": (
            direction("岳西县", "余杭区", 386, 347, 329, (25, 21, 3, 1, 0), 402, cosigned=(12, 10, 2, 1, 96)), direction("松阳县", "余杭区", 254, 224, 209, (21, 17, 0, 2, 1), 260, cosigned=(6, 6, 0, 0, 3)),
            direction("余杭区", "岳西县", 7, 4, 2, (2, 1, 0, 0, 0)),
        ),
        "items": (
            item("困难帮扶", "丙方", "全年走访160场", "场", 160, 96, "元旦、春节期间集中走访，端午节前补访"), item("产业发展", "乙方", "对接项目12个", "个", 12, 7, "茶叶、香榧产销对接3次"),
            item("人才培育", "甲方", "联合培训2期", "期", 2, 1, "第二期定于9月举办"), item("阵地共享", "甲方", "开放阵地20个", "个", 20, 23),
        ),
        "scopes": (
            scope("S1 汇总数", 12, 36, None, None, None), scope("S2 流动告知", 77, 303, 640, 3, 3), scope("S3 联系方式", 71, 174, 71, 6, 6), scope("S6 状态", 538, 207, None, None, None),
        ),
        "months": tuple(
            Month(dt.date(2026, number, 1), (figure("members.new_reported_in", reported, PERIOD), figure("members.new_taken_on", taken, PERIOD)))
            for number, reported, taken in ((1, 11, 9), (2, 15, 12), (3, 28, 27), (4, 21, 24), (5, 3, 0), (6, 13, 18))
        ),
        "overall": (figure("members.days_to_take_on", 12, PERIOD), figure("transfers.days", 9, PERIOD)),
        "missed": figure("duties.missed", 1, PERIOD),
        "helps": (help_("走访家属", 18, 16, 0, 0, 17, 15), help_("核查活动证", 11, 10, 1, 0, 11, 11)),
        "steps": (Step(dt.date(2026, 9, 30), "联席会商", "各方"), Step(dt.date(2026, 12, 31), "困难帮扶：全年走访160场", "丙方")),
        "words": "茶叶季用工集中，三季度把报到提醒提前到出发之前。",
    }  # fmt: skip
    if "previous" not in changed:
        given["previous"] = previous()
    return AgreementReport(**(COMMON | given | changed))  # type: ignore[arg-type]


def cosigned(*, own: int = 38, guests: int = 6, is_annulled: bool = False) -> CosignedRecord:
    """A theme day of 余杭 with members of 岳西; `own=0`: as the home county holds it, which knows no sheet of the other."""
    signs = ("√", "√", "√", "#", "O", "√", "★", "△", "×")
    sealed = [
        SealedWord(YUHANG, "记录", "330110-seal-2026-1", "k" * 43 + "Q" * 43, "d" * 43, MADE_AT),
        SealedWord(YUEXI, "共签", "340828-seal-2026-1", "m" * 43 + "R" * 43, "e" * 43, MADE_AT),
    ]
    if is_annulled:
        sealed.append(SealedWord(YUHANG, "同意作废", "330110-seal-2026-1", "n" * 86, "f" * 43, MADE_AT))
    head = (
        ("主题", "“金秋助学”主题党日，重温入党誓词"),
        ("时间", "2026年6月28日　09:30至11:30"),
        ("地点", "余杭街道党群服务中心二楼会议室"),
    )
    led = (("主持人", "周例戊"), ("记录人", "吴例庚"), ("负责人", "欧阳演丙"), ("计入学时", "120分钟"))
    said = (("议程", "一、奏唱国歌\n二、重温入党誓词\n三、学习讨论"), ("决议", "一致同意设立流动党员服务岗。"))
    office = YUHANG.name
    names = ("示甲", "例乙", "演丙", "试丁", "示戊", "例己")
    return CosignedRecord(
        **COMMON,  # type: ignore[arg-type]
        salt=b"0123456789abcdef",
        kind="主题党日",
        held_on=dt.date(2026, 6, 28),
        fields=(("组织", "中共余杭区余杭街道演示社区第一支部委员会"), *head, *led, *said)
        if own
        else (("记录单位", office), *head, *led[2:]),
        recorder=YUHANG,
        home=YUEXI,
        k=2,
        content=digest("名单"),
        guests=tuple(
            Attendee(f"王{names[i % 6]}", "演示社区第一支部", ("√", "√", "请假")[i % 3], (120, 90, 0)[i % 3], "已共签")
            for i in range(guests)
        ),
        seals=tuple(sealed),
        count=Count(own, sum(signs[i % 9] in "√#" for i in range(own)), (("O", 4), ("★", 4), ("△", 4), ("×", 4)))
        if own
        else None,
        own=tuple(Attendee(f"赵{names[i % 6]}", "演示社区第一支部", signs[i % 9], 120) for i in range(own)),
        annulled_on=dt.date(2026, 7, 1) if is_annulled else None,
    )
