"""`plainwire run` from outside: options, streams, statuses, signals, and the live verdict."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from see.cli.conftest import HANGS, LIMIT_SECONDS, SERVER, Plainwire, line_of

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples" / "tutorial"


def test_a_healthy_pair_runs_to_its_end(plainwire: Plainwire) -> None:
    """The main job: both programs' output with their names, the report, the recording."""
    done = plainwire("run", *plainwire.pair())
    assert done.returncode == 0, done.stderr
    assert "server.py | server got hello\n" in done.stdout
    assert "client.py | client got welcome\n" in done.stdout
    assert "flow 0" in done.stderr
    (recording,) = plainwire.recordings
    assert f"recording: {recording}" in done.stderr
    assert recording.stat().st_mode & 0o777 == 0o600


def test_options_of_a_program_are_not_ours(plainwire: Plainwire) -> None:
    """`--timeout` behind the program's name is the program's, and so is `-m` and its words."""
    script = plainwire.write("args.py", "import sys; print(sys.argv[1:])")
    module = plainwire.write("mod.py", "import sys; print(sys.argv[1:])")
    words = [script, "--timeout", "x", "-h", "--", "-m", module.removesuffix(".py"), "-v", "0"]
    done = plainwire("run", "--start-wait", "0", *words)
    assert done.returncode == 0, done.stderr
    assert "args.py | ['--timeout', 'x', '-h']\n" in done.stdout
    assert "mod     | ['-v', '0']\n" in done.stdout


def test_http_server_and_a_command_that_is_no_python(plainwire: Plainwire) -> None:
    """Anything can be a program; what listens from outside Python is noticed from outside."""
    done = plainwire("run", "-c", "print('one')", "--", "sh", "-c", "echo two; exit 0")
    assert done.returncode == 0, done.stderr
    assert "-c | one\n" in done.stdout
    assert "sh | two\n" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run"], "run: no program"),
        (["run", "--"], "no program"),
        (["run", "a.py", "--"], "a program is missing before or after `--`"),
        (["run", "missing.py"], "run missing.py: no such file in"),
        (["run", "no-such-command"], "run no-such-command: no such program"),
        (["run", "./folder"], "run ./folder: this is a folder"),
        (["run", "folder.py"], "run folder.py: this is a folder"),
        (["run", "./plain.sh"], "run ./plain.sh: not executable; make it so with `chmod +x"),
        (["run", "-m"], "run -m: the module or the code is missing"),
        (["run", "--stdin", "2", "a.py"], "run --stdin 2: there are only 1 programs"),
        (["run", "--json", "no/such/x.json", "a.py"], "there is no folder"),
        (["show"], "show last: there is no recording yet"),
        (["show", "missing.plainwire"], "no such recording"),
        (["show", "a.py"], "not a Plainwire recording"),
        (["explain", "no-such-rule"], "explain no-such-rule"),
    ],
)
def test_a_users_error_is_one_clear_line_and_status_2(
    plainwire: Plainwire, words: list[str], said: str
) -> None:
    """A traceback would be our mistake in place of his."""
    plainwire.write("a.py", "print(1)\n" * 300)
    plainwire.write("plain.sh", "echo hi")
    (plainwire.folder / "folder").mkdir()
    (plainwire.folder / "folder.py").mkdir()
    done = plainwire(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.startswith("plainwire: ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [(["run", "--keep", "many", "a.py"], "'many' is no size"),
     (["run", "--timeout", "soon", "a.py"], "'soon' is not a valid float"),
     (["run", "--nonsense", "a.py"], "No such option"),
     (["run", "--fail-on", "maybe", "a.py"], "'maybe' is not one of"),
     (["nonsense"], "No such command")],
)  # fmt: skip
def test_a_wrong_option_is_refused_with_status_2(
    plainwire: Plainwire, words: list[str], said: str
) -> None:
    """Nothing was started, and the message names the option."""
    plainwire.write("a.py", "print('started')")
    done = plainwire(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "started" not in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [(0, 0, 0), (3, 0, 3), (0, 4, 4), (3, 4, 4)],
)
def test_the_status_is_that_of_the_last_program_that_failed(
    plainwire: Plainwire, first: int, second: int, status: int
) -> None:
    """A script around us must see a failing program as it would without us."""
    words = [plainwire.write(f"{n}.py", f"raise SystemExit({code})")
             for n, code in (("a", first), ("b", second))]  # fmt: skip
    assert plainwire("run", words[0], "--", words[1]).returncode == status


def test_a_program_that_a_signal_ended_gives_128_and_its_number(plainwire: Plainwire) -> None:
    """As a shell says it."""
    script = plainwire.write("a.py", "import os; os.kill(os.getpid(), 9)")
    assert plainwire("run", script).returncode == 137


def test_fail_on_makes_findings_a_failure_and_healthy_runs_not(plainwire: Plainwire) -> None:
    """For CI: both programs end well, and the run fails all the same."""
    run = ("run", "--until-finding", "--timeout", "20")
    words = plainwire.pair(HANGS)
    assert plainwire(*run, *words).returncode == 0
    assert plainwire(*run, "--fail-on", "certain", *words).returncode == 1
    assert plainwire("run", "--fail-on", "likely", *plainwire.pair()).returncode == 0


def test_json_says_programs_flows_and_findings(plainwire: Plainwire) -> None:
    """Tools read this; a field that is missing breaks them."""
    done = plainwire("run", "--until-finding", "--timeout", "20", "--json", "r.json",
                     *plainwire.pair(HANGS))  # fmt: skip
    report = json.loads((plainwire.folder / "r.json").read_text(encoding="utf-8"))
    assert [p["name"] for p in report["programs"]] == ["server.py", "client.py"], done.stderr
    (finding,) = report["findings"]
    assert (finding["rule"], finding["certainty"]) == ("mutual-wait", "certain")
    places = {Path(p["file"]).name: p["line"] for p in finding["places"]}
    assert places == {
        "server.py": line_of(SERVER, "recv(64)"),
        "client.py": line_of(HANGS, "recv(64)"),
    }
    assert all(p["column"] > 0 for p in finding["places"])
    assert finding["evidence"]
    assert finding["fix"]
    assert len(report["flows"]) == 1
    assert b"welcome".hex() not in json.dumps(report)
    assert "'welcome'" not in json.dumps(report)


def test_json_to_standard_output_is_json_and_nothing_else_of_ours(plainwire: Plainwire) -> None:
    """`--json - | jq` works: what the programs print has their name in front."""
    done = plainwire("run", "--json", "-", plainwire.write("a.py", "pass"))
    assert json.loads(done.stdout)["programs"][0]["name"] == "a.py"


def test_stdout_and_stderr_are_kept_apart(plainwire: Plainwire) -> None:
    """`plainwire run x.py > out` must hold what `python x.py > out` holds, and our words not."""
    source = "import sys; print('to out'); print('to err', file=sys.stderr)"
    done = plainwire("run", plainwire.write("a.py", source))
    assert done.stdout == "a.py | to out\n"
    assert "a.py | to err\n" in done.stderr
    assert "recording: " in done.stderr


STDIN = "import sys; print('read', repr(sys.stdin.read()))"


def test_standard_input_goes_to_the_last_program_or_the_chosen_one(plainwire: Plainwire) -> None:
    """The client is the one that asks the user; another one is chosen by number."""
    words = [plainwire.write("a.py", STDIN), "--", plainwire.write("b.py", STDIN)]
    done = plainwire("run", *words, stdin="text\n")
    assert sorted(done.stdout.splitlines()) == ["a.py | read ''", "b.py | read 'text\\n'"]
    done = plainwire("run", "--stdin", "1", *words, stdin="text\n")
    assert sorted(done.stdout.splitlines()) == ["a.py | read 'text\\n'", "b.py | read ''"]


def test_no_terminal_means_plain_text(plainwire: Plainwire) -> None:
    """Colour codes in a log file are noise."""
    done = plainwire("run", *plainwire.pair())
    assert "\x1b" not in done.stdout + done.stderr


SHOWS_TTY = """
import os, sys
print("out is a terminal:", sys.stdout.isatty(), os.get_terminal_size(1).columns)
"""


def on_terminal(plainwire: Plainwire, *words: str, **env: str) -> str:
    """What a terminal would show of a command, all streams on it."""
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 90, 0, 0))
    process = subprocess.Popen(
        plainwire.command(*words), cwd=plainwire.folder, env={**plainwire.env, **env},
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    try:
        while data := os.read(ours, 65536):
            shown += data
    except OSError:  # EIO: the other side is closed
        pass
    finally:
        os.close(ours)
        process.wait(LIMIT_SECONDS)
    return shown.decode()


def test_on_a_terminal_the_program_sees_a_terminal_too(plainwire: Plainwire) -> None:
    """Otherwise it would buffer its output and drop its colours, and look broken."""
    script = plainwire.write("a.py", SHOWS_TTY)
    shown = on_terminal(plainwire, "run", script)
    assert "out is a terminal: True 90\r\n" in shown
    assert re.search(r"\x1b\[\d+ma\.py \| \x1b\[0m", shown)


def test_no_color_on_a_terminal_is_plain(plainwire: Plainwire) -> None:
    """The wish of the user, by the common variable."""
    shown = on_terminal(plainwire, "run", *plainwire.pair(), NO_COLOR="1")
    assert "server.py | server got hello\r\n" in shown
    assert "\x1b" not in shown


def example(plainwire: Plainwire, name: str, port: int) -> str:
    """A tutorial program on a port of the test's own."""
    source = (EXAMPLES / name).read_text(encoding="utf-8")
    assert "8081" in source
    return plainwire.write(name, source.replace("8081", str(port)))


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_tutorials_hanging_chat_ends_when_the_verdict_stands(plainwire: Plainwire) -> None:
    """The reason why this tool exists: the two programs hang, and print nothing."""
    port = free_port()
    words = [example(plainwire, f"chat_hangs_{side}.py", port) for side in ("server", "client")]
    done = plainwire("run", "--until-finding", "--timeout", "30", words[0], "--", words[1])
    assert done.returncode == 0, done.stderr
    assert "certain[mutual-wait]" in done.stderr
    assert "chat_hangs_client.py:8" in done.stderr
    assert "chat_hangs_server.py:13" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_hang_is_told_while_it_hangs(plainwire: Plainwire) -> None:
    """Within about a second of both sides waiting, and the run goes on."""
    run = plainwire.start("run", *plainwire.pair(HANGS))
    waiting = run.wait_text("client got welcome")
    told = run.wait_text("wait for each other")
    assert run.process.poll() is None
    # A second on a quiet machine; several tests at once may share two slow cores.
    assert told - waiting < 6
    run.process.send_signal(signal.SIGINT)
    run.wait_end()
    assert run.errors.count("== Certain") == 1


NODE = """
import socket, sys, threading
me = int(sys.argv[1])
server = socket.create_server(("127.0.0.1", 0))
def tell():
    with open(f"port{me}", "w") as file:
        file.write(str(server.getsockname()[1]))
threading.Thread(target=tell).start()
out = socket.create_connection(("127.0.0.1", int(open(f"port{(me + 1) % 3}").read())))
peer, _ = server.accept()
server.close()
peer.sendall(out.recv(100))
"""


def test_three_programs_that_wait_in_a_ring_are_told(plainwire: Plainwire) -> None:
    """No two of them wait for each other, so no single connection shows it."""
    script = plainwire.write("node.py", NODE)
    for number in range(3):
        os.mkfifo(plainwire.folder / f"port{number}")
    words = [script, "0", "--", script, "1", "--", script, "2"]
    done = plainwire("run", "--until-finding", "--timeout", "30", "--json", "r.json", *words)
    report = json.loads((plainwire.folder / "r.json").read_text(encoding="utf-8"))
    (finding,) = report["findings"]
    assert (finding["rule"], finding["certainty"]) == ("mutual-wait", "certain"), done.stderr
    assert len({place["pid"] for place in finding["places"]}) == 3
    assert {place["line"] for place in finding["places"]} == {line_of(NODE, "out.recv")}


SLEEPER = """
import os, signal, sys, time
print("pid", os.getpid(), flush=True)
count = 0
def told(*_):
    global count
    count += 1
    print("interrupted", count, flush=True)
    {then}
signal.signal(signal.SIGINT, told)
while True:
    signal.pause()
"""


def pid_of(text: str) -> int:
    return int(re.findall(r"pid (\d+)", text)[-1])


def test_ctrl_c_to_us_reaches_the_programs_once(
    plainwire: Plainwire, gone: Callable[[int], bool]
) -> None:
    """A program that saves its work on Ctrl-C must get one, and time to do it."""
    script = plainwire.write("a.py", SLEEPER.format(then="sys.exit(0)"))
    run = plainwire.start("run", script)
    run.wait_text("pid ")
    run.process.send_signal(signal.SIGINT)
    assert run.wait_end() == 0
    assert [line for line in run.out if "interrupted" in line] == ["a.py | interrupted 1\n"]
    assert "recording: " in run.errors
    assert gone(pid_of("".join(run.out)))


def test_a_second_ctrl_c_ends_programs_that_take_no_notice(
    plainwire: Plainwire, gone: Callable[[int], bool]
) -> None:
    """Nothing that the user started may survive him asking twice."""
    script = plainwire.write("a.py", SLEEPER.format(then="pass"))
    run = plainwire.start("run", script)
    run.wait_text("pid ")
    run.process.send_signal(signal.SIGINT)
    run.wait_text("interrupted 1")
    run.process.send_signal(signal.SIGINT)
    run.wait_end()
    assert gone(pid_of("".join(run.out)))
    assert "recording: " in run.errors


def test_sigterm_ends_the_programs_and_still_reports(
    plainwire: Plainwire, gone: Callable[[int], bool]
) -> None:
    """A CI job that is cancelled leaves no programs behind, and a recording to look at."""
    script = plainwire.write("a.py", SLEEPER.format(then="sys.exit(0)"))
    run = plainwire.start("run", script)
    run.wait_text("pid ")
    run.process.send_signal(signal.SIGTERM)
    run.wait_end()
    assert gone(pid_of("".join(run.out)))
    assert "recording: " in run.errors
    assert len(plainwire.recordings) == 1


def test_a_timeout_ends_a_run_that_does_not_end(plainwire: Plainwire) -> None:
    """An unattended run always comes back."""
    script = plainwire.write("a.py", "import signal; signal.pause()")
    done = plainwire("run", "--timeout", "0.5", script)
    assert done.returncode == 0
    assert "KeyboardInterrupt" not in done.stderr


def test_no_payload_records_no_bytes(plainwire: Plainwire) -> None:
    """For what must not be written down: not in the report, not in the file."""
    plainwire("run", "--no-payload", *plainwire.pair())
    dump = plainwire("show", "--records").stdout
    assert b"welcome".hex() not in dump
    assert b"hello".hex() not in dump
    plainwire("run", *plainwire.pair())
    assert b"welcome".hex() in plainwire("show", "--records").stdout


def test_help_is_quick_and_lists_the_commands(plainwire: Plainwire) -> None:
    """`plainwire --help` is asked most; it imports none of the commands."""
    done = plainwire("--help")
    for name in ("run", "show", "explain", "path"):
        assert re.search(rf"^  {name} ", done.stdout, re.MULTILINE)
    code = (
        "import sys\nfrom plainwire.cli import main\n"
        "try:\n    main.main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print([m for m in sys.modules if m.startswith('plainwire.see') or m == 'sqlite3'])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT_SECONDS,
        check=True,
    )  # fmt: skip
    assert loaded.stdout.splitlines()[-1] == "[]"
    best = min(timed_help(plainwire) for _ in range(5))
    assert best < 0.5  # 0.15 s on a quiet machine


def timed_help(plainwire: Plainwire) -> float:
    begin = time.perf_counter()
    plainwire("--help")
    return time.perf_counter() - begin


@pytest.mark.parametrize("command", ["run", "show"])
def test_the_reference_mentions_every_option(command: str) -> None:
    """An option that no document names is found by nobody."""
    from plainwire.cli import run, show

    reference = (ROOT / "docs" / "run.md").read_text(encoding="utf-8")
    options = {"run": run.run, "show": show.show}[command].params
    names = [name for option in options for name in option.opts if name.startswith("--")]
    assert len(names) > 4
    assert [name for name in names if f"`{name}" not in reference] == []


@pytest.mark.parametrize("command", ["run", "show", "explain", "path", "serve", "talk", "chat"])
def test_help_shows_no_mark_of_its_own_layout(plainwire: Plainwire, command: str) -> None:
    """`run --help` showed a backslash and a letter, and its examples as one paragraph."""
    done = plainwire(command, "--help")
    assert done.returncode == 0
    assert "\\" not in done.stdout
