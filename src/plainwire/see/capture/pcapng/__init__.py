"""Capture files: pcapng written and read, classic pcap read. Pure: bytes in, bytes out."""

from plainwire.see.capture.pcapng.model import CaptureFormatError
from plainwire.see.capture.pcapng.reader import (
    NEED_DATA,
    CaptureReader,
    is_capture,
    read_capture,
)
from plainwire.see.capture.pcapng.writer import PcapngWriter

__all__ = [
    "NEED_DATA",
    "CaptureFormatError",
    "CaptureReader",
    "PcapngWriter",
    "is_capture",
    "read_capture",
]
