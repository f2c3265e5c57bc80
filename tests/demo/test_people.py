"""The invented people: nobody real, always the same, and read back by the real importer to exactly what was made."""

from collections import Counter
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest

from web.demo.people import COUNTIES, DEMO_DAY, Person, people, villages
from web.demo.register import workbook
from web.tenants.counties.townships import TOWNSHIPS
from web.tenants.imports.layouts import find_layout
from web.tenants.imports.reading import read_workbook
from web.tenants.imports.rows import Register, read_register
from web.tenants.members import citizen_id
from web.tenants.members.dates import PartialDate


def read_back(county: str) -> Register:
    return read_register(find_layout(read_workbook(workbook(county))), today=DEMO_DAY)


@pytest.mark.parametrize("county", COUNTIES)
def test_nobody_real_and_always_the_same(county: str) -> None:
    made = people(county)
    assert len(made) == COUNTIES[county]
    people.cache_clear()
    assert people(county) == made
    assert workbook(county) == workbook(county)
    for person in made:
        assert citizen_id.is_valid(person.citizen_id)
        assert citizen_id.is_invented(person.citizen_id)
        assert any(mark in person.name for mark in "示例演试")
        assert person.phone.startswith("154")
        assert len(person.phone) == 11
        assert str(citizen_id.birth_on(person.citizen_id)) == str(person.birth)
        assert person.village.township_code in TOWNSHIPS[county]
        assert person.joined.last.year - person.birth.year >= 18
        if person.left:
            assert person.left.last > person.joined.first
            assert person.left.last <= DEMO_DAY
    assert len({person.citizen_id for person in made}) == len(made)
    assert {person.village for person in made} == set(villages(county))


@pytest.mark.parametrize("county", COUNTIES)
def test_only_dates_move_with_the_day(county: str) -> None:
    dated = {
        "joined", "confirmed", "left", "expected_until", "dues_paid_until", "last_activity", "certificate_no",
    }  # fmt: skip

    def seen(person: Person) -> dict[str, object]:
        return {
            f.name: (v is None) if f.name in dated else v for f in fields(person) for v in [getattr(person, f.name)]
        }

    made = [seen(person) for person in people(county)]
    for days in (1, 2, 31, 38, 90, 365, 1000):
        assert [seen(person) for person in people(county, DEMO_DAY + timedelta(days=days))] == made, days


def test_no_number_or_telephone_is_shared_between_counties() -> None:
    everyone = [person for county in COUNTIES for person in people(county)]
    assert len({person.citizen_id for person in everyone}) == len(everyone) == 600
    phones = [phone for person in everyone for phone in (person.phone, person.home_contact_phone) if phone]
    assert len(set(phones)) == len(phones)


def test_most_of_the_home_counties_are_away_in_the_host() -> None:
    for county in ("340828", "331124"):
        hosts = Counter((person.host_division or "")[:6] for person in people(county) if person.left)
        assert hosts["330110"] > 0.6 * sum(hosts.values())
        assert len(hosts) > 4


def test_edge_names_and_namesakes_are_there() -> None:
    names = Counter(person.name for person in people("340828"))
    assert {"王示", "阿依·示例", "㛃示", "欧阳示范"} <= set(names)
    twins = [person for person in people("340828") if names[person.name] > 1]
    assert len(twins) >= 2
    assert len({person.birth for person in twins}) == len(twins)


@pytest.mark.parametrize("county", COUNTIES)
def test_the_real_importer_reads_the_register_back(county: str) -> None:
    read = read_back(county)
    assert [finding.text for row in read.bad for finding in row.errors] == []
    assert dict(read.skipped) == {"before_header": 2, "header": 1, "blank": 0, "footer": 2, "repeated_header": 0}
    assert (read.found.private, read.found.ignored, read.found.repeated) == ((), (), ())
    for person, row in zip(people(county), read.rows, strict=True):
        assert_same(person, row.values)
    told = Counter(finding.code for row in read.rows for finding in row.warnings)
    assert {"filled_down", "phone_several"} <= set(told) <= {
        "filled_down", "phone_several", "place_renamed", "place_confirm", "date_long_term", "id_fifteen", "flow_reason_guessed",
    }  # fmt: skip


def assert_same(person: Person, values: dict[str, Any]) -> None:
    for name in ("name", "gender", "ethnicity", "citizen_id", "birth", "joined", "confirmed", "kind", "left"):
        assert values[name] == getattr(person, name), name
    for name in (
        "expected_until",
        "reason",
        "host_address",
        "work_unit",
        "industry",
        "certificate_no",
        "host_branch",
        "host_contact",
    ):
        assert values[name] == getattr(person, name), name
    assert (values["township"], values["branch"]) == (person.village.township, person.village.branch)
    assert [str(phone) for phone in values["phones"]] == [
        number for number in (person.phone, person.landline) if number
    ]
    assert (values["host_place"].code if values["host_place"] else None) == person.host_division
    assert values["dues_paid_until"] == person.dues_paid_until
    assert isinstance(values["last_activity"], PartialDate)
    assert values["education"][0] == person.education[0]
