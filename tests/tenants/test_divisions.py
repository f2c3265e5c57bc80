"""Divisions and places: the national table with its history, the townships, and places as people write them."""

import pytest

from web.tenants.counties.divisions import (
    SURE,
    children,
    find,
    full_name,
    name_in,
    parse_place,
    provinces,
    stem,
    successor,
)
from web.tenants.counties.townships import TOWNSHIPS


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("340122", "安徽省合肥市肥东县"), ("340122103", "安徽省合肥市肥东县桥头集镇"), ("340122206", "安徽省合肥市肥东县牌坊回族满族乡"),
        ("330110013", "浙江省杭州市余杭区余杭街道"), ("330110012", "浙江省杭州市余杭区仓前街道"), ("340828100", "安徽省安庆市岳西县天堂镇"),
        ("331124001", "浙江省丽水市松阳县西屏街道"), ("320685100", "江苏省南通市海安市海安镇"), ("330225003", "浙江省宁波市象山县爵溪街道"),
        ("150221104", "内蒙古自治区包头市土默特右旗萨拉齐镇"), ("361128112", "江西省上饶市鄱阳县乐丰镇"), ("361128217", "江西省上饶市鄱阳县莲湖乡"),
        ("361129103", "江西省上饶市万年县梓埠镇"), ("361129200", "江西省上饶市万年县湖云乡"), ("331102103", "浙江省丽水市莲都区老竹畲族镇"),
        ("110000", "北京市"), ("320100", "江苏省南京市"), ("150203", "内蒙古自治区包头市昆都仑区"), ("330113", "浙江省杭州市临平区"),
        ("330114", "浙江省杭州市钱塘区"), ("000000", ""),
    ],
)  # fmt: skip
def test_full_names(code: str, name: str) -> None:
    assert full_name(code) == name


def test_the_three_counties_have_all_their_townships() -> None:
    assert {county: len(TOWNSHIPS[county]) for county in ("330110", "340828", "331124")} == {
        "330110": 12, "340828": 24, "331124": 19,
    }  # fmt: skip
    assert all(code.startswith(county) and len(code) == 9 for county, towns in TOWNSHIPS.items() for code in towns)
    assert [town.name for town in children("330110")][:3] == ["五常街道", "仁和街道", "良渚街道"]
    assert "临平区" in [county.name for county in children("330100")]
    assert "杭州市" in [prefecture.name for prefecture in children("330000")]
    assert len(provinces()) == 34


def test_old_codes_are_history_never_wrong() -> None:
    old = find("320621")
    assert old is not None
    assert (old.name, old.valid_to) == ("海安县", 2018)
    assert successor("320621") == "320685"
    assert (name_in("320621", 1990), name_in("320685", 1990)) == ("海安县", "")
    assert successor("330184") == successor("330125") == "330110"
    assert successor("340828") == "340828"


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("余杭区", "余杭"),
        ("内蒙古自治区", "内蒙古"),
        ("恩施土家族苗族自治州", "恩施"),
        ("浦东新区", "浦东"),
        ("鄞县", "鄞县"),
    ],
)
def test_stem(name: str, short: str) -> None:
    assert stem(name) == short


@pytest.mark.parametrize(
    ("text", "code", "sure", "hints"),
    [
        ("浙江杭州", "330100", True, ()), ("杭州余杭", "330110", True, ()), ("余杭区五常街道", "330110005", True, ()),
        ("上海", "310000", True, ()), ("上海浦东", "310115", True, ()), ("浙江省/杭州市/余杭区", "330110", True, ()),
        ("浙江省杭州市余杭区仓前街道示例路1号", "330110012", True, ()), ("内蒙古包头", "150200", True, ()), ("西藏拉萨", "540100", True, ()),
        ("吉林", "220000", True, ()), ("340828", "340828", True, ()),
        ("余杭", "330110", False, ()), ("海安县", "320685", False, ("renamed",)), ("杭州市余杭县", "330110", False, ("renamed",)),
        ("下城区", "330105", False, ("renamed",)), ("余杭临平", "330113", False, ("moved",)), ("余杭区塘栖镇", "330113100", False, ("moved",)),
        ("330184", "330110", False, ("renamed",)), ("重庆沙坪坝", "500106", True, ()),
        ("朝阳", "211300", False, ("ambiguous",)), ("北京朝阳区", "110105", True, ()), ("鼓楼区", None, False, ("ambiguous",)),
        ("天堂镇", "340828100", False, ()),
        ("外地", None, False, ("vague",)), ("国外", None, False, ("abroad",)), ("隔壁老地方", None, False, ("unread",)), ("", None, False, ()),
    ],
)  # fmt: skip
def test_places_as_people_write_them(text: str, code: str | None, sure: bool, hints: tuple[str, ...]) -> None:
    place = parse_place(text)
    assert (place.code, place.confidence >= SURE, place.hints) == (code, sure, hints)


def test_what_no_division_explains_is_kept_as_rest() -> None:
    place = parse_place("浙江杭州余杭 仓前 演示路1号示例小区2幢")
    assert place.code == "330110012"
    assert place.rest == "演示路1号示例小区2幢"
    assert place.name == "浙江省杭州市余杭区仓前街道"


def test_ambiguous_places_name_their_candidates() -> None:
    assert {"320106", "350102"} <= set(parse_place("鼓楼区").candidates)


def test_long_and_hostile_text_stays_fast() -> None:
    assert parse_place("海南" * 20_000).code is not None
    assert parse_place("县" * 100_000).code is None
