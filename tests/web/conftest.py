"""Recordings of real programs, made once for each worker."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import web_scenes


@pytest.fixture(scope="session")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tutorial's chat, in which both ends wait for ever."""
    server, client = (web_scenes.TUTORIAL / f"chat_hangs_{end}.py" for end in ("server", "client"))
    folder = tmp_path_factory.mktemp("chat")
    return web_scenes.record_finding(folder, "mutual-wait", str(server), "--", str(client))


@pytest.fixture(scope="session")
def glued(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two messages sent, both in one read."""
    server, client = (web_scenes.TUTORIAL / f"glued_{end}.py" for end in ("server", "client"))
    folder = tmp_path_factory.mktemp("glued")
    return web_scenes.record_finding(folder, "glued-messages", str(server), "--", str(client))


@pytest.fixture(scope="session")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An asyncio server with fifty clients."""
    folder = tmp_path_factory.mktemp("echo")
    (folder / "server.py").write_text(web_scenes.ECHO_SERVER)
    (folder / "client.py").write_text(web_scenes.ECHO_CLIENT)
    return web_scenes.record(folder, "server.py", "--", "client.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each worker plays the scenes and starts a browser: the first test waits for them."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(400))
