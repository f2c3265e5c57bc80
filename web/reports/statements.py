"""The report of one agreement, or of several together, composed from this county's rows: what the screen shows and the paper prints.

A county reports the directions it takes part in, its own members there and theirs here. What happens between other
parties of the same agreement is theirs to report, and never reaches this county.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from web.core import clock
from web.core.errors import NotFound
from web.core.scopes import SCOPES
from web.extensions import db
from web.federation.agreements import duties
from web.federation.agreements import service as agreements
from web.federation.agreements.models import Agreement, AgreementState, AgreementVersion, DutyKind, VersionState
from web.federation.agreements.standing import over_on
from web.federation.agreements.texts import CATEGORIES
from web.federation.post import keys
from web.federation.request_kinds import REQUEST_KINDS
from web.reports import figures
from web.reports.agreement_report import AgreementReport
from web.reports.counting import Value
from web.reports.directions import HELP_COUNTED, SCOPE_COLUMNS, Direction, Help, Item, Month, ScopeUse, Step
from web.reports.documents import PARTY_STEMS, Party
from web.reports.figures import ALL, Counts, Span, Way, Word
from web.reports.metrics import Figure, figure, withheld
from web.reports.periods import Period, offered
from web.tenants.counties import service as counties

# Scopes that carry records of persons; S0 and S1 do not. Which of their columns can be counted at all.
PERSONAL = dict.fromkeys(("S2", "S3", "S4", "S6"), SCOPE_COLUMNS) | {
    # One document of both counties: its readings are not counted (FED/1 §6), and nobody destroys it for the other.
    "S5": tuple(code for code in SCOPE_COLUMNS if code not in ("shares.reads", "purges.proved"))
}
# A direction exists where home may give the host one of these: notices, transfers.
MOVING = ("S2", "S4")


@dataclass(frozen=True)
class Statement:
    """The report, for each of its directions whose it is, and the agreements it counts for."""

    report: AgreementReport
    ways: tuple[Way, ...]
    agreement_ids: tuple[UUID, ...]


REPORTED = (AgreementState.ACTIVE, AgreementState.WINDING_DOWN, AgreementState.CLOSED)
"""Of agreements that took effect, those in force first."""


def standing() -> list[Agreement]:
    """Every agreement that took effect here, those in force first."""
    query = db.select(Agreement).where(Agreement.state.in_(REPORTED))
    return sorted(db.session.scalars(query), key=lambda a: (REPORTED.index(a.state), a.number))


def of_subject(subject_id: UUID) -> list[Agreement]:
    """What a report is about: one agreement, or all of them when its subject is the county itself. NotFound otherwise."""
    return standing() if subject_id == counties.own().uid else [agreements.get(subject_id)]


def in_effect(given: Sequence[Agreement]) -> dict[UUID, list[AgreementVersion]]:
    """Versions of each that ever took effect, the first one first; one query."""
    query = db.select(AgreementVersion).where(
        AgreementVersion.agreement_id.in_([a.id for a in given]),
        AgreementVersion.state.in_([VersionState.EFFECTIVE, VersionState.SUPERSEDED]),
        AgreementVersion.effective_on.is_not(None),
    )
    found: dict[UUID, list[AgreementVersion]] = {}
    for version in db.session.scalars(query.order_by(AgreementVersion.effective_on, AgreementVersion.version)):
        found.setdefault(version.agreement_id, []).append(version)
    return found


def _days(agreement: Agreement, versions: Sequence[AgreementVersion]) -> tuple[date, date]:
    is_over = agreement.state == "closed"
    last = clock.day(agreement.state_at) if is_over else clock.today()
    return min(versions[0].effective_on or last, last), last


def reported(given: Sequence[Agreement]) -> dict[UUID, tuple[date, date]]:
    """The days that can be reported on: the first one in effect until today, or until it was closed. Absent: never in effect."""
    versions = in_effect(given)
    return {a.id: _days(a, versions[a.id]) for a in given if a.id in versions}


def whole(days: Collection[tuple[date, date]]) -> tuple[date, date] | None:
    """From the first of all to the last; None of none."""
    return (min(first for first, _ in days), max(last for _, last in days)) if days else None


def periods(given: Sequence[Agreement]) -> list[Period]:
    """Half-years, newest first, then years, in which any of them can be reported on."""
    days = whole(reported(given).values())
    return offered(*days) if days else []


def compose(of: Sequence[Agreement], period: Period, *, code: str = "", link: str = "", words: str = "") -> Statement:
    """The report as of now, of the given agreements together. NotFound for a period in which none of them was in effect,
    or that has not begun.
    """
    versions = in_effect(of)
    days = {a.id: _days(a, versions[a.id]) for a in of if a.id in versions}
    given, then = ([a for a in of if a.id in days and each.meets(*days[a.id])] for each in (period, period.before))
    if not given:
        raise NotFound()
    statement = _compose([_text(a, versions[a.id], period) for a in given], period, code, link)
    # What ended since was reported then: 上期 says what that period's own report says.
    texts = [_text(a, versions[a.id], period.before) for a in then]
    previous = _compose(texts, period.before, "", "").report if texts else None
    return replace(statement, report=replace(statement.report, previous=previous, words=words))


@dataclass(frozen=True)
class _Text:
    """An agreement with the text that was in effect at the end. `in_turn`: those that were in the period, this one the last."""

    agreement: Agreement
    text: dict[str, Any]
    in_turn: tuple[dict[str, Any], ...]


def _text(agreement: Agreement, versions: Sequence[AgreementVersion], period: Period) -> _Text:
    days = [(v.effective_on, v.text) for v in versions if v.effective_on and v.effective_on <= period.ends_on]
    last = days[-1][1] if days else versions[0].text
    if last is None:
        raise NotFound()
    before = [text for (_, text), (over, _) in itertools.pairwise(days) if over > period.starts_on and text]
    return _Text(agreement, last, (*before, last))


def _compose(found: Sequence[_Text], period: Period, code: str, link: str) -> Statement:
    span = Span.of([each.agreement.id for each in found], period)
    own, is_many = counties.own(), len(found) > 1
    parties = {p["uid"]: p for each in found for p in each.text["parties"]}
    # Who left within the period, and what was granted in it for a time, has figures of it all the same.
    texts = [text for each in found for text in each.in_turn]
    everyone = {p["uid"]: p for text in texts for p in text["parties"]}
    names = {UUID(uid): p["name"] for uid, p in everyone.items()}
    codes = {p["code"]: UUID(uid) for uid, p in everyone.items() if UUID(uid) != own.uid}
    grants = [g for text in texts for g in text["grants"]]
    ways = _ways(grants, own.uid, codes.values())
    counted = [
        figures.flows(codes, span.ends_on), figures.members(span), figures.transfers(span), figures.cosigned(span),
    ]  # fmt: skip
    directions = tuple(_direction(way, own.name, names, period, counted) for way in ways)
    used, few = _used(span, list(codes.values())), scopes_of_few(ways, directions)
    over, progress = over_on(span.agreement_ids, own.uid), figures.progress(span)
    report = AgreementReport(
        issuer=own.office,
        code=code,
        link=link,
        made_at=clock.now(),
        is_demo=own.is_demo,
        name=f"{own.name}与{len(parties.keys() - {str(own.uid)})}个县（市、区）共管共育" if is_many else found[0].text["title"],
        number="" if is_many else found[0].text["number"],
        several=tuple((t.text["title"], t.text["number"]) for t in found) if is_many else (),
        period=period,
        data_until=span.ends_on,
        parties=_parties(list(parties.values()), own.uid, is_many=is_many),
        directions=directions,
        items=_items(found, period, progress, own.uid, names, over),
        scopes=tuple(
            ScopeUse(
                f"{scope} {SCOPES[scope].label}",
                scope_figures(scope, used, period, is_few=scope in few),
            )
            for scope in _scopes(grants, own.uid)
        ),
        helps=_helps(period, figures.helped(span)),
        missed=figure("duties.missed", figures.missed(span), period),
        months=_months(period, figures.months(span)),
        overall=tuple(figure(code, counts.get(ALL, {}).get(code), period) for counts, code in zip(
            counted[1:3], ("members.days_to_take_on", "transfers.days"), strict=True
        )),
        steps=_steps(found, own.uid, span.ends_on, parties, progress, over, is_many=is_many),
    )  # fmt: skip
    return Statement(report, ways, span.agreement_ids)


# What a scope provides is the sum of one column over the directions in which we give it, where nothing ended or was left out.
SUMS = {"S2": ("home", "members.shared"), "S4": ("home", "transfers.opened"), "S5": ("host", "cosign.persons")}


def scopes_of_few(ways: Sequence[Way], directions: Sequence[Direction]) -> set[str]:
    """Scopes of which a direction's own number is masked: it is what the others' leave of the sum."""
    return {
        scope
        for scope, (role, code) in SUMS.items()
        if any(way.role == role and it.shown[code].is_masked for way, it in zip(ways, directions, strict=True))
    }


def scope_figures(
    scope: str, used: Mapping[str, Mapping[str, int]], period: Period, *, is_few: bool
) -> tuple[Figure, ...]:
    """One figure a column; what was provided is withheld, unless it is masked itself, where it would tell a direction's few."""
    found = [figure(c, used[c].get(scope, 0) if c in PERSONAL[scope] else None, period) for c in SCOPE_COLUMNS]
    return tuple(
        withheld(each) if is_few and each.metric == "shares.provided" and each.is_shown and each.value else each
        for each in found
    )


def _ways(grants: list[dict[str, Any]], own: UUID, partners: Iterable[UUID]) -> tuple[Way, ...]:
    """The directions we take part in: where something that moves persons may be given, or all when nothing may."""
    given = {(UUID(g["owner"]), UUID(g["receiver"])) for g in grants if g["scope"] in MOVING}
    pairs = [(uid, role) for uid in partners for role in ("home", "host")]
    moving = [(uid, r) for uid, r in pairs if ((own, uid) if r == "home" else (uid, own)) in given] or pairs
    return tuple(Way(role, uid) for uid, role in moving)


def _leads(parties: list[dict[str, str]]) -> dict[str, str]:
    """uid → 甲方."""
    return {p["uid"]: f"{stem}方" for p, stem in zip(parties, PARTY_STEMS, strict=False)} | {"all": "各方"}


def _items(
    found: Sequence[_Text],
    period: Period,
    done: Mapping[tuple[UUID, str], Mapping[UUID, Word]],
    own: UUID,
    names: Mapping[UUID, str],
    over: Mapping[UUID, date],
) -> tuple[Item, ...]:
    """`over`: agreement → the day from which nothing of it is due any more."""
    made = []
    for each in found:
        leads = _leads(each.text["parties"])
        for item in each.text["items"]:
            said = {
                county: word
                for county, word in done.get((each.agreement.id, item["key"]), {}).items()
                if duties.is_of_this_term(each.text, item, word.on)
            }
            lead, due = leads[item["owner"]], date.fromisoformat(item["due"])
            if len(found) > 1 and item["owner"] != "all":
                lead = names[UUID(item["owner"])]
            made.append(
                Item(
                    CATEGORIES[item["category"]],
                    lead,
                    item["goal"],
                    figure("items.planned", 100, period, "%"),
                    figure("items.done", said[own].percent if own in said else None, period, "%"),
                    _said(said, own, names),
                    due if due < over.get(each.agreement.id, date.max) else None,
                    item["key"],
                    each.text["title"],
                    each.text["number"],
                )
            )
    return tuple(made)


def _months(period: Period, found: Mapping[str, Mapping[str, Value]]) -> tuple[Month, ...]:
    """Those that have begun; each number is of the period's days in that month."""
    return tuple(
        Month(first, tuple(figure(code, value, part) for code, value in found[f"{first:%Y-%m}"].items()))
        for first, part in zip(period.months, period.by_month, strict=True)
        if f"{first:%Y-%m}" in found
    )


def _helps(period: Period, found: Mapping[str, Mapping[str, Value]]) -> tuple[Help, ...]:
    """Kinds of which there was anything to tell, in their order."""
    return tuple(
        Help(kind.title, tuple(figure(code, found[name][code], period) for code in HELP_COUNTED), name)
        for name, kind in REQUEST_KINDS.items()
        if any(found.get(name, {}).values())
    )


# What the calendar asks for, as a report says it.
DUTIES = {
    DutyKind.RENEWAL: "协议期满，续签或者收尾",
    DutyKind.REVIEW: "联席会商",
    DutyKind.REGISTER: "名册核对",
    DutyKind.PARTICIPATION: "反馈参加组织生活情况",
    DutyKind.CHECK: "责任清单年度检查",
}
AHEAD = timedelta(days=183)


def _steps(
    found: Sequence[_Text],
    own: UUID,
    after: date,
    parties: Mapping[str, Mapping[str, str]],
    progress: Mapping[tuple[UUID, str], Mapping[UUID, Word]],
    over: Mapping[UUID, date],
    *,
    is_many: bool,
) -> tuple[Step, ...]:
    """What the agreements ask for in the half-year after, by day, as long as they hold and it is not done."""
    made, done = [], duties.done_by([each.agreement.id for each in found], after)
    for each in found:
        items = {item["key"]: item for item in each.text["items"]}
        leads = _leads(each.text["parties"])
        for kind, key, due in duties.ahead(each.text, own, after, after + AHEAD, done[each.agreement.id]):
            word = progress.get((each.agreement.id, key), {}).get(own)
            if word and word.percent == 100 and duties.is_of_this_term(each.text, items[key], word.on):
                continue
            if due >= over.get(each.agreement.id, date.max):
                continue
            what = DUTIES[kind] if kind in DUTIES else f"{CATEGORIES[items[key]['category']]}：{items[key]['goal']}"
            who = leads[items[key]["owner"]] if key else "各方"
            if is_many:
                what, who = (
                    f"{what}（{each.text['title']}）",
                    parties[items[key]["owner"]]["name"] if key and items[key]["owner"] != "all" else "各方",
                )
            made.append(Step(due, what, who))
    return tuple(sorted(made, key=lambda step: (step.on, step.what)))


def _scopes(grants: list[dict[str, Any]], own_uid: UUID) -> list[str]:
    ours = {g["scope"] for g in grants if str(own_uid) in (g["owner"], g["receiver"])}
    return [scope for scope in SCOPES if scope in ours and scope in PERSONAL]


def _used(span: Span, partners: list[UUID]) -> dict[str, dict[str, int]]:
    return {
        "shares.provided": figures.provided(span),
        "shares.reads": figures.reads(span, partners),
        "notices.recorded": figures.recorded(span, partners),
        "notices.withdrawn": figures.withdrawn(span, partners),
        "purges.proved": figures.purged(span),
    }


def _parties(parties: list[dict[str, str]], own_uid: UUID, *, is_many: bool) -> tuple[Party, ...]:
    """With the stems of the text; in a report of several agreements each would be another one, so they have none."""
    prints = keys.fingerprints()
    return tuple(
        Party(
            stem=stem,
            name=party["office"],
            county=party["name"],
            division=party["code"],
            fingerprint=prints[UUID(party["uid"])].replace(" ", "").lower(),
        )
        for stem, party in zip([""] * len(parties) if is_many else PARTY_STEMS, parties, strict=False)
    )


def _direction(way: Way, own: str, names: Mapping[UUID, str], period: Period, counted: Sequence[Counts]) -> Direction:
    """Nothing happened: all 0, no median. Flows to us are the partner's to count: nothing to tell."""
    assert way.partner_uid is not None
    partner = names[way.partner_uid]
    home, host = (own, partner) if way.role == "home" else (partner, own)
    counts: dict[str, Value] = {"flows.to_partner": None}
    for code, supplied in figures.SUPPLIED.items():
        if supplied in (figures.members, figures.transfers, figures.cosigned):
            counts[code] = None if code.endswith(("days", "days_to_take_on")) else 0
    for found in counted:
        counts |= found.get(way, {})
    return Direction(home, host, tuple(figure(code, value, period) for code, value in counts.items()))


def _said(done: Mapping[UUID, Word], own: UUID, names: Mapping[UUID, str]) -> str:
    """Our words on an item, then how far each other party says it is, with its words."""
    theirs = [
        f"{names[uid]}{word.percent}%{f'（{word.note}）' if word.note else ''}"
        for uid, word in done.items()
        if uid != own and uid in names
    ]
    return "；".join([*([done[own].note] if own in done and done[own].note else []), *theirs])
