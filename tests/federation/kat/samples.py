"""One example of every message type, of invented people: what the known-answer files and the refusal cases start from.

`n`, `base`, `cause`, `expires` as the table has them; `values` by pointer, with every pointer the type may carry.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

HOME = UUID("01926b3c-0001-7000-8000-000000340828")
HOST = UUID("01926b3c-0002-7000-8000-000000330110")
THIRD = UUID("01926b3c-0003-7000-8000-000000331124")
REFERRAL = "01926b3c-1001-7000-8000-0000000000a1"
OTHER_REFERRAL = "01926b3c-1001-7000-8000-0000000000a2"
ACTIVITY = "01926b3c-1002-7000-8000-0000000000b1"
AGREEMENT = "01926b3c-1003-7000-8000-0000000000c1"
CONSENT = "01926b3c-1005-7000-8000-0000000000e1"
RECORD = "01926b3c-1006-7000-8000-0000000000f1"
CAUSE = UUID("01926b3c-1004-7000-8000-0000000000d1")
AT = datetime(2025, 9, 30, 8, 15, 0, tzinfo=UTC)
EXPIRES = datetime(2025, 10, 30, 8, 15, 0, tzinfo=UTC)
TEXT = "sha-256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
PDF = "sha-256:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"


@dataclass(frozen=True)
class Sample:
    """What is said; `sender` HOME unless it says otherwise."""

    body: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    n: int | None = None
    base: int | None = None
    sender: UUID = HOME
    cause: UUID | None = None
    expires: datetime | None = None


TEXT_OF = {"version": 1, "text": TEXT}
SHARE = {"referral": REFERRAL, "scope": "S6"}
LIAISONS = {"/liaisons/0/name": "王示甲", "/liaisons/0/post": "联络员", "/liaisons/0/phone": "15400000001"}
HEADER = {"/title": "“金秋助学”主题党日", "/place": "示例社区党群服务中心", "/responsible": "欧阳演丙"}
LINES = {"/lines/0": [REFERRAL, "present", 90], "/lines/1": [OTHER_REFERRAL, "leave", 0]}
OFFERED = {"activity": ACTIVITY, "kind": "theme_day", "held_on": "2025-09-28", "minutes": 90}  # `content` is computed
ANSWERED = {"k": 1, "content": PDF}
PERSON = {"/name": "李例乙", "/birth_on": "1975-06-15"}

SAMPLES: dict[str, Sample] = {
    # `digest` of the attached decision is computed
    "agreement.decision": Sample({"agreement": AGREEMENT, "n": 2}, n=2),
    "agreement.counter": Sample(
        TEXT_OF, {**LIAISONS, "/reason": "第十条\n增加困难帮扶"}, base=1, sender=HOST, expires=EXPIRES
    ),
    "agreement.accept": Sample(TEXT_OF, base=2, sender=HOST),
    "agreement.reject": Sample(TEXT_OF, {"/reason": "共享范围须另行商定"}, base=2, sender=HOST),
    # `seal`, the digest of the attached seal, is computed
    "agreement.seal": Sample(
        {**TEXT_OF, "pdf": PDF}, {"/signer_name": "张试丁", "/signer_post": "部长"}, base=4, sender=HOST
    ),
    "agreement.stop": Sample({"w": 1, "kind": "leaves_on", "on": "2026-01-31"}, {"/reason": "机构调整"}),
    "agreement.closed": Sample({"w": 2, "pair": [str(HOME), str(HOST)], "on": "2026-02-28"}),
    "referral.offer": Sample(
        {"notice_on": "2025-09-20"},
        {
            "/name": "李例乙",
            "/gender": "1",
            "/birth_year": 1975,
            "/member_kind": "full",
            "/home_branch": "天堂镇示例村党支部",
            "/report_in_code": "7K3M9QX2VA",
            "/arrival_month": "2025-09",
            "/host_township": "余杭街道",
        },
        n=1,
        expires=EXPIRES,
    ),
    "referral.claim": Sample(
        {"consent": CONSENT, "consent_on": "2025-09-28", "how": "in_person"},
        {"/name": "李例乙", "/birth_year": 1975, "/home_branch": "天堂镇示例村"},
        base=0,
        sender=HOST,
        expires=EXPIRES,
    ),
    "referral.recognise": Sample(
        {"notice_on": "2025-09-28"},
        {
            "/name": "李例乙",
            "/gender": "1",
            "/birth_year": 1975,
            "/member_kind": "full",
            "/home_branch": "天堂镇示例村党支部",
            "/arrival_month": "2025-09",
            "/host_township": "余杭街道",
        },
        n=2,
    ),
    "referral.disown": Sample(n=2),
    "referral.accept": Sample(base=1, sender=HOST),
    "referral.decline": Sample({"reason": "not_here"}, {"/text": "已迁往他处"}, base=1, sender=HOST),
    "referral.lapse": Sample(n=2),
    "referral.report_in": Sample({"how": "code", "on": "2025-10-09"}, base=2, sender=HOST),
    "referral.take_on": Sample({"on": "2025-10-10"}, n=4, cause=CAUSE),
    "referral.end": Sample({"reason": "returned", "on": "2025-12-31"}, n=5),
    "referral.leave": Sample({"on": "2025-12-31"}, {"/text": "本人返乡"}, base=4, sender=HOST),
    "share.grant": Sample({**SHARE, "basis": "notice", "basis_on": "2025-09-20"}, n=1),
    "share.snapshot": Sample(
        SHARE,
        {
            "/certificate_no": "340828-2025-00012",
            "/review_result": "passed",
            "/dues_until": "2025-08",
            "/appraisal": "qualified",
        },
        n=2,
    ),
    "share.delta": Sample({"referral": REFERRAL, "scope": "S6"}, {"/branch": None}, n=3, sender=HOST),
    "share.revoke": Sample({"referral": REFERRAL, "scope": "S3", "reason": "consent_withdrawn"}, n=4),
    "share.purged": Sample({**SHARE, "backups_until": "2025-12-01"}, base=4, sender=HOST),
    "handover.request": Sample({"referral": REFERRAL}, PERSON, n=1, expires=EXPIRES),
    "handover.ask": Sample(
        {"applied_on": "2025-09-25", "how": "paper", "referral": REFERRAL},
        {**PERSON, "/to_org": "余杭街道党工委"},
        base=0,
        sender=HOST,
        expires=EXPIRES,
    ),
    "handover.return": Sample({"fields": ["birth_on", "dues"]}, {"/text": "出生日期与档案不符"}, base=1, sender=HOST),
    "handover.accept": Sample(base=1, sender=HOST),
    "handover.refuse": Sample({"reason": "missing_file"}, {"/text": "档案未到"}, n=2, cause=CAUSE),
    "handover.cancel": Sample({}, {"/text": "本人撤回申请"}, n=2),
    "handover.expire": Sample(n=3),
    "handover.release": Sample(
        {"issued_on": "2025-09-30"},
        {
            **PERSON,
            "/sex": "1",
            "/ethnicity": "01",
            "/kind": "full",
            "/from_org": "中共岳西县天堂镇委员会",
            "/to_org": "中共余杭区余杭街道工作委员会",
            "/letter_no": "2025-000017",
            "/valid_days": 30,
            "/dues_until": "2025-08",
            "/contact": "15400000002",
        },
        n=3,
    ),
    "handover.decline": Sample({"reason": "wrong_person"}, {"/text": "同名不同人"}, base=3, sender=HOST),
    "handover.take_over": Sample(
        {"on": "2025-10-12"},
        {"/receipt_no": "2025-000017", "/handler": "阿依·示例", "/phone": "15400000003"},
        base=3,
        sender=HOST,
    ),
    "handover.confirm": Sample({}, {"/id_number": "340828197809099966"}, n=4, cause=CAUSE),
    "handover.recall": Sample({"reason": "member_stays"}, {"/text": "本人留在原籍"}, n=4),
    "handover.forward": Sample(
        {"record": RECORD, "recorder": str(HOST), "held_on": "2025-09-28"},
        {"/title": "“金秋助学”主题党日", "/presence": "present", "/study_minutes": 90},
        n=5,
    ),
    "cosign.offer": Sample({**OFFERED, "k": 1}, {**HEADER, **LINES}, n=1, sender=HOST, expires=EXPIRES),
    "cosign.correct": Sample({**OFFERED, "k": 2}, {**HEADER, **LINES}, n=3, sender=HOST),
    "cosign.countersign": Sample({**ANSWERED, "lines": [0, 1]}, base=1),
    "cosign.dispute": Sample(
        {**ANSWERED, "lines": [1]}, {"/reasons/1": "本人当日在原籍", "/text": "请核对签到"}, base=1
    ),
    "cosign.refuse": Sample({**ANSWERED, "reason": "not_ours"}, {"/text": "非我县党员"}, base=1),
    "cosign.withdraw": Sample({}, {"/text": "活动改期"}, n=2, sender=HOST),
    "cosign.lapse": Sample(n=2, sender=HOST),
    "agreement.progress": Sample(
        {"w": 3, "item": "a1", "percent": 60, "on": "2025-09-30"}, {"/note": "春节走访18户"}, sender=HOST
    ),
    "agreement.meeting": Sample(
        {"w": 4, "kind": "record", "meeting": REFERRAL, "on": "2025-09-20", "way": "there", "next_on": "2026-03-20"},
        {
            "/place": "余杭街道示例路1号",
            "/present": "岳西县委组织部组织科科长\n余杭区委组织部组织科副科长",
            "/reviewed/0": ["春节、中秋各走访一次", "春节已办，中秋在办"],
            "/conclusion": "下半年办培训两期",
        },
        sender=HOST,
    ),
    "cosign.propose_annul": Sample({**ANSWERED, "by": "home"}, {"/text": "活动当日改期，名单作废"}, base=2),
    "cosign.annul": Sample(ANSWERED, n=4, sender=HOST),
    "cosign.keep": Sample(ANSWERED, {"/text": "已核对，名单无误"}, n=4, sender=HOST),
    "reading.tell": Sample({"lines": [["referral", REFERRAL, "2025-09-29", "county_admin", 3]]}, sender=HOST),
    "heartbeat.tell": Sample({"live": 12, "root": TEXT}),
    "heartbeat.surplus": Sample({"shares": [REFERRAL]}),
    "directory.tell": Sample(
        {"w": 1},
        {
            "/organisations/0": ["township_committee", "中共岳西县天堂镇委员会", None, "0556-0000001"],
            "/venues/0": ["天堂镇党群服务中心", "示例路1号"],
            "/liaisons/0": ["陈例丁", "跨区联络员", "0556-0000002"],
        },
    ),
    "counts.tell": Sample(
        {"w": 1, "until": "2025-08-31"},
        {"/cells/0": ["away_there", "天堂镇", 26], "/cells/1": ["away_there", "温泉镇", None]},
    ),
    "request.ask": Sample(
        {"kind": "must_visit", "due_on": "2025-10-17", "referral": REFERRAL},
        {"/must_visit/trigger": "hardship"},
        n=1,
        sender=HOST,
        expires=EXPIRES,
    ),
    "request.accept": Sample(base=1),
    "request.decline": Sample({"reason": "not_able"}, {"/text": "人手不足"}, base=1),
    "request.done": Sample({"on": "2025-10-12"}, {"/certificate/outcome": "reviewed"}, base=2),
    "request.fail": Sample({"reason": "not_found"}, {"/text": "家中无人"}, base=2),
    "request.rate": Sample({"rating": "helped"}, n=4, sender=HOST),
    "request.withdraw": Sample({}, {"/text": "本人已联系上"}, n=2, sender=HOST),
    "request.lapse": Sample(n=2, sender=HOST),
    "request.purge": Sample({"reason": "notice_withdrawn"}, base=3),
}
