"""Builds the demo, county by county and day by day. Building twice does nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from web.core import clock, fence
from web.demo import counties as casting
from web.demo import scenes
from web.demo.people import villages
from web.demo.stage import Stand, acting, ago, on
from web.tenants.counties import service as counties


@dataclass
class Demo:
    """The day it is built for, and its counties."""

    today: date
    host: Stand
    yuexi: Stand
    songyang: Stand


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
    _agreements(demo)
    told("agreements: three parties and two parties sealed")
    with on(ago(today, 268)):
        for stand in (host, yuexi, songyang):
            casting.enroll(stand, ago(today, 268))
    told("registers imported from spreadsheets")
    _referrals(demo)
    told("referrals offered, reported in, taken on")
    _later(demo)
    told("handovers, theme days, a withdrawn notice, agreements on the table")


def _agreements(demo: Demo) -> None:
    today, host, yuexi, songyang = demo.today, demo.host, demo.yuexi, demo.songyang
    three, due = [host, yuexi, songyang], date(demo.today.year, 12, 31)
    with on(ago(today, 306)):
        first = scenes.propose(
            "余杭、岳西、松阳流动党员共管共育协议", three, ago(today, 285),
            [
                scenes.item("a1", "hardship", "走访留守家属60户", "春节、中秋前由流出地集中走访", "all", due),
                scenes.item("a2", "industry", "茶叶、高山蔬菜劳务对接清单一份", "每季度更新一次岗位", str(host.uid), due),
                scenes.item("a3", "talent", "返乡后备人选联合培训两期", "骨干和后备人选各一期", str(yuexi.uid), due),
                scenes.item("a4", "organisation", "互相开放党群服务阵地六处", "预约使用，使用登记一年", "all", due),
            ],
        )  # fmt: skip
    with on(ago(today, 292)):
        scenes.seal(first, three)
    with on(ago(today, 285), 0, 30), acting(host):
        scenes.agreements.run_timers()
    for county, percent, note in (
        (host, 60, "二季度清单已更新，新增岗位42个"),
        (yuexi, 50, "第一期已办，31人参加"),
        (songyang, 70, "春节走访18户，中秋走访24户"),
    ):
        with on(ago(today, 40)), acting(county):
            key = {host.code: "a2", yuexi.code: "a3", songyang.code: "a1"}[county.code]
            scenes.agreements.note_progress(first, key, percent, note)
    with on(ago(today, 283)):
        second = scenes.propose(
            "余杭、岳西产业发展和人才培育协议", [host, yuexi], ago(today, 280),
            [scenes.item("b1", "industry", "招引回乡项目三个", "商会牵线，县区各出一名专员", str(yuexi.uid), due)],
        )  # fmt: skip
        scenes.seal(second, [host, yuexi])
    with on(ago(today, 280), 0, 30), acting(host):
        scenes.agreements.run_timers()
    with on(ago(today, 224)):
        third = scenes.propose(
            "岳西、松阳流动党员互助协议", [yuexi, songyang], ago(today, 220),
            [scenes.item("c1", "service", "互设流动党员服务点一处", "各提供一间办公室", "all", due)],
        )  # fmt: skip
        scenes.seal(third, [yuexi, songyang])
    with on(ago(today, 220), 0, 30), acting(yuexi):
        scenes.agreements.run_timers()
    with on(ago(today, 66)), acting(songyang):
        scenes.agreements.leave(third, ago(today, 3), "双方流动党员已不足三人，并入三方协议")


def _referrals(demo: Demo) -> None:
    today, host, yuexi, songyang = demo.today, demo.host, demo.yuexi, demo.songyang
    # (days ago of the offer, how many, days to accept, to report in, to take on, declined, not reported, not taken on)
    waves = [
        (yuexi, 258, 20, 2, 6, 9, 1, 2, 1),
        (songyang, 250, 16, 3, 8, 12, 1, 2, 1),
        (yuexi, 186, 10, 1, 5, 9, 0, 1, 0),
        (songyang, 150, 8, 2, 9, 14, 0, 1, 0),
        (yuexi, 46, 8, 2, 7, 12, 1, 2, 2),
        (songyang, 25, 6, 1, 6, 10, 0, 2, 2),
    ]
    for home, days, many, accept, report, take, declined, absent, waiting in waves:
        with on(ago(today, days)):
            scenes.offer(home, host, many)
        with on(ago(today, days - accept)):
            scenes.receive(host, home, decline=declined)
        with on(ago(today, days - report)):
            scenes.report(host, home, absent)
        with on(ago(today, days - take)):
            scenes.take_on(host, home, waiting)
    with on(ago(today, 4)):
        scenes.offer(yuexi, host, 5)
    with on(ago(today, 2)):
        scenes.offer(songyang, host, 3)
    for home in (yuexi, songyang):
        with on(ago(today, 14)):
            scenes.pay_dues(home, scenes.months_before(today, 1))


def _later(demo: Demo) -> None:
    today, host, yuexi, songyang = demo.today, demo.host, demo.yuexi, demo.songyang
    to, addressee = "中共杭州市余杭区余杭街道工作委员会", "中共杭州市余杭区委组织部"
    branch = _branch(host)
    for home, day, nth in ((yuexi, 140, 0), (songyang, 70, 1), (yuexi, 44, 2)):
        with on(ago(today, day)):
            id_, _ = scenes.hand_over(home, host, nth, to)
        with on(ago(today, day - 2)):
            scenes.accept(host, id_)
        with on(ago(today, day - 4)):
            scenes.release(home, id_, to, addressee)
        with on(ago(today, day - 9)):
            scenes.take_over(host, id_, branch)
    with on(ago(today, 90)):
        refused, _ = scenes.hand_over(songyang, host, 3, to)
    with on(ago(today, 88)), acting(host):
        scenes.handovers.refuse(
            scenes.handovers.get(refused, lock=True), "dues_open", "党费只缴到上一年度，请补缴后再转"
        )
    with on(ago(today, 37)):
        recalled, _ = scenes.hand_over(yuexi, host, 4, to)
        scenes.accept(host, recalled)
    with on(ago(today, 35)):
        scenes.release(yuexi, recalled, to, addressee)
    with on(ago(today, 31)), acting(yuexi):
        scenes.handovers.recall(
            scenes.handovers.get(recalled, lock=True), "member_stays", "本人因项目调整暂不离岗，申请撤回"
        )
    for home, day, nth in ((yuexi, 12, 5), (songyang, 8, 4)):
        with on(ago(today, day)):
            id_, _ = scenes.hand_over(home, host, nth, to)
        with on(ago(today, day - 1)):
            scenes.accept(host, id_)
        with on(ago(today, day - 2)):
            scenes.release(home, id_, to, addressee)
    with on(ago(today, 2)):
        scenes.hand_over(yuexi, host, 7, to)
    for day, title, disputes in (
        (118, "六月主题党日：走进人工智能小镇", False),
        (54, "十月主题党日：同心助农", True),
        (9, "十一月主题党日：学习条例", None),
    ):
        with on(ago(today, day), 15):
            scenes.theme_day(host, title, "余杭街道", 120, [yuexi, songyang])
        if disputes is not None:
            with on(ago(today, day - 4)):
                scenes.countersign(yuexi, host)
                (scenes.dispute if disputes else scenes.countersign)(songyang, host)
    with on(ago(today, 28)):
        scenes.withdraw_notice(yuexi, host, 9)
    with on(ago(today, 12)):
        table = scenes.propose(
            "余杭、松阳暖心驿站共建协议", [host, songyang], today + timedelta(days=30),
            [scenes.item("d1", "organisation", "共建暖心驿站两处", "余杭提供场地，松阳选派驻点联络员", "all", today + timedelta(days=365))],
        )  # fmt: skip
    with on(ago(today, 5)), acting(songyang):
        agreement = scenes.agreements.get(table)
        version = scenes.agreements.current(agreement)
        changed = {k: v for k, v in (version.text or {}).items() if k not in ("number", "level", "parties")}
        changed["notice_days"] = 90
        scenes.agreements.counter(table, changed, reason="退出的通知期改为九十日，便于衔接")


def _branch(host: Stand) -> str:
    """A branch of 余杭街道 for those who move."""
    return next(v.branch for v in villages(host.code) if v.township == "余杭街道")
