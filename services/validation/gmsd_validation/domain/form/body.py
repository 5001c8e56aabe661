"""What stands under the header, as UTF-8 with a mark behind it, for a reader that wants a file."""

import codecs
import io
from collections.abc import Iterator
from typing import Any

MARK = "\x1e"
"""Every field of a last row of our own (ASCII "record separator"). When the reader does not see that row, an open
quotation mark swallowed it."""

_BUFFER = 256 * 1024


def body(pieces: Iterator[bytes], *, skip: int, utf8: bool, separator: str, fields: int) -> io.BufferedReader:
    """The bytes from `skip` on, transcoded from Windows-1252 when not `utf8`, then the row of marks.

    Reads from front to back once; bytes that Windows-1252 does not define become U+FFFD.
    """
    return io.BufferedReader(_Pieces(_marked(pieces, skip, utf8, separator, fields)), _BUFFER)


def _marked(pieces: Iterator[bytes], skip: int, utf8: bool, separator: str, fields: int) -> Iterator[bytes]:
    transcode = None if utf8 else codecs.getincrementaldecoder("cp1252")("replace")
    last = b"\n"
    for piece in pieces:
        if skip:
            cut = min(skip, len(piece))
            skip -= cut
            piece = piece[cut:]
        if not piece:
            continue
        last = piece[-1:]
        yield piece if transcode is None or piece.isascii() else transcode.decode(piece).encode()
    if last not in (b"\n", b"\r"):
        yield b"\n"
    yield (separator.join([MARK] * fields) + "\n").encode()


class _Pieces(io.RawIOBase):
    """An iterator of bytes as a raw file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
