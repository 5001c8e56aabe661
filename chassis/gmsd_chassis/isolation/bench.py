"""The child's side: what a job reads from and writes to."""

import io
import socket
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from gmsd_chassis.isolation.wire import HEADER, MAX_PAYLOAD, Kind, head


class Line:
    """The socket to the parent, blocking. One thread at a time asks or writes."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._lock = threading.Lock()

    def send(self, kind: Kind, payload: bytes | memoryview = b"") -> None:
        """Send a frame; waits while the parent is behind."""
        with self._lock:
            self._send(kind, payload)

    def ask(self, kind: Kind, payload: bytes) -> tuple[Kind, bytes]:
        """Send a frame and receive the answer to it."""
        with self._lock:
            self._send(kind, payload)
            return self._receive()

    def receive(self) -> tuple[Kind, bytes]:
        """Wait for a frame. Raises EOFError when the parent is gone."""
        with self._lock:
            return self._receive()

    def _send(self, kind: Kind, payload: bytes | memoryview) -> None:
        self._channel.sendall(head(kind, len(payload)))
        self._channel.sendall(payload)

    def _receive(self) -> tuple[Kind, bytes]:
        length, kind = HEADER.unpack(self._exactly(HEADER.size))
        return Kind(kind), self._exactly(length)

    def _exactly(self, length: int) -> bytes:
        buffer = bytearray(length)
        rest = memoryview(buffer)
        while rest:
            count = self._channel.recv_into(rest)
            if count == 0:
                raise EOFError
            rest = rest[count:]
        return bytes(buffer)


class Bench:
    """What a job works at: the content it was given, and the sinks it may fill."""

    def __init__(self, line: Line, sinks: Sequence[str]) -> None:
        self._line = line
        self._sinks = {name: bytes([index]) for index, name in enumerate(sinks)}
        self._generation = 0

    def read(self) -> Iterator[bytes]:
        """The content in order, in pieces; called again: from the beginning. An earlier iterator then ends in RuntimeError."""
        self._generation += 1
        mine = self._generation
        rewind = b"\x01"
        while True:
            if mine != self._generation:
                raise RuntimeError("the content was read again from the beginning; this iterator is over")
            kind, piece = self._line.ask(Kind.PULL, rewind)
            if kind is Kind.END:
                return
            rewind = b"\x00"
            yield piece

    def reader(self) -> io.BufferedReader:
        """The content as a file to read once from front to back (for pyarrow and csv); not seekable."""
        return io.BufferedReader(_Readable(self.read()), 256 * 1024)

    def write(self, sink: str, data: bytes | memoryview) -> None:
        """Append to a sink. Raises KeyError for a sink that the caller of the job did not name."""
        name = self._sinks[sink]
        rest = memoryview(data).cast("B")
        while rest:
            # One byte of the frame says which sink.
            piece, rest = rest[: MAX_PAYLOAD - 1], rest[MAX_PAYLOAD - 1 :]
            self._line.send(Kind.WRITE, name + piece)

    def writer(self, sink: str) -> io.BufferedWriter:
        """A sink as a file to write once (for pyarrow); `close` or `flush` it before the job returns. Closing ends nothing but the file."""
        self._sinks[sink]  # named now, not at the first flush
        return io.BufferedWriter(_Writable(self, sink), 256 * 1024)


class _Readable(io.RawIOBase):
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


class _Writable(io.RawIOBase):
    def __init__(self, bench: Bench, sink: str) -> None:
        self._bench = bench
        self._sink = sink

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        self._bench.write(self._sink, view)
        return len(view)
