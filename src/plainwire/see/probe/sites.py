"""A frame -> the user's own expression that made the call, as a number.

The user's expression is the innermost frame that is neither the standard library nor
an installed package; its exact columns come from the code object (PEP 657). A call
site is `(id(code), f_lasti)`: it stays the same before and after the interpreter
specialises the instruction (checked on 3.11 to 3.13), so it is resolved once and then
looked up. Code objects are kept, because an id may be used again after collection.

Work that asyncio does in a callback of its loop has no user frame below
`Handle._run`; such a site is of kind 'loop', and the ledger finds the line that asked.
"""

import os
import sys
from itertools import count, islice

USER, LOOP, LIBRARY = "user", "loop", "library"

_MOST_FRAMES = 64

_PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep
_STDLIB = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
_INSTALLED = (os.sep + "site-packages" + os.sep, os.sep + "dist-packages" + os.sep)
_OURS = ("<plainwire ", os.path.dirname(os.path.abspath(__file__)) + os.sep)
_EVENTS = os.path.join("asyncio", "events.py")
_TRANSPORTS = os.path.join("asyncio", "selector_events.py")


# The key of a call site, as text for the wrappers. From 3.11 on a code object holds its
# instructions, so the sum is an address inside of it, which no other one shares: 25 ns
# less than a tuple. Before, the instructions were an object of their own.
KEY = (
    "id({0}.f_code) + {0}.f_lasti"
    if sys.version_info >= (3, 11) and sys.implementation.name == "cpython"
    else "(id({0}.f_code), {0}.f_lasti)"
)
key_of = eval("lambda frame: " + KEY.format("frame"))

# asyncio's recv() and send() are three and four frames away from whoever asked, which are
# followed at every call: as text, because a function for each key would cost as much as
# all the rest of a record.
FIND = """
def outwards(frame, step):
    at = frame
    while step.__class__ is dict:
        at = at.f_back
        step = step.get({at} if at is not None else None)
    return step or learn(frame)

def find(frame):
    return outwards(frame, known.get({frame}))
""".format(at=KEY.format("at"), frame=KEY.format("frame"))


def is_ours(code):
    """Is this code the probe's own?"""
    return code.co_filename.startswith(_OURS)


class Sites:
    """The call sites of this process: numbers, and the notes that explain them."""

    def __init__(self, note):
        self._note = note
        self._kept = []
        self._library = {}  # id(code) -> is it library code
        self._cwd = os.getcwd()
        self._main = None
        # Frames from the call outwards, a table for each: key -> number of the site, or the
        # next table for a frame of a library. `None` stands for the end of the stack.
        self.known = {}
        self.users = set()  # numbers of sites that are a line of the user's
        self.next_number = count(1).__next__
        # `find(frame)`: the number of the site of a frame, noted when it is new;
        # `outwards(frame, known.get(key))`: the same for who has looked already.
        space = {"known": self.known, "learn": self._learn}
        exec(compile(FIND, "<plainwire find>", "exec"), space)
        self.find, self.outwards = space["find"], space["outwards"]

    def _learn(self, frame):
        """The number of a chain of frames that was not seen before."""
        step, inner, kind = self.known, [], LIBRARY
        key = key_of(frame)
        while True:
            code = frame.f_code
            if not self._is_library(code):
                kind = USER
                break
            if code.co_name == "_run" and code.co_filename.endswith(_EVENTS):
                kind = LOOP
                break
            inner.append(frame)
            if len(inner) == _MOST_FRAMES:
                break
            following = step.setdefault(key, {})
            if type(following) is int:  # another thread was faster
                return following
            step, frame = following, frame.f_back
            if frame is None:
                key = None
                break
            key = key_of(frame)
        number = step.get(key)
        if type(number) is not int:
            number = self._new([frame] if kind is USER else [], inner, kind)
            number = step.setdefault(key, number)
        if kind is LOOP and inner and self._only_the_loop_calls(inner[0].f_code):
            self.known[key_of(inner[0])] = number
        return number

    @staticmethod
    def _only_the_loop_calls(code):
        """Need the frames around a call in this code not be walked, at every received byte?"""
        return code.co_name.startswith("_read_ready__") and code.co_filename.endswith(_TRANSPORTS)

    def _new(self, frames, inner, kind):
        number = self.next_number()
        if kind is USER:
            self.users.add(number)
        for frame in frames + inner:
            self._kept.append(frame.f_code)
        self._note(
            "site",
            number,
            [self.describe(frame.f_code, frame.f_lasti, frame.f_lineno) for frame in frames],
            [
                [self.path(f.f_code.co_filename), f.f_lineno or 0, f.f_code.co_name]
                for f in inner
                if not is_ours(f.f_code)
            ],
            kind,
        )
        return number

    def describe(self, code, lasti, line):
        """[file, line, column, end line, end column, function]; columns 1-based, -1 unknown."""
        end_line, column, end_column = line, -1, -1
        positions = getattr(code, "co_positions", None)
        if positions is not None and lasti >= 0:
            found = next(islice(positions(), lasti // 2, None), None)
            if found is not None:
                line = found[0] or line
                end_line = found[1] or line
                if found[2] is not None and found[3] is not None:
                    column, end_column = found[2] + 1, found[3] + 1
        name = getattr(code, "co_qualname", code.co_name)
        return [self.path(code.co_filename), line or 0, column, end_line or 0, end_column, name]

    def path(self, filename):
        """The absolute form of a code object's file name; <...> stays as it is."""
        if filename.startswith("<") or os.path.isabs(filename):
            return filename
        return os.path.normpath(os.path.join(self._cwd, filename))

    def _is_library(self, code):
        answer = self._library.get(id(code))
        if answer is None:
            answer = self._library[id(code)] = self.is_library_file(code.co_filename)
            self._kept.append(code)
        return answer

    def is_library_file(self, filename):
        """Is this file the standard library's, an installed package's, or Plainwire's?

        A program started as `-m module` is the user's even if it is installed.
        """
        if filename.startswith("<"):
            # Frozen modules and our templates; but exec'd and typed-in code is the user's.
            return filename.startswith(("<frozen", "<plainwire", "<__array_function__"))
        if self._main is None:
            self._main = self._main_prefix()
        if self._main and filename.startswith(self._main):
            return False
        filename = self.path(filename)
        return (
            filename.startswith((_STDLIB, _PACKAGE))
            or _INSTALLED[0] in filename
            or _INSTALLED[1] in filename
        )

    @staticmethod
    def _main_prefix():
        main = sys.modules.get("__main__")
        spec = getattr(main, "__spec__", None)
        file = getattr(main, "__file__", None)
        if spec is None or file is None:
            return ""  # not run with -m: what lies in a library is library
        if spec.name.endswith("__main__") or "." in spec.name:
            return os.path.dirname(file) + os.sep
        return file
