"""Compile `plainwire.fast._fast` where the package is built or installed.

Without a C compiler, or on failure, the build goes on: the package then runs on Python
alone, slower (see docs/build.md, "Speed"). `PLAINWIRE_PURE=1` asks for that.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from setuptools import Distribution, Extension
from setuptools.command.build_ext import build_ext

FOLDER = Path("src/plainwire/fast")


class CompileHook(BuildHookInterface):  # type: ignore[type-arg]
    """Puts the compiled module beside its sources and into the wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Compile, and say that the wheel holds machine code, if it does."""
        if self.target_name != "wheel" or os.environ.get("PLAINWIRE_PURE"):
            return
        try:
            with contextlib.chdir(self.root):
                built = compile_in_place()
        except Exception as error:
            self.app.display_warning(f"nothing is compiled, so all of it runs in Python: {error}")
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["artifacts"].append(f"/{built.as_posix()}")


def compile_in_place() -> Path:
    """Compile the C files; where the module is, from the current folder."""
    sources = sorted(str(path) for path in FOLDER.glob("*.c"))
    headers = [str(path) for path in FOLDER.glob("*.h")]
    extension = Extension("plainwire.fast._fast", sources, depends=headers)
    distribution = Distribution(
        {"name": "plainwire", "package_dir": {"": "src"}, "ext_modules": [extension]}
    )
    command = build_ext(distribution)
    command.inplace = True
    with tempfile.TemporaryDirectory() as scratch:
        command.build_temp = scratch
        command.ensure_finalized()
        command.run()
    return Path(command.get_ext_fullpath(extension.name)).relative_to(Path.cwd())
