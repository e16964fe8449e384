"""One run: programs started in order, watched until they end, recorded throughout.

A single thread and one selector: programs' output, their ends (pidfd), and signals.
Signals are blocked and read with `sigtimedwait`, because only that tells a Ctrl-C of
the terminal, which the programs have received too, from a signal sent to us alone,
which they have not.
"""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plainwire.see import records
from plainwire.see.recorder import folder as run_folder
from plainwire.see.recorder import kernel, keys, packets, programs, store
from plainwire.see.recorder.output import COLOURS, Output, copy_size, in_foreground
from plainwire.see.recorder.programs import Program
from plainwire.see.recorder.relay import Relay, Source
from plainwire.see.recorder.tail import Call, Tail
from plainwire.see.recorder.watch import Watch

TURN_SECONDS = 0.02
START_WAIT_SECONDS = 2.0
GRACE_SECONDS = 1.0  # between SIGINT, SIGTERM and SIGKILL when we end a program
LAST_OUTPUT_SECONDS = 0.3  # for output of a program that has ended; a child may hold the pipe
OUTPUT_KEPT = 256 * 1024  # bytes of each program's output kept in the recording
SOURCE_LIMIT = 2 * 1024 * 1024  # bytes of one source file kept in the recording
PACK_EVERY_SECONDS = 2.0
LOOK_EVERY_SECONDS = 0.05  # at /proc, for a program of which we wait that it listens

_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGWINCH}
_FROM_KERNEL = 0x80  # si_code of a signal that the terminal sent (sigaction(2))
_LISTEN, _BIND = records.OPS["listen"], records.OPS["bind"]
_ADDRESS_TROUBLE = {records.OPS[name] for name in ("bind", "connect", "connect_ex")}
_NOTICED = {_LISTEN, *_ADDRESS_TROUBLE}


@dataclass(frozen=True)
class Options:
    """What the user chose; defaults are those of `plainwire run`."""

    start_wait: float = START_WAIT_SECONDS
    timeout: float | None = None
    stdin: int | None = None  # index of the program that gets ours; None: the last
    payload: bool = True
    tls_payload: bool = False
    keep_bytes: int | None = None
    directory: Path | None = None
    colours: bool = False
    packets: bool = True  # take them where the privilege is there
    private_net: bool = False  # are we in a network of our own?


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    path: Path
    programs: list[Program]
    why: str  # 'ended', 'timeout', 'finding', 'interrupted', 'signal'


# Called with each settled sample and the items so far; True ends the run.
OnSample = Callable[[dict[str, Any], "Run"], bool]


class Run:
    """One run of programs; `execute` does it all."""

    def __init__(
        self,
        wanted: list[Program],
        options: Options,
        *,
        say: Callable[[str], None],
        on_sample: OnSample | None = None,
    ) -> None:
        self.programs = wanted
        self.options = options
        self.relay = Relay()
        self._say_line = say
        self._on_sample = on_sample
        self.folder = run_folder.create(
            wanted[0].name,
            payload=options.payload,
            tls_payload=options.tls_payload,
            directory=options.directory,
        )
        self.log = run_folder.RunLog(self.folder)
        self.writer = store.Writer(self.folder.with_suffix(""), options.keep_bytes)
        self._selector = selectors.DefaultSelector()
        self._tails: dict[str, Tail] = {}
        self._watch = Watch()
        self._sources: set[str] = set()
        self._streams: set[tuple[str, int]] = set()  # process and number of its stream sockets
        self._kept_output: dict[int, int] = {}
        self._begun = time.monotonic()
        self._packed_at = self._begun
        self._held: dict[int, bytearray] = {}  # stderr of programs that we are ending
        self._interrupts = 0
        self._why = "ended"
        self._interactive = in_foreground()
        self._hinted = False
        self._looked_at = 0.0
        self._packets: packets.Packets | None = None
        self._keys = keys.Keys(self.folder, wanted=options.tls_payload)

    # -- the whole ---------------------------------------------------------------

    def execute(self) -> Outcome:
        """Start the programs, watch them until all have ended, and write the recording."""
        old = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            self.log.write(
                "run",
                version=records.VERSION,
                wall=time.time_ns(),
                cwd=str(Path.cwd()),
                programs=[{"name": p.name, "words": p.words} for p in self.programs],
            )
            self._packets = packets.Packets(
                self.folder,
                wanted=self.options.packets,
                private=self.options.private_net,
                headers_only=not self.options.payload,
            )
            self._begun = time.monotonic()  # the programs' time: they had none of it yet
            self._start_all()
            self._watch_until_end()
        finally:
            self._end_programs()
            if self._packets is not None:
                self._packets.stop(self.log)
            self._keys.stop(self.log)
            signal.pthread_sigmask(signal.SIG_SETMASK, old)
            self._finish()
        return Outcome(self.writer.path, self.programs, self._why)

    def items(self) -> list[run_folder.Item]:
        """Everything recorded so far, packed or not."""
        recording = store.Recording(self.writer.path)
        try:
            return [*recording.items(), *run_folder.read(self.folder)]
        finally:
            recording.close()

    def calls(self) -> int:
        """How many calls were entered so far."""
        return sum(tail.calls for tail in self._tails.values())

    def say(self, text: str) -> None:
        """Say something of ours, on a line of its own."""
        self.relay.clear_line(2)
        if self._interactive:
            self.relay.clear_line(1)
        self._say_line(text)

    # -- starting ----------------------------------------------------------------

    def _start_all(self) -> None:
        for program in self.programs:
            self._start(program)
            if program is self.programs[-1]:
                return
            deadline = time.monotonic() + self.options.start_wait
            while time.monotonic() < deadline:
                if program.ports or not program.running or self._interrupts:
                    break
                self._turn(0.01)
            else:
                self.say(
                    f"{program.name} did not listen or bind within"
                    f" {self.options.start_wait:g} s; starting the next program anyway"
                )
            if self._interrupts:
                return

    def _start(self, program: Program) -> None:
        chosen = self.options.stdin
        gets_stdin = program.index == (len(self.programs) - 1 if chosen is None else chosen)
        out = Output(program, 1, self._prefix(program))
        err = Output(program, 2, self._prefix(program))
        self._keep_main_source(program)
        try:
            # The programs must not inherit our blocked signals.
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            try:
                programs.start(
                    program,
                    self.folder,
                    stdin=None if gets_stdin else subprocess.DEVNULL,
                    stdout=out.theirs,
                    stderr=err.theirs,
                    own_group=not self._interactive,
                    more=self._keys.environment(),
                )
            finally:
                signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        except programs.ProgramError:
            out.close()
            err.close()
            raise
        finally:
            out.close_theirs()
            err.close_theirs()
        self.log.write(
            "start",
            program=program.index,
            name=program.name,
            pid=program.pid,
            command=program.command,
        )
        for output in (out, err):
            self._selector.register(output.ours, selectors.EVENT_READ, output)
        self._selector.register(os.pidfd_open(program.pid), selectors.EVENT_READ, program)

    def _prefix(self, program: Program) -> bytes:
        width = max(len(p.name) for p in self.programs)
        text = f"{program.name:<{width}} | "
        if self.options.colours:
            text = f"\x1b[{COLOURS[program.index % len(COLOURS)]}m{text}\x1b[0m"
        return text.encode()

    def _keep_main_source(self, program: Program) -> None:
        for word in program.words[:3]:
            if word.endswith(".py") and Path(word).is_file():
                self._keep_source(str(Path(word).absolute()))

    # -- watching ----------------------------------------------------------------

    def _watch_until_end(self) -> None:
        while any(program.running for program in self.programs):
            self._turn(TURN_SECONDS)
            if self._why != "ended":
                return
            timeout = self.options.timeout
            if timeout is not None and time.monotonic() - self._begun >= timeout:
                self._look_once_more()
                self._why = "timeout"
                return
            self._hint()

    def _look_once_more(self) -> None:
        """Sample what is blocked when the time is up; it may have begun just now."""
        self._watch.look_once_more()
        self._turn(0)
        while self._watch.looking:
            self._turn(TURN_SECONDS)

    def _turn(self, patience: float) -> None:
        """Pass on output, note ends and signals, follow the probes, sample if need be."""
        for key, _ in self._selector.select(patience):
            if isinstance(key.data, Program):
                self._reap(key.data, key.fd)
            else:
                self._read_output(key.data)
        now = time.monotonic()
        for key in list(self._selector.get_map().values()):
            if isinstance(key.data, Output):
                self.relay.tick(key.data.source, now)
        self._take_signals()
        self._follow()
        if now - self._packed_at > PACK_EVERY_SECONDS:
            self._packed_at = now
            store.pack_full_parts(self.folder, self.writer)
        running = [program.pid for program in self.programs if program.running]
        sample = self._watch.turn(list(self._tails.values()), running, now)
        if sample is not None:
            self.log.write("sample", **sample)
            if self._on_sample is not None and self._on_sample(sample, self):
                self._why = "finding"

    def _follow(self) -> None:
        self._read_notes()
        for tail in self._tails.values():
            for call in tail.settled():
                self._notice(tail, call)
        for program in self.programs:
            if program.running and not program.ports and program is not self.programs[-1]:
                self._look_from_outside(program)

    def _read_notes(self) -> None:
        for key in run_folder.parts(self.folder):
            if key not in self._tails:
                self._tails[key] = Tail(self.folder, key, _NOTICED)
        for tail in self._tails.values():
            for note in tail.notes():
                if note[0] == "site":
                    for frame in note[2]:
                        self._keep_source(frame[0])
                elif note[0] == "socket" and note[4] & 0xF == socket.SOCK_STREAM:
                    self._streams.add((tail.key, note[1]))

    def _notice(self, tail: Tail, call: Call) -> None:
        # A stream that is only bound refuses; a datagram socket receives from then on.
        bound = call.op == _BIND and (tail.key, call.socket) not in self._streams
        if (bound or call.op == _LISTEN) and call.ret >= 0:
            for program in self.programs:
                if program.running and not program.ports and self._belongs(tail.pid, program):
                    program.ports.append(call.socket)
        elif call.op in _ADDRESS_TROUBLE and call.ret in (-errno.EADDRINUSE, -errno.ECONNREFUSED):
            self.log.write("ports", key=tail.key, slot=call.slot, rows=kernel.bound_sockets())

    def _look_from_outside(self, program: Program) -> None:
        """Does a program listen through code that no probe reports from (gevent, a binary)?"""
        now = time.monotonic()
        if now - self._looked_at < LOOK_EVERY_SECONDS:
            return
        self._looked_at = now
        held: set[str] = set()
        for pid in kernel.family([program.pid]):
            with contextlib.suppress(OSError):
                held.update(map(str, kernel.held_sockets(pid).values()))
        for kind in ("tcp", "tcp6", "udp", "udp6"):
            for fields in kernel.rows(program.pid, kind):
                listening = kind.startswith("udp") or fields[3] == "0A"
                if listening and fields[9] in held:
                    program.ports.append(kernel.address(fields[1])[1])
                    return

    @staticmethod
    def _belongs(pid: int, program: Program) -> bool:
        return pid in kernel.family([program.pid])

    def _hint(self) -> None:
        """Once the last program has ended and the others only wait: say how to end them."""
        last = self.programs[-1]
        if self._hinted or last.running or self.options.timeout is not None:
            return
        left = [program.name for program in self.programs if program.running]
        if left and len(self.programs) > 1:
            self._hinted = True
            self.say(f"{', '.join(left)} still running; Ctrl-C ends the run and prints the report")

    # -- output and signals --------------------------------------------------------

    def _read_output(self, output: Output) -> None:
        try:
            data = os.read(output.ours, 65536)
        except OSError as error:
            if error.errno != errno.EIO:  # a terminal whose other side was closed
                raise
            data = b""
        if not data:
            self._selector.unregister(output.ours)
            self.relay.finish(output.source)
            output.close()
            return
        kept = self._kept_output.get(output.program.index, 0)
        if kept < OUTPUT_KEPT:
            self._kept_output[output.program.index] = kept + len(data)
            text = data[: OUTPUT_KEPT - kept].decode("utf-8", "backslashreplace")
            self.log.write(
                "output", program=output.program.index, stream=output.source.target, text=text
            )
        if output.source.target == 2 and self._why in ("timeout", "finding"):
            self._held.setdefault(output.program.index, bytearray()).extend(data)
            return
        self.relay.receive(output.source, data, time.monotonic())

    def _take_signals(self) -> None:
        while (info := signal.sigtimedwait(_SIGNALS, 0)) is not None:
            number = signal.Signals(info.si_signo)
            if number == signal.SIGWINCH:
                self._resize()
                continue
            self._interrupts += 1
            self.log.write("signal", number=int(number))
            if number != signal.SIGINT or self._interrupts > 1:
                self._why = "signal" if number != signal.SIGINT else "interrupted"
                self._mark_ended_by_us()
                return
            self._mark_ended_by_us()
            theirs_too = info.si_code == _FROM_KERNEL and self._interactive
            if not theirs_too:
                programs.send_signal(self.programs, signal.SIGINT)

    def _mark_ended_by_us(self) -> None:
        for program in self.programs:
            if program.running:
                program.ended_by_us = True
        pids = [program.pid for program in self.programs if program.running]
        self.log.write("ending", pids=kernel.family(pids))

    def _resize(self) -> None:
        for key in self._selector.get_map().values():
            if isinstance(key.data, Output) and key.data.terminal:
                copy_size(key.data.source.target, key.data.ours)

    # -- ending ------------------------------------------------------------------

    def _reap(self, program: Program, pidfd: int) -> None:
        self._selector.unregister(pidfd)
        os.close(pidfd)
        assert program.process is not None
        program.status = program.process.wait()
        self.log.write("end", program=program.index, pid=program.pid, status=program.status)

    def _end_programs(self) -> None:
        """End what still runs: as Ctrl-C does, then firmly, then for certain."""
        if any(program.running for program in self.programs):
            if self._interrupts == 0:
                self._mark_ended_by_us()
            everyone = kernel.family([p.pid for p in self.programs if p.running])
            # A socket's own count goes with it, and a killed process closes nothing.
            self.log.write("drops", rows=kernel.drops(everyone))
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
                alive = [pid for pid in everyone if _alive(pid)]
                for pid in alive:
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.kill(pid, number)
                deadline = time.monotonic() + GRACE_SECONDS
                while time.monotonic() < deadline and any(map(_alive, everyone)):
                    self._drain_once(0.02)
                if not any(map(_alive, everyone)):
                    break
        deadline = time.monotonic() + LAST_OUTPUT_SECONDS
        while self._selector.get_map() and time.monotonic() < deadline:
            self._drain_once(0.02)

    def _drain_once(self, patience: float) -> None:
        for key, _ in self._selector.select(patience):
            if isinstance(key.data, Program):
                self._reap(key.data, key.fd)
            else:
                self._read_output(key.data)

    def _finish(self) -> None:
        for key in list(self._selector.get_map().values()):
            if isinstance(key.data, Output):
                self.relay.finish(key.data.source)
                key.data.close()
            elif isinstance(key.data, Program):
                os.close(key.fd)
        self._show_held()
        for target in (1, 2):
            self.relay.clear_line(target)
        self._selector.close()
        self._read_notes()
        for tail in self._tails.values():
            tail.close()
        for path in sorted(self.folder.glob("fault-*.txt")):
            self.log.write("fault", text=path.read_text(errors="replace"))
        self.log.write("finished", why=self._why)
        self.log.close()
        store.pack(self.folder, self.writer)
        self.writer.close()
        store.keep_newest(run_folder.KEPT_RECORDINGS, self.folder.parent)

    def _show_held(self) -> None:
        """What programs wrote to stderr as we ended them, unless it only says that we did.

        A traceback that ends in our own interrupt would hide the report below it; the
        recording has it.
        """
        for index, data in self._held.items():
            if b"KeyboardInterrupt" not in data:
                self.relay.finish(Source(self._prefix(self.programs[index]), 2, data))

    def _keep_source(self, path: str) -> None:
        if path in self._sources or path.startswith("<"):
            return
        self._sources.add(path)
        try:
            with open(path, "rb") as file:
                data = file.read(SOURCE_LIMIT)
        except OSError:
            return
        self.log.write("source", path=path, text=data.decode("utf-8", "replace"))


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            text = file.read()
    except OSError:
        return False
    return text[text.rindex(")") + 2] not in "ZX"
