"""Every field of a packet, layer by layer, with where it lies and what it means.

`dissect` is for the one packet a reader opens; `decode.decode_summary` is for all of
them. Pure; any bytes are accepted, none raise.
"""

from plainwire.see.capture.dissect.model import Field, Layer, Meaning
from plainwire.see.capture.dissect.packet import dissect

__all__ = ["Field", "Layer", "Meaning", "dissect"]
