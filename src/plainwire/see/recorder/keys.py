"""The TLS key log of a run: with it, Wireshark decrypts the exported packets.

Kept only when the run was told to record plaintext (`--tls-payload`): whoever has the
keys has the plaintext. Python writes them where SSLKEYLOGFILE says, for contexts made by
`ssl.create_default_context()` (a context made by hand needs `keylog_filename`); either
end of a connection is enough. If the user has set the variable, his file stays in use,
and of it only what this run's time added is taken.

Rules: the ssl module's documentation, SSLContext.keylog_filename; the format is NSS's,
`LABEL <client random> <secret>` in hex, a line for each secret.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from plainwire.see.recorder.folder import RunLog

FILE: Final = "tls-keys"  # in the run's folder
MOST_BYTES: Final = 1 << 20  # about 4,000 connections
VARIABLE: Final = "SSLKEYLOGFILE"
_LINE = re.compile(rb"[A-Z0-9_]{4,64} [0-9a-fA-F]{64} [0-9a-fA-F]{2,512}")


class Keys:
    """Where the programs of one run write their secrets, if they shall."""

    def __init__(self, folder: Path, *, wanted: bool) -> None:
        theirs = os.environ.get(VARIABLE)
        self._path = Path(theirs).absolute() if theirs else folder / FILE
        self._wanted = wanted
        self._start = _size(self._path)

    def environment(self) -> dict[str, str]:
        """What to add to the programs' environment."""
        return {VARIABLE: str(self._path)} if self._wanted else {}

    def stop(self, log: RunLog) -> None:
        """Put what was written during the run into its log."""
        lines = written(self._path, self._start) if self._wanted else []
        if lines:
            log.write("keylog", lines=lines)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def written(path: Path, start: int) -> list[str]:
    """The key lines of a file from an offset on; what is no such line is left out."""
    try:
        with path.open("rb") as file:
            file.seek(start)
            data = file.read(MOST_BYTES)
    except OSError:
        return []
    return [line.decode() for line in data.splitlines() if _LINE.fullmatch(line)]
