"""What users need to test their own handlers, codecs, transports and servers.

`play` runs a handler without sockets, `everyway` under all models and unkind networks;
`check_codec`, `check_stream` and `check_server` are the contracts that our own parts
are held to.
"""

from plainwire.testing.broker import check_broker
from plainwire.testing.codecs import check_codec, check_splits, cut, decode_in_pieces, refuses
from plainwire.testing.contracts import check_server, check_stream
from plainwire.testing.play import NETS, ScriptedStream, everyway, play
from plainwire.transports.memory import memory_pair

__all__ = [
    "NETS",
    "ScriptedStream",
    "check_broker",
    "check_codec",
    "check_server",
    "check_splits",
    "check_stream",
    "cut",
    "decode_in_pieces",
    "everyway",
    "memory_pair",
    "play",
    "refuses",
]
