"""The patterns of web/src/shapes.ts have the fields of the schema, in the schema's order."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from plainwire.web import schema

TEXT = (Path(__file__).parent.parent.parent / "web" / "src" / "shapes.ts").read_text("utf-8")


@pytest.mark.parametrize("kind", [schema.Call, schema.Link, schema.Segment])
def test_a_pattern_has_the_fields_of_its_kind_in_order(kind: type[msgspec.Struct]) -> None:
    """JSON in another order would be of another shape, and slow to read again."""
    name = kind.__name__
    found = re.search(rf"const {name.upper()}: {name} = \{{(.*?)\}};", TEXT, re.DOTALL)
    assert found
    fields = [field.encode_name for field in msgspec.structs.fields(kind)]
    assert re.findall(r"(\w+):", found[1]) == fields
