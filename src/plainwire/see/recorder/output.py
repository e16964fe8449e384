"""The two ends of a program's stdout or stderr, and what our own terminal is.

A program sees a terminal exactly when we have one, so that it buffers and colours as it
would without us.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import struct
import sys
import termios

from plainwire.see.recorder.programs import Program
from plainwire.see.recorder.relay import Source


class Output:
    """The two ends of one program's stdout or stderr.

    A terminal when ours is one, so that the program buffers and colours as it would
    without us; otherwise a pipe.
    """

    def __init__(self, program: Program, target: int, prefix: bytes) -> None:
        self.program = program
        self.source = Source(prefix, target)
        self.terminal = os.isatty(target)
        if self.terminal:
            self.ours, self.theirs = pty.openpty()
            mode = termios.tcgetattr(self.theirs)
            mode[1] &= ~termios.OPOST  # the real terminal translates newlines, once
            termios.tcsetattr(self.theirs, termios.TCSANOW, mode)
            copy_size(target, self.theirs)
        else:
            self.ours, self.theirs = os.pipe()
        self._open = {self.ours, self.theirs}

    def close_theirs(self) -> None:
        """Close the end that the program has inherited, or nothing would tell its end."""
        if self.theirs in self._open:
            self._open.discard(self.theirs)
            os.close(self.theirs)

    def close(self) -> None:
        """Close what is open."""
        for descriptor in list(self._open):
            os.close(descriptor)
        self._open.clear()


COLOURS = ("36", "33", "35", "32", "34", "31")


def copy_size(source: int, target: int) -> None:
    """Give a terminal the size of another; nothing happens where one is none."""
    with contextlib.suppress(OSError):
        size = fcntl.ioctl(source, termios.TIOCGWINSZ, struct.pack("HHHH", 0, 0, 0, 0))
        fcntl.ioctl(target, termios.TIOCSWINSZ, size)


def in_foreground() -> bool:
    """Do we own the terminal, so that its Ctrl-C reaches our whole process group?"""
    try:
        return sys.stdin.isatty() and os.tcgetpgrp(0) == os.getpgrp()
    except (OSError, ValueError):
        return False
