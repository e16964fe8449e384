"""The bytes that calls moved: how many of them are kept, and where.

A call of few bytes has a cell of its own, which needs neither a turn nor an offset and
so costs a third of a journal entry (bench/probe.py); one of many goes to the journal.
What is kept is bounded for each call and, over all processes, for the run.
"""

import struct

from .. import records
from .memory import SmallPayloads

_GRANT = 16 * 1024  # the run's budget is taken from in pieces of this size

_PAYLOAD = records.PAYLOAD
_pack_head = records.PAYLOAD_HEAD.pack
_put_head = struct.Struct("<IBQQ").pack_into  # an entry's size and kind, and PAYLOAD_HEAD
put_cell = records.PAYLOAD_CELL.pack_into


class Payloads:
    """What this process keeps of payload; `keeper` makes the function for the wrappers.

    Attributes:
        small: the most bytes that go to a cell; 0 when none are kept.
        cells: the cells for them, which the hottest wrappers fill themselves.
        large: the function that keeps more bytes than that, or what is no bytes object.
    """

    def __init__(self, state, stem):
        self._state = state
        self._limit = state.payload_limit
        self._granted = 0
        self.small = min(self._limit, records.SMALL_PAYLOAD)
        self.cells = SmallPayloads(stem, self._spend)
        self.large = self._large()

    def restart(self, stem):
        """Begin anew in a forked child."""
        self._granted = 0
        self.cells.restart(stem)

    def stop(self):
        """Keep nothing any more."""
        self.cells.stop()

    def keeper(self):
        """Make `keep(slot, data, total)`: put bytes of a call on record, up to the limits.

        Closures, because a bound method and its look-ups cost as much as the copying.
        """
        cells, most, keep_large = self.cells, self.small, self.large

        def keep(slot, data, total):
            if total > most or (type(data) is not bytes and type(data) is not bytearray):
                keep_large(slot, data, total)
                return
            if len(data) != total:
                data = data[:total]
            if data:
                buffer, at, _ = next(cells.free, None) or cells.more()
                put_cell(buffer, at, slot, data, total)

        return keep

    def _large(self):
        """Make the part of `keep` that writes to the journal: `Journal.append` spelt out."""
        state, limit = self._state, self._limit

        def keep_large(slot, data, total):
            if type(data) is not bytes or len(data) != total or total > limit:
                data = self._cut(data, total)
            size = len(data)
            left = self._granted - size
            if left < 0 or not size:
                if not size or not self._grant(size):
                    return
                left = self._granted - size
            self._granted = left
            journal = state.journal
            mine, turn = [], journal.turn
            try:
                if turn.setdefault(0, mine) is mine and not journal.pending:
                    at = journal.at
                    start = at + 21
                    end = start + size
                    if end <= journal.last:
                        buffer = journal.buffer
                        buffer[start:end] = data
                        _put_head(buffer, at, size + 16, _PAYLOAD, slot, total)
                        journal.at = (end + 3) & -4
                    else:
                        journal.write(_PAYLOAD, _pack_head(slot, total) + data)
                else:
                    journal.pending.append((_PAYLOAD, _pack_head(slot, total) + data))
            finally:
                if turn[0] is mine:
                    del turn[0]
            if journal.pending:
                journal.drain()

        return keep_large

    def _cut(self, data, total):
        """The beginning of what moved, and the last of it when it passes the limit."""
        limit = self._limit
        if not limit or not total:
            return b""
        view = memoryview(data)
        if view.ndim != 1 or view.itemsize != 1:
            view = view.cast("B")
        if total <= limit:
            return bytes(view[:total])
        tail = records.PAYLOAD_TAIL
        return bytes(view[: limit - tail]) + bytes(view[total - tail : total])

    def _grant(self, need):
        piece = max(_GRANT, need)
        if not self._spend(piece):
            return False
        self._granted += piece
        return True

    def _spend(self, piece):
        """Take so many bytes of the run's budget; False when it does not hold them."""
        # Two processes that take at the same moment may pass the budget by one piece
        # each; a lock between processes would cost every program for that.
        control = self._state.control
        version, flags, limit, budget, spent = records.CONTROL.unpack_from(control, 0)
        if spent + piece > budget:
            return False
        records.CONTROL.pack_into(control, 0, version, flags, limit, budget, spent + piece)
        return True
