"""What users need to test their own handlers, codecs and transports.

`check_codec` holds a codec to the laws L1 to L5.
"""

from plainwire.testing.codecs import check_codec, check_splits, cut, decode_in_pieces, refuses

__all__ = ["check_codec", "check_splits", "cut", "decode_in_pieces", "refuses"]
