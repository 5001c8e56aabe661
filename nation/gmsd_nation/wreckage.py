"""Faults of a file as a whole: what arrives is no CSV, half a CSV, or a CSV in a coat."""

import io
import zipfile

_PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000640000006408020000001f8b0800")
"""The first bytes of a picture: a deliverer picked the wrong file."""


def without_header(data: bytes) -> bytes:
    """The rows alone."""
    return data.split(b"\n", 1)[1]


def header_alone(data: bytes) -> bytes:
    """The header alone."""
    return data.split(b"\n", 1)[0] + b"\n"


def picture(data: bytes) -> bytes:
    """Bytes that are no text, as long as the file was (at most 4 kB)."""
    body = bytes((i * 167 + 13) % 256 for i in range(min(len(data), 4000)))
    return _PNG + body


def nothing(data: bytes) -> bytes:
    """An empty file."""
    return data[:0]


def open_quote(data: bytes) -> bytes:
    """Cut off in the middle, inside a quoted field that is never closed: a transfer that broke."""
    lines = data.split(b"\n")
    half = max(2, len(lines) // 2)
    return b"\n".join(lines[:half]) + b'\n"GM'


def cut_row(data: bytes) -> bytes:
    """The last row stops after three fields."""
    text = data.rstrip(b"\r\n")
    start = text.rfind(b"\n") + 1
    return text[:start] + b";".join(text[start:].split(b";")[:3]) + b"\r\n"


def extra_field(data: bytes) -> bytes:
    """The first row under the header has a field too many."""
    lines = data.split(b"\n")
    row = lines[1].rstrip(b"\r")
    lines[1] = row + b";1" + lines[1][len(row) :]
    return b"\n".join(lines)


def sixteen_bits(data: bytes) -> bytes:
    """UTF-16, as a spreadsheet's "Unicode text" is."""
    return data.decode("utf-8-sig").encode("utf-16")


def null_bytes(data: bytes) -> bytes:
    """A block of zero bytes in the middle: a damaged disk."""
    half = len(data) // 2
    return data[:half] + b"\x00" * 512 + data[half:]


def zipped(data: bytes) -> bytes:
    """The file inside a ZIP, with a fixed time stamp so that the same file gives the same bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("MSD.csv", (2025, 7, 15, 12, 0, 0)), data)
    return target.getvalue()


def twice_named(data: bytes) -> bytes:
    """The header names `bsn` in the place of the column after it too."""
    header, rest = data.split(b"\n", 1)
    names = header.split(b";")
    at = names.index(b"bsn")
    names[at + 1] = b"bsn"
    return b";".join(names) + b"\n" + rest


def one_line(data: bytes) -> bytes:
    """All lines run into one, over and over, as long as no row can be (about 200 kB)."""
    joined = data.replace(b"\r", b"").replace(b"\n", b";")
    return joined * (200_000 // max(1, len(joined)) + 1)
