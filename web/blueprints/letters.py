"""The messages about a thing as its page lists them: who told whom what, and what the receipt said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from web.blueprints import filters, words
from web.core.saying import say
from web.federation.post import reopening
from web.federation.post.service import Letter
from web.federation.wire.codes import CODES
from web.tenants.counties import service as counties


def proofs(
    partner: str, letters: Sequence[Letter], names: Mapping[str, str], decides: Callable[[Letter], bool]
) -> list[dict[str, str]]:
    """Every message with its receipt, the first one first, for the proof column. `names`: of verbs; `decides`: whether a
    letter is of the side whose word counts, which gives its own number to what the other proposed, word for word the same.
    """
    own, shown, proposed = counties.own().name, [], set[str]()
    still = {uid for uid in {it.peer_uid for it in letters if it.result is None} if reopening.stands_still(uid, "out")}
    for letter in letters:
        verb, is_decision = letter.type.partition(".")[2], decides(letter)
        is_echo = is_decision and verb in proposed
        proposed = proposed - {verb} if is_decision else proposed | {verb}
        way = f"{own} → {partner}" if letter.is_ours else f"{partner} → {own}"
        if letter.result is None:
            kind, note = (
                ("now", "等回执，不再自动送，到“伙伴县”看原因和办法")
                if letter.peer_uid in still
                else ("theirs", "等回执，自动续发")
            )
        elif letter.result == "applied":
            took = int((letter.receipted_at - letter.at).total_seconds()) if letter.receipted_at else 0
            kind, note = (
                "sealed",
                say(
                    "{at} 送达{more}",
                    at=filters.moment(letter.at),
                    more=say("，回执 {took} 秒后", took=took) if letter.is_ours else "，已回执",
                ),
            )
        else:
            kind, note = "off", say("{at}　{code}", at=filters.moment(letter.at), code=refusal(letter))
        shown.append(
            {
                "state": kind,
                "words": say(
                    "{verb}{more}　{way}", verb=names.get(verb, verb), more="（登记）" if is_echo else "", way=way
                ),
                "note": note,
            }
        )
    return shown


def going(peer_uid: UUID) -> str:
    """What becomes of a word of ours that waits for the other side's decision, beside whose turn it is."""
    if reopening.stands_still(peer_uid, "out", "in"):
        return "通道现在不通，不会自动办完，到“伙伴县”看原因和办法"
    return "通常几秒内完成；对方系统停机时自动续发，不用再办"


def refusal(letter: Letter) -> str:
    """Why a message was not taken, in words."""
    if letter.code in ("stale_base", "illegal_transition", "not_open"):
        return say("{more}此前已有新的决定，没有采用", more="对方" if letter.is_ours else "我方")
    return words.ERRORS.get(
        letter.code or "", say("没有采用（{code}）", code=letter.code) if letter.code in CODES else "没有采用"
    )
