"""`check_codec`: hold a codec to the laws L1 to L5 of `plainwire.frames.codec`.

Pure. Call it from a test of your own codec; an AssertionError names the law that broke.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from plainwire.errors import EncodeError, FrameError, Truncated
from plainwire.frames.codec import Codec

M = TypeVar("M")
Outcome = tuple[list[Any], FrameError | None, int]


def decode_in_pieces(
    codec: Codec[M], pieces: Iterable[bytes], *, eof: bool = True, parser: bool = True
) -> Outcome:
    """Decode a stream that arrives in these pieces.

    Args:
        codec: what decodes.
        pieces: of the stream; empty ones are left out.
        eof: the stream ends behind them.
        parser: decode by way of `Decoder.parser`, as a peer does; else by `receive_data`.

    Returns:
        The messages, the final error, the number of skipped frames.
    """
    decoder = codec.decoder()
    receive = decoder.parser() if parser else decoder.receive_data
    messages: list[M] = []
    for piece in pieces:
        if piece:
            messages += receive(piece)
    if eof:
        messages += decoder.receive_eof()
    return messages, decoder.error, decoder.skipped


def cut(data: bytes, positions: Iterable[int]) -> list[bytes]:
    """Cut a stream at these positions."""
    edges = [0, *sorted(set(positions)), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


def check_splits(codec: Codec[Any], stream: bytes, *, seed: int = 0) -> Outcome:
    """L1: every split of a stream gives what the whole stream gives.

    Tries every one-cut split and byte by byte; every split whatever for streams of up
    to 10 bytes, 50 random ones for longer.

    Returns:
        What all of them gave: messages, final error, number of skipped frames.
    """
    whole = decode_in_pieces(codec, [stream], parser=False)
    size = len(stream)
    if size <= 10:
        splits = [
            [i for i in range(1, size) if mask >> i & 1] for mask in range(0, 1 << max(size, 1), 2)
        ]
    else:
        chance = random.Random(seed)
        step = max(1, size // 400)
        splits = [[i] for i in range(1, size, step)]
        splits += [sorted(chance.sample(range(1, size), min(5, size - 1))) for _ in range(50)]
        splits.append(list(range(1, size)) if size <= 100_000 else [])
    decoder = codec.decoder()
    ways = [False] if decoder.parser() == decoder.receive_data else [False, True]
    for positions in [[], *splits]:
        for way in ways:
            got = decode_in_pieces(codec, cut(stream, positions), parser=way)
            text = f"L1 {codec.name}: cut at {positions[:20]} gives {got}, not {whole}"
            assert got == whole, text
    return whole


def check_codec(codec: Codec[M], messages: Sequence[M], *, seed: int = 0) -> None:
    """Hold a codec to L1 to L5 with these messages.

    Args:
        codec: what is checked.
        messages: some that it can represent, at least one; include the extremes.
        seed: of the random splits.

    Raises:
        AssertionError: a law is broken; the text names it.
    """
    frames = [codec.encode(message) for message in messages]
    stream = b"".join(frames)
    got, error, _ = check_splits(codec, stream, seed=seed)
    assert error is None, f"L3 {codec.name}: its own frames give {error}"
    assert got == list(messages), f"L3 {codec.name}: sent {messages!r}, received {got!r}"
    _check_truncation(codec, messages, frames)
    _check_marks(codec, frames)
    _check_error_is_final(codec, stream, seed)
    _check_time(codec, frames)


def _check_truncation(codec: Codec[M], messages: Sequence[M], frames: list[bytes]) -> None:
    for index, frame in enumerate(frames):
        before = b"".join(frames[:index])
        step = max(1, len(frame) // 200)
        for end in range(1, len(frame), step):
            got, error, _ = decode_in_pieces(codec, [before + frame[:end]])
            fault = f"L2 {codec.name}: a frame cut after {end} of {len(frame)} bytes gives {error}"
            # A final delimiter may repeat itself (SLIP), so a whole message is no fault.
            if got == list(messages[: index + 1]) and error is None:
                continue
            # A leading flush byte alone is an empty frame, which is dropped.
            if got == list(messages[:index]) and error is None and len(frame[:end]) == 1:
                decoder = codec.decoder()
                decoder.receive_data(before + frame[:end])
                assert decoder.pending == 0, fault
                continue
            assert isinstance(error, Truncated), fault
            assert got == list(messages[:index]), f"L2 {codec.name}: messages before the cut"


def _check_marks(codec: Codec[M], frames: list[bytes]) -> None:
    decoder = codec.decoder()
    decoder.marks = []
    decoder.receive_data(b"".join(frames))
    ends = [end for _, end in decoder.marks]
    expected, position = [], 0
    for frame in frames:
        position += len(frame)
        expected.append(position)
    assert ends == expected, f"marks of {codec.name}: {ends}, not {expected}"
    assert decoder.offset == position


def _check_error_is_final(codec: Codec[M], stream: bytes, seed: int) -> None:
    """L1 and L4 on damaged streams: flip, drop and insert bytes."""
    chance = random.Random(seed)
    for _ in range(30):
        at = chance.randrange(len(stream))
        noise = chance.randbytes(chance.randrange(3))
        damaged = stream[:at][-200:] + noise + stream[at + chance.randrange(2) :][:200]
        check_splits(codec, damaged, seed=seed)
        decoder = codec.decoder()
        decoder.receive_data(damaged)
        if decoder.error is not None:
            first = decoder.error
            assert decoder.receive_data(stream) == [], f"L4 {codec.name}: messages after an error"
            assert decoder.error is first, f"L4 {codec.name}: a second error"


def _check_time(codec: Codec[M], frames: list[bytes]) -> None:
    """L5: feeding byte by byte costs no more than in proportion to the bytes.

    Compares halves of one run by the work they cause, with a factor that only a
    quadratic decoder exceeds.
    """
    frame = max(frames, key=len)
    if len(frame) < 4096:
        return
    decoder = codec.decoder()
    clock = time.process_time
    spent = []
    for _ in range(3):
        start = clock()
        for at in range(0, len(frame), 16):
            decoder.receive_data(frame[at : at + 16])
        spent.append(clock() - start)
    assert min(spent) < 0.001 + len(frame) * 20e-6, f"L5 {codec.name}: {min(spent):.3f} s"


def refuses(codec: Codec[Any], message: Any) -> bool:
    """True if the codec's encoder refuses a message (L3)."""
    try:
        codec.encode(message)
    except EncodeError:
        return True
    return False
