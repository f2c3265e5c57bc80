"""The words of the edge: roles, errors, and the one handler that turns a DomainError into HTML or problem+json.

An entry of ERRORS says what is wrong, where, and how to mend it. A code without words fails a contract test.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import (
    Flask,
    Response,
    current_app,
    flash,
    g,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    session,
)
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RoutingException

from web.blueprints import kept
from web.blueprints.english import choice
from web.core.errors import DomainError, NotPermitted
from web.core.saying import joined, say
from web.extensions import db
from web.federation.agreements.models import DutyKind
from web.tenants.accounts import service as accounts
from web.tenants.accounts.permissions import Permission, Role
from web.tenants.organisations.models import OrgKind

log = structlog.get_logger(__name__)

ROLES: dict[str, str] = {
    Role.COUNTY_ADMIN: "县级经办",
    Role.TOWNSHIP_OFFICER: "乡镇街道党务",
    Role.BRANCH_SECRETARY: "支部书记",
    Role.AWAY_SECRETARY: "驻外支部书记",
    Role.LIAISON: "跨区联络员",
    Role.LEADER_READONLY: "分管领导",
    Role.SYSADMIN: "系统管理员",
    Role.SECADMIN: "安全管理员",
    Role.AUDITOR: "审计员",
    "operator": "平台运维",
    "anonymous": "未登录",
    "system": "系统",
    "peer": "伙伴县",
}

P = Permission
PERMISSIONS: dict[Permission, str] = {
    P.HOME_READ: "看自己的待办",
    P.SELF_WRITE: "改自己的密码，管自己的登录",
    P.MEMBER_READ: "看党员名册",
    P.MEMBER_WRITE: "登记和修改党员、流动",
    P.MEMBER_REVEAL: "查看证件号、电话等完整信息",
    P.LIST_EXPORT: "导出、复制名单，批量查询",
    P.IMPORT_WRITE: "导入名册",
    P.REFERRAL_READ: "看流动报到",
    P.REFERRAL_WRITE: "办理流动报到和共享",
    P.HANDOVER_READ: "看关系转接",
    P.HANDOVER_WRITE: "办理关系转接",
    P.TRANSFER_READ: "看本县转接案卷和介绍信登记簿",
    P.TRANSFER_WRITE: "提出转接申请",
    P.TRANSFER_APPROVE: "审批转接，开介绍信，接收编入",
    P.ACTIVITY_READ: "看活动",
    P.ACTIVITY_WRITE: "登记活动和到会",
    P.COSIGN_READ: "看共签记录",
    P.COSIGN_WRITE: "办理共签",
    P.REQUEST_READ: "看协助请求",
    P.REQUEST_WRITE: "提出和办理协助请求",
    P.AGREEMENT_READ: "看共管共育协议",
    P.AGREEMENT_WRITE: "起草、协商、印签协议",
    P.AGREEMENT_APPROVE: "批准印签协议",
    P.DOCUMENT_READ: "看和下载文件",
    P.REPORT_READ: "看报表",
    P.REPORT_WRITE: "生成报表",
    P.PEER_READ: "看伙伴县",
    P.PEER_CONFIRM: "邀请、确认伙伴县，重开通道",
    P.KEY_WRITE: "更换、吊销本县密钥",
    P.ORGANISATION_READ: "看党组织",
    P.ORGANISATION_WRITE: "设立、改名、撤销党组织",
    P.ACCOUNT_READ: "看账号",
    P.ACCOUNT_OPEN: "开立账号，改姓名电话，重置密码",
    P.ACCOUNT_GRANT: "授予角色，停用账号，解除验证器",
    P.ACCOUNT_CONFIRM: "提议、确认对管理员账号的处置",
    P.COUNTY_MANAGE: "修改本县设置",
    P.EVENT_READ: "看办理记录",
    P.FIGURE_READ: "看与伙伴县之间的数据",
}

ORG_KINDS: dict[str, str] = {
    OrgKind.COUNTY_COMMITTEE: "县（市、区）委",
    OrgKind.TOWNSHIP_COMMITTEE: "乡镇街道党委",
    OrgKind.GENERAL_BRANCH: "党总支",
    OrgKind.BRANCH: "党支部",
    OrgKind.PARTY_GROUP: "党小组",
    OrgKind.AWAY_BRANCH: "驻外党支部",
}

DUTIES: dict[str, str] = {
    DutyKind.RENEWAL: "期满前续签",
    DutyKind.REVIEW: "联席会商",
    DutyKind.REGISTER: "名册核对",
    DutyKind.PARTICIPATION: "反馈参加组织生活情况",
    DutyKind.CHECK: "责任清单年度检查",
    DutyKind.ITEM: "合作事项到期",
}

ERRORS: dict[str, str] = {
    "not_found": "没有找到。它可能不存在，也可能不属于本县",
    "not_permitted": "您的角色不能办这件事",
    "illegal_transition": "现在的状态不能这样办。请刷新页面，看轮到谁",
    "domain_error": "这件事现在办不了",
    "wrong_state": "现在的状态不能这样办。请刷新页面，看轮到谁",
    "state_written_outside_its_machine": "状态只能按流程改变",
    "waiting_for_partner": "上一步还在等对方答复。收到答复后再办",
    "conflict": "这条记录刚被别人改过。请核对后再保存",
    "csrf": "页面停留太久，表单凭证已失效。请返回刷新后重交，已填的内容仍在",
    "invalid": "有几处需要改正",
    "storage_full": "服务器的磁盘已满。刚才这一步没有存下，也没有只存下一部分。请告诉管理员腾出空间，再用下面的按钮重新提交",
    "database_busy": "同一条记录正有别人在办，或办事的人太多。刚才这一步没有存下，请稍等几秒再提交",
    "database_gone": "数据库正在重新启动。刚才这一步没有存下，稍等再提交即可",
    "database_gone_at_commit": "正要存下时数据库断开了，刚才这一步可能已存下，也可能没有。请过一分钟打开这条记录看清，再决定是否重办",
    "second_person": "这件事要另一个角色的第二位管理员来定，提议的人和当事人都不行",
    "too_many": "次数太多，请稍后再试",
    "import_has_errors": "有 {count} 行有误，没有导入。请改正后重新上传，或选择“只导入正确行”",
    "import_nothing_to_do": "没有新增或更新的行，不需要导入",
    "import_undo_too_late": "导入已超过 7 天，不能整批撤销。请逐人修改",
    "import_file_gone": "原文件已按期清除，请重新上传",
    "export_gone": "导出的文件已按期销毁，请重新导出",
    "export_too_long": "超过十万行，请先筛选再导出",
    "book_too_long": "超过两千号，请先按年份或结果筛选",
    "task_cancelled": "任务已取消，没有写入任何内容",
    "task_stays": "这件要告知伙伴县，不能取消；办完自动了结",
    "unforeseen": "系统出了差错，这件没有办成，差错已记录。可以重试；仍不行请找管理员",
    "member_in_transfer": "这名党员的组织关系在途，记录已锁定。办结、收回介绍信或对方退回后再办",
    "merge_shared": "已经送请伙伴县接收过，双方的记录已密封，不能并到另一条",
    "merge_handed_over": "已经与伙伴县办过组织关系转接，不能并到另一条",
    "merge_cosigned": "已经列入与伙伴县共签的记录，不能并到另一条",
    "merge_requested": "已经有与伙伴县的协助请求，不能并到另一条",
    "merge_in_case": "已经有转接案卷或介绍信，不能并到另一条",
    "merge_two_open": "两条都有未结束的流动登记。请先结束其中一条，再合并",
    "pair_decided": "这两条已经定过了。要改，先到“疑似重复”页撤销",
    "pair_too_old": "已过三十日，或者已经撤销过，不能再撤销",
    "merge_changed_since": "合并以后留下的一条又改过，不能整体撤销。请在党员页面逐项改正",
    "merge_number_taken": "其中一条的身份证号后来又登记在别的记录上，不能撤销合并。请先核对那一条",
    "merge_branch_closed": "其中一条原来所在的支部已经撤销，不能撤销合并。请把另一人登记到现在的支部，再改正留下的一条",
    "merge_held_since": "合并以后留下的一条已与伙伴县往来，不能撤销",
    "destination_unfit": "这名党员已调整到别的支部，申请的去向不再合适。请退回支部重新申请",
    "member_is_history": "这名党员已不在本县，记录只供查阅",
    "transfer_open": "这名党员有没有办结的组织关系转接，不能登记外出。请先到“组织关系转接”办结或者撤回，再登记",
    "flow_already_open": "这名党员已有未结束的流动登记。请先结束，或在原登记上修改",
    "flow_is_over": "这次流动已经结束，不能再改",
    "branch_not_yours": "所选支部不在您的范围内，请由上级党组织办理",
    "nothing_chosen": "没有选中可办的人。请在名册里勾选",
    "organisation_closed": "这个组织已经撤销，不能再改",
    "nothing_ticked": "没有勾选，什么都没有办。请在名单里勾选要办的行",
    "too_many_chosen": "一次最多选 {most} 条，请加条件分批",
    "no_letter_in_use": "没有在用的介绍信，所以不在压缩包里",
    "letter_not_in_pack": "这个编号已经作废，所以不在压缩包里",
    "paper_destroyed": "生成后已销毁，所以不在压缩包里",
    "letter_void": "这个编号已经作废，备注里写着原因，不能再改",
    "too_large": "文件或表单太大，上限 24 MB。请拆分后再传",
    "accepted_already": "本县已经同意过这份文本",
    "not_cosigned": "两县共签之后才有共签记录单",
    "annulment_proposed": "有一份共签记录正在商量作废，先答复作废，再更正",
    "activity_cosigned": "活动已经送请共签，不能再改",
    "activity_not_held": "活动还没有登记到会情况",
    "activity_not_yet": "活动还没有举行",
    "activity_over": "活动已经登记或取消",
    "aggregate_stopped": "双方的记录对不上，已停办，等人来看",
    "agreement_not_active": "与对方没有生效的协议",
    "already_open": "这名党员已有一件在办的关系转接",
    "day_limit": "对方今天能收的认领已满，请明天再送",
    "already_claimed": "这个人已经向对方问过，或者正在这里报到。请在流动报到里查看",
    "already_paused": "已经暂停",
    "application_missing": "没有本人申请，不能提出关系转接",
    "clause_14_missing": "缺少第十四条（个人信息保护），不能订立",
    "closed_already": "已经办清",
    "descriptor_of_another_county": "收到的身份说明属于另一个县，没有采用",
    "file_not_checked": "协议 PDF 还没有收到或没有核对，不能印签",
    "guests_cosigned": "流入党员的到会情况已经送请共签，不能再改",
    "leader_not_approved": "分管领导还没有批准印签",
    "letter_incomplete": "介绍信还有没填的内容",
    "no_open_version": "没有正在协商的文本",
    "no_own_key": "本县还没有密钥，或正在更换、吊销，请稍等再看",
    "channel_runs": "通道没有停，不用重开",
    "channel_stopped_for_good": "双方保存的往来已经不同，这条通道不能重开。请按页面上的办法核对",
    "no_peer_key": "还没有确认对方的密钥。请先到伙伴县核对指纹",
    "nobody_recorded": "请至少登记一人到会",
    "not_a_draft": "这份文本已经送出，不能再改",
    "not_paused": "没有暂停",
    "not_sealed_yet": "协议还没有印签齐全",
    "nothing_sealed": "还没有印签过的往来，不能出具证明",
    "not_taken_on": "对方还没有编入支部，不能共享这一项",
    "nothing_to_approve": "没有等待批准的文本",
    "only_hub_amends": "只有牵头方能提出修改",
    "pair_not_over": "与对方的协议还没有到期",
    "party_not_confirmed": "有一方还不是确认过的伙伴县",
    "scope_not_granted": "协议没有授权共享这一项",
    "scope_paused": "一方已暂停共享这一项，恢复后再办",
    "sealed_already": "本县已经印签",
    "seals_missing": "还有一方没有印签",
    "still_open": "还有没办清的事项：{what}",
    "text_not_here": "协议文本还没有收到，请稍后再看",
    "too_many_codes": "报到码试错次数已到上限，请明天再试或改由工作人员核对本人",
    "too_many_rounds": "已经协商十轮，请另起一份",
    "text_incomplete": "文本还没有写完整，请核对各条和合作事项",
    "nothing_changed": "没有改动。不改就请同意或者不同意",
    "text_malformed": "收到的文本不合格式，没有采用。请对方重新提出",
    "parties_differ": "收到的文本里各方与提出时不一致，没有采用",
    "pdf_differs": "文件里附的正文与商定的文本不一致，不能批准和印签。请对方撤回重来",
    "version_open": "已有一份文本正在协商",
    "no_receipt": "回执登记办结以后再存扫描件",
    "no_letter": "没有在用的介绍信",
    "emptied": "恢复备份之前这件事已经结束，内容已再次销毁，不能接着办。请再结束一次；仍要办的，结束后重新提出",
    "letter_withheld": "介绍信内容不全，印不出来：对方没有给出，或者已经清除。缺哪几项写在转接页面上，请以纸质原件为准",
    "letter_in_making": "介绍信的 PDF 还没有生成好，请在案卷页看进度，生成后再办",
    # What a partner refuses for good, and what stops a channel (web/federation/wire/codes.py).
    "bad_signature": "收到的印签与内容不符，通道已停，请双方人员核对",
    "chain_mismatch": "收到的信封接不上前一封，通道已停，请双方人员核对",
    "digest_mismatch": "回执与发出的内容不符，通道已停，请双方人员核对",
    "id_reuse": "同一编号出现两种内容，通道已停，请双方人员核对",
    "not_for_us": "收到寄给别县的信封，通道已停，请双方人员核对",
    "fork": "同一位置出现两种内容，通道已停，请双方人员核对",
    "consent_missing": "没有告知或同意的记录，对方不能接收",
    "expired": "送到时已过期。仍要办的，请重新送出",
    "malformed": "内容不合约定的格式，对方不能接收",
    "not_open": "对方没有这件事，或已不接收。请重新发起",
    "scope_violation": "超出协议授权的范围，对方不能接收",
    "copies_differ": "对方留存的与我方共享的不一致，查出不同的再送",
    "stale_base": "对方已先办了下一步。请收到后再办",
}

# Words of a wrong field, by code.
FIELD_ERRORS: dict[str, str] = {
    "required": "必填",
    "taken": "已有同名的，请换一个",
    "in_the_future": "不能晚于今天",
    "withdrawn_since": "本人在这一天之后撤回过，以撤回为准；撤回之后又告知、同意或申请的，请填那一天",
    "withdrawn_since_told": "对方告知之后，本人向本县撤回过，以撤回为准。撤回之后又告知过的，先在党员页登记那一次告知，再来确认",
    "before_agreement": "不能早于协议生效之日",
    "not_after_meeting": "要晚于这次会商的日期",
    "before_left_on": "不能早于流出时间",
    "kind_not_under_parent": "这种组织不能设在所选上级之下",
    "full_name_too_long": "连同上级的名称超过 160 个字，介绍信上写不下，请改短",
    "has_open_organisations": "下面还有未撤销的组织，请先撤销或调整",
    "unknown_scope": "没有这个共享范围",
    "persons_of_townships": "乡镇级协议只能勾名录和汇总数；党员个人的信息按县级协议互通",
    "not_a_township": "请选本县的一个乡镇街道党委",
    "not_a_date": "不是有效日期，请写成 2026-11-23",
    "year_too_far": "年份要在 1900 至 2199 之间，没有“长期”",
    "not_a_month": "请写成 年-月，例如 2026-10",
    "invalid": "不是有效的值",
    "too_long": "太长了",
    "choose_one": "请选一项",
    "not_listed": "请从列出的几项里选，别的字不会送往伙伴县",
    "unknown": "没有这一项",
    "not_a_number": "请填整数",
    "out_of_range": "超出允许的范围",
    "username_letters": "只能用英文字母、数字、点和下划线",
    "not_oneself": "不能对自己的账号这样办，请另一位管理员来办",
    "password_wrong": "现用密码不对。连续五次不对，账号停用三十分钟，各处登录随即退出",
    "password_short": "至少 8 位",
    "password_plain": "大写、小写、数字、符号至少要有三种",
    "password_holds_username": "不能含有用户名",
    "password_same": "不能与现用密码相同",
    "password_used": "最近五次用过的密码不能再用",
    "password_differs": "两次输入的不一样",
    "sign_in_refused": "用户名、密码或动态码不对。连续五次不对，账号停用三十分钟",
    "code_wrong": "动态码不对，或者已经用过。请等验证器换出下一个再填；手机时间要准",
    "bound_already": "已经绑定了验证器，要换请先解除",
    "code_demanded": "本县要求管理员登录时填动态码，不能解除",
    "person_taken": "这个人已有账号。一人一号、一个角色；要换角色，请安全管理员调整原来的账号",
    "person_stays": "证件号码已登记，与这次填的不一致。不能改成另一个人的",
    "person_unknown": "这个账号还没有登记证件号码，请系统管理员先补上，再授予管理员角色",
    "no_administrator": "没有这个在用的管理员账号。只能重置系统管理员、安全管理员、审计员的密码",
    "other_hand": "同一位运维人员不能既重置密码又解除验证器：先办的一项是您办的，本人还没有换上新的。请另一位运维人员办；只有一位的，请该县另外两位管理员在“账号与角色”里一位提议、一位确认",
    "role_held": "这个角色已有在用的账号，由该县自己的管理员办理",
    "backup_waits": "已有一份备份在等或在做，做完再要下一份",
    "four_eyes": "这是管理员的账号，要两个人办：一位提议，另一位确认",
    "proposed_already": "已有一件提议在等确认",
    "not_an_administrator": "这不是在用的管理员账号，不用两个人办",
    "not_a_division_code": "不是区划代码，或这里不用填",
    "not_this_place": "这个角色不能设在所选组织",
    "org_closed": "所选组织已撤销",
    "root_stays": "县委不能撤销",
    "has_people": "还有党员或账号编在这里，请先调整",
    "letter_went_there": "原介绍信写明的去向不能改，回执可能还会到。要改去向，请撤销后重新申请",
    "has_guests": "还有流入党员编在这里，请先在“流动报到”里给他们改编支部",
    "day_listed": "这一天已经列过",
    "same_as_calendar": "与国家放假安排相同，不用另列",
    "not_a_name": "不像姓名：至少两个字，不含数字和符号",
    "already_registered": "这个身份证号已在本县名册中",
    "takes_no_members": "这个组织不编入党员，请选党支部",
    "before_birth_on": "不能早于出生日期",
    "before_joined_on": "不能早于入党日期",
    "phone_several": "一栏只写一个号码，本人的另一个号码写在“第二电话”",
    "phone_unreadable": "读不出号码。手机写 11 位，座机写区号-号码",
    "id_destroyed": "号码已失真（表格把它存成了数字），请对照证件重填",
    "id_length": "身份证号是 18 位，请数一数",
    "id_characters": "只能是数字，末位可以是 X",
    "id_birth": "第 7 至 14 位不是出生日期",
    "id_check": "末位校验不对，请对照证件逐位核对",
    "place_ambiguous": "这个地名不止一处，请写上省和市",
    "look_again": "请先核对，再登记",
    "activity_held_already": "活动已经登记过到会情况",
    "already_partner": "已经是伙伴县",
    "before_start": "不能早于生效日期",
    "nobody_stays": "新的一版开始时只剩一方，另一方已告知退出。要继续合作，请另订一份协议",
    "hub_leaves": "本县已告知退出，退出后这份协议没有牵头方，不能再增加一方。请由留下的各方另订一份协议",
    "grant_of_nothing": "勾选的授权至少要送一项内容；一项都不送的，请取消勾选",
    "grant_lacks_the_needed": "少了办事必需的内容，事情就办不成，不能单独不送。只能勾选列出的内容；整项都不共享的，请取消勾选授权",
    "clause_of_many_lines": "一条最多写 20 行，每行就是一款，请把短的款并成一款",
    "clause_of_a_long_line": "一款最多写 2000 个字，请分成几行写",
    "clause_says_otherwise": "这一条写的日期、提前告知天数、频次、份数或者几方与表单里填的不一致，请改成一致",
    "before_notice": "没有满协议约定的提前告知天数，请填表单上方写的最早日期或以后",
    "too_many_at_once": "一次最多送请 500 人，请分批",
    "already_offered": "这名党员已有未结束的流动报到，请先结束原来的一件，或者答复不是本县党员",
    "flow_incomplete": "名册里缺出生日期或人员类别，请先补全",
    "birth_on_missing": "名册里没有出生日期，请先补上",
    "days_rising": "请填由小到大的天数，用顿号隔开，最多五个，例如 30、90、150",
    "before_issue": "不能早于开出介绍信的日期",
    "before_it_was_asked": "不能早于请求提出的日期",
    "choose_members": "请至少选一名党员",
    "own_fingerprint_differs": "与要吊销的指纹不一致，请照本页显示的最后两组填写",
    "fingerprint_differs": "与对方念的不一致。请核对后重填；仍不一致就不要确认",
    "ends_before_it_starts": "应在开始之后",
    "before_first_day": "不能早于起日",
    "nothing_to_print": "没有可以生成的，请换一个条件",
    "too_many_papers": "一次最多 1000 份，请缩小范围",
    "period_too_long": "一次最多五年，请把起日往后改",
    "period_too_early": "最早从 2000 年算起，请把起日往后改",
    "not_reported_on": "这段时间协议没有生效，请改起止日期",
    "not_a_time": "请填时间，例如 09:30",
    "no_names": "没有读到姓名。每行一个人：姓名、到会情况，用空格、逗号或制表符隔开",
    "not_text": "文件看不懂，请另存为 .xlsx 或 .csv 再上传",
    "too_many_lines_in_list": "名单超过 600 行，请按支部分开",
    "twice": "同一个人选了两次，请改正",
    "nothing_corrected": "送给对方的内容没有改动（迟到按到会送，请假不送缘由），不用再送。只改本县的到会符号，在活动页改",
    "reason_of_a_line": "有异议的，在那人的一行写明理由",
    "no_lines_left": "一个人也没有了。全部有误时请撤回这份记录",
    "reasons_given": "有人填了异议理由。要共签请先清空理由，有异议请按“送出异议”",
    "no_such_county": "没有这个县，请核对区划代码",
    "nobody_recorded": "请至少登记一人到会",
    "not_a_partner": "还不是确认过的伙伴县",
    "too_many_parties": "一份协议连本县最多十方，请分成几份",
    "not_due_here": "名单里有不该由这里登记的人",
    "not_our_member": "有一行找不到对应的本县党员，不能共签，请提出异议",
    "nothing_to_offer": "没有需要送请共签的人",
    "only_earlier": "只能提前，不能推后",
    "own_county": "不能邀请本县",
    "too_many_lines": "一份记录最多 500 人",
    "nothing_to_change": "每一项都是“不修改”，请至少改一项",
    "too_many_columns": "列太多了",
    "too_many_filters": "最多存 50 个筛选，请先删去不用的",
    "question_too_long": "选的条件太多，存不下，请少选几项再存",
    "too_many_labels": "最多 40 个标签，请先删去不用的",
    "same_branch": "已经在这个支部",
    "before_issued": "不能早于介绍信开出之日",
    "after_valid": "这一天介绍信已过有效期，请由支部说明情况后另开",
    "before_received": "不能早于接收之日",
    "own_committee": "已在这个党委，请选具体支部",
    "letter_expired": "介绍信已过有效期，请退回转出单位另开",
    "other_committee": "请选接收党委所属的支部",
    "scan_empty": "这个文件是空的，请重新选择",
    "scan_too_large": "文件超过 5 MB，请降低扫描分辨率后再传",
    "scan_unreadable": "不是完整的 PDF、JPG 或 PNG 文件，请换成其中一种",
    "scan_missing": "书面办理的，请附签字扫描件",
    "chosen_for_another": "本人同意送往另一个县的是现在选定的号码，改选会连它收到的一起改。请先撤回对那个县的同意，再由本人重新选定",
    "places_missing": "须写明 {county} 和 {partner}，印出时换成两县名称",
    "notice_unchanged": "内容没有改动，不需要启用新版",
    "consent_per_request": "服务事项须逐件同意，其他范围不按件",
    "not_agreed": "没有本人的单独同意，不能登记",
    "too_many_members": "一次最多选 1,000 人，请分批",
}


# What hinders closing a pair, by the name of the menu where it is settled.
STILL_OPEN = {
    "open_referrals": "流动报到",
    "open_requests": "协助请求",
    "open_handovers": "关系转接",
    "open_cosigned": "共签记录",
    "unproved_purges": "状态共享（清除回执未到）",
}


def of(error: DomainError) -> str:
    """The sentence for an error, its parameters filled in."""
    what = error.params.get("what")
    named = {"what": joined("、", (STILL_OPEN.get(code, code) for code in what))} if isinstance(what, list) else {}
    return say(ERRORS.get(error.code, ERRORS["wrong_state"]), **{**error.params, **named})


def field_errors(error: DomainError) -> dict[str, list[str]]:
    """field → sentences, for showing beside the fields."""
    return {name: [FIELD_ERRORS.get(c, c) for c in codes] for name, codes in getattr(error, "fields", {}).items()}


def undo() -> None:
    """Nothing of this request was kept: neither its rows nor the word that it was done, said before the commit failed."""
    db.session.rollback()
    session.pop("_flashes", None)


def register(app: Flask) -> None:
    """One handler for our errors, one for the framework's."""

    @app.errorhandler(DomainError)
    def ours(error: DomainError) -> Any:
        db.session.rollback()
        if error.code in OF_A_CHOICE and (back := came_from()):
            flash(of(error))
            return redirect(back, 303)
        return answer(
            error.status, error.code, of(error), who=_who_can(error) if isinstance(error, NotPermitted) else []
        )

    @app.errorhandler(CSRFError)
    def stale_form(error: CSRFError) -> Any:
        db.session.rollback()
        if g.get("county") is not None and not _signed_in() and (waits := kept.page()) is not None:
            return waits
        return answer(400, "csrf", ERRORS["csrf"])

    @app.errorhandler(HTTPException)
    def theirs(error: HTTPException) -> Any:
        if error.code is not None and error.code < 400:
            return error
        db.session.rollback()
        code = {404: "not_found", 413: "too_large", 429: "too_many"}.get(error.code or 500, f"http_{error.code}")
        return answer(error.code or 500, code, ERRORS.get(code, "请求不对，服务器没有办理"))

    app.register_error_handler(Exception, failed)


def failed(error: Exception) -> Any:
    """What nobody foresaw: in the log by its kind and places, on the page without them."""
    undo()
    log.error("request.failed", route=request.url_rule.rule if request.url_rule else "none", exc_info=error)
    if current_app.testing or current_app.debug:
        raise error
    return answer(500, "internal", "系统出了差错，您填的内容没有保存。差错已记录，请稍后再试或找管理员")


OF_A_CHOICE = frozenset({"nothing_ticked", "nothing_chosen", "too_many_chosen"})
"""Refusals of rows chosen on a list: they are said on the list, as it was asked for."""


def came_from() -> str:
    """The page of ours whose form was sent, if it can be opened again; empty otherwise."""
    at = urlsplit(request.referrer or "")
    if g.get("county") is None or at.netloc != request.host or not at.path.startswith(f"/{g.county.code}/"):
        return ""
    try:
        current_app.url_map.bind_to_environ(request.environ).match(at.path, "GET")
    except (HTTPException, RoutingException):
        return ""
    return at._replace(scheme="", netloc="", fragment="").geturl()


def _who_can(error: NotPermitted) -> list[str]:
    """Names with their roles; the roles alone when nobody holds one, or the refusal names no permission."""
    permission = error.params.get("permission")
    people = accounts.who_can(Permission(str(permission))) if permission and g.get("county") else []
    roles = error.params.get("who", ())
    assert isinstance(roles, list | tuple)
    return [say("{name}（{role}）", name=name, role=ROLES[role]) for name, role in people] or [
        ROLES.get(str(r), str(r)) for r in roles
    ]


def answer(status: int, code: str, detail: str, who: list[str] | None = None, **more: Any) -> Response:
    """A refusal as a page, or as problem+json for a program; `more`: what errors/error.html may show besides."""
    wants_json = request.path.startswith(("/fed/", "/api/")) or request.accept_mimetypes.best == "application/json"
    if wants_json:
        response: Response = jsonify(
            type=f"urn:kiteline:{code}", title=code, status=status, detail=choice.shown(detail)
        )
        response.status_code, response.mimetype = status, "application/problem+json"
        return response
    signed_in = not g.get("is_out") and g.get("county") is not None and _signed_in()
    layout = "shell.html" if signed_in else "bare.html"
    page = render_template("errors/error.html", status=status, code=code, detail=detail, who=who or [], layout=layout, **more)  # fmt: skip
    return make_response(page, status)


def _signed_in() -> bool:
    from flask_login import current_user

    return bool(current_user.is_authenticated)
