"""Finding citizen service numbers in bytes, in every form in which they may have leaked."""

import base64
import hashlib
import os.path
import re
import sqlite3
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

PIECE = 16 * 1024 * 1024
OVERLAP = 64
"""The longest form is a sha256 in hex. What lies in the overlap whole is found twice, which harms nobody."""
_HEX_DIGITS = re.compile(rb"(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})(?![0-9a-f])")
_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)


def marked_numbers(count: int, skip: int = 0) -> list[int]:
    """The first numbers of the test range that pass the elfproef, `skip` of them passed over."""
    passing = (
        number
        for number in range(999_900_006, 999_999_991)
        if sum(w * int(d) for w, d in zip(_WEIGHTS, str(number), strict=True)) % 11 == 0
    )
    return [number for _, number in zip(range(skip + count), passing, strict=False)][skip:]


def forms(number: int) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every form. Base64 at its three offsets, without the characters that share bits with neighbours."""
    text = str(number).encode()
    yield "ascii", text
    yield "utf-16", b"\0".join(text[i : i + 1] for i in range(9))
    yield "hex", text.hex().encode()
    for offset in range(3):
        whole = base64.b64encode(bytes(offset) + text).rstrip(b"=")
        begin, end = (0, 2, 3)[offset], len(whole) - (1 if (offset + 9) % 3 else 0)
        yield f"base64+{offset}", whole[begin:end]
    yield "int64 big", number.to_bytes(8)
    yield "int64 little", number.to_bytes(8, "little")
    for separator in (" ", ".", "-"):
        groups = separator.join(str(number)[i : i + 3] for i in (0, 3, 6))
        yield f"with {separator!r}", groups.encode()
    yield "reversed", text[::-1]
    for name in ("md5", "sha1", "sha256"):
        yield name, hashlib.new(name, text).hexdigest().encode()
        yield f"{name} of int", hashlib.new(name, number.to_bytes(8, "little")).hexdigest().encode()


@dataclass(frozen=True)
class _Form:
    """All numbers in one form: equally long, so that one search for what they share finds candidates."""

    name: str
    numbers: dict[bytes, int]
    shared: bytes
    before: int
    length: int

    def search(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Number and place of each occurrence."""
        at = data.find(self.shared)
        while at >= 0:
            begin = at - self.before
            found = self.numbers.get(data[begin : begin + self.length]) if begin >= 0 else None
            if found is not None:
                yield found, begin
            at = data.find(self.shared, at + 1)


@dataclass
class Search:
    """Looks for `numbers` in whatever it is given; `hits`: number, form, where."""

    numbers: Iterable[int]
    hits: list[tuple[int, str, str]] = field(default_factory=list)
    size: int = 0
    _forms: list[_Form] = field(default_factory=list)
    _digests: dict[bytes, tuple[int, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        gathered: dict[str, dict[bytes, int]] = defaultdict(dict)
        for number in self.numbers:
            for name, data in forms(number):
                if name.startswith(("md5", "sha")):
                    self._digests[data] = (number, name)
                else:
                    gathered[name][data] = number
        self._forms = [_form(name, known) for name, known in gathered.items()]

    def look(self, where: str, data: bytes | str | None) -> None:
        """Search one piece of data."""
        data = data.encode() if isinstance(data, str) else data or b""
        self.size += len(data)
        for form in self._forms:
            for number, at in form.search(data):
                self.hits.append((number, form.name, f"{where} at {at}"))
        for match in _HEX_DIGITS.finditer(data):
            found = self._digests.get(match[0])
            if found is not None:
                self.hits.append((*found, f"{where} at {match.start()}"))

    def look_in_file(self, path: Path, name: str) -> None:
        """A file, its name included."""
        self.look(f"name of {name}", name)
        with path.open("rb") as file:
            rest = b""
            while piece := file.read(PIECE):
                self.look(name, rest + piece)
                rest = piece[-OVERLAP:]

    def look_in_tree(self, root: Path) -> int:
        """Every file below a directory, and what SQLite files say; how many files."""
        files = [path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink()]
        for path in files:
            name = str(path.relative_to(root))
            self.look_in_file(path, name)
            if path.suffix in (".sqlite", ".db"):
                # Pages hold integers and split texts in ways that bytes do not show.
                with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
                    for line in connection.iterdump():
                        self.look(f"{name} as SQL", line.encode("utf-8", "surrogateescape"))
        return len(files)


def _form(name: str, numbers: dict[bytes, int]) -> _Form:
    words = list(numbers)
    length = len(words[0])
    assert {len(word) for word in words} == {length}, name
    prefix, suffix = _shared(words), _shared([word[::-1] for word in words])[::-1]
    if len(suffix) > len(prefix):
        return _Form(name, numbers, suffix, length - len(suffix), length)
    return _Form(name, numbers, prefix, 0, length)


def _shared(words: list[bytes]) -> bytes:
    """What all words begin with."""
    return os.path.commonprefix([word.decode("latin-1") for word in words]).encode("latin-1")


_DUMP = """
import sys, clickhouse_connect
client = clickhouse_connect.get_client(dsn="chdb://" + sys.argv[1])
for database, table in client.query(
    "SELECT database, name FROM system.tables WHERE database NOT IN ('system', 'INFORMATION_SCHEMA', 'information_schema')"
).result_rows:
    answer = client.raw_query(f"SELECT * FROM `{database}`.`{table}`", fmt="JSONEachRow")
    sys.stdout.buffer.write(f"-- {database}.{table}\\n".encode() + answer + b"\\n")
"""


def warehouse_dump(path: Path) -> bytes:
    """Every row of an embedded warehouse that nobody has open, as JSON. A process of its own: one engine per process."""
    done = subprocess.run(
        [sys.executable, "-c", _DUMP, str(path)], check=True, stdout=subprocess.PIPE, timeout=120
    )
    return done.stdout
