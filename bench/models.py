"""The models against each other: throughput, p99 and memory, so that one sees why they exist.

`python bench/models.py [--quick] [--json FILE] [--svg FILE]`, as `echo.py`. `serial` is
missing where there are many connections: it serves one at a time.
"""

from __future__ import annotations

from echo import main

if __name__ == "__main__":
    main(["plainwire loop (uvloop)", "plainwire loop (asyncio)", "plainwire threads",
          "plainwire processes"])  # fmt: skip
