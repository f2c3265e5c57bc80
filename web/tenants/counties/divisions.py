"""Divisions of the country (GB/T 2260): provinces, prefectures, counties with their history, some townships; and places
as people write them, read into the best code with an honest confidence.

The national table comes with `python-stdnum` (a text file with the years each name was valid); what it lacks stands in
`_ADDED`. Old names and codes are facts of history, never errors: they lead to their successor, with a hint.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from web.tenants.counties.townships import TOWNSHIPS

_ADDED = """
33 0113 [2021-]临平区
33 0114 [2021-]钱塘区
99 0100 [2000-]演示市
99 0121 [2000-]示例县
99 0122 [2000-]试例县
99 0123 [2000-]演示旗
99 0124 [2000-]样例区
99 0125 [2000-]样例市
"""
_PROVINCE_NAMES = {"81": "香港特别行政区", "82": "澳门特别行政区", "99": "演示省"}
_SUCCESSORS = {"330103": "330105", "330104": "330102", "330184": "330110", "330125": "330110"}
"""Successors that names do not tell. All others: same prefecture, same stem (海安县 → 海安市)."""
_SPLIT = {"330110": {"330113", "330114"}}
"""Counties that lost townships to new ones: people still write the old county before them."""

_PERIOD = re.compile(r"(?:\[(\d{4})?-(\d{4})?\])?([^,\[\]]+)")
_NOT_A_PLACE = frozenset(
    {"市辖区", "县", "市区", "省直辖县级行政区划", "自治区直辖县级行政区划", "省直辖行政单位", "省直辖县级行政单位"}
)
_PEOPLES = re.compile(
    r"(蒙古族|蒙古|回族|回|藏族|藏|维吾尔|苗族|彝族|壮族|布依族|朝鲜族|满族|侗族|瑶族|白族|土家族|哈尼族|哈萨克|傣族|黎族|傈僳族|佤族|畲族|拉祜族"
    r"|水族|纳西族|景颇族|柯尔克孜|土族|达斡尔族|仫佬族|羌族|布朗族|撒拉族|毛南族|仡佬族|锡伯|塔吉克|怒族|独龙族|裕固族|保安族|东乡族|普米族|各族)+"
    r"(?=自治)"
)
_SHORT = {"内蒙古自治区": "内蒙古", "西藏自治区": "西藏"}
_SUFFIX = re.compile(r"(特别行政区|新区|自治区|自治州|自治县|自治旗|林区|特区|地区|省|市|区|县|旗|盟)$")
_ABROAD = "国外 境外 海外 出国 港澳台 美国 日本 韩国 英国 法国 德国 加拿大 澳大利亚 新加坡 意大利 西班牙 俄罗斯 非洲 欧洲 越南 泰国 马来西亚"
_VAGUE = "外地 外省 省外 外省市 省内 市内 县外 外出 不详 不定 不固定 流动 未知 无 在外"


@dataclass(frozen=True, slots=True)
class Division:
    """One name of one code. `code` has 6 digits (9 for a township); years as far as known, `valid_to` None while in force."""

    code: str
    name: str
    valid_from: int | None = None
    valid_to: int | None = None

    @property
    def level(self) -> int:
        """1 province, 2 prefecture, 3 county, 4 township."""
        if len(self.code) == 9:
            return 4
        return 1 if self.code.endswith("0000") else 2 if self.code.endswith("00") else 3


def stem(name: str) -> str:
    """The short form people say: 余杭区 余杭, 内蒙古自治区 内蒙古, 恩施土家族苗族自治州 恩施. Two characters at least."""
    short = _SHORT.get(name) or _SUFFIX.sub("", _PEOPLES.sub("", name))
    return short if len(short) >= 2 else name


@lru_cache(maxsize=1)
def _table() -> dict[str, tuple[Division, ...]]:
    """Code → its names in time, the one in force (or the last) at the end."""
    table: dict[str, list[Division]] = {}
    province = ""
    packaged = resources.files("stdnum.cn").joinpath("loc.dat").read_text(encoding="utf-8")
    lines = [line for line in packaged.splitlines() if not line.startswith("#")]
    for line in lines:
        if match := re.match(r'^(\d\d) province="([^"]+)"', line):
            province = match[1]
            name = _PROVINCE_NAMES.get(province, match[2])
            table[f"{province}0000"] = [Division(f"{province}0000", name)]
        elif match := re.match(r'^ +(\d{4}) county="([^"]*)"', line):
            _add(table, province, match[1], match[2])
    for line in _ADDED.strip().splitlines():
        province, rest, names = line.split()
        table.setdefault(f"{province}0000", [Division(f"{province}0000", _PROVINCE_NAMES.get(province, ""))])
        _add(table, province, rest, names)
    return {code: tuple(sorted(names, key=lambda d: d.valid_to or 9999)) for code, names in table.items()}


def _add(table: dict[str, list[Division]], province: str, rest: str, names: str) -> None:
    if rest == "0000":
        return
    for start, end, name in _PERIOD.findall(names):
        if name not in _NOT_A_PLACE:
            division = Division(f"{province}{rest}", name, int(start) if start else None, int(end) if end else None)
            table.setdefault(division.code, []).append(division)


def find(code: str) -> Division | None:
    """The division of a 6- or 9-digit code: the name in force, or its last one; None when unknown."""
    if len(code) == 9:
        name = TOWNSHIPS.get(code[:6], {}).get(code)
        return Division(code, name) if name else None
    names = _table().get(code)
    return names[-1] if names else None


def name_in(code: str, year: int) -> str:
    """The name a code had in a year: what an old identity number or paper means. Empty when unknown."""
    for division in _table().get(code, ()):
        if (division.valid_from or 0) <= year <= (division.valid_to or 9999):
            return division.name
    return ""


def parents(code: str) -> Iterator[Division]:
    """From the province down to the code itself, levels that exist only (a municipality has no prefecture)."""
    for candidate in dict.fromkeys((f"{code[:2]}0000", f"{code[:4]}00", code[:6], code)):
        if (division := find(candidate)) is not None:
            yield division


def full_name(code: str) -> str:
    """浙江省杭州市余杭区五常街道 for 330110005; empty for an unknown code."""
    return "".join(division.name for division in parents(code)) if find(code) else ""


def provinces() -> list[Division]:
    """All provinces in the order of their codes, the demo's invented one aside."""
    return [names[-1] for code, names in sorted(_table().items()) if code.endswith("0000") and code[:2] != "99"]


def children(code: str) -> list[Division]:
    """Divisions in force one level below a 6-digit code."""
    if code in TOWNSHIPS:
        return [Division(*item) for item in TOWNSHIPS[code].items()]
    level = find(code)
    prefix = code[:2] if level and level.level == 1 else code[:4]
    below = [d[-1] for c, d in sorted(_table().items()) if c.startswith(prefix) and c != code and not d[-1].valid_to]
    nearest = min((d.level for d in below), default=0)
    return [d for d in below if d.level == nearest]


@lru_cache(maxsize=1)
def _successors() -> dict[str, str]:
    """Ended code → code that took its place: of the same stem in the prefecture, else the only one in the country."""
    current: dict[tuple[str, str], list[str]] = {}
    for code, names in _table().items():
        if not names[-1].valid_to:
            for area in (code[:4], ""):
                current.setdefault((area, stem(names[-1].name)), []).append(code)
    found = {}
    for code, names in _table().items():
        if names[-1].valid_to:
            near, anywhere = (current.get((area, stem(names[-1].name)), []) for area in (code[:4], ""))
            if near or len(anywhere) == 1:
                found[code] = (near or anywhere)[0]
    return found | _SUCCESSORS


def successor(code: str) -> str:
    """The code that stands today for a code; the code itself while in force or when no successor is known."""
    return _successors().get(code, code)


@dataclass(frozen=True, slots=True)
class Place:
    """What a place text means. `confidence` 0…1; below `SURE` a person confirms. `candidates` when several codes fit.

    `hints`: codes of what to tell: `renamed` (an old name), `ended` (no successor known), `moved` (township belongs to another county now), `ambiguous`,
    `abroad`, `vague`, `unread`. `rest` is the part of the text no division explains (road, house, firm).
    """

    code: str | None
    confidence: float
    text: str
    rest: str = ""
    hints: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The full name of the code, or an empty text."""
        return full_name(self.code) if self.code else ""


SURE = 0.9


@lru_cache(maxsize=1)
def _names() -> dict[str, tuple[tuple[str, bool, bool], ...]]:
    """Spoken or written name → (code, is the full name, is in force)."""
    index: dict[str, set[tuple[str, bool, bool]]] = {}
    for code, names in _table().items():
        for division in names:
            for name in {division.name, stem(division.name)}:
                index.setdefault(name, set()).add((code, name == division.name, not division.valid_to))
    for towns in TOWNSHIPS.values():
        for code, town in towns.items():
            index.setdefault(town, set()).add((code, True, True))
            short = re.sub(r"(街道|镇|乡)$", "", town)
            if len(short) >= 2:
                index.setdefault(short, set()).add((code, False, True))
    index.setdefault("内蒙", set()).add(("150000", False, True))
    return {name: tuple(sorted(codes)) for name, codes in index.items()}


@dataclass(frozen=True, slots=True)
class _Path:
    """A partial explanation of the text: codes from above to below, and how far it reaches."""

    codes: tuple[str, ...]
    position: int
    shorts: int
    hints: frozenset[str]

    @property
    def rank(self) -> tuple[int, int, int, int]:
        """Better explanations first: more characters, fewer hints, fewer short names, higher level."""
        return (-self.position, len(self.hints), self.shorts, len(_significant(self.codes[-1])))


def _significant(code: str) -> str:
    return code if len(code) == 9 else re.sub(r"(00){1,2}$", "", code)


def _extend(path: _Path, text: str) -> Iterator[_Path]:
    for length in range(min(14, len(text) - path.position), 1, -1):
        for code, is_full, is_current in _names().get(text[path.position : path.position + length], ()):
            hints = path.hints
            today = code if is_current else successor(code)
            if not is_current:
                hints = hints | {"renamed"}
                if (ended := find(today)) is not None and ended.valid_to:
                    hints = hints | {"ended"}
            if path.codes:
                above = _significant(path.codes[-1])
                inside = _significant(today).startswith(above) and _significant(today) != above
                moved = path.codes[-1] in _SPLIT and today[:6] in _SPLIT[path.codes[-1]]
                if not inside and not moved:
                    continue
                hints = hints | {"moved"} if moved else hints
            if today.startswith("99") and not path.codes and not is_full:
                continue
            yield _Path((*path.codes, today), path.position + length, path.shorts + (not is_full), hints)


def _explanations(text: str) -> list[_Path]:
    done: list[_Path] = []
    open_paths = [_Path((), 0, 0, frozenset())]
    while open_paths:
        path = open_paths.pop()
        longer = list(_extend(path, text))
        if path.codes:
            done.append(path)
        open_paths.extend(longer)
    return sorted(done, key=lambda path: path.rank)


def parse_place(text: str) -> Place:
    """The best code for a place as people write it: 浙江杭州, 杭州余杭, 余杭区五常街道, 上海, 外地, 国外, 330110."""
    plain = re.sub(r"[\s\-—·/\\,,、。.()（）:：;；>]", "", unicodedata.normalize("NFKC", text)).removeprefix("中国")
    if not plain:
        return Place(None, 0.0, text)
    if re.fullmatch(r"\d{6}|\d{9}", plain):
        today = successor(plain) if find(plain) else None
        hints = ("renamed",) if today and today != plain else () if today else ("unread",)
        return Place(today, 1.0 if today and not hints else 0.8 if today else 0.0, text, hints=hints)
    paths = _explanations(plain[:60])
    if not paths:
        abroad = any(word in plain for word in _ABROAD.split())
        vague = any(plain.startswith(word) for word in _VAGUE.split())
        return Place(None, 0.0, text, plain, ("abroad" if abroad else "vague" if vague else "unread",))
    best = paths[0]
    code: str | None = best.codes[-1]
    level = len(_significant(best.codes[-1]))
    equal = dict.fromkeys(path.codes[-1] for path in paths if path.rank[:3] == best.rank[:3])
    rivals = tuple(c for c in equal if c == code or not c.startswith(_significant(best.codes[-1])))
    told = sorted(best.hints)
    confidence = 1.0 - min(0.1, 0.05 * best.shorts) - 0.15 * len(told)
    if len(best.codes) == 1 and level == 9:
        confidence = 0.5  # a township alone: the table of townships is not the whole country
    elif len(best.codes) == 1 and best.shorts and level == 6:
        confidence -= 0.15
    if len(rivals) > 1 and level > 2:
        told.append("ambiguous")
        confidence = 0.6
        if sum(len(_significant(rival)) == level for rival in rivals) > 1:
            code, confidence = None, 0.3
    else:
        rivals = ()
    return Place(code, round(confidence, 2), text, plain[best.position :], tuple(told), rivals)
