"""Uploaded files: kept by what is in them, given back so that they can do no harm.

    folder/ab/abcdef...   named by the SHA-256 of the content; no name of a client's is used

Invariants:

1. A file appears under its digest only when all its bytes are there.
2. Only images that their first bytes prove are shown in a page; the rest is downloaded.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from pathlib import Path
from urllib.parse import quote, unquote

from plainwire.chat.protocol import Fault, clean_text

# SVG and HTML are not here on purpose: they carry scripts.
_IMAGES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


def media_of(head: bytes) -> str:
    """The media type that the first bytes prove; application/octet-stream otherwise."""
    for magic, media in _IMAGES:
        if head.startswith(magic):
            return media
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return "application/octet-stream"


def safe_name(name: str) -> str:
    """A file's name without folders, controls and leading dots; never empty."""
    name = clean_text(name).replace("\n", " ").replace("\\", "/").rpartition("/")[2]
    name = re.sub(r'[<>:"|?*\t#%]', "_", name).strip(" .")
    return name[:150] or "file"


class Upload:
    """One file on its way in.

    Args:
        store: where it goes.
        name: as the client calls it.
        size: as the client announces it.

    Raises:
        Fault: `too_large`, or `no_space` if the store is full.
    """

    def __init__(self, store: FileStore, name: str, size: int) -> None:
        if size > store.max_bytes:
            raise Fault("too_large", f"a file has at most {store.max_bytes} bytes")
        if size > store.room():
            raise Fault("no_space", "this server has no room for more files")
        self._store, self._name, self._size = store, safe_name(name), size
        self._digest = hashlib.sha256()
        self._head = b""
        handle, self._path = tempfile.mkstemp(dir=store.folder, prefix="upload-")
        self._file = os.fdopen(handle, "wb")

    def take(self, data: bytes) -> None:
        """Add bytes."""
        self._file.write(data)
        self._digest.update(data)
        if len(self._head) < 16:
            self._head += data[:16]

    def finish(self) -> dict[str, object]:
        """Put the file in its place and say where that is."""
        self._file.close()
        digest = self._digest.hexdigest()
        target = self._store.path(digest)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        Path(self._path).replace(target)
        url = f"/files/{digest}/{quote(self._name)}"
        return {"url": url, "name": self._name, "size": self._size, "media": media_of(self._head)}

    def abandon(self) -> None:
        """Forget what has come."""
        self._file.close()
        with contextlib.suppress(OSError):
            os.unlink(self._path)


class FileStore:
    """A folder of uploads.

    Args:
        folder: made if it is not there.
        max_bytes: of one file.
        total_bytes: of all files; 2 GiB.
    """

    def __init__(self, folder: Path, max_bytes: int, total_bytes: int = 2 << 30) -> None:
        self.folder, self.max_bytes, self._total = folder, max_bytes, total_bytes
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def room(self) -> int:
        """Bytes that may still be stored."""
        used = sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())
        return self._total - used

    def path(self, digest: str) -> Path:
        """Where a file is."""
        return self.folder / digest[:2] / digest

    def find(self, target: str) -> tuple[Path, str, str] | None:
        """The file of a URL path with its name and media type; None if there is none."""
        match = re.fullmatch(r"/files/([0-9a-f]{64})/([^/]{1,600})", target)
        if match is None:
            return None
        path = self.path(match[1])
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return path, safe_name(unquote(match[2])), media_of(file.read(16))
