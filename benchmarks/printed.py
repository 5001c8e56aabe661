"""How a run is printed and kept: the tables' look, and JSON that is whole or not there."""

import json
from pathlib import Path
from typing import Any

from rich.table import Table


def table(title: str, *headings: str) -> Table:
    """An empty table: the first column is text, the others are figures."""
    made = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for number, heading in enumerate(headings):
        made.add_column(heading, justify="right" if number else "left", no_wrap=True)
    return made


def write(path: Path, document: Any) -> None:
    """As JSON, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".half")
    half.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    half.replace(path)
