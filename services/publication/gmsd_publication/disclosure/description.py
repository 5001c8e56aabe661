"""The file that describes hierarchies, and how text files are read here."""

import csv
import errno
import io
from pathlib import Path

from gmsd_publication.disclosure.errors import InputInvalid
from gmsd_publication.disclosure.hierarchy import Hierarchy, Line

REQUIRED = ("dimensie", "code", "ligt_in")
OPTIONAL = ("naam", "indeling")
WHY = {errno.ENOENT: "bestaat niet", errno.EISDIR: "is een map", errno.EACCES: "geen toegang"}


def read(path: Path) -> dict[str, Hierarchy]:
    """The hierarchies of a CSV file with columns dimensie, code, ligt_in and, if wanted, naam and indeling.

    One line per code and code it lies in; empty `ligt_in` is a top. Comma or semicolon, UTF-8 with or without BOM.
    Raises InputInvalid with file and line, CyclicHierarchy.
    """
    return parse(decoded(path), path.name)


def parse(text: str, file: str = "hierarchy") -> dict[str, Hierarchy]:
    """The same of the text of such a file."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter(text))
    header = [cell.strip().lower() for cell in next(rows, [])]
    missing = [column for column in REQUIRED if column not in header]
    strange = [column for column in header if column not in REQUIRED + OPTIONAL]
    if missing or strange or len(set(header)) < len(header):
        what = (
            f"kolom {missing[0]} ontbreekt"
            if missing
            else f"kolom {(strange or header)[0]!r} wordt niet verwacht"
        )
        raise InputInvalid(
            f"{file}, regel 1: {what}; verwacht {','.join(REQUIRED)} en eventueel {','.join(OPTIONAL)}"
        )
    lines: dict[str, list[Line]] = {}
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        at = f"{file}, regel {rows.line_num}"
        if len(row) != len(header):
            raise InputInvalid(f"{at}: {len(row)} velden waar de kop er {len(header)} heeft")
        field = dict(zip(header, (cell.strip() for cell in row), strict=True))
        if not field["dimensie"] or not field["code"]:
            raise InputInvalid(f"{at}: dimensie en code mogen niet leeg zijn")
        lines.setdefault(field["dimensie"], []).append(
            Line(field["code"], field["ligt_in"], field.get("naam", ""), field.get("indeling", ""), at)
        )
    if not lines:
        raise InputInvalid(f"{file}: geen enkele code")
    return {dimension: Hierarchy(dimension, given) for dimension, given in lines.items()}


def decoded(path: Path) -> str:
    """The text of a file. Raises InputInvalid when it cannot be read or is not UTF-8."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputInvalid(f"{path.name}: {WHY.get(error.errno or 0, 'niet te lezen')}") from error
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise InputInvalid(f"{path.name}, regel {line}: geen UTF-8; sla het bestand op als UTF-8") from error


def delimiter(text: str) -> str:
    """Semicolon, tab or comma: whichever the header has most of."""
    header = text.split("\n", 1)[0]
    return max(",;\t", key=header.count)
