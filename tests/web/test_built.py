"""What is generated or built is what its source says: types, words, bundle, saved file."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from browser import needs_npm, needs_page

from plainwire.web import path_words, saved, source, static_files, typescript, words

ROOT = Path(__file__).parent.parent.parent
WEB = ROOT / "web"


def test_typescript_types_are_those_of_the_schema() -> None:
    """Mend with: python -m plainwire.web.typescript > web/src/types.ts, and as it says there."""
    assert (WEB / "src" / "types.ts").read_text(encoding="utf-8") == typescript.render()
    path_types = (WEB / "src" / "path" / "types.ts").read_text(encoding="utf-8")
    assert path_types == typescript.render("path")


def test_every_word_of_the_page_is_in_the_catalogue_and_no_other() -> None:
    """Mend with: python tools/page_words.py && make messages."""
    spec = importlib.util.spec_from_file_location("page_words", ROOT / "tools" / "page_words.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    for page, module in (("page", words), ("path", path_words)):
        assert tool.words_of_page(page) == sorted(module.WORDS)
        assert set(module.chinese()) >= {
            w for w in module.WORDS if re.search("[a-z]{3}", w.split("}")[-1])
        }


@pytest.mark.slow
@needs_npm
@pytest.mark.parametrize(
    "command",
    [["node_modules/typescript/bin/tsc", "--noEmit"], ["node_modules/vitest/vitest.mjs", "run"]],
    ids=["types", "vitest"],
)
def test_the_page_passes_its_own_checks(command: list[str]) -> None:
    assert (WEB / command[0]).exists(), "run: make install"
    done = subprocess.run(
        ["node", *command], cwd=WEB, check=False, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_npm
def test_a_page_is_built_from_every_entry() -> None:
    """The wheel takes what stands in the folder; pip never runs npm."""
    entries = {"page": WEB / "src" / "main.ts", "path": WEB / "src" / "path" / "main.ts"}
    for name, entry in entries.items():
        for kind in ("js", "css"):
            built = static_files.FOLDER / f"{name}.{kind}"
            assert built.exists() == entry.exists(), f"{built}: run make install"


def test_the_wheel_takes_the_built_page_which_git_ignores() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    place = static_files.FOLDER.relative_to(ROOT).as_posix()
    assert f"{place}/*" in project["tool"]["hatch"]["build"]["artifacts"]
    assert f"/{place}/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_the_lock_file_names_no_download_addresses() -> None:
    lock = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))
    assert lock["packages"]
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]


def test_a_missing_build_says_how_to_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(static_files, "FOLDER", tmp_path)
    static_files.read.cache_clear()
    with pytest.raises(static_files.NotBuiltError, match="npm ci && npm run build"):
        static_files.read("page.js")


@needs_page
def test_a_saved_file_runs_nothing_but_its_own_script(chat: Path, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    saved.write(source.of_file(chat, payload=False), out)
    text = out.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert "'unsafe-inline'" not in text
    assert text.count("</script>") == 2
    assert not re.search(r'(src|href)="(?!data:)', text.split("<style>")[0])
    assert "welcome\\ue001" not in text
    assert not list(tmp_path.glob(".page.html*"))


@needs_page
def test_markup_in_the_data_cannot_leave_its_block() -> None:
    """A payload or a file name may hold anything."""
    text = static_files.whole("en", json.dumps("</script><script>alert(1)<!--").encode())
    block = text.split('id="plainwire-data">')[1].split("</script>")[0]
    assert "<" not in block
    assert json.loads(block) == "</script><script>alert(1)<!--"
