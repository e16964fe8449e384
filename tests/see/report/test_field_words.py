"""An opened packet in Chinese: every name and meaning of the decoder has its words."""

from __future__ import annotations

import ast
import gettext
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.capture.packets import samples

from plainwire import i18n
from plainwire.see.capture import dissect as package
from plainwire.see.capture.dissect import Meaning, dissect
from plainwire.see.report import field_words

FOLDER = Path(package.__file__).parent
SAYERS = {
    "number", "octets", "bits", "explain", "explain_with", "rest", "layer", "Meaning", "_bytes",
    "_guard",
}  # fmt: skip
# Names that programs and standards use; they are the same in every language.
PROPER = {
    "ARP", "Ethernet", "GRE", "ICMP", "ICMPv6", "IGMP", "IPv4", "IPv6", "LLDP", "MPLS", "OSPF",
    "SCTP", "TCP", "UDP", "VLAN", "ack", "cwr", "dscp", "ece", "ecn", "fin", "mtu", "psh", "rst",
    "syn", "urg", "",
}  # fmt: skip


def chinese(message: str) -> str:
    found = gettext.translation("plainwire", i18n.LOCALE_FOLDER, ["zh_CN"])
    return found.gettext(message)


def literals(node: ast.AST) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one.value


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def texts() -> Iterator[str]:
    """Every text that the decoder's source gives to a field or a layer."""
    for path in sorted(FOLDER.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
                for value in node.value.values:
                    yield from literals(value)
            elif isinstance(node, ast.Return) and isinstance(node.value, ast.Constant | ast.IfExp):
                yield from literals(node.value)
            elif isinstance(node, ast.Call) and called(node) in SAYERS:
                for argument in node.args:
                    if isinstance(argument, ast.Constant | ast.IfExp):
                        yield from literals(argument)


def test_every_text_of_the_decoder_is_a_message() -> None:
    """A new field or meaning without Chinese fails here by its name."""
    known = {*field_words.NAMES, *field_words.LAYERS, *field_words.MEANINGS}
    skipped = (
        PROPER | set(package.model.OSI_NAMES.values()) | set(package.model.TCPIP_NAMES.values())
    )
    found = set(texts())
    assert len(found) > 100
    assert sorted(found - known - skipped) == []


def test_every_message_is_translated_and_keeps_its_placeholders() -> None:
    for message in {*field_words.NAMES, *field_words.LAYERS, *field_words.MEANINGS}:
        said = chinese(message)
        assert said != message, message
        fields = [
            {name for _, name, _, _ in string.Formatter().parse(text) if name}
            for text in (message, said)
        ]
        assert fields[0] == fields[1], message


@pytest.mark.parametrize("name", sorted(samples()))
def test_no_english_sentence_is_left_in_a_chinese_packet(name: str) -> None:
    """What is left in Latin letters are names, addresses and numbers."""
    for layer in dissect(samples()[name]):
        for field in layer.fields:
            label = field_words.name(field.name, chinese)
            assert label != field.name or field.name in PROPER, field
            said = field_words.meaning(field.meaning, chinese)
            plain = said == field.meaning and len(field.meaning.split()) > 1
            assert not plain or ", " in field.meaning, field  # several flags: `PSH, ACK`


def test_what_is_filled_in_is_translated_too() -> None:
    inner = Meaning("option {number}", number=77)
    text = Meaning("{name}: {count} bytes", name=inner, count=4)
    assert text == "option 77: 4 bytes"
    assert field_words.meaning(text, chinese) == "选项 77：4 字节"
    assert field_words.meaning(text, str) == text


def test_the_terminal_tells_a_packet_in_chinese() -> None:
    from plainwire.see.report import layers

    data = next(iter(samples().values()))
    fields = [field for layer in dissect(data) for field in layer.fields]
    i18n.select("zh")
    try:
        said = [layers.field_text(field) for field in fields]
    finally:
        i18n.select("en")
    assert any(line.startswith("类型: ") for line in said)
    assert not [line for line in said if line.startswith(("type:", "source:", "checksum:"))]
