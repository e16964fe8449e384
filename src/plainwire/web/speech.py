"""Texts in both languages, and the payload inside them marked. Pure but for the catalogue.

The rest of the package speaks one language at a time (`i18n.select`); a page holds both,
so that its reader can change his mind. Payload quoted in a finding's sentence is put
between two private-use characters: the page hides what is between them.
"""

from __future__ import annotations

import gettext as catalogues
from collections.abc import Callable
from functools import cache
from typing import Any

from plainwire import i18n
from plainwire.net.words import SENTENCES
from plainwire.see.diagnosis.model import Text
from plainwire.web.schema import Words

OPEN, SHUT = "\ue000", "\ue001"
# The names under which the rules put payload into a sentence (`quoted` in case.py).
PAYLOAD_NAMES = frozenset({"data", "payload"})


@cache
def chinese() -> Callable[[str], str]:
    """Look a message up in the Chinese catalogue; English where it has none."""
    return catalogues.translation("plainwire", i18n.LOCALE_FOLDER, ["zh_CN"], fallback=True).gettext


def both(text: Text, *, payload: bool) -> Words:
    """A finding's text in both languages, its payload marked, or taken out."""
    return Words(_fill(text, lambda message: message, payload), _fill(text, chinese(), payload))


def _fill(text: Text, lookup: Callable[[str], str], payload: bool) -> str:
    values = {name: _value(name, value, lookup, payload) for name, value in text.values.items()}
    return lookup(text.template).format(**values)


def _value(name: str, value: Any, lookup: Callable[[str], str], payload: bool) -> Any:
    if isinstance(value, Text):
        return _fill(value, lookup, payload)
    if name in PAYLOAD_NAMES and value:
        return f"{OPEN}{value if payload else ''}{SHUT}"
    return value


def code(name: str, /, **values: Any) -> Words:
    """A reason or an error of `plainwire.net`, by its code, in both languages."""
    return sentence(SENTENCES[name], **values)


def sentence(template: str, /, **values: Any) -> Words:
    """A sentence of the page itself in both languages; mark its template with `N_`."""
    return Words(template.format(**values), chinese()(template).format(**values))
