"""Builds the demo, county by county and day by day. Building twice does nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from uuid import UUID

from web.core import clock, fence
from web.demo import agreeing, away, helping, meeting, moving, referring, transfers
from web.demo import counties as casting
from web.demo.people import villages
from web.demo.stage import Stand, acting, ago, on
from web.federation.agreements import service as agreements
from web.tenants.counties import service as counties


@dataclass
class Demo:
    """The day it is built for, and its counties."""

    today: date
    host: Stand
    yuexi: Stand
    songyang: Stand
    agreement: UUID | None = None
    industry: UUID | None = None


def is_built() -> bool:
    """Are there counties already?"""
    with fence.platform("is the demo built"):
        return bool(counties.every())


def build(say: Callable[[str], None], today: date | None = None) -> None:
    """All scenes in the order of their days. `say` gets one line a scene."""
    today = today or clock.today()
    began = time.perf_counter()

    def told(words: str) -> None:
        nonlocal began
        say(f"{words}  {time.perf_counter() - began:.1f} s")
        began = time.perf_counter()

    with on(ago(today, 320)):
        host, yuexi, songyang = (casting.found(c) for c in ("330110", "340828", "331124"))
        for one, other in ((host, yuexi), (host, songyang), (yuexi, songyang)):
            casting.introduce(one, other)
    demo = Demo(today, host, yuexi, songyang)
    told("three counties, keys, partners who compared fingerprints")
    demo.agreement, demo.industry = _agreements(demo)
    told("agreements: three parties and two parties sealed")
    with on(ago(today, 268)):
        for stand in (host, yuexi, songyang):
            casting.enroll(stand, ago(today, 268))
    told("registers imported from spreadsheets")
    for moment, scene in sorted(_schedule(demo), key=lambda told_at: -told_at[0]):
        with on(ago(today, moment)):
            scene()
    told("referrals, handovers, theme days, a withdrawn notice, agreements on the table")


def _agreements(demo: Demo) -> tuple[UUID, UUID]:
    """Three that were sealed, one of them winding down by now; gives the one between all three and the one on industry."""
    today, host, yuexi, songyang = demo.today, demo.host, demo.yuexi, demo.songyang
    three, due = [host, yuexi, songyang], date(demo.today.year, 12, 31)
    with on(ago(today, 306)):
        first = agreeing.propose(
            "余杭、岳西、松阳流动党员共管共育协议", three, ago(today, 285),
            [
                agreeing.item("a1", "hardship", "走访留守家属60户", "春节、中秋前由流出地集中走访", "all", due),
                agreeing.item("a2", "industry", "茶叶、高山蔬菜劳务对接清单一份", "每季度更新一次岗位", str(host.uid), due),
                agreeing.item("a3", "talent", "返乡后备人选联合培训两期", "骨干和后备人选各一期", str(yuexi.uid), due),
                agreeing.item("a4", "organisation", "互相开放党群服务阵地六处", "预约使用，使用登记一年", "all", due),
            ],
        )  # fmt: skip
    with on(ago(today, 292)):
        agreeing.seal(first, three)
    with on(ago(today, 285), 0, 30), acting(host):
        agreements.run_timers()
    for county, percent, note in (
        (host, 60, "二季度清单已更新，新增岗位42个"),
        (yuexi, 50, "第一期已办，31人参加"),
        (songyang, 70, "春节走访18户，端午走访24户"),
    ):
        with on(ago(today, 155)), acting(county):
            key = {host.code: "a2", yuexi.code: "a3", songyang.code: "a1"}[county.code]
            agreements.note_progress(first, key, percent, note)
    with on(ago(today, 283)):
        second = agreeing.propose(
            "余杭、岳西产业发展和人才培育协议", [host, yuexi], ago(today, 280),
            [agreeing.item("b1", "industry", "招引回乡项目三个", "商会牵线，县区各出一名专员", str(yuexi.uid), due)],
            agreeing.OF_NO_PERSON,
        )  # fmt: skip
        agreeing.seal(second, [host, yuexi])
    with on(ago(today, 280), 0, 30), acting(host):
        agreements.run_timers()
    for day, resume in ((100, False), (95, True)):
        with on(ago(today, day)), acting(yuexi):
            agreements.pause(second, "S0", resume=resume, reason="" if resume else "核对驻外党支部名单，核完即恢复")
    with on(ago(today, 224)):
        third = agreeing.propose(
            "岳西、松阳流动党员互助协议", [yuexi, songyang], ago(today, 220),
            [agreeing.item("c1", "service", "互设流动党员服务点一处", "各提供一间办公室", "all", due)],
        )  # fmt: skip
        agreeing.seal(third, [yuexi, songyang])
    with on(ago(today, 220), 0, 30), acting(yuexi):
        agreements.run_timers()
    with on(ago(today, 66)), acting(songyang):
        agreements.leave(third, ago(today, 3), "双方流动党员已不足三人，并入三方协议")
    return first, second


Scene = Callable[[], object]


def _schedule(demo: Demo) -> list[tuple[int, Scene]]:
    """What happens, and how many days ago; played oldest first.

    What is done 150 to 181 days ago stands in the report of the last whole half-year on nearly every day of a year.
    """
    return [
        *_referrals(demo),
        *_handovers(demo),
        *_activities(demo),
        *_requests(demo),
        *transfers.told(demo.yuexi),
        *away.told(demo.yuexi, "余杭区驻外流动党员之家"),
        *away.told(demo.host, "苏州市流动党员服务站"),
        *away.told(demo.songyang, "余杭区松阳人会馆"),
        *_on_the_table(demo),
        *_duties(demo),
        *_reports(demo),
    ]


def _referrals(demo: Demo) -> list[tuple[int, Scene]]:
    host, yuexi, songyang = demo.host, demo.yuexi, demo.songyang
    # (home, days ago of the offer, how many, days to accept, to report in, to take on, declined, not reported, waiting)
    waves = [
        (yuexi, 258, 20, 2, 6, 9, 1, 2, 1),
        (songyang, 250, 16, 3, 8, 12, 1, 2, 1),
        (yuexi, 186, 10, 1, 5, 9, 0, 1, 0),
        (songyang, 150, 8, 2, 9, 14, 0, 1, 0),
        (yuexi, 46, 8, 2, 7, 12, 1, 2, 2),
        (songyang, 25, 6, 1, 6, 10, 0, 2, 2),
    ]
    told: list[tuple[int, Scene]] = []
    for home, days, many, accept, report, take, declined, absent, waiting in waves:
        told += [
            (days, partial(referring.offer, home, host, many)),
            (days - accept, partial(referring.receive, host, home, decline=declined)),
            (days - report, partial(referring.report, host, home, absent)),
            (days - take, partial(referring.take_on, host, home, waiting)),
        ]
    told += [
        (14, partial(referring.pay_dues, home, referring.months_before(demo.today, 1))) for home in (yuexi, songyang)
    ]
    told.append((28, partial(referring.withdraw_notice, yuexi, host, 9)))
    told += [(18, partial(referring.keep_in_touch, home, 5)) for home in (host, yuexi, songyang)]
    # Two came to a window of the host and were offered by nobody: one whose home does not know him, one who waits.
    unknown = dict[str, UUID]()
    told.append((19, lambda: unknown.update(id=referring.claim(host, songyang, known=False))))
    told.append((16, lambda: referring.disown(songyang, unknown["id"])))
    told.append((3, partial(referring.claim, host, yuexi, known=True)))
    return [*told, (4, partial(referring.offer, yuexi, host, 5)), (2, partial(referring.offer, songyang, host, 3))]


def _handovers(demo: Demo) -> list[tuple[int, Scene]]:
    host, yuexi, songyang = demo.host, demo.yuexi, demo.songyang
    to, addressee = "中共杭州市余杭区余杭街道工作委员会", "中共杭州市余杭区委组织部"
    branch = next(v.branch for v in villages(host.code) if v.township == "余杭街道")
    told: list[tuple[int, Scene]] = []

    def walk(home: Stand, day: int, nth: int, *, upto: str) -> dict[str, UUID]:
        """request, two days later accept, then release, then take_over: as far as `upto`."""
        made: dict[str, UUID] = {}
        steps: list[tuple[int, Scene]] = [
            (day, lambda: made.update(id=moving.hand_over(home, host, nth, to))),
            (day - 1, lambda: moving.accept(host, made["id"])),
            (day - 2, lambda: moving.release(home, made["id"], to, addressee)),
            (day - 7, lambda: moving.take_over(host, made["id"], branch)),
        ]
        told.extend(steps[: ("requested", "accepted", "released", "closed").index(upto) + 1])
        return made

    for home, day, nth in ((yuexi, 181, 0), (songyang, 180, 1), (yuexi, 44, 2)):
        walk(home, day, nth, upto="closed")
    for home, day, nth in ((yuexi, 12, 5), (songyang, 8, 4)):
        walk(home, day, nth, upto="released")
    walk(yuexi, 2, 7, upto="requested")
    told.append((1, partial(moving.ask_over, host, yuexi, to)))
    refused = walk(songyang, 165, 3, upto="requested")
    told.append((163, lambda: moving.refuse(host, refused["id"], "dues_open", "党费只缴到上一年度，请补缴后再转")))
    recalled = walk(yuexi, 37, 4, upto="released")
    told.append((31, lambda: moving.recall(yuexi, recalled["id"], "member_stays", "本人因项目调整暂不离岗，申请撤回")))
    return told


def _activities(demo: Demo) -> list[tuple[int, Scene]]:
    host, homes = demo.host, [demo.yuexi, demo.songyang]
    told: list[tuple[int, Scene]] = []
    for day, title in ((176, "主题党日：走进人工智能小镇"), (24, "主题党日：同心助农"), (9, "主题党日：学习条例")):
        told.append((day, partial(meeting.theme_day, host, title, "余杭街道", 120, homes)))
    told.append((172, partial(meeting.countersign, demo.yuexi, host)))
    told.append((171, partial(meeting.countersign, demo.songyang, host)))
    told.append((21, partial(meeting.countersign, demo.yuexi, host)))
    told.append((20, partial(meeting.dispute, demo.songyang, host)))  # still open: it lapses after 30 days
    told.append((3, partial(meeting.propose_annul, demo.yuexi, host)))  # the host has yet to answer
    return told


def _requests(demo: Demo) -> list[tuple[int, Scene]]:
    """One of each kind, in different states: a visit done, a certificate in work, a withdrawal and a visit not answered yet."""
    host, yuexi, songyang, made = demo.host, demo.yuexi, demo.songyang, dict[str, UUID]()
    return [
        (170, lambda: made.update(visit=helping.ask(host, yuexi, "must_visit", 2, trigger="hardship"))),
        (167, lambda: helping.answer(yuexi, made["visit"])),
        (6, lambda: made.update(certificate=helping.ask(host, songyang, "certificate", 1))),
        (5, lambda: helping.answer(songyang, made["certificate"], answered=False)),
        (3, partial(helping.ask, host, yuexi, "must_visit", 3, trigger="not_home_for_new_year")),
        (1, partial(helping.ask, host, yuexi, "withdrawal", 4, what="contact")),
    ]


def _on_the_table(demo: Demo) -> list[tuple[int, Scene]]:
    host, songyang, made = demo.host, demo.songyang, dict[str, UUID]()

    def propose() -> None:
        due = demo.today + timedelta(days=365)
        measure = "余杭提供场地，松阳选派驻点联络员"
        made["id"] = agreeing.propose(
            "余杭、松阳暖心驿站共建协议", [host, songyang], demo.today + timedelta(days=30),
            [agreeing.item("d1", "organisation", "共建暖心驿站两处", measure, "all", due)],
        )  # fmt: skip

    return [(12, propose), (5, lambda: agreeing.counter(songyang, made["id"], notice_days=90))]


def _duties(demo: Demo) -> list[tuple[int, Scene]]:
    """All but Songyang met and compared their lists before the first half-year of the agreement was over."""
    assert demo.agreement is not None and demo.industry is not None
    both, concluded = (demo.agreement, demo.industry), "通报报到情况，商定下半年培训两期"
    return [(107, partial(agreeing.keep_duties, demo.host, [demo.yuexi], id_, concluded)) for id_ in both]


def _reports(demo: Demo) -> list[tuple[int, Scene]]:
    """The last whole half-year, reported a week after its end."""
    today, agreement = demo.today, demo.agreement
    assert agreement is not None
    year, half = (today.year, 1) if today.month > 6 else (today.year - 1, 2)
    made_on = date(year, 7, 6) if half == 1 else date(year + 1, 1, 6)
    days = max((today - made_on).days, 0)
    return [(days, partial(agreeing.report_half_year, c, agreement, f"{year}-{half}")) for c in (demo.host, demo.yuexi)]
