"""The data of the page of `plainwire path`: what is drawn is what was explained."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

import msgspec
import path_scenes
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainwire.net.subnet import compare
from plainwire.web import path_data, path_route, path_schema
from plainwire.web.schema import Words

scenes = pytest.mark.parametrize("scene", path_scenes.SCENES)


def words_in(value: object) -> Iterator[Words]:
    if isinstance(value, Words):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from words_in(getattr(value, name))
    elif isinstance(value, list):
        for part in value:
            yield from words_in(part)


@scenes
def test_every_sentence_is_in_both_languages(scene: str) -> None:
    texts = list(words_in(path_data.path(path_scenes.SCENES[scene]())))
    assert len(texts) > 30
    names = {"IP", "ARP", "NDP"}
    assert [w.en for w in texts if not re.search("[一-鿿]", w.zh) and w.en not in names] == []
    assert [w.en for w in texts if re.search("[一-鿿]", w.en)] == []


@scenes
def test_the_bytes_drawn_tile_the_frame(scene: str) -> None:
    found = path_scenes.SCENES[scene]()
    for shown, frame in zip(path_data.path(found).frames, found.frames, strict=True):
        fields = [field for layer in shown.layers for field in layer.fields]
        drawn = bytes(0 if byte == "??" else int(byte, 16) for f in fields for byte in f.data)
        assert drawn == frame.data
        assert [f.offset for f in fields] == [
            sum(len(g.data) for g in fields[:n]) for n, f in enumerate(fields)
        ]
        assert sum(layer.size for layer in shown.layers) == shown.size == len(frame.data)
        assert {f.sure for f in fields if "??" in f.data} <= {"unknown"}


@scenes
def test_the_packet_grows_from_station_to_station_up_to_the_frame(scene: str) -> None:
    shown = path_data.path(path_scenes.SCENES[scene]())
    sizes = [sum(part.size for part in one.parcels) for one in shown.stations]
    assert sizes == sorted(sizes)
    assert sizes[-1] == shown.frames[-1].size


@scenes
def test_headers_and_payload_make_up_the_mtu(scene: str) -> None:
    shown = path_data.path(path_scenes.SCENES[scene]()).socket
    assert shown.payload is not None
    assert sum(part.size for part in shown.headers) + shown.payload == shown.mtu


def test_a_colour_never_stands_without_its_words() -> None:
    tones = {}
    for scene in path_scenes.SCENES.values():
        for one in path_data.path(scene()).stations:
            assert (one.remark is None) == (one.tone == "plain")
            tones[one.name, one.tone] = one.remark
    assert {("socket", "stop"), ("route", "look"), ("neighbour", "stop")} <= set(tones)


def test_rows_say_how_many_of_their_bits_match_and_who_won() -> None:
    shown = path_data.path(path_scenes.differing()).route
    rows = {row.prefix: (row.common, row.won, row.inside) for row in shown.rows}
    assert rows["203.0.113.0/24"] == (24, True, True)
    assert rows["0.0.0.0/0"] == (0, False, True)
    assert rows["192.0.2.128/25"] == (4, False, False)
    assert not shown.agrees
    assert (
        path_data.path(path_scenes.absent()).route.rules[1].text == "from all fwmark 0x7 lookup 77"
    )


addresses = st.one_of(
    st.tuples(st.ip_addresses(v=4), st.ip_addresses(v=4), st.integers(0, 32)),
    st.tuples(st.ip_addresses(v=6), st.ip_addresses(v=6), st.integers(0, 128)),
)


@given(addresses)
def test_the_and_drawn_is_the_and(drawn: tuple[object, object, int]) -> None:
    """Digit under digit: address AND mask = network, and both networks' digits say `same`."""
    mine, other, length = drawn
    found = path_route.bits(compare(ipaddress.ip_interface(f"{mine}/{length}"), other))  # type: ignore[arg-type]
    sums = []
    for first in (0, 3):
        address, mask, network = (line.digits for line in found.lines[first : first + 3])
        assert network == "".join(str(int(a) & int(m)) for a, m in zip(address, mask, strict=True))
        sums.append(network)
    # Of IPv6 the group is opened in which the networks differ, if they do.
    assert found.same == (sums[0] == sums[1])
    ones = found.lines[1].digits.count("1")
    assert ones == min(max(found.length - found.first, 0), len(sums[0]))


def test_a_broadcast_needs_its_option() -> None:
    code = path_data.path(path_scenes.absent()).program.code
    assert code == ["sock.sendto(b\"hello\", ('192.0.2.77', 53))"]
    assert isinstance(path_data.path(path_scenes.known()).program, path_schema.Program)
