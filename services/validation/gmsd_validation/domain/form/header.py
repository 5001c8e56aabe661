"""The first line: which separator, which column stands where, and what is wrong with the names."""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from gmsd_contracts.columns import DatasetVersion
from gmsd_validation.domain.form.survey import Survey

SEPARATORS = {";": "puntkomma", ",": "komma", "\t": "tab"}
"""With their Dutch names; in order of preference."""
MOST_FIELDS = 200
"""Ten times the widest specification: more is not a header with a few columns too many but another kind of file."""


@dataclass(frozen=True)
class Header:
    """`fields` as delivered, `names` the column each stands for (None: unknown), `length` in bytes with its line end.

    `whole`: the head held all of it. `separator` is the one under which most names were recognised.
    """

    separator: str
    fields: tuple[str, ...]
    names: tuple[str | None, ...]
    length: int
    whole: bool

    @property
    def known(self) -> tuple[str, ...]:
        """Recognised column names, in the order of the file."""
        return tuple(name for name in self.names if name is not None)

    @property
    def recognised(self) -> bool:
        """Whether this is a line of column names: a row of data does not consist for half of known names."""
        return len(self.known) * 2 >= len(self.fields) and bool(self.known)

    @property
    def broken(self) -> bool:
        """A name that goes on in the next line: a quotation mark is not closed."""
        return any("\n" in field or "\r" in field for field in self.fields)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Fields that name no column."""
        return tuple(field for field, name in zip(self.fields, self.names, strict=True) if name is None)

    @property
    def doubled(self) -> dict[str, int]:
        """Columns named more than once, with how often."""
        return {name: count for name, count in Counter(self.known).items() if count > 1}

    @property
    def respelled(self) -> tuple[tuple[str, str], ...]:
        """(column, as delivered) where case or surrounding space differ."""
        pairs = zip(self.fields, self.names, strict=True)
        return tuple((name, field) for field, name in pairs if name is not None and name != field)

    def missing(self, version: DatasetVersion) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """(required, optional) columns that the header does not name.

        A column of a group of which one must be filled is required when the whole group is missing.
        """
        known = set(self.known)
        groups = {column.one_of for column in version.columns if column.one_of and column.name in known}
        required: list[str] = []
        optional: list[str] = []
        for column in version.columns:
            if column.name in known:
                continue
            needed = column.required or (column.one_of is not None and column.one_of not in groups)
            (required if needed else optional).append(column.name)
        return tuple(required), tuple(optional)


def read_header(survey: Survey, version: DatasetVersion) -> Header:
    """The header of a file that is text; `recognised` says whether the first line is one."""
    encoding = "utf-8" if survey.utf8 else "cp1252"
    # The head may end inside a character; what follows is not part of the first line if that is in the head.
    text = codecs.getincrementaldecoder(encoding)("replace").decode(survey.head, False)
    candidates = [_read(text, separator, encoding, version) for separator in SEPARATORS]
    return max(candidates, key=lambda header: len(header.known))


def _read(text: str, separator: str, encoding: str, version: DatasetVersion) -> Header:
    names = {column.name for column in version.columns}
    lines = _Lines(text)
    try:
        fields = tuple(next(csv.reader(lines, delimiter=separator), []))
    except csv.Error:  # a field of more than 128 KiB: no header
        fields = ()
    cleaned = (field.strip().lower() for field in fields)
    taken = text[: lines.taken]
    return Header(
        separator=separator,
        fields=fields,
        names=tuple(name if name in names else None for name in cleaned),
        length=len(taken.encode(encoding, "replace")),
        whole=lines.taken < len(text) or taken.endswith(("\n", "\r")),
    )


class _Lines:
    """The lines of a text with their ends, counting the characters that were handed out."""

    def __init__(self, text: str) -> None:
        self._lines = io.StringIO(text, newline="")
        self.taken = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.taken += len(line)
        return line
