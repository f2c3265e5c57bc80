"""The kinds of request two counties may send each other (FED/1 §8): data.

`web.federation.messages` makes the wire's rows of it, `web.federation.requests` plays it, pages and reports call it by
its title, and the edge keeps the words of its form (`web/blueprints/requests/wording.py`). What a kind may carry is closed: the fields named here, under their
scope, and nothing else. How to add one: `web/README.md`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from web.federation.wire.kinds import Kind, Text, choice


@dataclass(frozen=True)
class Asked:
    """One value of a request or of its answer. `scope`: the data scope that must be granted for it, "" = none.
    `field`: its name in the registry of fields.
    """

    name: str
    kind: Kind
    field: str
    scope: str = ""
    is_required: bool = True


@dataclass(frozen=True)
class RequestKind:
    """`asker`: which role of the referral may ask, or any. `due_days`: working days to the answer. `answered_by`: the
    permission the answering person needs. `needs_consent`: the member's own yes to this one request (S7).
    `withdraws`: its being done withdraws the member's notices and consents at home. `refused_for`: the only words of the lists
    that it may be declined or failed with; () = all of them.
    """

    name: str
    title: str
    asker: str
    due_days: int
    asks: tuple[Asked, ...] = ()
    answers: tuple[Asked, ...] = ()
    answered_by: str = "request:write"
    needs_consent: bool = False
    withdraws: bool = False
    refused_for: tuple[str, ...] = ()

    def reasons(self, words: Iterable[str]) -> list[str]:
        """Which of these, the list of declining or of failing, it admits."""
        return [word for word in words if not self.refused_for or word in self.refused_for]


REQUEST_KINDS: dict[str, RequestKind] = {
    kind.name: kind
    for kind in (
        # 三个必访: the trigger alone, never what is behind it.
        RequestKind(
            "must_visit",
            "走访家属",
            asker="host",
            due_days=10,
            asks=(Asked("trigger", choice("hardship rights not_home_for_new_year"), "visit_trigger", "S7"),),
            needs_consent=True,
        ),
        # 帮助就业: what he looks for and can do, in his own words; never why, and nothing of his household.
        RequestKind(
            "job",
            "帮助就业",
            asker="any",
            due_days=20,
            asks=(Asked("intent", Text(80), "job_intent", "S7"), Asked("skills", Text(80), "skills", "S7", False)),
            needs_consent=True,
        ),
        RequestKind(
            "certificate",
            "核查活动证",
            asker="host",
            due_days=5,
            answers=(Asked("outcome", choice("valid reviewed void"), "review_result", "S6"),),
        ),
        RequestKind(
            "withdrawal",
            "转告撤回同意",
            asker="host",
            due_days=1,
            asks=(Asked("what", choice("all contact"), "withdrawn"),),
            answered_by="member:write",
            withdraws=True,
            refused_for=("not_ours", "not_found"),  # the member's no waits for nobody's being able or willing
        ),
    )
}
