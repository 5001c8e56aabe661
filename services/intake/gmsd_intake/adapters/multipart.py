"""multipart/form-data, pushed through a parser as it arrives: small fields in memory, the one file to its sink.

Starlette's own form parsing spools files in plaintext to the disk, so it is not used.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from gmsd_intake.errors import Problem

FILE_FIELD = "bestand"
FIELDS = frozenset({"bestandssoort", "aanleveraar", "periode", "deel", "nietsTeMelden"})
# The longest field is a dataset name of 31 characters.
_FIELD_BYTES = 256
_MAX_PARTS = len(FIELDS) + 1

Sink = Callable[[bytes], Awaitable[None]]


@dataclass
class _Part:
    name: str = ""
    data: bytearray = field(default_factory=bytearray)


class FormReader:
    """Feed it the body; fields appear in `fields`, the bytes of the file go to `sink`.

    `before_file` runs once, before the first byte of the file goes to `sink`: the fields before it are known then. Raises Problem(multipart-ongeldig).
    """

    def __init__(self, content_type: str, sink: Sink, before_file: Callable[[], Awaitable[None]]) -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        # RFC 2046: 1 to 70 characters.
        if kind != b"multipart/form-data" or not 1 <= len(boundary) <= 70:
            raise _broken("de header Content-Type noemt geen bruikbare boundary")
        self.fields: dict[str, str] = {}
        self.has_file = False
        self._sink = sink
        self._before_file = before_file
        self._parts = 0
        self._part = _Part()
        self._header_name, self._header_value = bytearray(), bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._for_sink = bytearray()
        self._ended = self._admitted = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begin,
                "on_part_data": self._part_data,
                "on_part_end": self._part_end,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_end": self._end,
            },
        )

    async def feed(self, data: bytes) -> None:
        """The next bytes of the body."""
        try:
            self._parser.write(data)
        except FormParserError:
            raise _broken("de onderdelen zijn niet te scheiden") from None
        if self.has_file and not self._admitted:
            self._admitted = True
            await self._before_file()
        if self._for_sink:
            piece, self._for_sink = bytes(self._for_sink), bytearray()
            await self._sink(piece)

    def end(self) -> None:
        """The body is over; it must have been closed by its last boundary."""
        try:
            self._parser.finalize()
        except FormParserError:
            raise _broken("het laatste onderdeel is niet afgesloten") from None
        if not self._ended:
            raise _broken("het laatste onderdeel is niet afgesloten")

    def _part_begin(self) -> None:
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise _broken("het bevat te veel onderdelen")
        self._part = _Part()
        self._headers = {}

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _header_end(self) -> None:
        self._headers[bytes(self._header_name).lower()] = bytes(self._header_value)
        self._header_name, self._header_value = bytearray(), bytearray()

    def _headers_finished(self) -> None:
        kind, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = options.get(b"name", b"").decode("ascii", "replace")
        if kind != b"form-data" or name not in FIELDS | {FILE_FIELD}:
            raise _broken(
                f"een onderdeel heeft een onbekende naam; bekend zijn {FILE_FIELD}, {', '.join(sorted(FIELDS))}"
            )
        if name == FILE_FIELD:
            if self.has_file:
                raise _broken("het bevat meer dan één bestand")
            self.has_file = True
        elif name in self.fields:
            raise _broken(f"het veld {name} komt twee keer voor")
        self._part.name = name

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._part.name == FILE_FIELD:
            self._for_sink += data[start:end]
            return
        self._part.data += data[start:end]
        if len(self._part.data) > _FIELD_BYTES:
            raise _broken(f"het veld {self._part.name} is te lang")

    def _part_end(self) -> None:
        if self._part.name != FILE_FIELD:
            self.fields[self._part.name] = self._part.data.decode("utf-8", "replace")

    def _end(self) -> None:
        self._ended = True


def _broken(reason: str) -> Problem:
    return Problem("multipart-ongeldig", reden=reason)
