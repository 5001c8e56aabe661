"""Where the command line speaks."""

from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

console = Console(highlight=False, soft_wrap=True)
"""Results and progress: stdout."""
errors = Console(stderr=True, highlight=False, soft_wrap=True)
"""What went wrong: stderr."""

WIDE = 240
"""Columns of a table that goes to a file or a pipe: nothing in it is broken off."""
NARROW = 140
"""A terminal with fewer breaks the lines of a table itself: an id in pieces could not be copied."""


def plain(text: object) -> str:
    """Text that came from elsewhere, for printing: no markup, and no character that a terminal would obey."""
    return escape("".join(each if each.isprintable() else "\ufffd" for each in str(text)))


def moment(iso: str | None) -> str:
    """A time with an offset, in the time of this machine, to the second; as it stands when it is no time."""
    if not iso:
        return "onbekend"
    try:
        return datetime.fromisoformat(iso).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return plain(iso)


def size(count: int) -> str:
    """A number of bytes, in words."""
    if count < 1000:
        return f"{count} bytes"
    return f"{count / 1e3:.1f} kB" if count < 1e6 else f"{count / 1e6:.1f} MB"


def show_table(headings: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    """Rows under their headings; every cell is printed as plain text. Only the last column is broken over lines."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold", no_wrap=heading != headings[-1])
    for row in rows:
        table.add_row(*(plain("" if cell is None else cell) for cell in row))
    width = max(console.width, NARROW) if console.is_terminal else WIDE
    Console(highlight=False, width=width).print(table)


def ask(question: str) -> bool:
    """Whether the answer is yes. No answer (the input ended) is no."""
    try:
        return console.input(f"{question} \\[j/N] ").strip().lower() in ("j", "ja")
    except EOFError:
        console.print()
        return False
