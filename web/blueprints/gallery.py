"""Every part of the interface on one sheet, filled with invented samples: for whoever builds pages. Only where nothing is real."""

from datetime import date, timedelta

from flask import Blueprint, abort, current_app, render_template
from markupsafe import Markup

from web.blueprints.pictures import draw_flows, draw_sharing
from web.blueprints.policy import public
from web.core import clock
from web.core.workdays import Calendar
from web.tenants.counties import service as counties

blueprint = Blueprint("gallery", __name__)

STEPS = [
    {"state": "done", "title": "申请", "lines": ["本人 11-09 提出", "岳西经办 何试丁"]},
    {"state": "done", "title": "同意接收", "lines": ["我方 11-11", "陈例丁"]},
    {"state": "done", "title": "开出介绍信", "lines": ["岳西 11-12", "记录已冻结"]},
    {"state": "now", "title": "接收并编入支部", "lines": ["我方，12-11 前", "12-12 为周六"]},
    {"state": "todo", "title": "确认", "lines": ["岳西系统自动", "随即给出身份证号"]},
    {"state": "todo", "title": "办结", "lines": ["回执归档", "双方一致"]},
]
SEALING = [
    {"state": "sealed", "title": "第 2 版生效", "lines": ["三方 2025-12-01"]},
    {"state": "done", "title": "岳西印签", "lines": ["11-23 09:12"]},
    {"state": "theirs", "title": "松阳印签", "lines": ["等对方"]},
    {"state": "todo", "title": "余杭印签", "lines": ["牵头方最后"]},
    {"state": "off", "title": "鄱阳退出", "lines": ["11-02 撤回"]},
]
COUNTS = [
    {"state": "done", "count": 4, "title": "申请"},
    {"state": "theirs", "count": 3, "title": "待对方同意"},
    {"state": "now", "count": 5, "title": "在途，待接收"},
    {"state": "sealed", "count": 231, "title": "办结"},
    {"state": "off", "count": 6, "title": "拒绝、撤回、过期"},
]
COPIES = [
    {"label": "党费缴至", "ours": "2026-10", "theirs": "2026-10", "is_same": True, "proof": "11-20 回执"},
    {
        "label": "编入支部",
        "ours": "演示社区二支部",
        "theirs": "仓前一支部",
        "is_same": False,
        "is_ours_to_move": True,
        "proof": "我方改后未送出",
        "act": "现在送出",
        "act_url": "#",
    },
    {"label": "活动证年审", "ours": None, "theirs": "2026 合格", "is_same": None, "proof": "松阳所有，每季告知"},
]
LETTERS = [
    {"state": "sealed", "words": "申请　岳西 → 余杭", "note": "11-09 15:02 送达，回执 4 秒后"},
    {"state": "sealed", "words": "同意接收　余杭 → 岳西", "note": "11-11 10:20 送达，回执 2 秒后"},
    {"state": "theirs", "words": "开出介绍信　岳西 → 余杭", "note": "11-12 09:05 送达，等回执"},
]
QUEUES = [
    {
        "title": "即将超期",
        "says": "两个工作日内到期，或已经超期",
        "url": "#",
        "count": 2,
        "is_now": True,
        "items": [
            {
                "title": "李例乙",
                "url": "#",
                "words": "关系转接　岳西县天堂镇 → 余杭街道　介绍信 2026-0131",
                "left": 0,
                "act": "接收",
            },
            {"title": "周试己", "url": "#", "words": "服务事项　子女入学咨询　仓前街道", "left": -1, "act": "办结"},
        ],
    },
    {
        "title": "待共签",
        "says": "伙伴县记录了我方党员参加的活动",
        "url": "#",
        "count": 4,
        "is_now": False,
        "items": [
            {"title": "主题党日 11-16", "url": "#", "words": "岳西县记录　我方 7 人　学时 2", "left": 9, "act": "共签"},
            {
                "title": "联合党课 11-19",
                "url": "#",
                "words": "松阳县记录　我方 12 人　学时 1.5",
                "left": None,
                "act": "共签",
            },
        ],
    },
]
MEMBERS = [
    {
        "name": "李例乙",
        "sex": "男",
        "phone": "154****0123",
        "org": "天堂镇示例村",
        "kind": "now",
        "state": "待接收",
        "paid": "2026-10",
        "left": 0,
    },
    {
        "name": "赵演戊",
        "sex": "女",
        "phone": None,
        "org": "西屏街道演示社区",
        "kind": "theirs",
        "state": "等岳西确认",
        "paid": "2026-09",
        "left": 6,
    },
    {
        "name": "阿依·示例",
        "sex": "女",
        "phone": "154****3856",
        "org": "西屏街道试例村",
        "kind": "sealed",
        "state": "关系已转入",
        "paid": "2026-10",
        "left": None,
    },
    {
        "name": "孙示庚",
        "sex": "男",
        "phone": "154****6589",
        "org": "天堂镇试例村",
        "kind": "done",
        "state": "已纳管",
        "paid": "2026-08",
        "left": None,
    },
]
CONDITIONS = [
    {"label": "流出地", "how": "是", "what": "岳西县、松阳县", "off": "#"},
    {"label": "状态", "how": "不是", "what": "已返乡", "off": "#"},
    {"label": "联系方式", "how": "为空", "what": "", "off": "#"},
]
FIELDS = [
    {"name": "home", "label": "流出地", "choices": [("340828", "岳西县"), ("331124", "松阳县")], "can_be_empty": True},
    {"name": "state", "label": "状态", "choices": [("arrived", "已报到"), ("returned", "已返乡")]},
    {"name": "left_after", "label": "流出时间不早于", "choices": None, "type": "date"},
]
FLOWS = {
    "岳西县": {"余杭街道": 142, "仓前街道": 58, "五常街道": 26, "未编入支部": 12},
    "松阳县": {"余杭街道": 74, "仓前街道": 81, "五常街道": 28, "未编入支部": 10},
    "鄱阳县": {"余杭街道": 48, "仓前街道": 52, "五常街道": 30, "未编入支部": 17},
    "其他": {"余杭街道": 98, "仓前街道": 96, "五常街道": 88, "未编入支部": 68},
}
GRID = [
    ("余杭街道", [16, 53, 52, 21, 28, 32, 35, 19, 17, 32, 25]),
    ("仓前街道", [23, 39, 38, 29, 31, 31, 29, 26, 18, 21, 18]),
    ("良渚街道", [3, 31, 36, 14, 18, 21, 17, 23, 16, 22, 23]),
    ("瓶窑镇", [7, 38, 27, 12, None, 10, 7, 12, 19, 20, 0]),
]
SHARES = [
    ("岳西县", "余杭区", "S2 S3 S4 S6 S7", False),
    ("余杭区", "岳西县", "S2 S4 S5 S6 S7", False),
    ("松阳县", "余杭区", "S2 S3 S4 S6 S7", False),
    ("余杭区", "松阳县", "S2 S4 S6 S7", False),
    ("岳西县", "松阳县", "S0 S1", True),
    ("松阳县", "岳西县", "S0 S1", True),
]
JOBS = [
    {
        "title": "导入 流入名册 11 月",
        "state": "running",
        "done": 31208,
        "total": 50000,
        "left": "约剩 22 秒",
        "url": "",
        "says": "新增 1,204　更新 318　不变 29,651　错误 35",
    },
    {
        "title": "半年报告 PDF",
        "state": "done",
        "done": 6,
        "total": 6,
        "unit": "页",
        "result_url": "#",
        "result_words": "打开 PDF",
    },
    {
        "title": "导入 仓前街道名册",
        "state": "failed",
        "done": 211,
        "total": 214,
        "says": "3 行未入库：身份证号已失真",
        "errors_url": "#",
    },
]
EVENTS = [
    {"state": "now", "words": "等我方接收", "note": "剩余 14 个工作日"},
    {
        "state": "done",
        "words": Markup("林试辛把支部由 <del>仓前一支部</del> 改为 <ins>演示社区二支部</ins>"),
        "note": "11-20 15:12，事由：搬家",
    },
    {"state": "done", "words": "本人扫码登记", "note": "11-18 20:03"},
]


def all_invented() -> bool:
    """Whether there are counties, and every one is a demo county."""
    found = counties.every()
    return bool(found) and all(county.is_demo for county in found)


@blueprint.get("/parts")
@public("部件样张，内容均为虚构，正式环境没有这一页")
def parts() -> str:
    """The gallery; 404 as soon as one county of the deployment is real."""
    if not (current_app.testing or current_app.debug or all_invented()):
        abort(404)
    today, calendar = clock.today(), Calendar()
    return render_template(
        "gallery.html",
        steps=STEPS,
        sealing=SEALING,
        counts=COUNTS,
        copies=COPIES,
        letters=LETTERS,
        queues=QUEUES,
        members=MEMBERS,
        conditions=CONDITIONS,
        fields=FIELDS,
        jobs=JOBS,
        events=EVENTS,
        grid=GRID,
        months=[f"{month}月" for month in range(1, 12)],
        flows=draw_flows(FLOWS, needs_a_hand="未编入支部"),
        sharing=draw_sharing(["余杭区", "岳西县", "松阳县"], SHARES),
        sharing_two=draw_sharing(["岳西县", "余杭区"], [s for s in SHARES if "松阳县" not in s[:2]]),
        due_on=calendar.add(today, 14),
        long_ago=date(2024, 3, 1),
        calendar=calendar,
        started_on=calendar.add(today, -7),
        moment_ago=clock.now() - timedelta(minutes=5),
        cells=[
            (name, f"sw-{name}")
            for name in ("paper", "wash", "wash-2", "hair", "rule", "ink-3", "ink-2", "ink", "now", "sealed")
        ],
    )
