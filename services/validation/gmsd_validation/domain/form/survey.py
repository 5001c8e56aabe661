"""One reading of the bytes before anything is parsed: what kind of file is this, and can it be read at all?"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass

HEAD_BYTES = 64 * 1024
LONGEST_LINE = 64 * 1024
"""The widest specification has 18 fields of at most 120 characters; a line of 64 KiB is no row of any dataset."""

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "een afbeelding (PNG)"),
    (b"GIF8", "een afbeelding (GIF)"),
    (b"\xff\xd8\xff", "een afbeelding (JPEG)"),
    (b"%PDF", "een PDF"),
    (b"\xd0\xcf\x11\xe0", "een Office-bestand"),
    (b"\x1f\x8b", "een gecomprimeerd bestand (gzip)"),
    (b"7z\xbc\xaf", "een gecomprimeerd bestand (7z)"),
    (b"Rar!", "een gecomprimeerd bestand (RAR)"),
    (b"PAR1", "een Parquet-bestand"),
    (b"SQLite format 3\x00", "een databank"),
)
_WORKBOOK = (b"[Content_Types].xml", b"xl/")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Survey:
    """`head`: the first bytes, without BOM. `skip`: bytes of the BOM. `lines`: line ends, so at least the number of rows.

    `zipped`, `binary` and `nul` say in Dutch what the file is instead of text, and are empty for text.
    `long_line`: no line end within LONGEST_LINE somewhere.
    """

    size: int
    head: bytes
    skip: int
    utf8: bool
    lines: int
    zipped: str = ""
    binary: str = ""
    nul: str = ""
    long_line: bool = False


class _Scan:
    """Counters over the pieces of a file."""

    def __init__(self) -> None:
        self.size = 0
        self.utf8 = True
        self.nul = False
        self.feeds = 0
        self.returns = 0
        self.long_line = False
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._pending = False  # the decoder holds the first bytes of a character
        self._since_end = 0  # bytes since the last line end

    def add(self, piece: bytes) -> None:
        """Count one piece."""
        self.size += len(piece)
        self.nul = self.nul or b"\x00" in piece
        self.feeds += piece.count(b"\n")
        self.returns += piece.count(b"\r")
        self._validate(piece, final=False)
        if not self.long_line:
            self._measure(piece)

    def finish(self) -> None:
        """A character that the end cut off is no UTF-8."""
        self._validate(b"", final=True)

    def _validate(self, piece: bytes, *, final: bool) -> None:
        if not self.utf8 or (piece.isascii() and not self._pending):
            return
        try:
            self._decoder.decode(piece, final)
        except UnicodeDecodeError:
            self.utf8 = False
            return
        self._pending = bool(self._decoder.getstate()[0])

    def _measure(self, piece: bytes) -> None:
        # Jumps from line end to line end at most a bound apart, so it looks at few bytes.
        at = 0
        while True:
            reach = at + LONGEST_LINE - self._since_end
            end = max(piece.rfind(b"\n", at, reach), piece.rfind(b"\r", at, reach))
            if end < 0:
                self._since_end += len(piece) - at
                self.long_line = self._since_end >= LONGEST_LINE
                return
            at, self._since_end = end + 1, 0
            if at >= len(piece):
                return


def survey(pieces: Iterator[bytes]) -> Survey:
    """Read every byte once. A file that is plainly no text is not read to its end."""
    head = bytearray()
    scan = _Scan()
    for piece in pieces:
        if len(head) < HEAD_BYTES:
            head += piece[: HEAD_BYTES - len(head)]
        scan.add(piece)
        if len(head) >= HEAD_BYTES and (_zipped(head) or _binary(head) or scan.nul or scan.long_line):
            break
    scan.finish()
    skip = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    return Survey(
        size=scan.size - skip,
        head=bytes(head[skip:]),
        skip=skip,
        utf8=scan.utf8,
        lines=max(scan.feeds, scan.returns) + 1,
        zipped=_zipped(head),
        binary=_binary(head),
        nul=("UTF-16" if head.startswith(_UTF16) else "NUL-bytes")
        if scan.nul or head.startswith(_UTF16)
        else "",
        long_line=scan.long_line,
    )


def _zipped(head: bytearray) -> str:
    if not head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return ""
    return "een Excel-werkmap" if any(name in head for name in _WORKBOOK) else "een ZIP"


def _binary(head: bytearray) -> str:
    return next((name for signature, name in _SIGNATURES if head.startswith(signature)), "")
