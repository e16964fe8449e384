"""Keep the translations in step with the source: `make messages`.

Every literal in `_("...")` or `N_("...")` under src/plainwire is a message (`N_` marks one
that is translated later). New messages are added to each `.po` without a translation,
those that no source names are removed, and the `.mo` is compiled beside it. Prints what
still wants a translation and then ends with status 1.
"""

from __future__ import annotations

import ast
import string
import sys
from pathlib import Path

import polib  # type: ignore[import-untyped]

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "plainwire"
MARKERS = {"_", "N_", "say"}


def messages_in(text: str) -> list[str]:
    """List the messages of one Python source.

    A call `_(name)` with a variable is allowed: its words were marked by `N_` elsewhere.

    Raises:
        ValueError: a marker is called with a formatted string (or `N_` with a variable),
            which no catalogue could hold.
    """
    found = []
    for node in ast.walk(ast.parse(text)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        if node.func.id not in MARKERS or not node.args:
            continue
        argument = node.args[0]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            found.append(argument.value)
        elif isinstance(argument, ast.JoinedStr) or node.func.id == "N_":
            raise ValueError(f"line {node.lineno}: a message must be one plain literal")
    return found


def messages() -> dict[str, str]:
    """Every message of the package, with the first file that names it."""
    found: dict[str, str] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        for message in messages_in(path.read_text(encoding="utf-8")):
            found.setdefault(message, path.relative_to(ROOT).as_posix())
    return found


def placeholders(message: str) -> set[str]:
    """Name the `{placeholders}` of a message."""
    return {name for _, name, _, _ in string.Formatter().parse(message) if name is not None}


def catalogues() -> list[Path]:
    """List every `.po` of the package."""
    return sorted((SOURCE / "locale").glob("*/LC_MESSAGES/plainwire.po"))


def update(path: Path, wanted: dict[str, str]) -> list[str]:
    """Bring one `.po` and its `.mo` up to date; return the messages not translated."""
    catalogue = polib.pofile(str(path), wrapwidth=98)
    for entry in [entry for entry in catalogue if entry.msgid not in wanted]:
        catalogue.remove(entry)
    for message, place in wanted.items():
        entry = catalogue.find(message)
        if entry is None:
            entry = polib.POEntry(msgid=message, msgstr="")
            catalogue.append(entry)
        entry.occurrences = [(place, "")]
    catalogue.sort(key=lambda entry: (entry.occurrences, entry.msgid))
    catalogue.save(str(path))
    catalogue.save_as_mofile(str(path.with_suffix(".mo")))
    return [entry.msgid for entry in catalogue if not entry.msgstr]


def main() -> int:
    """Update every catalogue; return 1 when a translation is missing."""
    wanted = messages()
    missing = {path: update(path, wanted) for path in catalogues()}
    for path, texts in missing.items():
        for text in texts:
            print(f"{path.relative_to(ROOT)}: not translated: {text!r}", file=sys.stderr)
    return 1 if any(missing.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
