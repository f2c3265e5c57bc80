"""Why a line to a partner stands still, in words, and what a person can do about it. The codes: federation/wire/codes.py."""

from __future__ import annotations

from dataclasses import dataclass

from web.federation.post.reopening import FOR_GOOD


@dataclass(frozen=True)
class Stop:
    """What happened, and what to do."""

    why: str
    todo: str


_LOOK = "双方联络员通电话，双方系统管理员查清原因。查清后双方各自重开这条通道，停下的会接着送，不会丢也不会重。"
_DIFFER = (
    "双方保存的往来已经不同，再收发只会错上加错，所以系统不允许重开。请双方联络员通电话，从最近一份都有回执的往来起逐件核对，"
    "保存好双方的办理记录；怀疑密钥被盗的，先吊销密钥；在办的事改用纸质介绍信和公函办理。"
)
STOPS: dict[str, Stop] = {
    "bad_signature": Stop("印签与内容不符，可能在途中被改动。没有采用，也没有占用编号。", _LOOK),
    "not_for_us": Stop("信封上的收件县不对。没有采用，也没有占用编号。", _LOOK),
    "malformed": Stop("回执不合格式。", _LOOK),
    "too_large": Stop("回执超过限度。", _LOOK),
    "unsealed": Stop(
        "我方有一份消息签不上，它后面的都停着，没有丢。",
        "请本县系统管理员按办理记录里的时间查运行日志，查清是哪一份、为什么。修好后由县级经办重开这条通道，停下的按原来的次序接着送。",
    ),
    "fork": Stop("同一个编号出现两份签过的不同内容。", _DIFFER),
    "id_reuse": Stop("同一份消息出现两种签过的内容。", _DIFFER),
    "chain_mismatch": Stop("信封接不上前一封，有一方的数据被改动或者恢复过。", _DIFFER),
    "digest_mismatch": Stop("回执签的不是发出的内容。", _DIFFER),
}
_OTHER = Stop("没有见过的原因。", _LOOK)
# What waits by itself: nothing stopped, and nobody has to reopen anything.
HELD: dict[str, Stop] = {
    "unknown_key": Stop(
        "双方有一方还不认得另一方的密钥。",
        "正在自动交换身份说明。有一方吊销过密钥的，要由另一方打电话核对新指纹，核对后自动送达。",
    ),
    "key_revoked": Stop("密钥已经更换或者吊销。", "正在用现用密钥重新印签，自动再送。"),
    "maintenance": Stop("对方那一侧停着，或正在维护。", "对方重开后自动送达；等得久了请打电话问对方联络员。"),
    "version_unsupported": Stop("对方的系统版本还不认得这种消息。", "对方升级后自动送达。"),
}
_BUSY = Stop("对方暂时没有收下。", "自动再送，不用办理。")
GIVEN_UP = Stop("有消息连续三十天没有送到，已不再自动送。", "请打电话问清对方的系统，再按“重开通道”，立即重送。")


def stop(code: str) -> Stop:
    """Of a channel that stopped."""
    return STOPS.get(code, _OTHER)


def held(code: str) -> Stop:
    """Of one that waits by itself."""
    return HELD.get(code, _BUSY)


def may_reopen(codes: set[str]) -> bool:
    """Whether a person may let a channel go on that these codes stopped."""
    return not codes & FOR_GOOD
