"""Whether the way of one message is compiled: `compiled` is that module, or None.

The C files here hold twins of a few classes, several times as fast; each class in Python
asks here whether to stand back. They behave alike, so nothing else in the package may ask.
Where installing found no C compiler there is nothing compiled, and with `PLAINWIRE_PURE=1`
in the environment Python's are taken too.
"""

from __future__ import annotations

import contextlib
import importlib
import os
from typing import Any

compiled: Any = None
if not os.environ.get("PLAINWIRE_PURE"):
    with contextlib.suppress(ImportError):
        compiled = importlib.import_module("plainwire.fast._fast")
