"""The table of message types: what each may carry, who numbers it, what may be disclosed with it, under which scope.

One source for egress (composing), ingress (admission), the descriptor and the protocol paper. Data, no behaviour.

How to read a row:

- `about`: the aggregate's kind; `about` of the envelope is `<about>/<uuid>`.
- `numbering`: DECISION = only the anchor sends it, with `n`; PROPOSAL = only a follower, with `base`;
  BOTH = a follower proposes with `base`, and the anchor's envelope of the same type with `n` (and `cause`) decides,
  or the anchor decides of itself; REGISTER = neither, the owner's own word numbered `w` in the body.
- `is_bulk`: news that a program tells, which yields to everything else that waits for its number in the channel. What
  follows bulk of its own aggregate is bulk too, so that `n` stays in order.
- `opens`: an envelope of it with n = 1 or base = 0 begins an aggregate and can be refused (`not_opened` at the sender).
- `body`: plain values only (uuid, choice, date, integer, digest); the table refuses to be built otherwise.
- `pointers`: what may be disclosed. A required one is disclosed or withheld, never absent. `scope` of a pointer is the
  data scope that must be granted for it; none = an official act's own words, free of grants. `field` is its name in the
  registry of fields. `*` stands for a whole number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache

from web.federation.request_kinds import REQUEST_KINDS, RequestKind
from web.federation.wire import seals
from web.federation.wire.kinds import (
    DATE,
    DIGEST,
    NUMBER,
    UUID_,
    YEARS,
    Integer,
    Kind,
    ListOf,
    Nullable,
    Pattern,
    Record,
    Row,
    Text,
    choice,
)

_INDEX = re.compile(r"/(0|[1-9][0-9]{0,2})(?![^/])", re.ASCII)


class Numbering(StrEnum):
    """Which of `n` and `base` an envelope carries."""

    DECISION = "decision"
    PROPOSAL = "proposal"
    BOTH = "both"
    REGISTER = "register"


DECISION, PROPOSAL, BOTH, REGISTER = Numbering


class Scope(StrEnum):
    """The closed list of data scopes something carries; S8 is named in `core/scopes.py` and carried by nothing."""

    DIRECTORY = "S0"
    COUNTS = "S1"
    NOTICE = "S2"
    CONTACT = "S3"
    TRANSFER = "S4"
    PARTICIPATION = "S5"
    STATUS = "S6"
    SERVICE = "S7"


@dataclass(frozen=True)
class Pointer:
    """One disclosable value. `owner`: in which role its county may send it (home or host); none = either."""

    path: str
    kind: Kind
    is_required: bool = False
    scope: Scope | None = None
    field: str = ""
    owner: str | None = None


@dataclass(frozen=True)
class MessageSpec:
    """One row of the table; see the module's text. `attaches`: the `typ` of the JWS that must be attached."""

    type: str
    numbering: Numbering
    body: Record
    pointers: tuple[Pointer, ...] = ()
    opens: bool = False
    may_expire: bool = False
    needs_agreement: bool = True
    needs_cause: bool = False
    has_foreign_lines: bool = False
    is_bulk: bool = False
    attaches: str | None = None
    _by_path: dict[str, Pointer] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_path", {pointer.path: pointer for pointer in self.pointers})
        if not self.body.is_plain:
            raise TypeError(f"{self.type}: a body holds plain kinds only")
        if self.body.names & {pointer.path.split("/")[1] for pointer in self.pointers}:
            raise TypeError(f"{self.type}: a name stands in the body or under a pointer, never in both")

    @property
    def about(self) -> str:
        """The kind of aggregate it speaks of."""
        return self.type.partition(".")[0]

    def pointer(self, path: str, scope: str | None = None) -> Pointer | None:
        """The row of a pointer, or None if this type may not carry it (under this share's scope, if given)."""
        found = self._by_path.get(_INDEX.sub("/*", path))
        return None if found is None or (scope is not None and found.scope != scope) else found


def _required(scope: Scope | None, **kinds: Kind) -> tuple[Pointer, ...]:
    return tuple(Pointer(f"/{name}", kind, True, scope, _FIELD.get(name, name)) for name, kind in kinds.items())


def _optional(scope: Scope | None, owner: str | None = None, **kinds: Kind) -> tuple[Pointer, ...]:
    return tuple(Pointer(f"/{name}", kind, False, scope, _FIELD.get(name, name), owner) for name, kind in kinds.items())


# Pointers whose name on the wire is not their name in the registry of fields.
_FIELD = {
    "sex": "gender",
    "kind": "member_kind",
    "contact": "phone",
    "branch": "host_branch",
    "text": "reason",
    "place": "activity_place",
    "title": "activity_title",
    "responsible": "activity_responsible",
}

NAME, ORGANISATION, PHONE, REASON = Text(60), Text(200), Text(60), Text(1000, has_lines=True)
SEX = choice("0 1 2 9")  # GB/T 2261.1
ETHNICITY = Pattern(r"\d{2}", is_plain=False)  # GB/T 3304
MEMBER_KIND = choice("full probationary")
MONTH = Pattern(rf"{YEARS}-(0[1-9]|1[0-2])", is_plain=False)
YEAR = Integer(1900, 2100)
ID_NUMBER = Pattern(r"\d{17}[0-9X]", is_plain=False)
REPORT_IN_CODE = Pattern(r"[0-9A-HJKMNP-TV-Z]{10}", is_plain=False)
COUNTY = UUID_
SHARED_SCOPE = choice("S3 S6")
ORG_KIND = choice("county_committee township_committee general_branch branch party_group away_branch")
COUNTED = choice("away_there taken_on_here activities_with_guests")
PRESENCE = choice("present absent leave")
LINE_NUMBERS = ListOf(Integer(0, 499), most=500, is_rising=True)
LOOKS = Integer(1, 9999)  # at one row, of a day, by one role
MINUTES = Integer(0, 24 * 60)

# How the host learnt of the member's wish.
TOLD = choice("paper in_person")

REFERRAL_DECLINED = choice("not_found not_here already_taken_on duplicate incomplete other")
REFERRAL_ENDED = choice("returned transferred deceased membership_ended wrong_entry notice_withdrawn wound_down")
HANDOVER_REFUSED = choice("wrong_person not_here already_member missing_file dues_open other")
HANDOVER_RECALLED = choice("wrong_entry member_stays letter_lost deceased other")
COSIGN_REFUSED = choice("not_ours not_held wrong_header other")
SHARE_REVOKED = choice("notice_withdrawn consent_withdrawn referral_ended transferred wound_down narrowed")
REQUEST_DECLINED = choice("not_ours not_able unclear other")
REQUEST_FAILED = choice("not_found member_declined not_able other")
REQUEST_RATED = choice("helped partly not_helped")
REQUEST_PURGED = choice("consent_withdrawn notice_withdrawn referral_ended")
RETURNED_FIELDS = choice("name birth_on sex ethnicity kind from_org to_org file dues application other")

READERS = choice(
    "county_admin township_officer branch_secretary away_secretary liaison leader_readonly other"
)  # roles of the reader's county; never a name

LIAISONS = (
    Pointer("/liaisons/*/name", NAME, False, None, "liaison_name"),
    Pointer("/liaisons/*/post", Text(80), False, None, "liaison_post"),
    Pointer("/liaisons/*/phone", PHONE, False, None, "liaison_phone"),
)
SIGNER = _optional(None, signer_name=NAME, signer_post=Text(80))
TEXT = _optional(None, text=REASON)  # words beside a reason from a closed list
SAID = _optional(None, reason=REASON)

OFFERED_ACTIVITY = Record(
    {
        "activity": UUID_,
        "k": NUMBER,  # number of the content: a correction is k + 1
        "kind": choice("branch_assembly committee_meeting group_meeting party_lecture theme_day study volunteer other"),
        "held_on": DATE,
        "minutes": MINUTES,
        "content": DIGEST,  # admission.content_digest of these fields and `sd`: the same for every home county
    }
)
ACTIVITY_POINTERS = (
    *_required(None, title=Text(200), place=Text(200), responsible=NAME),
    # [referral, presence, minutes]; `*` is the line's place in the shuffled list
    Pointer("/lines/*", Row((UUID_, PRESENCE, MINUTES)), False, Scope.PARTICIPATION, "presence"),
)
ANSWERED_CONTENT = {"k": NUMBER, "content": DIGEST}

SHARED_VALUES = (
    *_optional(
        Scope.STATUS,
        "home",
        certificate_no=Nullable(Text(60)),
        review_result=Nullable(choice("passed talk withdrawn")),
        dues_until=Nullable(MONTH),
        appraisal=Nullable(choice("excellent qualified basic unqualified")),
    ),
    *_optional(Scope.STATUS, "host", branch=Nullable(ORGANISATION)),
    *_optional(Scope.CONTACT, None, phone=Nullable(PHONE)),
)
SHARE = {"referral": UUID_, "scope": SHARED_SCOPE}

_NOTHING = Record({})
_TEXT_OF = {"version": NUMBER, "text": DIGEST}
MEETING_WAY = choice("here there video phone")  # here: in the county that records it
_PAUSED = {"scope": choice("all S0 S1 S2 S3 S4 S5 S6 S7")}

_ROWS = (
    # Agreement. `about` names it; none travels under an agreement version, they make it.
    MessageSpec(  # hub → each party (anyone may relay it): one decision, attached; `n` here = n of the decision
        "agreement.decision",
        DECISION,
        Record({"agreement": UUID_, "n": NUMBER, "digest": DIGEST}),
        opens=True,
        needs_agreement=False,
        attaches=seals.DECISION,
    ),
    MessageSpec(  # follower → hub: another text, a blob named by its digest
        "agreement.counter",
        PROPOSAL,
        Record(_TEXT_OF),
        (*LIAISONS, *SAID),
        may_expire=True,
        needs_agreement=False,
    ),
    MessageSpec("agreement.accept", PROPOSAL, Record(_TEXT_OF), needs_agreement=False),
    MessageSpec("agreement.reject", PROPOSAL, Record(_TEXT_OF), _required(None, reason=REASON), needs_agreement=False),
    MessageSpec(  # follower → hub; `seal` = digest of the fed1-seal attached
        "agreement.seal",
        PROPOSAL,
        Record({**_TEXT_OF, "pdf": DIGEST, "seal": DIGEST}),
        SIGNER,
        needs_agreement=False,
        attaches=seals.SEAL,
    ),
    MessageSpec(  # each owner → every party; applies at once, a `w` not higher than the last is ignored
        "agreement.stop",
        REGISTER,
        Record(
            {"w": NUMBER},
            variants=(
                "kind",
                {
                    "leaves_on": {"kind": choice("leaves_on"), "on": DATE},
                    "pause": {"kind": choice("pause"), **_PAUSED},
                    "resume": {"kind": choice("resume"), **_PAUSED},
                },
            ),
            optional={"successor": COUNTY},  # of a hub that leaves
        ),
        SAID,
        needs_agreement=False,
    ),
    MessageSpec(  # each of a pair: its purge proofs are in, its handovers at rest
        "agreement.closed",
        REGISTER,
        Record({"w": NUMBER, "pair": ListOf(COUNTY, most=2, least=2, is_rising=True), "on": DATE}),
        needs_agreement=False,
    ),
    # Referral: anchor home.
    MessageSpec(
        "referral.offer",
        DECISION,
        Record({"notice_on": DATE}),
        (
            *_required(
                Scope.NOTICE,
                name=NAME,
                gender=SEX,
                birth_year=YEAR,
                member_kind=MEMBER_KIND,
                home_branch=ORGANISATION,
                report_in_code=REPORT_IN_CODE,
            ),
            *_optional(Scope.NOTICE, arrival_month=MONTH, host_township=ORGANISATION),
        ),
        opens=True,
        may_expire=True,
    ),
    MessageSpec(  # host begins: who stands at its window says he is that county's; `consent`: the host's own record of it
        "referral.claim",
        BOTH,
        Record({"consent": UUID_, "consent_on": DATE, "how": TOLD}),
        _required(Scope.NOTICE, name=NAME, birth_year=YEAR, home_branch=ORGANISATION),
        opens=True,
        may_expire=True,
    ),
    MessageSpec(  # home found him: the packet as its own register has it
        "referral.recognise",
        DECISION,
        Record({"notice_on": DATE}),
        (
            *_required(
                Scope.NOTICE, name=NAME, gender=SEX, birth_year=YEAR, member_kind=MEMBER_KIND, home_branch=ORGANISATION
            ),
            *_optional(Scope.NOTICE, arrival_month=MONTH, host_township=ORGANISATION),
        ),
    ),
    MessageSpec("referral.disown", DECISION, _NOTHING),  # unknown and not ours alike: no reason, no words
    MessageSpec("referral.accept", BOTH, _NOTHING),
    MessageSpec("referral.decline", BOTH, Record({"reason": REFERRAL_DECLINED}), TEXT),
    MessageSpec("referral.lapse", DECISION, _NOTHING),
    MessageSpec("referral.report_in", BOTH, Record({"how": choice("code person"), "on": DATE})),
    MessageSpec("referral.take_on", BOTH, Record({"on": DATE})),
    MessageSpec("referral.end", DECISION, Record({"reason": REFERRAL_ENDED, "on": DATE})),
    MessageSpec("referral.leave", BOTH, Record({"on": DATE}), TEXT),
    # StatusShare: anchor the owner of the data.
    MessageSpec(
        "share.grant", DECISION, Record({**SHARE, "basis": choice("notice consent"), "basis_on": DATE}), opens=True
    ),
    MessageSpec("share.snapshot", DECISION, Record(SHARE), SHARED_VALUES, is_bulk=True),  # all values; absent = none
    # Only what changed; null = no longer any.
    MessageSpec("share.delta", DECISION, Record(SHARE), SHARED_VALUES, is_bulk=True),
    MessageSpec("share.revoke", DECISION, Record({**SHARE, "reason": SHARE_REVOKED}), is_bulk=True),
    MessageSpec("share.purged", BOTH, Record({**SHARE, "backups_until": DATE})),
    # Handover: anchor home; either may begin: home requests, the host asks.
    MessageSpec(
        "handover.request",
        DECISION,
        Record({}, {"referral": UUID_, "reverses": UUID_}),
        _required(Scope.TRANSFER, name=NAME, birth_on=DATE),
        opens=True,
        may_expire=True,
    ),
    MessageSpec(  # the member applied at the host, on that day
        "handover.ask",
        BOTH,
        Record({"applied_on": DATE, "how": TOLD}, {"referral": UUID_, "reverses": UUID_}),
        (
            *_required(Scope.TRANSFER, name=NAME, birth_on=DATE),
            *_optional(Scope.TRANSFER, to_org=ORGANISATION),
        ),
        opens=True,
        may_expire=True,
    ),
    MessageSpec("handover.return", BOTH, Record({"fields": ListOf(RETURNED_FIELDS, most=12, least=1)}), TEXT),
    MessageSpec("handover.accept", BOTH, _NOTHING),
    MessageSpec("handover.refuse", BOTH, Record({"reason": HANDOVER_REFUSED}), TEXT),
    MessageSpec("handover.cancel", BOTH, _NOTHING, TEXT),
    MessageSpec("handover.expire", DECISION, _NOTHING),
    MessageSpec(
        "handover.release",
        DECISION,
        Record({"issued_on": DATE}),
        _required(
            Scope.TRANSFER,
            name=NAME,
            sex=SEX,
            birth_on=DATE,
            ethnicity=ETHNICITY,
            kind=MEMBER_KIND,
            from_org=ORGANISATION,
            to_org=ORGANISATION,
            letter_no=Text(60),
            valid_days=Integer(1, 90),
            dues_until=MONTH,
            contact=PHONE,
        ),
    ),
    MessageSpec("handover.decline", BOTH, Record({"reason": HANDOVER_REFUSED}), TEXT),
    MessageSpec(  # host only; home's decision on it is `confirm`, with the take_over as its `cause`
        "handover.take_over",
        PROPOSAL,
        Record({"on": DATE}),
        (
            Pointer("/receipt_no", Text(60), True, None, "receipt_no"),
            Pointer("/handler", NAME, True, None, "receipt_handler"),
            Pointer("/phone", PHONE, True, None, "receipt_phone"),
        ),
    ),
    MessageSpec(
        "handover.confirm", DECISION, _NOTHING, _required(Scope.TRANSFER, id_number=ID_NUMBER), needs_cause=True
    ),
    MessageSpec("handover.recall", DECISION, Record({"reason": HANDOVER_RECALLED}), TEXT),
    MessageSpec(  # a record dated before the confirmation that home countersigned since: on into the member's file
        "handover.forward",
        DECISION,
        Record({"record": UUID_, "recorder": COUNTY, "held_on": DATE}),
        (
            *_required(None, title=Text(120)),
            *_required(Scope.PARTICIPATION, presence=PRESENCE, study_minutes=MINUTES),
        ),
    ),
    # CoSignedRecord: anchor the recorder.
    MessageSpec(
        "cosign.offer",
        DECISION,
        OFFERED_ACTIVITY,
        ACTIVITY_POINTERS,
        opens=True,
        may_expire=True,
        has_foreign_lines=True,
    ),
    MessageSpec("cosign.correct", DECISION, OFFERED_ACTIVITY, ACTIVITY_POINTERS, has_foreign_lines=True),
    MessageSpec("cosign.countersign", BOTH, Record({**ANSWERED_CONTENT, "lines": LINE_NUMBERS})),
    MessageSpec(
        "cosign.dispute",
        BOTH,
        Record({**ANSWERED_CONTENT, "lines": LINE_NUMBERS}),
        (*TEXT, Pointer("/reasons/*", REASON, False, None, "reason")),
    ),
    MessageSpec("cosign.refuse", BOTH, Record({**ANSWERED_CONTENT, "reason": COSIGN_REFUSED}), TEXT),
    MessageSpec("cosign.withdraw", DECISION, _NOTHING, TEXT),
    MessageSpec("cosign.propose_annul", BOTH, Record({**ANSWERED_CONTENT, "by": choice("recorder home")}), TEXT),
    MessageSpec("cosign.annul", BOTH, Record(ANSWERED_CONTENT)),
    MessageSpec("cosign.keep", BOTH, Record(ANSWERED_CONTENT), TEXT),
    MessageSpec("cosign.lapse", DECISION, _NOTHING),
    MessageSpec(  # each party → every other: how far it is with an item of the text in effect
        "agreement.progress",
        REGISTER,
        Record({"w": NUMBER, "item": Pattern(r"[a-z0-9]{1,12}"), "percent": Integer(0, 100), "on": DATE}),
        _optional(None, note=Text(500, has_lines=True)),
        needs_agreement=False,
    ),
    MessageSpec(  # a party → every other: what a review meeting was; each of the others → all: yes, or what is wrong with it
        "agreement.meeting",
        REGISTER,
        Record(
            {"w": NUMBER, "meeting": UUID_, "on": DATE},
            variants=(
                "kind",
                {
                    "record": {"kind": choice("record"), "way": MEETING_WAY},
                    "confirm": {"kind": choice("confirm")},
                    "dispute": {"kind": choice("dispute")},
                },
            ),
            optional={"next_on": DATE},
        ),
        (
            *_optional(
                None,
                place=Text(200),
                present=Text(600, has_lines=True),
                conclusion=Text(2000, has_lines=True),
                reason=REASON,
            ),
            # [goal of a cooperation item, what was said about it]
            Pointer("/reviewed/*", Row((Text(200), Text(300))), False),
        ),
        needs_agreement=False,
    ),
    # Reading: what the receiver's people looked at, told to the owner: [kind, row, day, role, looks of that day so far].
    MessageSpec(
        "reading.tell",
        REGISTER,
        Record(
            {
                "lines": ListOf(
                    Row((choice("referral handover request"), UUID_, DATE, READERS, LOOKS)),
                    most=500,
                    least=1,
                )
            }
        ),
        needs_agreement=False,  # owed for what was received, whatever became of the agreement
        is_bulk=True,
    ),
    # Heartbeat: once a day, over all shares of the sender that are live with the receiver (sharing/heartbeat.py).
    MessageSpec(
        "heartbeat.tell", REGISTER, Record({"live": NUMBER, "root": DIGEST}), needs_agreement=False, is_bulk=True
    ),
    # Shares the receiver holds and the owner has not (any more): what is held under them goes. `about`: the heartbeat's id.
    MessageSpec(
        "heartbeat.surplus",
        REGISTER,
        Record({"shares": ListOf(UUID_, most=500, least=1)}),
        needs_agreement=False,
        is_bulk=True,
    ),
    # Directory (S0) and counts (S1): the owner's whole list each time; a `w` not higher than the last is ignored.
    MessageSpec(
        "directory.tell",
        REGISTER,
        Record({"w": NUMBER}),
        is_bulk=True,
        pointers=(
            # [kind, name, where, telephone of the office]
            Pointer(
                "/organisations/*",
                Row((ORG_KIND, ORGANISATION, Nullable(ORGANISATION), Nullable(PHONE))),
                False,
                Scope.DIRECTORY,
                "organisation",
            ),
            # [name, address]
            Pointer("/venues/*", Row((ORGANISATION, Nullable(ORGANISATION))), False, Scope.DIRECTORY, "venue"),
            # [name, post, work telephone]
            Pointer("/liaisons/*", Row((NAME, Nullable(Text(80)), Nullable(PHONE))), False, Scope.DIRECTORY, "liaison"),
        ),
    ),
    MessageSpec(
        "counts.tell",
        REGISTER,
        Record({"w": NUMBER, "until": DATE}),
        is_bulk=True,
        # [what is counted, of which township (null: the county), how many]; null: fewer than five, never said
        pointers=(
            Pointer(
                "/cells/*", Row((COUNTED, Nullable(ORGANISATION), Nullable(Integer(5)))), False, Scope.COUNTS, "counts"
            ),
        ),
    ),
)

MESSAGES: dict[str, MessageSpec] = {spec.type: spec for spec in _ROWS}


def _requests() -> tuple[MessageSpec, ...]:
    """Request: anchor the asker. Made of the kinds there are; a kind's own values stand under its name."""

    def under(part: str) -> tuple[Pointer, ...]:
        return tuple(
            Pointer(f"/{kind.name}/{it.name}", it.kind, False, Scope(it.scope) if it.scope else None, it.field)
            for kind in REQUEST_KINDS.values()
            for it in getattr(kind, part)
        )

    asked = Record({"kind": choice(" ".join(REQUEST_KINDS)), "due_on": DATE}, {"referral": UUID_})
    return (
        MessageSpec("request.ask", DECISION, asked, under("asks"), opens=True, may_expire=True),
        MessageSpec("request.accept", BOTH, _NOTHING),
        MessageSpec("request.decline", BOTH, Record({"reason": REQUEST_DECLINED}), TEXT),
        MessageSpec("request.done", BOTH, Record({"on": DATE}), under("answers")),
        MessageSpec("request.fail", BOTH, Record({"reason": REQUEST_FAILED}), TEXT),
        MessageSpec("request.rate", DECISION, Record({"rating": REQUEST_RATED})),
        MessageSpec("request.purge", BOTH, Record({"reason": REQUEST_PURGED})),
        MessageSpec("request.withdraw", DECISION, _NOTHING, TEXT),
        MessageSpec("request.lapse", DECISION, _NOTHING),
    )


def admit_request(kind: RequestKind) -> None:
    """Let a kind of request pass the border: the rows of requests are made anew with it."""
    REQUEST_KINDS[kind.name] = kind
    MESSAGES.update({spec.type: spec for spec in _requests()})
    scoped_fields.cache_clear()


MESSAGES.update({spec.type: spec for spec in _requests()})


def _decision(verb: str, body: Record = _NOTHING, pointers: tuple[Pointer, ...] = (), **more: bool) -> MessageSpec:
    return MessageSpec(
        f"decision.{verb}", DECISION, body, pointers, needs_agreement=False, opens=more.get("opens", False)
    )


# What the hub's signed decisions (fed1-decision) may carry, by verb. Their `version` and `text` stand in the decision.
DECISIONS: dict[str, MessageSpec] = {
    spec.type.partition(".")[2]: spec
    for spec in (
        _decision(
            "propose",
            Record({"parties": ListOf(COUNTY, most=40, least=2, is_rising=True)}),
            (*LIAISONS, *SAID),
            opens=True,
        ),
        _decision("counter", Record({"round": Integer(1, 10)}), (*LIAISONS, *SAID)),
        _decision("accept"),
        _decision("reject", _NOTHING, _required(None, reason=REASON)),
        _decision("withdraw", _NOTHING, SAID),
        _decision("lapse"),
        _decision("agree"),
        _decision("render", Record({"pdf": DIGEST})),
        _decision("seal", Record({"pdf": DIGEST, "seal": DIGEST}), SIGNER),
        _decision(
            "complete", Record({"pdf": DIGEST, "seals": ListOf(DIGEST, most=40, least=2, is_rising=True)}), SIGNER
        ),
        _decision("take_effect", Record({"effective_on": DATE})),
        _decision("void", _NOTHING, SAID),
        _decision("succeed", Record({"hub": COUNTY})),  # of a hub that leaves: who numbers from the next one on
    )
}


@cache
def scoped_fields() -> dict[Scope, frozenset[str]]:
    """The registry fields the table can carry under each scope: a contract test compares them with the registry."""
    found: dict[Scope, set[str]] = {scope: set() for scope in Scope}
    for spec in MESSAGES.values():
        for pointer in spec.pointers:
            if pointer.scope is not None:
                found[pointer.scope].add(pointer.field)
    return {scope: frozenset(fields) for scope, fields in found.items()}


def needed_fields(scope: str) -> frozenset[str]:
    """The registry fields a message, or the asking of a request, cannot be without under the scope: a grant that left one out
    would let begin what never ends, or is done wrongly. An answer may be without: its asker is told what was withheld.
    """
    told = (p.field for spec in MESSAGES.values() for p in spec.pointers if p.scope == scope and p.is_required)
    asked = (it.field for kind in REQUEST_KINDS.values() for it in kind.asks if it.scope == scope and it.is_required)
    return frozenset([*told, *asked])
