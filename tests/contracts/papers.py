"""The parts of the papers that are made from the code: error codes, message types, machines, examples, glossary states.

`python -m tests.contracts.papers` writes them anew between their marks; a test compares.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import web.federation.registry  # noqa: F401  -- so that every kind is known
from tests.contracts.source import ROOT, WEB
from tests.contracts.test_schema import machines
from web.core.states import Machine
from web.federation.messages import MESSAGES, MessageSpec
from web.federation.wire import kinds
from web.federation.wire.codes import CODES
from web.tenants.accounts.permissions import Role

KAT = ROOT / "tests" / "federation" / "kat"
MARK = "<!-- made from the code: {} -->\n"
END = "<!-- until here -->"
ACROSS = ("agreement", "agreement_version", "referral", "share", "handover", "cosign", "request")


def codes() -> str:
    """Error codes: name, outcome, whose turn, what to do."""
    rows = [f"| `{c.name}` | {c.outcome} | {c.turn} | {c.sentence} |" for c in CODES.values()]
    return "\n".join(["| Code | Outcome | Whose turn | What it means, what to do |", "|---|---|---|---|", *rows])


def _fields(record: kinds.Record) -> str:
    return ", ".join(f"`{name}`" for name in sorted(record.names)) or "—"


def _pointers(spec: MessageSpec) -> str:
    said = [f"`{p.path}`{'' if p.is_required else '?'}{f' {p.scope.value}' if p.scope else ''}" for p in spec.pointers]
    return " ".join(said) or "—"


def messages() -> str:
    """Message types: who numbers it, what its body and its disclosures may hold."""
    rows = []
    for spec in MESSAGES.values():
        marks = [
            word
            for word, is_so in (
                ("opens", spec.opens),
                ("may expire", spec.may_expire),
                ("names its cause", spec.needs_cause),
                ("yields", spec.is_bulk),
            )
            if is_so
        ]
        if spec.attaches:
            marks.append(f"attaches `{spec.attaches}`")
        rows.append(
            f"| `{spec.type}` | {spec.numbering} | {_fields(spec.body)} | {_pointers(spec)} | {', '.join(marks) or '—'} |"
        )
    head = ["| Type | Numbering | Body | Disclosures (`?` may be absent) and their scope | |", "|---|---|---|---|---|"]
    return "\n".join([*head, *rows])


def diagram(machine: Machine[Any]) -> str:
    """One machine: its picture, and a row for every transition that has a condition or a timer."""
    rows = [
        f"| {r.source.value if r.source else '·'} | {r.verb} | {r.decider} | {r.target.value} | "
        f"{r.guard or '—'}{f'; after {r.timer.days} days' if r.timer else ''} |"
        for r in machine.rows
        if r.guard or r.timer
    ]
    table = ["", "| From | Verb | Decider | To | Condition |", "|---|---|---|---|---|", *rows] if rows else []
    title = f"### {machine.name} — numbered by {machine.anchor}" if machine.anchor != "self" else f"### {machine.name}"
    return "\n".join([title, "", "```mermaid", machine.diagram(), "```", *table])


def across() -> str:
    """The machines of two or more counties."""
    return "\n\n".join(diagram(m) for m in machines() if m.name in ACROSS)


def inside() -> str:
    """The machines of one county."""
    return "\n\n".join(diagram(m) for m in machines() if m.name not in ACROSS)


def example(type_: str) -> str:
    """One known answer: the payload, what its seal is, the disclosures, the receipt."""
    found = json.loads((KAT / f"{type_}.json").read_text(encoding="utf-8"))
    shown = [row[:3] for row in found["disclosures"]]
    parts = [
        f"### `{type_}`",
        "",
        "The payload, laid out for reading; what is sealed is its canonical form:",
        "",
        "```json",
        json.dumps(found["payload"], ensure_ascii=False, indent=1),
        "```",
        "",
        f"Its digest is `{found['digest']}`. The seal, a compact JWS with `typ` fed1-msg:",
        "",
        "```text",
        found["envelope"],
        "```",
        "",
    ]
    if shown:
        parts += ["What the JWE holds; each matches one entry of `sd`:", "", "```json"]
        parts += ["\n".join(json.dumps(row, ensure_ascii=False) for row in shown), "```", ""]
    parts += ["The receipt the other county signs, `typ` fed1-receipt:", "", "```text", found["receipt"], "```"]
    return "\n".join(parts)


def examples() -> str:
    """Three messages in full: an opening with values, the proposal of a follower, the one flip of ownership."""
    return "\n\n".join(example(t) for t in ("referral.offer", "handover.take_over", "handover.confirm"))


def roles() -> str:
    """The roles there are."""
    return " · ".join(f"`{role.value}`" for role in Role)


PARTS: dict[str, dict[str, Callable[[], str]]] = {
    "web/federation/README.md": {
        "error codes": codes,
        "message types": messages,
        "machines": across,
        "examples": examples,
    },
    "web/README.md": {"machines": inside, "roles": roles},
}


def made(paper: str) -> str:
    """The paper with its made parts as the code says them now."""
    text = (ROOT / paper).read_text(encoding="utf-8")
    for name, make in PARTS[paper].items():
        mark = MARK.format(name)
        assert text.count(mark) == 1, f"{paper}: {mark}"
        before, rest = text.split(mark, 1)
        text = f"{before}{mark}\n{make()}\n\n{END}{rest.split(END, 1)[1]}"
    return text


def write() -> None:
    """Write the made parts anew."""
    for paper in PARTS:
        (ROOT / paper).write_text(made(paper), encoding="utf-8")


if __name__ == "__main__":
    write()
    print(f"written: {', '.join(PARTS)} ({WEB.name})")
