"""The built page: one script, one style sheet, and the document around them.

Built from the top-level `web/` by `make install`, and held by the wheel, so that an
installed Plainwire serves the page with nothing but Python. A clone in which it was never
built says in one line how to build it; installing never runs npm.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "static"


class NotBuiltError(Exception):
    """The page's script or style sheet is missing from the package."""


@cache
def read(name: str) -> str:
    """The text of `page.js`, `page.css`, `path.js` or `path.css`.

    Raises:
        NotBuiltError: the file is not there; the text says how to build it.
    """
    try:
        return (FOLDER / name).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotBuiltError(
            f"the page is not built: {FOLDER / name} is missing; run: npm ci && npm run build"
            " in the checkout's folder web (Node.js 20 or newer)"
        ) from None


def served(language: str, page: str = "page") -> str:
    """The document that a server gives; script and style are asked for by their own paths."""
    return _document(
        language,
        page,
        f'<link rel="stylesheet" href="{page}.css">',
        f'<script src="{page}.js" defer></script>',
    )


def whole(language: str, data: bytes, page: str = "page") -> str:
    """The document with everything inside; it asks for nothing and may ask for nothing.

    The policy names the script and the style by their digests, so that nothing else runs
    even if some payload were shown as markup by mistake.
    """
    # "</script" and "<!--" in a script or a data block would end or change it (HTML 13.2.5.4).
    script = read(f"{page}.js").replace("</script", "<\\/script").replace("<!--", "<\\!--")
    style = read(f"{page}.css")
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none';"
        f" script-src {_digest(script)}; style-src {_digest(style)}; img-src data:"
    )
    text = data.decode().replace("<", "\\u003c")
    return _document(
        language,
        page,
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><style>{style}</style>',
        f'<script type="application/json" id="plainwire-data">{text}</script>'
        f"<script>{script}</script>",
    )


def _digest(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def _document(language: str, page: str, head: str, body: str) -> str:
    lang = "zh-CN" if language.startswith("zh") else "en"
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer"><link rel="icon" href="data:,">'
        "<title>Plainwire</title>"
        f"{head}</head><body><plainwire-{page}></plainwire-{page}>"
        f"{body}</body></html>\n"
    )
