"""The language chosen, and the catalogues held equal to the source."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import polib
import pytest

from plainwire import i18n

ROOT = Path(__file__).parent.parent


def load_tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("messages", ROOT / "tools" / "messages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


messages = load_tool()


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    i18n.select("en")


@pytest.mark.parametrize("wish", ["zh", "zh_CN", "zh-Hans", "zh_TW.UTF-8", "ZH_cn"])
def test_every_chinese_name_gives_the_chinese_catalogue(wish: str) -> None:
    assert i18n.choose(wish, {}) == "zh_CN"


@pytest.mark.parametrize("wish", ["en", "C", "POSIX", "C.UTF-8", "de_DE.UTF-8", "zhu"])
def test_other_languages_give_english(wish: str) -> None:
    assert i18n.choose(wish, {"LANG": "zh_CN.UTF-8"}) == "en"


def test_variables_are_asked_in_posix_order_after_our_own() -> None:
    """`LC_ALL=C` must win over LANG, as it does for every other program."""
    full = {"PLAINWIRE_LANG": "zh", "LC_ALL": "C", "LC_MESSAGES": "zh_CN", "LANG": "zh_CN"}
    assert i18n.choose(None, full) == "zh_CN"
    del full["PLAINWIRE_LANG"]
    assert i18n.choose(None, full) == "en"
    full["LC_ALL"] = ""
    assert i18n.choose(None, full) == "zh_CN"
    assert i18n.choose(None, {}) == "en"


def test_lookup_happens_at_call_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A module may bind `_` on import, before the command line has chosen."""
    folder = tmp_path / "zh_CN" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    catalogue = polib.POFile()
    catalogue.metadata = {"Content-Type": "text/plain; charset=UTF-8"}
    catalogue.append(polib.POEntry(msgid="route to {dest}", msgstr="到 {dest} 的路由"))
    catalogue.save_as_mofile(str(folder / "plainwire.mo"))
    monkeypatch.setattr(i18n, "LOCALE_FOLDER", tmp_path)
    translate = i18n.gettext
    assert translate("route to {dest}") == "route to {dest}"
    assert i18n.select("zh") == i18n.language() == "zh_CN"
    assert translate("route to {dest}").format(dest="x") == "到 x 的路由"
    assert translate("never translated") == "never translated"
    assert translate("") == ""
    i18n.select("en")
    assert translate("route to {dest}") == "route to {dest}"


def test_a_missing_catalogue_shows_english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(i18n, "LOCALE_FOLDER", tmp_path)
    i18n.select("zh")
    assert i18n.gettext("next hop") == "next hop"


def test_importing_i18n_loads_no_catalogue_code() -> None:
    """Every command imports it; `plainwire --help` must stay fast."""
    program = "import sys, plainwire.i18n; sys.exit('gettext' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("path", messages.catalogues(), ids=lambda p: p.parts[-3])
def test_catalogue_holds_exactly_the_messages_of_the_source(path: Path) -> None:
    """Mend with: make messages, then translate what it prints."""
    catalogue = polib.pofile(str(path))
    assert {entry.msgid for entry in catalogue} == set(messages.messages())
    assert not [entry.msgid for entry in catalogue if not entry.msgstr or entry.fuzzy]


@pytest.mark.parametrize("path", messages.catalogues(), ids=lambda p: p.parts[-3])
def test_placeholders_are_equal_in_every_language(path: Path) -> None:
    """A lost `{name}` hides a fact; an unknown one raises while printing."""
    for entry in polib.pofile(str(path)):
        wanted, found = (messages.placeholders(text) for text in (entry.msgid, entry.msgstr))
        assert wanted == found, entry.msgid


@pytest.mark.parametrize("path", messages.catalogues(), ids=lambda p: p.parts[-3])
def test_compiled_catalogue_is_fresh(path: Path) -> None:
    """What is installed is the `.mo`; mend with: make messages."""
    source = {entry.msgid: entry.msgstr for entry in polib.pofile(str(path))}
    compiled = {entry.msgid: entry.msgstr for entry in polib.mofile(str(path.with_suffix(".mo")))}
    assert compiled == source


def test_the_collector_reads_literals_and_refuses_what_it_cannot_hold() -> None:
    source = 'a = _("one {x}").format(x=1)\nb = N_("two" " parts")\nfor _ in (): pass'
    assert sorted(messages.messages_in(source)) == ["one {x}", "two parts"]
    assert messages.placeholders("{a} and {b}") == {"a", "b"}
    with pytest.raises(ValueError, match="plain literal"):
        messages.messages_in('_(f"three {x}")')
