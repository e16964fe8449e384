"""The models against each other: throughput, p99 and memory, so that one sees why they exist.

`python bench/models.py [--quick] [--json FILE] [--svg FILE]`, as `echo.py`. `serial` is
measured with one connection only: it serves one at a time. Memory is what a connection adds
to the resident memory of the server's processes.
"""

from __future__ import annotations

from typing import Any

from echo import CASES, main

MODELS = ["plainwire loop (uvloop)", "plainwire loop (asyncio)", "plainwire threads",
          "plainwire processes", "plainwire serial"]  # fmt: skip
PANELS = (
    ("per_second", "messages/s", "{:,.0f}"),
    ("p99_us", "p99, us", "{:,.0f}"),
    ("kib_per_connection", "KiB a connection", "{:,.1f}"),
)


def draw(results: dict[str, Any]) -> str:
    """A row of three bar charts for each case, as SVG."""
    rows: list[str] = []
    y = 30
    for case, found in results.items():
        rows.append(f'<text x="10" y="{y}" font-weight="bold">{case}</text>')
        y += 20
        for number, (_, title, _form) in enumerate(PANELS):
            rows.append(f'<text x="{150 + number * 220}" y="{y}" fill="#495057">{title}</text>')
        names = [name for name in MODELS if found.get(name)]
        for name in names:
            y += 20
            rows.append(f'<text x="10" y="{y}">{name.removeprefix("plainwire ")}</text>')
            for number, (key, _, form) in enumerate(PANELS):
                value = max(0.0, found[name][key])
                most = max(found[other][key] for other in names)
                width = 130 * value / most if most > 0 else 0
                x = 150 + number * 220
                rows.append(
                    f'<rect x="{x}" y="{y - 12}" width="{width:.0f}" height="14" fill="#0b7285"/>'
                    f'<text x="{x + 5 + width:.0f}" y="{y}">{form.format(value)}</text>'
                )
        y += 45
    body = "\n".join(rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="820" height="{y}" '
        f'font-family="sans-serif" font-size="13">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )


if __name__ == "__main__":
    main(MODELS, CASES, draw)
