"""The public names: complete, documented, and free to import."""

from __future__ import annotations

import subprocess
import sys

import pytest

import plainwire


@pytest.mark.parametrize("name", plainwire.__all__)
def test_every_public_name_loads_and_is_documented(name: str) -> None:
    """A name without a docstring is no API."""
    assert getattr(plainwire, name).__doc__


def test_the_table_of_homes_is_complete() -> None:
    """A name in one list and not the other would fail only for the user."""
    assert sorted(plainwire.__all__) == sorted(plainwire._HOMES)


def test_importing_the_package_imports_nothing_else() -> None:
    """Observed programs and `plainwire --help` pay for every module loaded here."""
    code = (
        "import sys; before = set(sys.modules); import plainwire; "
        "print(sorted(m for m in set(sys.modules) - before if m.startswith(('plain', 'async'))))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "['plainwire']"


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As of any module."""
    with pytest.raises(AttributeError, match="nothing"):
        _ = plainwire.nothing
