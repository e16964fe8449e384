"""What becomes of the bytes of a read: a table of programs, healthy and broken.

In each snippet the read is the call marked by `recv(`, `read(` or the like that stands
first; the table says what the program takes it for.
"""

from __future__ import annotations

import ast
import textwrap

import pytest

from plainwire.see.diagnosis import fate
from plainwire.see.diagnosis.fate import AGNOSTIC, NEUTRAL, UNKNOWN, WHOLE, Fate
from plainwire.see.ledger.model import Frame

READS = ("recv", "recvfrom", "read", "sock_recv", "recv_into", "recvmsg")


def frame_of(source: str) -> Frame:
    """The span of the first read in a source, as the interpreter gives it."""
    calls = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in READS
    ]
    call = min(calls, key=lambda c: (c.lineno, c.col_offset))
    assert call.end_lineno is not None
    assert call.end_col_offset is not None
    return Frame(
        "p.py", call.lineno, call.col_offset + 1, call.end_lineno, call.end_col_offset + 1, "f"
    )


def of(source: str) -> Fate:
    source = textwrap.dedent(source)
    return fate.of_read(source, frame_of(source))


TABLE = {
    # takes each read for one message
    "printed": ("print(sock.recv(1024).decode())", WHOLE),
    "json": ("data = sock.recv(99)\nx = json.loads(data)", WHOLE),
    "compared": ("if sock.recv(4) == b'quit':\n    stop()", WHOLE),
    "answered": ("data = sock.recv(9)\nsock.send(b'you said ' + data)", WHOLE),
    "number": ("n = int(sock.recv(10))", WHOLE),
    "unpacked": ("a, b = struct.unpack('!II', sock.recv(8))", WHOLE),
    "words": ("command, name = sock.recv(99).decode().split(' ')", WHOLE),
    "f-string": ("data = sock.recv(99)\nprint(f'got {data}')", WHOLE),
    "file name": ("name = sock.recv(99).decode()\nf = open(name, 'wb')", WHOLE),
    "key": ("handlers[sock.recv(9)]()", WHOLE),
    "walrus printed": ("while (data := sock.recv(99)):\n    print(data.decode())", WHOLE),
    "awaited": ("async def f():\n    print((await reader.read(99)).decode())", WHOLE),
    "loop's recv": ("async def f():\n    print(await loop.sock_recv(s, 99))", WHOLE),
    "Chinese names": ("消息 = 套接字.recv(1024)\nprint('收到', 消息.decode('utf-8'))", WHOLE),
    "over lines": ("data = sock.recv(\n    1024,\n)\nprint(data)", WHOLE),
    "with an address": ("data, who = sock.recvfrom(99)\nprint(data)", WHOLE),
    "attribute": (("class C:\n    def f(self):\n        self.d = self.s.recv(9)\n"
                  "        print(self.d)"), WHOLE),
    "prefix": ("if sock.recv(99).startswith(b'GET'):\n    go()", WHOLE),
    "in a list": ("if sock.recv(9) in (b'a', b'b'):\n    go()", WHOLE),
    # does not care where reads end
    "echo": ("data = sock.recv(99)\nsock.sendall(data)", AGNOSTIC),
    "relay": ("b.sendall(a.recv(4096))", AGNOSTIC),
    "buffer +=": ("buffer = b''\nwhile True:\n    buffer += sock.recv(99)", AGNOSTIC),
    "buffer = +": ("buffer = buffer + sock.recv(99)", AGNOSTIC),
    "extend": ("buffer.extend(sock.recv(99))", AGNOSTIC),
    "file": ("f.write(sock.recv(4096))", AGNOSTIC),
    "parser": ("h11.receive_data(sock.recv(4096))", AGNOSTIC),
    "feed": ("data = sock.recv(9)\nparser.feed(data)", AGNOSTIC),
    "search": ("data = sock.recv(9)\nif b'\\n' in data:\n    print(data)", AGNOSTIC),
    "partition": ("line, _, rest = sock.recv(9).partition(b'\\n')", AGNOSTIC),
    "slice": ("data = sock.recv(9)\nprint(data[:4])", AGNOSTIC),
    "split lines": ("for line in sock.recv(9).splitlines():\n    print(line)", AGNOSTIC),
    "split by line": ("for line in sock.recv(9).split(b'\\n'):\n    print(line)", AGNOSTIC),
    "counted": ("data = sock.recv(n - got)\ngot = got + len(data)\nprint(data)", AGNOSTIC),
    "print a stream": ("print(sock.recv(9).decode(), end='')", AGNOSTIC),
    "walrus buffered": ("while data := sock.recv(99):\n    parts.append(data)", AGNOSTIC),
    "queue": ("q.put(sock.recv(99))", AGNOSTIC),
    # cannot be told
    "returned": ("def f():\n    return sock.recv(99)", UNKNOWN),
    "yielded": ("def f():\n    yield sock.recv(99)", UNKNOWN),
    "own function": ("handle(sock.recv(99))", UNKNOWN),
    "kept elsewhere": (("class C:\n    def f(self):\n        self.d = self.s.recv(9)\n"
                       "    def g(self):\n        print(self.d)"), UNKNOWN),
    "a global": ("def f():\n    global data\n    data = sock.recv(9)\n    print(data)", UNKNOWN),
    "in a tuple": ("x = (1, sock.recv(9))", UNKNOWN),
    "other loads": ("x = msgpack.loads(sock.recv(99))", UNKNOWN),
    # only tested, or thrown away
    "thrown away": ("sock.recv(99)", NEUTRAL),
    "tested": ("if not sock.recv(1):\n    stop()", NEUTRAL),
    "logged": ("data = sock.recv(9)\nlog.info(data)", NEUTRAL),
    "compared with nothing": ("data = sock.recv(9)\nif data == b'':\n    stop()", NEUTRAL),
}  # fmt: skip


# The value is handed to a function of the same file; `handle(...)` stands behind it.
HANDED = {
    "compared there": (("if cmd == 'left':\n        go()\n"
                        "    else:\n        print('what?', cmd)"), True),
    "decoded there": (("cmd = cmd.decode().strip()\n    if cmd == 'left':\n        go()"), True),
    "a key there": ("return COMMANDS[cmd]()", True),
    "get()": ("COMMANDS.get(cmd, sorry)()", True),
    "in a set": ("if cmd not in ALLOWED:\n        return 'no'", True),
    "match": (("match cmd:\n        case 'left':\n            go()\n"
               "        case other:\n            print(other)"), True),
    "answered in words": (("if cmd == 'left':\n        return 'ok'\n"
                           "    return f'unknown command {cmd}'"), True),
    "appended": ("buffer.append(cmd)", False),
    "compared, else appended": ("if cmd == 'quit':\n        stop()\n    buffer.append(cmd)", False),
    "lines": ("for line in cmd.splitlines():\n        print(line == 'left')", False),
    "written to a file": ("f.write(cmd)", False),
    "printed": ("print('got', cmd)", False),
    "logged": ("log.info('got %s', cmd)", False),
    "parsed": ("return json.loads(cmd)", False),
    "compared with what came before": ("if cmd == last:\n        return\n    print(cmd)", False),
    "tested": ("if cmd == '':\n        return\n    print(cmd)", False),
    "given back": ("if cmd == 'left':\n        go()\n    return cmd", False),
    "handed on": ("other(cmd)\n\ndef other(cmd):\n    if cmd == 'left':\n        go()", False),
    "match keeps": (("match cmd:\n        case 'left':\n            go()\n"
                     "        case other:\n            buffer.append(other)"), False),
    "match of parts": ("match cmd:\n        case [first, *rest]:\n            go(first)", False),
}  # fmt: skip


@pytest.mark.parametrize("name", HANDED)
def test_a_command_that_a_function_compares_is_one_message(name: str) -> None:
    """`move(data.decode())` said 'unknown command rightrightup', and nothing was found."""
    body, whole = HANDED[name]
    function = f"\n\ndef handle(cmd):\n    {body}\n"
    expected = WHOLE if whole else UNKNOWN
    assert of("handle(sock.recv(99))" + function).kind == expected
    assert of("handle(cmd=sock.recv(99))" + function).kind == expected
    method = textwrap.indent(function.replace("(cmd):", "(self, cmd):", 1), "    ")
    inside = "class Game:\n    def read(self):\n        self.handle(self.sock.recv(99))" + method
    assert of(inside).kind == expected
    assert of("g = Game()\ng.handle(sock.recv(99))\n\nclass Game:\n" + method).kind == expected


def test_only_a_function_that_is_meant_for_certain_is_followed() -> None:
    """Another class may have a method of that name; a decorator may do anything."""
    compares = "(cmd):\n    if cmd == 'left':\n        go()\n"
    assert of(f"handle(sock.recv(9))\ndef handle{compares}").kind == WHOLE
    assert of(f"handle(sock.recv(9))\n@lines\ndef handle{compares}").kind == UNKNOWN
    twice = f"handle(sock.recv(9))\ndef handle{compares}def handle{compares}"
    assert of(twice).kind == UNKNOWN
    assert of(f"handle(*sock.recv(9))\ndef handle{compares}").kind == UNKNOWN
    assert of(f"x.handle(sock.recv(9))\ndef handle{compares}").kind == UNKNOWN


@pytest.mark.parametrize("name", TABLE)
def test_what_a_program_takes_a_read_for(name: str) -> None:
    """A false accusation begins here: one sign of framing must clear the program."""
    source, expected = TABLE[name]
    assert of(source).kind == expected


PARSERS = {
    "json": ("json.loads(sock.recv(9))", {"json"}),
    "json of text": ("json.loads(sock.recv(9).decode())", {"json", "utf-8"}),
    "pickle": ("pickle.loads(sock.recv(9))", {"pickle"}),
    "codec named": ("print(sock.recv(9).decode('GBK'))", {"gbk"}),
    "str()": ("print(str(sock.recv(9), 'utf-8'))", {"utf-8"}),
    "lenient": ("print(sock.recv(9).decode('utf-8', 'replace'))", set()),
    "errors=": ("print(sock.recv(9).decode(errors='ignore'))", set()),
    "number": ("int(sock.recv(9))", {"number"}),
}


@pytest.mark.parametrize("name", PARSERS)
def test_which_parser_the_bytes_go_to(name: str) -> None:
    """Certain findings ask this parser whether it could take the bytes."""
    source, expected = PARSERS[name]
    assert of(source).parsers == expected


def test_a_struct_format_is_known_when_it_is_written_out() -> None:
    """Its size tells whether a number was cut in two."""
    assert of("struct.unpack('!IH', sock.recv(6))").struct_format == "!IH"
    assert of("struct.unpack(FORMAT, sock.recv(6))").struct_format is None


@pytest.mark.parametrize(
    ("handler", "guarded"),
    [("except Exception:", True), ("except:", True), ("except ValueError:", True),
     ("except json.JSONDecodeError:", True), ("except (OSError, UnicodeDecodeError):", True),
     ("except OSError:", False), ("except KeyboardInterrupt:", False)],
)  # fmt: skip
def test_a_guard_that_catches_a_parsers_error_is_seen(handler: str, guarded: bool) -> None:
    """A program that expects rubbish handles it; one that catches OSError does not."""
    source = f"try:\n    x = json.loads(sock.recv(9))\n{handler}\n    pass\n"
    assert of(source).guarded is guarded


LOOPS = {
    "break on empty": ("while True:\n    d = s.recv(9)\n    if not d:\n        break", True),
    "return on b''": (("def f():\n    while 1:\n        d = s.recv(9)\n        if d == b'':\n"
                      "            return"), True),
    "on length": ("while True:\n    d = s.recv(9)\n    if len(d) == 0:\n        break", True),
    "walrus": ("while d := s.recv(9):\n    f(d)", True),
    "endless": ("while True:\n    d = s.recv(9)\n    print(d)", False),
    "other name": ("while True:\n    d = s.recv(9)\n    if not x:\n        break", False),
    "until a length": (("while len(b) < n:\n    d = s.recv(9)\n    if not d:\n        break\n"
                        "    b += d"), False),
    "until a mark": (("while True:\n    d = s.recv(9)\n    if not d:\n        break\n    b += d\n"
                      "    if b'.' in b:\n        break"), False),
    "walrus and a length": ("while len(b) < n and (d := s.recv(9)):\n    b += d", False),
    "joined parts": ("b''.join(iter(lambda: s.recv(9), b''))", True),
    "parts put down": ("for d in iter(lambda: s.recv(9), b''):\n    b.extend(d)", True),
    "a generator of parts": (("def f(s):\n    yield from iter(lambda: s.recv(9), b'')\n"
                              "b = b''.join(f(s))"), True),
    "a generator that is left early": (("def f(s):\n    yield from iter(lambda: s.recv(9), b'')\n"
                                        "for d in f(s):\n    if d == b'.':\n        break"), False),
    "parts shown": ("for d in iter(lambda: s.recv(9), b''):\n    print(d)", False),
    "parts until one": ("for d in iter(lambda: s.recv(9), b''):\n    if d == b'.': break", False),
    "until a quit": ("b''.join(iter(lambda: s.recv(9), b'quit'))", False),
    "parts made of parts": ("b''.join(iter(lambda: f(s.recv(9)), b''))", False),
    "no loop": ("d = s.recv(9)\nif not d:\n    stop()", False),
}  # fmt: skip


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_that_ends_on_the_end_is_known(name: str) -> None:
    """eof-never-comes is about exactly these loops."""
    source, expected = LOOPS[name]
    assert of(source).until_eof is expected


@pytest.mark.parametrize(
    ("test", "expected"),
    [("len(d) < 1024", True), ("len(d) < 512", False), ("len(d) != 1024", True)],
)
def test_a_short_read_taken_for_the_last_is_known(test: str, expected: bool) -> None:
    """`if len(d) < 1024: break` ends at the first gap between two segments."""
    source = f"while True:\n    d = s.recv(1024)\n    if {test}:\n        break\n"
    assert of(source).short_is_end is expected


def test_loops_and_sizes_are_told_apart() -> None:
    """A fixed number of reads, a reply in the loop, a computed size: each its own mistake."""
    assert of("for _ in range(2):\n    print(s.recv(9))").counted_loop
    assert not of("for c in s.recv(9):\n    print(c)").counted_loop
    assert of("while d := s.recv(9):\n    s.send(b'ok')").loop_replies
    assert of("d = s.recv(size)").exact
    assert not of("d = s.recv(1024)").exact
    assert not of("SIZE = 4 * 1024\nd = s.recv(SIZE)").exact
    assert of("n = int(head)\nd = s.recv(n)").exact
    assert of("d = s.recv(n - len(b))").remaining
    assert of("while left:\n    d = s.recv(min(left, 4096))\n    left -= len(d)").remaining
    assert not of("d = s.recv(n)").remaining
    assert of("s.recv(9)").discarded
    assert of("print(s.recv(9))").printed
    assert of("d = s.recv(9)\ns.sendall(b'hi ' + d)").answered


def test_a_variable_is_followed_only_up_to_its_next_value() -> None:
    """The first recv is a number; what happens to the second, of the same name, is not its."""
    source = """
        data = sock.recv(4)
        size = int(data)
        data = sock.recv(size)
        f.write(data)
    """
    assert of(source).kind == WHOLE
    assert of(source.replace("int(data)", "5")).kind == NEUTRAL


def test_the_call_is_found_by_its_span_among_several_on_the_line() -> None:
    """`f(a.recv(1)) or print(b.recv(1))`: each read has a fate of its own."""
    source = "relay(a.recv(1)); print(b.recv(1))"
    at = source.index("b.recv(1)") + 1
    second = Frame("p.py", 1, at, 1, at + len("b.recv(1)"), "f")
    assert fate.of_read(source, second).kind == WHOLE


def test_a_column_counts_bytes_as_the_interpreter_does() -> None:
    """Chinese before the call shifts characters against bytes; the line must still be found."""
    source = "打印 = print; 打印(int(套接字.recv(10)))"
    frame = frame_of(source)
    assert frame.column - 1 == len("打印 = print; 打印(int(".encode())
    assert fate.of_read(source, frame).parsers == {"number"}


def test_without_columns_the_only_read_on_the_line_is_meant() -> None:
    """Python 3.10 and older give lines only."""
    line = Frame("p.py", 1, -1, 1, -1, "f")
    assert fate.of_read("print(sock.recv(9))", line).kind == WHOLE
    assert fate.of_read("print(a.recv(9), b.recv(9))", line).kind == UNKNOWN


@pytest.mark.parametrize("source", [None, "def broken(:", "x = 1", "\0"])
def test_what_cannot_be_read_is_unknown(source: str | None) -> None:
    """A source that changed or is missing accuses nobody."""
    assert fate.of_read(source, Frame("p.py", 1, 1, 1, 9, "f")).kind == UNKNOWN


@pytest.mark.parametrize("end", [(2, len("    file.write(line); file.flush()") + 1), (1, 17)])
def test_a_loop_over_a_file_is_not_named_by_the_call_that_ends_its_body(
    end: tuple[int, int],
) -> None:
    """`(flush)` was said to wait. A loop's step spans its body, since Python 3.12 only `file`."""
    source = "for line in file:\n    file.write(line); file.flush()\n"
    column = 1 if end[0] == 2 else 13
    assert fate.word_of(source, Frame("p.py", 1, column, *end, "f")) == "for"


PROTOCOL = """
import asyncio
class Echo(asyncio.Protocol):
    def data_received(self, {name}):
        {body}
"""


@pytest.mark.parametrize(
    ("body", "expected"),
    [("self.transport.write(data)", AGNOSTIC), ("print(data.decode())", WHOLE),
     ("self.buffer += data", AGNOSTIC), ("message = json.loads(data)", WHOLE),
     ("self.buffer.extend(data)", AGNOSTIC), ("self.handle(data)", UNKNOWN),
     ("self.reply(b'ok ' + data)", UNKNOWN)],
)  # fmt: skip
def test_a_protocols_data_received_is_judged_by_its_parameter(body: str, expected: str) -> None:
    """Asyncio's loop reads for the protocol; what the method does with it decides."""
    source = PROTOCOL.format(name="data", body=body)
    frame = Frame("p.py", 4, -1, 4, -1, "Echo.data_received")
    assert fate.of_parameter(source, frame).kind == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [("sock.send(x)", True), ("n = sock.send(x)", False), ("total += sock.send(x)", False),
     ("async def f():\n    await sock.send(x)", True), ("return_(sock.send(x))", False)],
)  # fmt: skip
def test_a_result_that_is_thrown_away_is_seen(source: str, expected: bool) -> None:
    """partial-send-ignored is only about sends whose count nobody looked at."""
    call = next(n for n in ast.walk(ast.parse(source))
                if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute))  # fmt: skip
    end = (call.end_lineno or 0, (call.end_col_offset or 0) + 1)
    frame = Frame("p.py", call.lineno, call.col_offset + 1, *end, "f")
    assert fate.result_discarded(source, frame) is expected
