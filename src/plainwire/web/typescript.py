"""TypeScript types of the page's data, from `schema.py`. Pure; run as a module to write them.

    python -m plainwire.web.typescript > web/src/types.ts
    python -m plainwire.web.typescript path > web/src/path/types.ts

Only what the schema uses is understood; anything else raises, so that no field can
reach the page without a type.
"""

from __future__ import annotations

import sys
import types
import typing
from typing import Any

import msgspec

from plainwire.web import path_schema, schema

SCHEMAS = {"page": schema, "path": path_schema}
_PLAIN = {int: "number", float: "number", str: "string", bool: "boolean", type(None): "null"}


def render(page: str = "page") -> str:
    """The text of one page's `types.ts`; `page` is a key of `SCHEMAS`."""
    module = SCHEMAS[page]
    wanted: dict[str, type[msgspec.Struct]] = {}
    for root in module.ROOTS:
        _collect(root, wanted)
    name = module.__name__.replace(".", "/")
    parts = [f"// Generated from src/{name}.py; change that file.\n"]
    parts += [_interface(struct) for struct in wanted.values()]
    return "\n".join(parts)


def _collect(struct: type[msgspec.Struct], found: dict[str, type[msgspec.Struct]]) -> None:
    if struct.__name__ in found:
        return
    found[struct.__name__] = struct
    for hint in typing.get_type_hints(struct).values():
        for part in _parts(hint):
            if isinstance(part, type) and issubclass(part, msgspec.Struct):
                _collect(part, found)


def _parts(hint: Any) -> list[Any]:
    arguments = typing.get_args(hint)
    if not arguments or typing.get_origin(hint) is typing.Literal:
        return [hint]
    return [part for argument in arguments for part in _parts(argument)]


def _interface(struct: type[msgspec.Struct]) -> str:
    said = (struct.__doc__ or "").strip().replace("\n    ", "\n * ")
    lines = [f"/** {said} */", f"export interface {struct.__name__} {{"]
    hints = typing.get_type_hints(struct)
    lines += [f"  {name}: {_type(hint)};" for name, hint in hints.items()]
    return "\n".join([*lines, "}", ""])


def _type(hint: Any) -> str:
    if hint in _PLAIN:
        return _PLAIN[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return " | ".join(f'"{word}"' for word in arguments)
    if origin in (types.UnionType, typing.Union):
        return " | ".join(_type(argument) for argument in arguments)
    if origin is list:
        inner = _type(arguments[0])
        return f"({inner})[]" if " | " in inner else f"{inner}[]"
    if origin is tuple:
        return "[" + ", ".join(_type(argument) for argument in arguments) + "]"
    if origin is dict:
        return f"Record<{_type(arguments[0])}, {_type(arguments[1])}>"
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint.__name__
    raise TypeError(f"no TypeScript type for {hint!r}")


if __name__ == "__main__":
    sys.stdout.write(render(*sys.argv[1:]))
