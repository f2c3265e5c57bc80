"""Invented people for the demo: deterministic, clearly nobody, and spread over real townships as members really are.

Names are a surname with 示, 例, 演 or 试; identity numbers are valid and impossible (`citizen_id.invent`); telephones
begin with 154; villages, branches, firms and roads are invented. A county has the same people every day; what is dated of
them moves along with the day.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache

from web.tenants.counties.divisions import full_name
from web.tenants.counties.townships import TOWNSHIPS
from web.tenants.members import citizen_id
from web.tenants.members.codes import Gender, MemberKind
from web.tenants.members.dates import PartialDate

DEMO_DAY = date(2026, 11, 23)
COUNTIES = {"340828": 260, "331124": 190, "330110": 150}
"""County → how many members its register has."""

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许邓韩冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏"
    "储柳蓝雷单仇"
)
_MIDDLE = "示例演试"
_LAST = "甲乙丙丁戊己庚辛壬癸一二三四五六七八九"
_EDGE_NAMES = ("王示", "阿依·示例", "㛃示", "欧阳示范")
"""王示 is written with a full-width blank in the register."""

_VILLAGES = ("示例", "演示", "样例")
_INVENTED_PREFIXES = ("990121", "990122", "990123", "990124")
_FIRMS = (
    "演示电子有限公司", "示例家纺有限公司", "样例网络科技有限公司", "试例建筑劳务有限公司", "演示物流有限公司", "示例餐饮店", "样例服装加工厂",
    "演示家政服务部", "示例汽车配件有限公司", "试例装饰工程部",
)  # fmt: skip
_INDUSTRIES = (
    "电子制造", "家纺", "互联网", "建筑", "物流快递", "餐饮", "服装加工", "家政服务", "汽车配件", "装修",
)  # fmt: skip
_ELSEWHERE = ("310115", "320500", "330212", "330106", "440300", "340100", "330100", "330113001")
_AREA_CODES = {"340828": "0556", "331124": "0578", "330110": "0571"}
_EDUCATIONS = (("70", 22), ("60", 26), ("41", 8), ("31", 18), ("21", 20), ("14", 3), ("81", 3))
_REASONS = (("10", 62), ("20", 16), ("40", 10), ("30", 5), ("50", 4), ("80", 3))


@dataclass(frozen=True, slots=True)
class Village:
    """A village or community and the branch in it. All names below the township are invented."""

    township_code: str
    township: str
    name: str

    @property
    def branch(self) -> str:
        """示例村党支部, unique within its township."""
        return f"{self.name}党支部"


@dataclass(frozen=True, slots=True)
class Person:
    """One invented member as the home county's register knows him or her. Away: `left` is set."""

    name: str
    gender: Gender
    ethnicity: str
    citizen_id: str
    birth: PartialDate
    education: str
    joined: PartialDate
    confirmed: PartialDate | None
    kind: MemberKind
    village: Village
    phone: str
    landline: str = ""
    left: PartialDate | None = None
    expected_until: PartialDate | None = None
    reason: str | None = None
    host_division: str | None = None
    host_address: str | None = None
    work_unit: str | None = None
    industry: str | None = None
    certificate_no: str | None = None
    host_branch: str | None = None
    host_contact: str | None = None
    has_reported_in: bool | None = None
    dues_paid_until: PartialDate | None = None
    last_activity: PartialDate | None = None
    home_contact: str | None = None
    home_contact_phone: str | None = None


@lru_cache(maxsize=8)
def villages(county: str) -> tuple[Village, ...]:
    """The invented villages (communities in streets) of a county, two or three in each real township."""
    found: list[Village] = []
    for position, (code, township) in enumerate(TOWNSHIPS[county].items()):
        kind = "社区" if township.endswith("街道") else "村"
        count = 3 if position % 4 == 0 else 2
        found.extend(Village(code, township, f"{name}{kind}") for name in _VILLAGES[:count])
    return tuple(found)


@lru_cache(maxsize=8)
def people(county: str, today: date = DEMO_DAY) -> tuple[Person, ...]:
    """All members of a county's register, in the order of the register (township, branch). KeyError: no demo county."""
    return _Generator(county, today).run(COUNTIES[county])


class _Generator:
    """Makes people one after another; remembers which names, numbers and telephones are taken."""

    def __init__(self, county: str, today: date) -> None:
        self.county, self.today = county, today
        # Not of the day: who lives where decides what the scenes find, and must not be drawn anew every morning.
        self.rng = random.Random(f"kiteline demo {county}")
        self.names: set[str] = set()
        self.numbers: set[str] = set()
        self.serial = 0
        self.telephone = (list(COUNTIES).index(county) + 1) * 10_000_000

    def run(self, count: int) -> tuple[Person, ...]:
        places = villages(self.county)
        spread = [places[position % len(places)] for position in range(count)]
        spread.sort(key=lambda village: (village.township_code, _VILLAGES.index(village.name[:2])))
        edges = dict(zip(range(3, count, max(4, count // 5)), _EDGE_NAMES, strict=False))
        found = [self._person(spread[position], edges.get(position)) for position in range(count)]
        # one name twice, born in different years: two people, never to be merged
        twin = self._person(found[-1].village, found[count // 2].name)
        return (*found[:-1], twin)

    def _person(self, village: Village, name: str | None) -> Person:
        rng = self.rng
        gender = Gender.FEMALE if rng.random() < 0.31 else Gender.MALE
        ethnicity = "01"
        if self.county == "331124" and rng.random() < (0.6 if "畲" in village.township else 0.06):
            ethnicity = "22"
        if name == "阿依·示例":
            ethnicity, gender = "05", Gender.FEMALE
        born = date(self._year_of_birth(), rng.randint(1, 12), rng.randint(1, 28))
        number = self._number(born, gender)
        education = self._weighted(_EDUCATIONS)
        joined, confirmed, kind = self._joining(born)
        person = Person(
            name or self._name(ethnicity), gender, ethnicity, number, PartialDate.of(born), education, joined, confirmed,
            kind, village, self._phone(),
            landline=f"{_AREA_CODES[self.county]}-8{rng.randint(0, 9999):04d}000"[:13] if rng.random() < 0.05 else "",
            dues_paid_until=self._months_ago(rng.choice((0, 0, 1, 1, 1, 2, 2, 3, 5))),
            last_activity=PartialDate.of(self.today - timedelta(days=rng.randint(5, 200))),
        )  # fmt: skip
        away = rng.random() < (0.3 if self.county == "330110" else 0.86)
        return self._away(person) if away else person

    def _away(self, person: Person) -> Person:
        rng = self.rng
        earliest = max(date(2017, 1, 1), person.joined.last)
        # A month ago or more: where only the month is known, it is over.
        days = max(31, (self.today - earliest).days - 40)
        left = self.today - timedelta(days=31 + int(rng.random() * (days - 30)))  # one draw, however many days
        until = left + timedelta(days=365 * rng.randint(1, 8))
        while until < self.today + timedelta(days=30):
            until += timedelta(days=365)
        near = self.county != "330110" and rng.random() < 0.82
        if near:
            host = rng.choice(list(TOWNSHIPS["330110"])) if rng.random() < 0.8 else "330110"
        else:
            host = rng.choice(_ELSEWHERE)
        works = rng.randrange(len(_FIRMS))
        reason = self._weighted(_REASONS)
        is_working = reason in {"10", "20", "80"}
        has_branch = near and len(host) == 9 and rng.random() < 0.55
        self.serial += 1
        return replace(
            person,
            left=PartialDate.of(left) if rng.random() < 0.7 else PartialDate(left.year, left.month),
            expected_until=PartialDate(until.year, until.month) if rng.random() < 0.8 else None,
            reason=reason,
            host_division=host,
            host_address=f"{rng.choice(_VILLAGES)}路{rng.randint(1, 300)}号{rng.choice(_VILLAGES)}小区{rng.randint(1, 30)}幢",
            work_unit=_FIRMS[works] if is_working else None,
            industry=_INDUSTRIES[works] if is_working else None,
            certificate_no=f"{self.county}-{max(left.year, 2019)}-{self.serial:05d}" if rng.random() < 0.45 else None,
            host_branch=self._host_branch(host) if has_branch else None,
            host_contact=f"{self._name('01', keep=False)} {self._phone()}" if has_branch else None,
            has_reported_in=True if has_branch else None,
            home_contact=self._name("01", keep=False),
            home_contact_phone=self._phone(),
        )  # fmt: skip

    def _host_branch(self, township: str) -> str:
        """A branch of the host, as members name it: township and branch in one."""
        village = self.rng.choice([v for v in villages(township[:6]) if v.township_code == township])
        return f"{village.township}{village.branch}"

    def _year_of_birth(self) -> int:
        """Most floating members are between 25 and 55."""
        return int(self.rng.triangular(1952, 2005, 1984))

    def _joining(self, born: date) -> tuple[PartialDate, PartialDate | None, MemberKind]:
        rng = self.rng
        if rng.random() < 0.04 and born.year <= 2002:
            recent = self.today - timedelta(days=rng.randint(40, 320))
            return PartialDate.of(recent), None, MemberKind.PROBATIONARY
        latest = self.today - timedelta(days=400)
        joined = born + timedelta(days=int(365.25 * rng.triangular(19, 38, 23)))
        joined = min(joined, latest)
        exact = rng.random() < 0.75
        confirmed = joined + timedelta(days=365)
        if exact:
            return PartialDate.of(joined), PartialDate.of(confirmed), MemberKind.FULL
        return PartialDate(joined.year, joined.month), PartialDate(confirmed.year, confirmed.month), MemberKind.FULL

    def _number(self, born: date, gender: Gender) -> str:
        """Rule B (a real prefix with a centenarian's sequence) mostly, rule A (a prefix of no province) for the rest."""
        rng, odd = self.rng, gender == Gender.MALE
        while True:
            if rng.random() < 0.7:
                number = citizen_id.invent(self.county, born, rng.choice((997, 999) if odd else (996, 998)))
            else:
                number = citizen_id.invent(rng.choice(_INVENTED_PREFIXES), born, rng.randrange(1 if odd else 2, 900, 2))
            if number not in self.numbers:
                self.numbers.add(number)
                return number

    def _name(self, ethnicity: str, *, keep: bool = True) -> str:
        while True:
            surname = self.rng.choice("蓝雷钟") if ethnicity == "22" else self.rng.choice(_SURNAMES)
            name = surname + self.rng.choice(_MIDDLE) + self.rng.choice(_LAST)
            if not keep or name not in self.names:
                if keep:
                    self.names.add(name)
                return name

    def _phone(self) -> str:
        self.telephone += self.rng.randint(1, 2000)
        return f"154{self.telephone:08d}"

    def _months_ago(self, months: int) -> PartialDate:
        month = self.today.year * 12 + self.today.month - 1 - months
        return PartialDate(month // 12, month % 12 + 1)

    def _weighted(self, choices: tuple[tuple[str, int], ...]) -> str:
        return self.rng.choices([code for code, _ in choices], [weight for _, weight in choices])[0]


def host_text(person: Person) -> str:
    """The place of the flow in full, as a careful clerk writes it."""
    return full_name(person.host_division) if person.host_division else ""
