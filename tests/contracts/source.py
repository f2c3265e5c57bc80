"""The product's own text as the contracts read it: files, syntax trees, calls."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file, parsed once."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def modules(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """Every Python file under these folders of the checkout: (path from the root, tree)."""
    for folder in folders or ("web",):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), tree(path)


def name_of(node: ast.expr) -> str:
    """`a.b.c` as written, or "" for anything that is no plain name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return ""


def imported(module: ast.Module) -> dict[str, str]:
    """Local name → full name of everything a module imports, wherever in it."""
    found: dict[str, str] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
        elif isinstance(node, ast.Import):
            found |= {a.asname or a.name: a.name for a in node.names}
    return found


@dataclass(frozen=True)
class Call:
    """One call in the product: `name` as written, `full` with the imports of its module resolved."""

    path: str
    node: ast.Call
    name: str
    full: str
    names: dict[str, str]

    @property
    def last(self) -> str:
        """The function's own name."""
        return self.name.rpartition(".")[2]

    @property
    def where(self) -> str:
        """`path:line`."""
        return here(self.path, self.node)

    def resolve(self, node: ast.expr) -> str:
        """The full name of an expression of this module."""
        return resolve(name_of(node), self.names)


def resolve(name: str, names: dict[str, str]) -> str:
    """`orgs.PartyOrg` → `web.tenants.organisations.models.PartyOrg`, by the imports of its module."""
    head, _, rest = name.partition(".")
    return f"{names.get(head, head)}.{rest}".rstrip(".")


@cache
def calls() -> list[Call]:
    """Every call in web/, read once."""
    found = []
    for path, module in modules():
        names = imported(module)
        for node in ast.walk(module):
            if isinstance(node, ast.Call):
                name = name_of(node.func)
                found.append(Call(path, node, name, resolve(name, names), names))
    return found


def here(path: str, node: ast.AST) -> str:
    """`path:line`, as editors open it."""
    return f"{path}:{getattr(node, 'lineno', 0)}"
