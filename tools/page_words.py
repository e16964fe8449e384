"""Bring the pages' words into `src/plainwire/web`: `python tools/page_words.py`.

Every literal in `t("...")` or `n("...")` of web/src/path is a word of `path_words.py`, every
other one of web/src a word of `words.py`; `make messages` then takes them into the
catalogues. A test holds the lists equal.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "web" / "src"
TARGETS = {"page": "words.py", "path": "path_words.py"}
_CALL = re.compile(r'\b[tn]\(\s*("(?:[^"\\]|\\.)*")')
_LIST = re.compile(r"^WORDS: tuple\[str, \.\.\.\] = \((?:\)|.*?^\))$", re.MULTILINE | re.DOTALL)


def words_of_page(page: str = "page") -> list[str]:
    """Every word of a page's TypeScript, sorted."""
    found: set[str] = set()
    for path in SOURCE.rglob("*.ts"):
        if (path.relative_to(SOURCE).parts[0] == "path") != (page == "path"):
            continue
        text = path.read_text(encoding="utf-8")
        found.update(json.loads(match[1]) for match in _CALL.finditer(text))
    return sorted(found)


def main() -> None:
    """Rewrite the lists."""
    for page, name in TARGETS.items():
        write(ROOT / "src" / "plainwire" / "web" / name, words_of_page(page))


def write(target: Path, words: list[str]) -> None:
    """Put the words of a page into its module."""
    rows = "".join(f"    N_({json.dumps(word, ensure_ascii=False)}),\n" for word in words)
    text = target.read_text(encoding="utf-8")
    whole = f"WORDS: tuple[str, ...] = (\n{rows})"
    target.write_text(_LIST.sub(lambda _: whole, text, count=1), encoding="utf-8")


if __name__ == "__main__":
    main()
