"""The report of one agreement, composed from this county's rows: what the screen shows and the paper prints.

A county reports the directions it takes part in, its own members there and theirs here. What happens between other
parties of the same agreement is theirs to report, and never reaches this county.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from web.core import clock
from web.core.errors import NotFound
from web.extensions import db
from web.federation.agreements.models import Agreement, AgreementVersion, VersionState
from web.federation.agreements.scopes import SCOPES
from web.federation.agreements.texts import CATEGORIES
from web.federation.post import keys
from web.federation.post.models import Peer
from web.reports import figures
from web.reports.agreement_report import MEMBER_ROWS, SCOPE_COLUMNS, AgreementReport, Direction, Item, Month, ScopeUse
from web.reports.documents import PARTY_STEMS, Party
from web.reports.figures import ALL, Counts, Span, Value, Way
from web.reports.metrics import Figure, figure
from web.reports.periods import Period, offered
from web.tenants.counties import service as counties

# Scopes that carry records of persons; S0 and S1 do not. Which of their columns can be counted at all.
PERSONAL = dict.fromkeys(("S2", "S3", "S4", "S6"), SCOPE_COLUMNS) | {"S5": SCOPE_COLUMNS[:4]}
# A direction exists where home may give the host one of these: notices, transfers.
MOVING = ("S2", "S4")


@dataclass(frozen=True)
class Statement:
    """The report, and for each of its directions whose it is."""

    report: AgreementReport
    ways: tuple[Way, ...]


def in_effect(agreement: Agreement) -> list[AgreementVersion]:
    """Versions that ever took effect, the first one first."""
    query = db.select(AgreementVersion).where(
        AgreementVersion.agreement_id == agreement.id,
        AgreementVersion.state.in_([VersionState.EFFECTIVE, VersionState.SUPERSEDED]),
        AgreementVersion.effective_on.is_not(None),
    )
    return list(db.session.scalars(query.order_by(AgreementVersion.effective_on, AgreementVersion.version)))


def reported(agreement: Agreement) -> tuple[date, date] | None:
    """The days that can be reported on: the first one in effect until today, or until it was closed. None: never in effect."""
    versions = in_effect(agreement)
    if not versions:
        return None
    is_over = agreement.state == "closed"
    last = agreement.state_at.astimezone(clock.CHINA).date() if is_over else clock.today()
    first = versions[0].effective_on or last
    return min(first, last), last


def periods(agreement: Agreement) -> list[Period]:
    """Half-years, newest first, and years that can be reported on."""
    days = reported(agreement)
    return offered(*days) if days else []


def compose(agreement: Agreement, period: Period, *, code: str = "", link: str = "") -> Statement:
    """The report as of now. NotFound for a period in which the agreement was not in effect, or that has not begun."""
    days = reported(agreement)
    if days is None or not period.meets(*days):
        raise NotFound()
    return _compose(agreement, period, code, link, is_with_previous=True)


def _compose(agreement: Agreement, period: Period, code: str, link: str, *, is_with_previous: bool) -> Statement:
    versions, span = in_effect(agreement), Span.of(agreement.id, period)
    by_then = [v for v in versions if v.effective_on is not None and v.effective_on <= span.ends_on]
    version = (by_then or versions)[-1]
    text = version.text
    if text is None:
        raise NotFound()
    own, names = counties.own(), {UUID(p["uid"]): p["name"] for p in text["parties"]}
    codes = {p["code"]: UUID(p["uid"]) for p in text["parties"] if UUID(p["uid"]) != own.uid}
    given = {(UUID(g["owner"]), UUID(g["receiver"])) for g in text["grants"] if g["scope"] in MOVING}
    pairs = [(uid, role) for uid in codes.values() for role in ("home", "host")]
    moving = [(u, r) for u, r in pairs if ((own.uid, u) if r == "home" else (u, own.uid)) in given] or pairs
    ways = tuple(Way(role, uid) for uid, role in moving)
    flows, members, transfers = figures.flows(codes, span.ends_on), figures.members(span), figures.transfers(span)
    scopes = _scopes(text["grants"], own.uid)
    used = _used(span, list(codes.values()))
    done = figures.progress(span)
    stems = dict(zip((p["uid"] for p in text["parties"]), PARTY_STEMS, strict=False))
    report = AgreementReport(
        issuer=own.office,
        code=code,
        link=link,
        made_at=clock.now(),
        is_demo=own.is_demo,
        name=text["title"],
        number=text["number"],
        period=period,
        data_until=span.ends_on,
        parties=_parties(text["parties"], own.uid),
        directions=tuple(_direction(way, own.name, names, period, flows, members, transfers) for way in ways),
        items=tuple(
            Item(
                CATEGORIES[item["category"]],
                "各方" if item["owner"] == "all" else f"{stems[item['owner']]}方",
                item["goal"],
                figure("items.planned", 100, period, "%"),
                figure("items.done", done.get(item["key"], {}).get(own.uid, (None, ""))[0], period, "%"),
                _said(done.get(item["key"], {}), own.uid, names),
            )
            for item in text["items"]
        ),
        scopes=tuple(
            ScopeUse(
                f"{scope} {SCOPES[scope].short}",
                tuple(
                    figure(c, used[c].get(scope, 0) if c in PERSONAL[scope] else None, period) for c in SCOPE_COLUMNS
                ),
            )
            for scope in scopes
        ),
        months=tuple(
            Month(f"{int(label[5:])}月", tuple(figure(code, value, period) for code, value in values.items()))
            for label, values in figures.months(span).items()
        ),
        overall=tuple(
            figure(code, found.get(ALL, {}).get(code), period)
            for found, code in ((members, "members.days_to_take_on"), (transfers, "transfers.days"))
        ),
        previous=_previous(agreement, period.before, versions) if is_with_previous else (),
    )
    return Statement(report, ways)


def _previous(agreement: Agreement, before: Period, versions: list[AgreementVersion]) -> tuple[Figure, ...]:
    """What the report of the last comparable period printed in its last column, if the agreement was in effect then."""
    if all(v.effective_on is None or v.effective_on > before.ends_on for v in versions):
        return ()
    then = _compose(agreement, before, "", "", is_with_previous=False).report.totals
    return tuple(then[code] for code in MEMBER_ROWS)


def _scopes(grants: list[dict[str, str]], own_uid: UUID) -> list[str]:
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


def _parties(parties: list[dict[str, str]], own_uid: UUID) -> tuple[Party, ...]:
    prints = {peer.uid: peer.fingerprint for peer in db.session.scalars(db.select(Peer))}
    prints[own_uid] = keys.own_fingerprint()
    return tuple(
        Party(
            stem=stem,
            name=party["office"],
            county=party["name"],
            division=party["code"],
            fingerprint=prints[UUID(party["uid"])].replace(" ", "").lower(),
        )
        for stem, party in zip(PARTY_STEMS, parties, strict=False)
    )


def _direction(
    way: Way, own: str, names: dict[UUID, str], period: Period, flows: Counts, members: Counts, transfers: Counts
) -> Direction:
    """Nothing happened: all 0, no median. Flows to us are the partner's to count: nothing to tell."""
    assert way.partner_uid is not None
    partner = names[way.partner_uid]
    home, host = (own, partner) if way.role == "home" else (partner, own)
    counts: dict[str, Value] = {"flows.to_partner": None}
    for code, supplied in figures.SUPPLIED.items():
        if supplied in (figures.members, figures.transfers):
            counts[code] = None if code.endswith(("days", "days_to_take_on")) else 0
    for found in (flows, members, transfers):
        counts |= found.get(way, {})
    return Direction(home, host, tuple(figure(code, value, period) for code, value in counts.items()))


def _said(done: Mapping[UUID, tuple[int, str]], own: UUID, names: Mapping[UUID, str]) -> str:
    """Our words on an item, then how far each other party says it is, with its words."""
    theirs = [
        f"{names[uid]}{percent}%{f'（{note}）' if note else ''}"
        for uid, (percent, note) in done.items()
        if uid != own and uid in names
    ]
    return "；".join([*([done[own][1]] if own in done and done[own][1] else []), *theirs])
