"""Where a server gets the page's data: a recording, or a run that goes on. One contract.

A long recording is shown at once by its beginning, and whole when all of it is read. The
verdict on it is kept beside it (remembered.py), so that the next opening shows it at once.

A live source makes its data anew when it is asked and enough time has passed: PATIENCE
times as long as the last making took, so that a long run is not slowed by being looked at.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from plainwire.i18n import N_
from plainwire.see import diagnosis
from plainwire.see.ledger import build
from plainwire.see.ledger.model import Ledger
from plainwire.see.recorder import store
from plainwire.web import remembered, speech
from plainwire.web.pagedata import PageData

_DAMAGED = N_(
    "This recording could not be read to its end, so there is no verdict: {fault}. Only its"
    " beginning is shown. Copy it once more from where it was made, or record the run again."
)
_CUT = N_(
    "This capture is damaged or was cut off: {fault}. Copy it once more from where it was"
    " made, or capture again."
)

PATIENCE = 6.0
LEAST_SECONDS = 0.3
# Calls and packets that a ledger is made of in under half a second (bench/ledger.py); a
# recording of no more is read whole before it is shown.
BEGINNING = 40_000


class Source(Protocol):
    """Gives the newest data, and a number that changes with it."""

    def data(self) -> PageData:
        """The newest data."""
        ...

    @property
    def version(self) -> int:
        """Grows whenever `data` would give something newer."""
        ...

    @property
    def live(self) -> bool:
        """Will there be something newer?"""
        ...

    @property
    def progress(self) -> float:
        """How much of it is read, from 0 to 1."""
        ...

    @property
    def follows(self) -> bool:
        """Does a reader look at the newest calls, as of a run that goes on?"""
        ...


@contextmanager
def _uncollected() -> Iterator[None]:
    """No cyclic garbage collection: it would walk a million calls, which all stay."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def of_items(items: Iterable[tuple[Any, ...]], *, payload: bool, live: bool) -> PageData:
    """Items of a recording -> the page's data."""
    return of_ledger(build.build(items), payload=payload, live=live)


def of_ledger(ledger: Ledger, *, payload: bool, live: bool = False, title: str = "") -> PageData:
    """A ledger, such as that of another tool's capture -> the page's data."""
    cut = ledger.capture is not None and ledger.capture.foreign and ledger.faults
    trouble = speech.sentence(_CUT, fault=ledger.faults[0]) if cut else None
    findings = diagnosis.diagnose(ledger)
    return PageData(ledger, findings, payload=payload, live=live, title=title, trouble=trouble)


def of_file(path: Path, *, payload: bool) -> PageData:
    """A recording's data.

    Raises:
        store.RecordingError: not a recording, one that is damaged, or of a newer format.
    """
    recording = store.Recording(path)
    try:
        return of_items(recording.items(), payload=payload, live=False)
    finally:
        recording.close()


class Opening:
    """A recording that is read while its beginning is already shown.

    Where the rest cannot be read the page says so, and stays at the beginning without a
    verdict.

    Args:
        path: of the recording.
        payload: put payload in.

    Raises:
        store.RecordingError: not a recording, of a newer format, or damaged at its beginning.
    """

    follows = False
    # Of the time that a whole reading takes (bench/page.py): the ledger, then the rules.
    LEDGER, RULES = 0.6, 0.9

    def __init__(self, path: Path, *, payload: bool) -> None:
        self._progress = 0.0
        self._whole: PageData | None = None
        self._done = threading.Event()
        recording = store.Recording(path)
        try:
            if recording.size() <= BEGINNING:
                self._beginning = of_items(recording.items(), payload=payload, live=False)
                self._whole = self._beginning
                self._done.set()
                return
            ledger = build.build(recording.beginning(BEGINNING))
        finally:
            recording.close()
        verdict = remembered.read(path)
        findings = verdict.of(ledger) if verdict is not None else None
        if verdict is None or findings is None:
            self._beginning = PageData(ledger, [], payload=payload, reading=True)
        else:
            self._beginning = PageData(
                ledger, findings, payload=payload, reading=True, known=verdict.told()
            )
        self._beginning.page()  # before the rest is read, which takes the interpreter's time
        arguments = {"path": path, "payload": payload}
        self._thread = threading.Thread(target=self._read, kwargs=arguments, daemon=True)
        self._thread.start()

    def _read(self, path: Path, *, payload: bool) -> None:
        try:
            with _uncollected():
                whole = self._read_whole(path, payload=payload)
                whole.page()  # what takes long of it is then made
                gc.freeze()  # it stays until the program ends: no collection need walk it
            self._whole = whole
        except store.RecordingError as error:
            self._whole = self._unfinished(str(error))
        except BaseException as error:
            self._whole = self._unfinished(f"{type(error).__name__}: {error}")
            raise  # the thread's hook prints it: a mistake of ours
        finally:
            self._done.set()

    def _unfinished(self, fault: str) -> PageData:
        """The beginning, and why there is no more; it was not judged."""
        trouble = speech.sentence(_DAMAGED, fault=fault)
        return PageData(
            self._beginning.ledger, [], payload=self._beginning.payload, trouble=trouble
        )

    def _read_whole(self, path: Path, *, payload: bool) -> PageData:
        made_of, verdict = remembered.identity(path), remembered.read(path)
        recording = store.Recording(path)
        try:
            ledger = build.build(recording.items(), self._told(0, self.LEDGER))
        finally:
            recording.close()
        findings = verdict.of(ledger) if verdict is not None else None
        if findings is None:
            findings = diagnosis.diagnose(ledger, told=self._told(self.LEDGER, self.RULES))
        whole = PageData(ledger, findings, payload=payload)
        remembered.write(path, made_of, findings, whole.story(), ledger)
        self._progress = self.RULES
        return whole

    def _told(self, begin: float, end: float) -> Callable[[float], None]:
        def told(done: float) -> None:
            self._progress = begin + done * (end - begin)

        return told

    @property
    def progress(self) -> float:
        """How much of it is read, from 0 to 1."""
        return 1.0 if self._done.is_set() else self._progress

    def data(self) -> PageData:
        """The recording's data: that of its beginning until all of it is read."""
        return self._whole or self._beginning

    def wait(self, seconds: float) -> bool:
        """Wait until all of it is read; False when it was not in that time."""
        return self._done.wait(seconds)

    @property
    def version(self) -> int:
        """2 when all of it is read."""
        return 2 if self._done.is_set() else 1

    @property
    def live(self) -> bool:
        """Is it still being read?"""
        return not self._done.is_set()


class Finished:
    """The data of a recording that is complete."""

    live = follows = False
    version = 1
    progress = 1.0

    def __init__(self, data: PageData) -> None:
        self._data = data

    def data(self) -> PageData:
        """The recording's data."""
        return self._data


class Running:
    """The data of a run that goes on; made in a thread of the server's.

    Args:
        items: everything recorded so far.
        count: how many calls were entered so far; the data is newer when it has grown.
    """

    def __init__(
        self, items: Callable[[], Iterable[tuple[Any, ...]]], count: Callable[[], int]
    ) -> None:
        self._items, self._count = items, count
        self._lock = threading.Lock()
        self._data: PageData | None = None
        self._seen = -1
        self._made_at = 0.0
        self._took = 0.0
        self._version = 0
        self._final: PageData | None = None

    @property
    def live(self) -> bool:
        """Does the run still go on?"""
        return self._final is None

    follows = live
    progress = 1.0

    @property
    def version(self) -> int:
        """Grows whenever `data` would give something newer."""
        self._renew()
        return self._version

    def data(self) -> PageData:
        """The newest data."""
        self._renew()
        with self._lock:
            if self._final is not None:
                return self._final
            if self._data is None:
                self._data = of_items([], payload=True, live=True)
            return self._data

    def finish(self, data: PageData) -> None:
        """The run has ended; from now on the data is that of its recording."""
        with self._lock:
            self._final = data
            self._version += 1

    def _renew(self) -> None:
        with self._lock:
            if self._final is not None:
                return
            now = time.monotonic()
            waited = now - self._made_at
            # After a pause without calls a sample or an output may still be new.
            stale = self._count() != self._seen or waited > 1.0
            if not stale or waited < max(LEAST_SECONDS, PATIENCE * self._took):
                return
            self._seen = self._count()
            try:
                items = list(self._items())
            except OSError:
                return  # the recorder was just moving a part; the next time it is there
            made = of_items(items, payload=True, live=True)
            self._made_at = time.monotonic()
            self._took = self._made_at - now
            self._data = made
            self._version += 1
