"""Records: what an observation is, said once, and how it lies in memory and on disk.

The probe writes, the recorder copies, the ledger reads; all three share this file and
nothing else. It is loaded inside observed programs too (under another name, by any
Python from 3.8 on), so it imports only the standard library and does no I/O.

An observed process owns three growing series of files in the run's folder, all mapped
into its memory, so that what was recorded survives `os._exit` and `kill -9` and can
be read while the process hangs:

slots      fixed 64-byte cells, one for each call. The first half is written when the
           call is *entered*, the second when it *returned*; a cell whose second half is
           zero is a call that has not returned.

    byte  0      4      8      12    14    16     20     24
          +------+------+------+-----+-----+------+------+-----------+
    enter | thrd | sock | site | op  |flags| arg  | task | t0 (ns)   |
          +------+------+------+-----+-----+------+------+-----------+
    byte 32      40            48                        56
          +------+-------------+-------------------------+-----------+
    exit  | ret  | aux         | exception               | t1 (ns)   |
          +------+-------------+-------------------------+-----------+

journal    variable-length entries: what a slot only names by number (sites, sockets,
           addresses, threads, tasks), and payload.

    +-------------+----------+-------------------+
    | size uint32 | kind (1) | body (size bytes) |  padded to 4; size or kind 0 = end so far
    +-------------+----------+-------------------+

payload    fixed 128-byte cells: the bytes of a call that moved at most 116 of them.

    +-------------+---------------+-------------+
    | slot uint64 | data (116)    | size uint32 |  size 0 = not written
    +-------------+---------------+-------------+

All files begin with one 64-byte header. In either half of a slot, in a journal entry
and in a payload cell, the field that marks it complete (t0, t1, size and kind, size) is
stored last.

Numbers are little-endian. Times are CLOCK_MONOTONIC nanoseconds, the same clock in
all processes of a machine. Numbers of sockets, sites and addresses go on counting in
a forked child: a number below the child's `*_base` means what it meant in its parent.
"""

import struct

VERSION = 1

SLOT_BYTES = 64
ENTER = struct.Struct("<IIIHHIIQ")  # thread, socket, site, op, flags, arg, task, t0
EXIT = struct.Struct("<qQQQ")  # ret, aux, exception, t1
SLOT = struct.Struct("<IIIHHIIQqQQQ")
assert ENTER.size == EXIT.size == SLOT_BYTES // 2
assert SLOT.size == SLOT_BYTES

# magic, version, pid, first number (slots, payload) or part number (journal), stopped
HEADER = struct.Struct("<8sIIQI")
HEADER_BYTES = 64
SLOTS_MAGIC = b"PWSLOTS\0"
JOURNAL_MAGIC = b"PWNOTES\0"
PAYLOADS_MAGIC = b"PWBYTES\0"
STOPPED_OFFSET = 24  # of the header's last field: 1 = the probe could not open the next part
STOPPED = struct.Struct("<I")

SIZE = struct.Struct("<I")  # of a journal entry; the kind byte follows
ENTRY_HEADER_BYTES = 5
NOTE = ord("N")  # body: JSON array, first element the note's name (see NOTES)
PAYLOAD = ord("P")  # body: slot number, whole length, then the bytes kept
PAYLOAD_HEAD = struct.Struct("<QQ")

PAYLOAD_CELL = struct.Struct("<Q116sI")  # slot number, bytes, how many
SMALL_PAYLOAD = 116  # most bytes that a cell holds

# A call with more bytes than the limit keeps its beginning and this much of its end,
# because a message cut in two shows at the end.
PAYLOAD_TAIL = 64

# `ret` of a call that raised an OSError is -errno. Other exceptions have no errno:
RAISED = -(1 << 32)
# `arg` of a call without a limit, or a time-out of None.
UNLIMITED = 0xFFFFFFFF

# What each number in a slot's `op` means. Grouped by hundreds, so that a reader of a
# raw dump sees at once what kind of call it is; new ones are added at a group's end.
OPS = {
    # made and ended
    "socket": 1,
    "close": 2,  # the user's close(); arg 1: deferred, a makefile object still holds it
    "closed": 3,  # the descriptor was really closed; aux: unread bytes then
    "detach": 4,
    "dropped": 5,  # garbage-collected without close()
    "dup": 6,
    # addresses
    "bind": 10,  # aux: address number
    "listen": 11,  # arg: backlog
    "accept": 12,  # ret: the new socket's number, aux: peer's address number
    "connect": 13,  # aux: address number
    "connect_ex": 14,  # ret: -errno although it did not raise
    "shutdown": 15,  # arg: how (0 receive, 1 send, 2 both)
    # sending
    "send": 20,
    "sendall": 21,
    "sendto": 22,  # aux: address number
    "sendmsg": 23,
    "sendfile": 24,
    "os.write": 25,
    "os.writev": 26,
    "os.sendfile": 27,
    # receiving; arg: the most the caller asked for
    "recv": 40,
    "recv_into": 41,
    "recvfrom": 42,  # aux: address number
    "recvfrom_into": 43,
    "recvmsg": 44,
    "recvmsg_into": 45,
    "os.read": 46,
    "os.readv": 47,
    # TLS: plaintext in and out; the bytes on the wire are others
    "tls.handshake": 60,
    "tls.read": 61,
    "tls.write": 62,
    "tls.unwrap": 63,
    # asyncio: what the program asked of a stream, above the socket
    "stream.read": 70,  # StreamReader.read; arg: n
    "stream.readline": 71,
    "stream.readexactly": 72,
    "stream.readuntil": 73,
    "stream.queue": 74,  # arg: bytes of a write that had to wait; aux: queued with them
    "stream.drain": 75,  # a drain() that had to wait
    # waiting
    "serve_forever": 80,  # socketserver's accept loop
    "select": 81,  # arg: time-out in ms; asyncio's own are left out
}
NAMES = {number: name for name, number in OPS.items()}

SENDS = frozenset(OPS[n] for n in OPS if 20 <= OPS[n] < 40)
RECEIVES = frozenset(OPS[n] for n in OPS if 40 <= OPS[n] < 60)
TLS_OPS = frozenset(OPS[n] for n in OPS if 60 <= OPS[n] < 70)
STREAM_OPS = frozenset(OPS[n] for n in OPS if 70 <= OPS[n] < 80)

# Flags kept in a slot are the low 16 bits of the call's MSG_ flags; these matter here.
MSG_OOB, MSG_PEEK, MSG_WAITALL = 0x1, 0x2, 0x100

# The notes of a journal: name -> its fields after the name. Dumped by
# `plainwire show --records`; fields are only ever added, at the end.
NOTES = {
    "process": "pid, ppid, parent key or null, socket base, site base, address base, t, "
    "argv, cwd, python version, executable, main file or null, start method",
    "thread": "number, native id, name",
    "task": "number, name, coroutine, file, line",
    "site": "number, frames of the user [[file, line, column, end line, end column, "
    "function] ...] innermost first, library frames between them and the call "
    "[[file, line, function] ...], kind: 'user', 'loop' or 'library'",
    "socket": "number, fd, family, type, protocol, inode, cookie, how it came to be, "
    "number of the socket it came from or 0, t",
    "name": "socket number, local address or null, remote address or null, t",
    "address": "number, address",
    "peer": "socket number, pid of the peer of a Unix socket",
    "pair": "two socket numbers made by one socketpair()",
    "info": "socket number, t, unread bytes, TCP state, bytes sent in order, not yet on the wire, "
    "acknowledged, received (tcp_info just before close)",
    "drops": "socket number, datagrams the kernel dropped because the queue was full, t",
    "option": "socket number, level, option, value, t",
    "protocol": "socket number, class, [file, line, function] of its receiving method or null",
    "remainder": "slot number, bytes not sent, hex of the first of them",
    "eofs": "socket number, site number, reads in a row that gave b'', t of the last",
    "exception": "thread number, slot number of the call it came from or null, type, "
    "message, how it surfaced, frames [[file, line, column, end line, end column, "
    "function] ...] outermost first, t",
    "raised": "number, type, message",
    "message": "socket number, 'in' or 'out', stream start, stream end, codec, label",
    "unseen": "what is not followed in this process, and why",
    "exit": "t, status or null",
}

# The file "control" of a run's folder, mapped by the recorder and every probe:
# version, flags, payload bytes kept per call, payload budget of the run, spent of it.
CONTROL = struct.Struct("<IIIQQ")
CONTROL_TLS_PAYLOAD = 1
