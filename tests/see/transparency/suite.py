"""Runs modules of the interpreter's own tests without and with the probe; compares them.

    python -m tests.see.transparency.suite [--python PATH] [--jobs N] [MODULE[:PATTERN]...]

Without modules: the long list. Exit status 1 when a test's result differs each time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.see.transparency.observed import PYTHON, clean_environment

from plainwire.see.recorder import folder as run_folder
from plainwire.see.recorder.programs import INJECT

PROGRAM = Path(__file__).parent / "programs" / "one_module.py"
TIMEOUT_SECONDS = 300.0
ATTEMPTS = 3  # a test that fails by itself on a loaded machine does not fail three times

_SOCKET = (
    "test.test_socket:BasicTCPTest:BasicUDPTest:BufferIOTest:FileObjectClass:GeneralModuleTests"
    ":NonBlockingTCPTests:SendmsgTCPTest:RecvmsgTCPTest:RecvmsgIntoTCPTest:RecvmsgUDPTest"
    ":TCPTimeoutTest:SocketPair:TestExceptions:TestUnixDomain:ContextManagers:Inheritance"
)
# name of a module, or module:pattern:... to run only tests whose id holds a pattern
SHORT = [
    "test.test_ssl:ContextTests:SimpleBackground:test_recv_send:test_echo:test_starttls:test_socketserver:test_asyncore",
    "test.test_asyncio.test_events:EPollEventLoopTests",
    _SOCKET,
    "test.test_asyncio.test_sendfile:EPoll",
    "test.test_asyncio.test_sock_lowlevel:EPoll",
    "test.test_asyncio.test_sslproto",
    "test.test_asyncio.test_base_events",
    "test.test_asyncio.test_streams",
    "test.test_asyncio.test_selector_events",
    "test.test_asyncio.test_unix_events",
    "test.test_asyncio.test_server",
    "test.test_asyncio.test_buffered_proto",
    "test.test_asyncio.test_transports",
    "test.test_httplib",
    "test.test_httpservers",
    "test.test_socketserver",
    "test.test_selectors:EpollSelectorTestCase:SelectSelectorTestCase",
    "test.test_select",
    "test.test_subprocess:POSIXProcessTestCase.test_close_fds:test_pass_fds:test_communicate:test_stdin:test_env",
    "test.test_os:FDInheritance:TestSendfile:ExecTests:TestInvalidFD:ExportsTests",
]
LONG = [
    *(name.partition(":")[0] for name in SHORT),
    "test.test_multiprocessing_fork",
    "test.test_multiprocessing_spawn",
    "test.test_multiprocessing_forkserver",
    "test.test_multiprocessing_main_handling",
    "test.test_threading",
    "test.test_asyncio.test_subprocess",
    "test.test_asyncio.test_tasks",
    "test.test_ftplib",
    "test.test_poplib",
    "test.test_imaplib",
    "test.test_smtplib",
    "test.test_xmlrpc",
    "test.test_logging",
    "test.test_urllib2_localnet",
    "test.test_pickle",
    "test.test_traceback",
    "test.test_signal",
    "test.test_io",
    "test.test_inspect",
    "test.test_site",
]

Results = dict[str, str]


def has_tests(python: str) -> bool:
    """Does an interpreter come with its tests? Debian packs them apart."""
    command = [python, "-c", "import test.test_socket"]
    return subprocess.run(command, check=False, capture_output=True, timeout=60).returncode == 0


def results(python: str, words: Sequence[str], *, probe: bool) -> tuple[Results, dict[str, str]]:
    """Result and failure text of each test of a module, by the test's id."""
    environment = clean_environment()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        directory = Path(name)
        out, cwd = directory / "out.json", directory / "cwd"
        cwd.mkdir()
        if probe:
            environment["PYTHONPATH"] = str(INJECT)
            environment["PLAINWIRE_RUN"] = str(
                run_folder.create("suite", directory=directory / "runs")
            )
        done = subprocess.run(
            [python, str(PROGRAM), str(out), *words],
            check=False,
            env=environment,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT_SECONDS,
            start_new_session=True,
        )
        if not out.exists():
            text = done.stdout.decode(errors="replace")[-3000:]
            return {"the module": f"ended with status {done.returncode}"}, {"the module": text}
        found = json.loads(out.read_text())
        return found["results"], found["texts"]


def differences(python: str, entry: str) -> tuple[int, dict[str, str]]:
    """How many tests ran, and those whose result differed in every attempt: id -> how."""
    words = entry.split(":")
    count = 0
    differing: dict[str, str] = {}
    for attempt in range(ATTEMPTS):
        without, _ = results(python, words, probe=False)
        observed, texts = results(python, words, probe=True)
        now = {
            test: f"{without.get(test)} without, {observed.get(test)} with the probe\n"
            + texts.get(test, "")
            for test in without.keys() | observed.keys()
            if without.get(test) != observed.get(test)
        }
        if attempt == 0:
            count, differing = len(without), now
        else:
            differing = {test: how for test, how in now.items() if test in differing}
        if not differing:
            break
        words = [words[0], *differing]
    return count, differing


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--python", default=PYTHON)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("modules", nargs="*", default=LONG)
    options = parser.parse_args()
    if not has_tests(options.python):
        print(f"{options.python} comes without its tests; nothing to compare")
        return 0
    failed = False
    with ThreadPoolExecutor(options.jobs) as pool:
        entries = options.modules
        for entry, (count, differing) in zip(
            entries, pool.map(lambda e: differences(options.python, e), entries), strict=True
        ):
            print(
                f"{entry.partition(':')[0]:45} {count:5} tests, {len(differing)} differ", flush=True
            )
            for test, how in differing.items():
                failed = True
                print(f"  {test}: {how}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
