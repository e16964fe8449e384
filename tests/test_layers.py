"""Imports go up one table only; this file reads the sources and holds them to it.

The table is the architecture: see docs/design.md, section "Layout". A module may
import its own folder and the folders named here, nothing else of the package.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "src" / "plainwire"

MAY_IMPORT: dict[str, set[str]] = {
    "__main__": {"cli"},
    # public names, imported on first use only; tests/test_public.py holds it to that
    "__init__": {"*"},
    "errors": set(),
    "address": {"errors"},
    "i18n": set(),
    "fast": set(),
    "frames": {"errors", "fast"},
    "transports": {"errors", "address", "frames", "fast"},
    "servers": {"transports", "frames", "errors", "address"},
    "hub": {"errors"},
    "chat": {"frames", "transports", "servers", "hub", "errors", "address"},
    "files": {"frames", "transports", "servers", "hub", "errors", "address"},
    "net": {"errors", "address", "i18n"},
    "see/__init__": set(),
    "see/records": set(),
    "see/probe": {"see/records"},
    "see/capture": {"see/records"},
    "see/recorder": {"see/records", "see/capture", "see/probe", "errors"},
    "see/ledger": {"see/records", "see/capture", "frames"},
    "see/diagnosis": {"see/ledger", "see/records", "i18n"},
    "see/report": {"see/ledger", "see/diagnosis", "see/records", "see/capture", "i18n"},
    "web": {"see", "net", "chat", "hub", "i18n", "errors"},
    "testing": {"frames", "transports", "servers", "hub", "errors", "address"},
    "cli": {"*"},
}


def area_of(parts: tuple[str, ...]) -> str:
    """Name the row of the table that a module path belongs to."""
    if parts[0] == "see" and len(parts) > 1:
        return f"see/{parts[1]}"
    return parts[0]


def imports_of(path: Path, module: tuple[str, ...]) -> set[tuple[str, ...]]:
    """Every module of the package that a file imports, at any depth of the file."""
    found: set[tuple[str, ...]] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                anchor = module[: len(module) - node.level]
                base = ".".join(("plainwire", *anchor, *([base] if base else [])))
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            head, *rest = name.split(".")
            if head == "plainwire" and rest:
                found.add(tuple(rest))
    return found


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_imports_only_what_its_row_allows(path: Path) -> None:
    """A layer that reaches down would tie the pure cores to sockets and screens."""
    relative = path.relative_to(ROOT).with_suffix("")
    parts = relative.parts
    area = "see/__init__" if parts == ("see", "__init__") else area_of(parts)
    assert area in MAY_IMPORT, f"{relative} belongs to no row of the table"
    allowed = MAY_IMPORT[area]
    for target in imports_of(path, (*parts,)):
        if target[0].startswith("__"):
            continue
        row = area_of(target)
        ok = row == area or "*" in allowed or row in allowed or row.split("/")[0] in allowed
        assert ok, f"{relative} imports plainwire.{'.'.join(target)}; its row allows {allowed}"
