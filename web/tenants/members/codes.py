"""The code sets of a member's record, with their Chinese labels, and how messy text becomes a code.

Gender GB/T 2261.1, ethnicity GB/T 3304-1991, education GB/T 4658-2006; the others are the lists the product keeps.
Codes are stored as text. What a county typed is never lost: the original text is kept beside the nearest code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from web.tenants.members.readings import Cell, Reading, doubt, folded, text_of


class Gender(StrEnum):
    """GB/T 2261.1."""

    UNKNOWN = "0"
    MALE = "1"
    FEMALE = "2"
    UNSTATED = "9"


class MemberKind(StrEnum):
    """人员类别."""

    FULL = "1"
    PROBATIONARY = "2"


class Standing(StrEnum):
    """党籍状态. Changed only by a decision of people, never by a timer."""

    NORMAL = "normal"
    RETAINED = "retained"
    RESTORED = "restored"
    SUSPENDED = "suspended"
    EXPELLED = "expelled"
    REMOVED = "removed"
    LEFT_BY_ABSENCE = "left_by_absence"
    ADVISED_TO_LEAVE = "advised_to_leave"
    WITHDRAWN = "withdrawn"
    DECEASED = "deceased"


ENDED_STANDINGS = frozenset(
    {
        Standing.EXPELLED,
        Standing.REMOVED,
        Standing.LEFT_BY_ABSENCE,
        Standing.ADVISED_TO_LEAVE,
        Standing.WITHDRAWN,
        Standing.DECEASED,
    }
)
"""Standings after which nobody is a member any more."""


@dataclass(frozen=True)
class CodeSet:
    """A closed list of codes with labels, and the words that lead to a code.

    `aliases` are tried as whole cells after the labels; `keywords` as parts of a cell, in their order, and give a
    doubt `<name>_guessed`, because a part of a sentence is no answer.
    """

    name: str
    labels: Mapping[str, str]
    aliases: Mapping[str, str] = field(default_factory=dict)
    keywords: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        index = {folded(code): code for code in self.labels}
        index |= {folded(label): code for code, label in self.labels.items()}
        index |= {folded(word): code for word, code in self.aliases.items()}
        unknown = {*self.aliases.values(), *(code for _, code in self.keywords)} - set(self.labels)
        if unknown:
            raise ValueError(f"{self.name}: codes without a label: {unknown}")
        object.__setattr__(self, "labels", MappingProxyType(dict(self.labels)))
        object.__setattr__(self, "_index", MappingProxyType(index))

    def label(self, code: str | None) -> str:
        """The Chinese label; an empty text for None or an unknown code."""
        return self.labels.get(code or "", "")

    def choices(self) -> list[tuple[str, str]]:
        """(code, label) pairs in the order of the list, for a form."""
        return list(self.labels.items())

    def parse(self, cell: Cell) -> str | None:
        """The code for a cell, or None when it says nothing we know."""
        return self.read(cell).value

    def read(self, cell: Cell) -> Reading[str]:
        """The code with doubts: `<name>_guessed` after a keyword, `<name>_unknown` when nothing fits. Blank: None."""
        key = folded(cell)
        if not key:
            return Reading()
        index: Mapping[str, str] = self._index  # type: ignore[attr-defined]
        if key in index:
            return Reading(index[key])
        for word, code in self.keywords:
            if word in key:
                return Reading(code, (doubt(f"{self.name}_guessed", text=text_of(cell), label=self.labels[code]),))
        return Reading(None, (doubt(f"{self.name}_unknown", text=text_of(cell)),))


GENDER = CodeSet(
    "gender",
    {Gender.UNKNOWN: "未知", Gender.MALE: "男", Gender.FEMALE: "女", Gender.UNSTATED: "未说明"},
    {"M": "1", "F": "2", "MALE": "1", "FEMALE": "2", "男性": "1", "女性": "2"},
)

_PEOPLES = [
    "汉族", "蒙古族", "回族", "藏族", "维吾尔族", "苗族", "彝族", "壮族", "布依族", "朝鲜族", "满族", "侗族",
    "瑶族", "白族", "土家族", "哈尼族", "哈萨克族", "傣族", "黎族", "傈僳族", "佤族", "畲族", "高山族", "拉祜族",
    "水族", "东乡族", "纳西族", "景颇族", "柯尔克孜族", "土族", "达斡尔族", "仫佬族", "羌族", "布朗族", "撒拉族", "毛南族",
    "仡佬族", "锡伯族", "阿昌族", "普米族", "塔吉克族", "怒族", "乌孜别克族", "俄罗斯族", "鄂温克族", "德昂族", "保安族", "裕固族",
    "京族", "塔塔尔族", "独龙族", "鄂伦春族", "赫哲族", "门巴族", "珞巴族", "基诺族",
]  # fmt: skip
_LETTERS = (
    "HA MG HU ZA UG MH YI ZH BY CS MA DO YA BA TJ HN KZ DA LI LS VA SH GS LH SU DX NX JP KG TU DU ML QI BL SL MN GL XB AC "
    "PM TA NU UZ RS EW DE BN YG GI TT DR OR HZ MB LB JN"
)
ETHNICITY = CodeSet(
    "ethnicity",
    {f"{n:02d}": people for n, people in enumerate(_PEOPLES, 1)} | {"97": "其他", "98": "外国血统中国籍"},
    {people.removesuffix("族"): f"{n:02d}" for n, people in enumerate(_PEOPLES, 1)}
    | {letters: f"{n:02d}" for n, letters in enumerate(_LETTERS.split(), 1)}
    | {str(n): f"{n:02d}" for n in range(1, 10)}
    | {"57": "97", "58": "98", "穿青人": "97"},
)

EDUCATION = CodeSet(
    "education",
    {
        "10": "研究生教育", "11": "博士研究生毕业", "12": "博士研究生结业", "13": "博士研究生肄业", "14": "硕士研究生毕业",
        "15": "硕士研究生结业", "16": "硕士研究生肄业", "17": "研究生班毕业", "18": "研究生班结业", "19": "研究生班肄业",
        "20": "大学本科教育", "21": "大学本科毕业", "22": "大学本科结业", "23": "大学本科肄业", "28": "大学普通班毕业",
        "30": "大学专科教育", "31": "大学专科毕业", "32": "大学专科结业", "33": "大学专科肄业",
        "40": "中等职业教育", "41": "中等专科毕业", "42": "中等专科结业", "43": "中等专科肄业", "44": "职业高中毕业",
        "45": "职业高中结业", "46": "职业高中肄业", "47": "技工学校毕业", "48": "技工学校结业", "49": "技工学校肄业",
        "60": "普通高级中学教育", "61": "普通高中毕业", "62": "普通高中结业", "63": "普通高中肄业",
        "70": "初级中学教育", "71": "初中毕业", "73": "初中肄业", "80": "小学教育", "81": "小学毕业", "83": "小学肄业",
        "90": "其他",
    },
    {
        "研究生": "10", "博士": "11", "博士研究生": "11", "硕士": "14", "硕士研究生": "14", "本科": "20", "大学": "20",
        "大学本科": "20", "大本": "20", "全日制本科": "20", "大专": "30", "专科": "30", "大学专科": "30", "大学普通班": "28",
        "中专": "41", "中技": "47", "技校": "47", "职高": "44", "中职": "40", "职中": "44", "高中": "60", "普通高中": "60",
        "初中": "70", "小学": "80", "文盲": "90", "无": "90",
    },
    (
        ("博士", "11"), ("硕士", "14"), ("研究生", "10"), ("本科", "20"), ("大专", "30"), ("专科", "30"), ("党校大学", "20"),
        ("中专", "41"), ("技校", "47"), ("职高", "44"), ("高中", "60"), ("初中", "70"), ("小学", "80"), ("大学", "20"),
    ),
)  # fmt: skip

MEMBER_KIND = CodeSet(
    "member_kind",
    {MemberKind.FULL: "正式党员", MemberKind.PROBATIONARY: "预备党员"},
    {"正式": "1", "预备": "2", "中共正式党员": "1", "中共预备党员": "2", "中共党员(预备)": "2"},
)
"""中共党员 and 党员 alone are no answer: `member_kind_unknown`, a person decides."""

STANDING = CodeSet(
    "standing",
    {
        Standing.NORMAL: "正常", Standing.RETAINED: "保留党籍", Standing.RESTORED: "恢复党籍", Standing.SUSPENDED: "停止党籍",
        Standing.EXPELLED: "开除党籍", Standing.REMOVED: "除名", Standing.LEFT_BY_ABSENCE: "自行脱党",
        Standing.ADVISED_TO_LEAVE: "劝退", Standing.WITHDRAWN: "退党", Standing.DECEASED: "死亡",
    },
    {"开除": Standing.EXPELLED, "停止": Standing.SUSPENDED, "保留": Standing.RETAINED, "恢复": Standing.RESTORED, "去世": Standing.DECEASED},
)  # fmt: skip

FLOW_REASON = CodeSet(
    "flow_reason",
    {
        "10": "务工", "20": "经商/个体", "30": "求学培训", "40": "随迁(投靠亲友)", "50": "退休异地居住", "60": "毕业未就业",
        "70": "工作调动未转关系", "80": "项目派驻", "90": "其他",
    },
    {
        "打工": "10", "外出打工": "10", "外出务工": "10", "上班": "10", "就业": "10", "务工经商": "10", "外出务工经商": "10", "经商": "20",
        "个体": "20", "做生意": "20", "创业": "20", "办厂": "20", "开店": "20", "求学": "30", "上学": "30", "读书": "30", "培训": "30",
        "随迁": "40", "投靠亲友": "40", "投靠子女": "40", "带孙子": "40", "带孙女": "40", "看孩子": "40", "带孩子": "40", "照顾孙辈": "40",
        "陪读": "40", "退休": "50", "养老": "50", "异地养老": "50", "待业": "60", "找工作": "60", "未就业": "60", "调动": "70",
        "工作调动": "70", "派驻": "80", "驻外": "80", "项目": "80",
    },
    (
        ("孙", "40"), ("孩子", "40"), ("陪读", "40"), ("投靠", "40"), ("随迁", "40"), ("养老", "50"), ("退休", "50"), ("毕业", "60"),
        ("派驻", "80"), ("项目", "80"), ("调动", "70"), ("生意", "20"), ("开店", "20"), ("经商", "20"), ("个体", "20"), ("创业", "20"),
        ("上学", "30"), ("读书", "30"), ("学习", "30"), ("培训", "30"), ("打工", "10"), ("务工", "10"), ("上班", "10"), ("工作", "10"),
    ),
)  # fmt: skip

LOST_CONTACT_REASON = CodeSet(
    "lost_contact_reason",
    {
        "1": "外出务工经商", "2": "单位改制或破产", "3": "毕业后去向不明", "4": "工作单位改变", "5": "出国(境)", "6": "居住地改变",
        "7": "其他",
    },
)  # fmt: skip

OCCUPATION = CodeSet(
    "occupation",
    {
        "1": "公有经济企事业单位管理人员、专业技术人员", "2": "工勤技能人员", "3": "农牧渔民", "4": "未就业的高校毕业生",
        "5": "中介组织从业人员", "6": "执业律师", "7": "会计师", "9": "其他",
    },
    {"农民": "3", "务农": "3", "村民": "3", "工人": "2", "律师": "6", "会计": "7"},
)  # fmt: skip
"""原职业."""

UNIT_KIND = CodeSet(
    "unit_kind",
    {
        "11": "机关", "12": "事业单位", "121": "人才/劳动服务中心", "13": "公有港澳台商投资企业", "14": "公有外商投资企业",
        "21": "民办非企业", "22": "私营企业", "23": "港澳台商投资企业", "24": "外商投资企业", "30": "个体工商户", "40": "城市社区",
        "41": "乡镇社区", "42": "建制村", "80": "其他", "99": "不掌握流向",
    },
    {"民企": "22", "民营企业": "22", "私企": "22", "个体": "30", "个体户": "30", "社区": "40", "村": "42", "外企": "24"},
)  # fmt: skip

FLOW_SCOPE = CodeSet(
    "flow_scope", {"1": "跨省", "2": "省内跨市", "3": "市内跨县", "4": "县内"}, {"省外": "1", "省内": "2", "市内": "3"}
)

REVIEW_RESULT = CodeSet(
    "review_result",
    {word: word for word in ("合格", "谈话提醒", "收回")},
    {"passed": "合格", "talk": "谈话提醒", "withdrawn": "收回"},
)
"""活动证年审结果."""

APPRAISAL = CodeSet(
    "appraisal",
    {word: word for word in ("优秀", "合格", "基本合格", "不合格")},
    {"excellent": "优秀", "qualified": "合格", "basic": "基本合格", "unqualified": "不合格"},
)
"""民主评议等次."""

LISTED: Mapping[str, CodeSet] = {"review_result": REVIEW_RESULT, "appraisal": APPRAISAL}
"""Fields that a row keeps by the words of a list, of which messages carry the codes. Words of before the list stay, and
cross to nobody.
"""

YES = frozenset({"是", "有", "√", "✓", "✔", "Y", "YES", "TRUE", "1", "已报到", "已", "办", "已办", "持证"})
NO = frozenset(
    {"否", "无", "×", "X", "✗", "N", "NO", "FALSE", "0", "未报到", "未", "没有", "未办", "不持证", "-", "—", "/"}
)


def read_yes_no(cell: Cell) -> Reading[bool]:
    """是/否 in the many ways it is ticked. Blank: None; anything else: None with `yes_no_unknown`."""
    key = folded(cell)
    if not key:
        return Reading()
    if key in YES or key in NO:
        return Reading(key in YES)
    return Reading(None, (doubt("yes_no_unknown", text=text_of(cell)),))


def flow_scope(home: str, host: str) -> str | None:
    """The scope of a flow between two division codes of at least 6 digits; None when one of them is unknown."""
    if len(home) < 6 or len(host) < 6:
        return None
    if home[:2] != host[:2]:
        return "1"
    if host[2:4] != "00" and home[:4] == host[:4]:
        return "4" if home[:6] == host[:6] else "3"
    return "2"
