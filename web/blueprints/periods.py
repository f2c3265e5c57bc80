"""Choosing a period on a page: one of those offered, or any two days; the same form wherever figures are asked for.

asked = periods.asked()                       # from the address: period=2026-1, or period= with from= and to=
asked.period                                  # None: nothing chosen yet, or asked.errors says what is wrong
{{ p.period(asked, offered) }}                # inside a form of the page; offered: web.reports.periods.offered(…)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from flask import request

from web.blueprints.words import FIELD_ERRORS
from web.core import clock
from web.core.errors import NotFound
from web.reports.periods import FIRST_YEAR, LONGEST, Period

LABELS = {"from": "自", "to": "至"}


@dataclass(frozen=True)
class Asked:
    """What was asked for: the period, or what is wrong beside which field; `values` as they were typed."""

    period: Period | None
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def is_typed(self) -> bool:
        """Did somebody already say days, or was told what is wrong with them?"""
        return bool(self.errors or self.values.get("from") or self.values.get("to"))

    @staticmethod
    def options(offered: Sequence[Period]) -> list[tuple[str, str]]:
        """Name and label of each, for a choice."""
        return [(each.name, each.label) for each in offered]

    def refused(self, name: str, code: str) -> Asked:
        """The same, with one thing wrong that only the caller knows."""
        return Asked(None, self.values, {name: [FIELD_ERRORS[code]]})


def named(name: str) -> Period:
    """The period of an address. NotFound for anything that is none."""
    try:
        return Period.named(name)
    except ValueError as error:
        raise NotFound from error


def asked() -> Asked:
    """The period this address or form asks for."""
    given = request.values
    values = {name: given.get(name, "").strip() for name in ("period", "from", "to")}
    if values["period"]:
        return Asked(named(values["period"]), values)
    if not values["from"] and not values["to"]:
        return Asked(None, values)
    days, wrong = dict[str, date](), dict[str, str]()
    for name in LABELS:
        try:
            days[name] = date.fromisoformat(values[name])
        except ValueError:
            wrong[name] = "not_a_date" if values[name] else "required"
    if not wrong:
        wrong = _unfit(days["from"], days["to"])
    if wrong:
        return Asked(None, values, {name: [FIELD_ERRORS[code]] for name, code in wrong.items()})
    return Asked(Period(days["from"], days["to"]), values)


def _unfit(first: date, last: date) -> dict[str, str]:
    if last > clock.today():
        return {"to": "in_the_future"}
    if last < first:
        return {"to": "before_first_day"}
    if first.year < FIRST_YEAR:
        return {"from": "period_too_early"}
    return {"from": "period_too_long"} if len(Period(first, last).months) > LONGEST else {}
