"""What a server did, as facts: one JSON object per line, for a file or standard error.

    {"time":"2026-11-27T12:00:00.123+00:00","level":"info","event":"left","user":"u1f"}

`tell` hands facts to the logger `plainwire.chat`, where a program that embeds a server
finds them as `record.facts`; `write_to` adds the lines. Never among the facts: the text
of a message, a password, a token.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

log = logging.getLogger("plainwire.chat")


def tell(event: str, level: int = logging.INFO, **facts: object) -> None:
    """Note that something happened; facts that are None or empty are left out."""
    if log.isEnabledFor(level):
        kept = {name: value for name, value in facts.items() if value not in (None, "")}
        text = " ".join([event, *(f"{name}={value}" for name, value in kept.items())])
        log.log(level, "%s", text, extra={"event": event, "facts": kept})


class Lines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Make the line; records of other code have their text as `text`."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        event = getattr(record, "event", "")
        facts = getattr(record, "facts", {}) if event else {"text": record.getMessage()}
        line = {"time": time, "level": record.levelname.lower(), "event": event or "note", **facts}
        return json.dumps(line, ensure_ascii=False, default=str)


def write_to(path: str) -> None:
    """Write every fact of this process to the end of a file; `-` is standard error.

    A line is one write to a file opened for appending, so that workers may share it.

    Raises:
        OSError: the file cannot be written.
    """
    handler: logging.Handler
    if path == "-":
        handler = logging.StreamHandler(sys.stderr)
    else:
        handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(Lines())
    log.addHandler(handler)
    log.setLevel(logging.INFO)
