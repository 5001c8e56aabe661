"""Files, the order in which they are delivered, and the truth beside them."""

import hashlib
import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from gmsd_nation.calendar import OPEN
from gmsd_nation.faults import Expected

PLAN_FILE = "deliveries.jsonl"
MANIFEST_FILE = "manifest.sha256"

Order = tuple[int, str, int, str]
"""Place in the delivery plan: dataset, period, number of the delivery in its slot, part."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One line of the delivery plan. `path` is relative to the nation's folder; `faults` are slugs; `supersedes` is the
    path of the accepted delivery of the same slot that this one replaces."""

    path: str
    dataset: str
    deliverer: str
    period: str
    part: str
    nothing_to_report: bool
    faults: tuple[str, ...]
    expected: Expected
    supersedes: str | None


_DAYS = ("born", "died", "since", "until", "begin", "end")


def dates(frame: pl.DataFrame) -> pl.DataFrame:
    """Day numbers as dates, `OPEN` as null, for the truth."""
    return frame.with_columns(
        pl.when(pl.col(name) < OPEN).then(pl.col(name)).cast(pl.Int32).cast(pl.Date).alias(name)
        for name in _DAYS
        if name in frame.columns
    )


class NationWriter:
    """Writes files and remembers what it wrote.

    Everything is written beside the folder, in `<folder>.partial`, which takes the folder's name when it is complete: a
    nation exists whole or not at all, and what an interrupted run left is written anew.
    """

    def __init__(self, folder: Path) -> None:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise FileExistsError(f"{folder} holds files already: name an empty folder")
        self._target = folder
        self.folder = folder.with_name(folder.name + ".partial")
        if self.folder.exists():
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True)
        self._digests: dict[str, str] = {}
        self._growing: dict[str, hashlib._Hash] = {}
        self._deliveries: list[tuple[Order, Delivery]] = []
        self._faults: list[tuple[str, int | None, str]] = []
        self.bytes_written = 0

    def _write(self, path: str, data: bytes) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        self._digests[path] = hashlib.sha256(data).hexdigest()
        self.bytes_written += len(data)

    def append(self, path: str, data: bytes) -> None:
        """Write a piece of a file that is delivered in the end with `delivered`."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("ab") as file:
            file.write(data)
        self._growing.setdefault(path, hashlib.sha256()).update(data)
        self.bytes_written += len(data)

    def delivered(self, order: Order, delivery: Delivery) -> None:
        """Enter a file written by pieces into the plan."""
        self._digests[delivery.path] = self._growing.pop(delivery.path).hexdigest()
        self._enter(order, delivery, ())

    def deliver(self, order: Order, delivery: Delivery, data: bytes, at: Iterable[int] = ()) -> None:
        """Write one file to deliver. `order` places it in the plan; `at` are the rows at fault under the last slug, the
        slugs before it are habits of the deliverer and concern the file as a whole."""
        self._write(delivery.path, data)
        self._enter(order, delivery, tuple(at))

    def _enter(self, order: Order, delivery: Delivery, rows: tuple[int, ...]) -> None:
        self._deliveries.append((order, delivery))
        for slug in delivery.faults[:-1]:
            self._faults.append((delivery.path, None, slug))
        for slug in delivery.faults[-1:]:
            self._faults.extend((delivery.path, row, slug) for row in rows or (None,))

    def truth(self, path: str, frame: pl.DataFrame) -> None:
        """Write a table below `truth/`, as Parquet."""
        target = self.folder / "truth" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(target, compression="zstd")
        self._digests[f"truth/{path}"] = hashlib.sha256(target.read_bytes()).hexdigest()

    def close(self) -> list[Delivery]:
        """Write the delivery plan, the table of faults and the manifest, and give the folder its name; returns the plan
        in order."""
        ordered = [delivery for _, delivery in sorted(self._deliveries, key=lambda pair: pair[0])]
        lines = [json.dumps(asdict(delivery), ensure_ascii=False) for delivery in ordered]
        self._write(PLAN_FILE, ("\n".join(lines) + "\n").encode())
        schema = {"path": pl.String, "row": pl.Int64, "slug": pl.String}
        self.truth(
            "faults.parquet",
            pl.DataFrame(self._faults, schema=schema, orient="row").sort("path", "row", "slug"),
        )
        manifest = "".join(f"{self._digests[path]}  {path}\n" for path in sorted(self._digests))
        (self.folder / MANIFEST_FILE).write_text(manifest, encoding="utf-8")
        self.folder = self.folder.rename(self._target)
        return ordered
