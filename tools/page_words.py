"""Bring the page's words into `src/plainwire/web/words.py`: `python tools/page_words.py`.

Every literal in `t("...")` or `n("...")` of web/src is a word; `make messages` then takes
them into the catalogues. A test holds the two lists equal.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "src" / "plainwire" / "web" / "words.py"
_CALL = re.compile(r'\b[tn]\(\s*("(?:[^"\\]|\\.)*")')
_LIST = re.compile(r"^WORDS: tuple\[str, \.\.\.\] = \((?:\)|.*?^\))$", re.MULTILINE | re.DOTALL)


def words_of_page() -> list[str]:
    """Every word of the page's TypeScript, sorted."""
    found: set[str] = set()
    for path in (ROOT / "web" / "src").rglob("*.ts"):
        text = path.read_text(encoding="utf-8")
        found.update(json.loads(match[1]) for match in _CALL.finditer(text))
    return sorted(found)


def main() -> None:
    """Rewrite the list in `words.py`."""
    rows = "".join(f"    N_({json.dumps(word, ensure_ascii=False)}),\n" for word in words_of_page())
    text = TARGET.read_text(encoding="utf-8")
    whole = f"WORDS: tuple[str, ...] = (\n{rows})"
    TARGET.write_text(_LIST.sub(lambda _: whole, text, count=1), encoding="utf-8")


if __name__ == "__main__":
    main()
