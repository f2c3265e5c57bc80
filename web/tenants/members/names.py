"""Names of people: one way of writing them, their reading in pinyin for sorting and search, and their search grams.

Surnames are read as surnames (单 shan, 仇 qiu, 万俟 moqi), which no general table of characters does reliably.
Rare characters stay what they are everywhere; where no reading is known the character itself stands in the key.
"""

from __future__ import annotations

import re
import unicodedata

from web.tenants.members.readings import Cell, text_of

_DOTS = re.compile(r"[•‧∙⋅．・●]")
_HAN = r"[\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
_PADDING = re.compile(rf"(?<={_HAN})\s+(?={_HAN})")

SURNAME_READINGS = {
    "单": "shan", "仇": "qiu", "解": "xie", "曾": "zeng", "查": "zha", "区": "ou", "朴": "piao", "任": "ren", "华": "hua",
    "葛": "ge", "盖": "ge", "缪": "miao", "翟": "zhai", "乐": "yue", "冼": "xian", "员": "yun", "黑": "he", "种": "chong",
    "折": "she", "繁": "po", "覃": "qin", "隗": "wei", "尉": "wei", "卜": "bu", "车": "che", "曲": "qu", "宿": "su", "牟": "mou",
    "纪": "ji", "燕": "yan", "应": "ying", "於": "yu", "哈": "ha", "那": "na", "佴": "nai", "祭": "zhai", "句": "gou", "柏": "bai",
    "谌": "chen", "莘": "shen", "郇": "xun", "郗": "xi", "秘": "bi", "宓": "mi", "撒": "sa", "乜": "nie", "逄": "pang",
    "冯": "feng", "贾": "jia", "藏": "zang", "长": "chang", "干": "gan", "洗": "xian", "过": "guo", "要": "yao", "令": "ling",
    "阚": "kan", "晁": "chao", "召": "shao", "扎": "zha", "厘": "xi", "石": "shi", "殷": "yin", "占": "zhan", "行": "xing",
    "尹": "yin", "沈": "shen", "万": "wan", "洪": "hong", "俞": "yu", "仉": "zhang", "幺": "yao", "么": "yao", "适": "kuo",
    "系": "xi", "亓": "qi", "降": "jiang", "郝": "hao", "塔": "ta", "相": "xiang", "䶮": "yan",
}  # fmt: skip
COMPOUND_SURNAMES = {
    "欧阳": "ou yang", "司马": "si ma", "上官": "shang guan", "诸葛": "zhu ge", "尉迟": "yu chi", "长孙": "zhang sun", "万俟": "mo qi",
    "令狐": "ling hu", "澹台": "tan tai", "皇甫": "huang fu", "公孙": "gong sun", "慕容": "mu rong", "宇文": "yu wen", "司徒": "si tu",
    "司空": "si kong", "夏侯": "xia hou", "东方": "dong fang", "南宫": "nan gong", "独孤": "du gu", "轩辕": "xuan yuan",
    "端木": "duan mu", "百里": "bai li", "东郭": "dong guo", "呼延": "hu yan", "闻人": "wen ren", "太史": "tai shi", "申屠": "shen tu",
    "公冶": "gong ye", "赫连": "he lian", "钟离": "zhong li", "鲜于": "xian yu", "濮阳": "pu yang", "淳于": "chun yu", "单于": "chan yu",
    "宗政": "zong zheng", "仲孙": "zhong sun", "西门": "xi men", "乐正": "yue zheng", "拓跋": "tuo ba", "谷梁": "gu liang",
    "完颜": "wan yan", "纳兰": "na lan", "第五": "di wu", "区阳": "ou yang",
}  # fmt: skip


def normalise(cell: Cell) -> str:
    """The name as we keep it: blanks used as padding between Han characters gone (王　示 → 王示), one kind of dot.

    Rare characters, Latin letters and the dot of long names stay. No NFKC: it would change characters of names.
    """
    text = _DOTS.sub("·", text_of(cell))
    text = _PADDING.sub("", text)
    text = re.sub(r"\s*·\s*", "·", text)
    return re.sub(r"\s+", " ", text)


def is_plausible(name: str) -> bool:
    """Whether a normalised name can be one: letters of any script, dots, blanks; at least two of them, at most 40."""
    letters = [c for c in name if unicodedata.category(c)[0] == "L" or c == "〇"]
    return len(letters) >= 2 and len(name) <= 40 and all(c in "·. -'" or c in letters for c in name)


def _syllables(name: str) -> list[str]:
    """One reading per syllable, surname first; Latin words whole, lower case."""
    from pypinyin import Style, pinyin  # a large dictionary, which only those who write names need

    rest = name
    syllables: list[str] = []
    if (compound := COMPOUND_SURNAMES.get(name[:2])) and len(name) > 2:
        syllables, rest = compound.split(), name[2:]
    elif (single := SURNAME_READINGS.get(name[:1])) and "·" not in name:
        syllables, rest = [single], name[1:]
    for part in re.findall(rf"{_HAN}|[^\W\d_]+", rest):
        if re.match(_HAN, part):
            syllables.append(pinyin(part, style=Style.NORMAL, errors="default")[0][0].replace("ü", "v"))
        else:
            plain = unicodedata.normalize("NFKD", part)
            syllables.append("".join(c for c in plain if not unicodedata.combining(c)).lower())
    return syllables


def pinyin_key(name: str) -> str:
    """The reading in one word, lower case, ü as v (吕 lv): sort key and prefix search (`zhangw` finds 张伟)."""
    return "".join(_syllables(normalise(name)))


def initials(name: str) -> str:
    """First letters of the syllables: 张伟 zw, 欧阳示范 oysf."""
    return "".join(syllable[0] for syllable in _syllables(normalise(name)) if syllable)


def grams(name: str) -> frozenset[str]:
    """The search grams of a name: all pairs of neighbouring characters, dots and blanks aside; a single one alone."""
    plain = re.sub(r"[·\s.'-]", "", normalise(name)).lower()
    if len(plain) < 2:
        return frozenset({plain} if plain else ())
    return frozenset(plain[i : i + 2] for i in range(len(plain) - 1))


def query_grams(text: str) -> frozenset[str]:
    """The grams all of which a name must have to contain `text` (at least two characters; one alone asks for a prefix)."""
    return grams(text)
