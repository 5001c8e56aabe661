"""The processes that round side by side: what happens when one is killed."""

import multiprocessing
import os
import signal

import polars as pl
import pytest

from gmsd_contracts.catalogue import CATALOGUE
from gmsd_publication.disclosure.errors import WorkersLost
from gmsd_publication.domain.cells import exact
from gmsd_publication.domain.keyed import method as keyed
from gmsd_publication.domain.keyed.method import KeyedRounding
from gmsd_publication.domain.protection import Model
from gmsd_publication.domain.regions import Regions
from tests.publication.world import populated


def test_a_killed_worker_says_so_and_leaves_nobody_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyed, "SERIAL_CELLS", 0)
    made = populated(1, 900)
    regions = Regions(made.frame_df())
    counts, model = exact(made.cells_df(), regions, CATALOGUE), Model("basis", "2025HJ02", CATALOGUE, regions)
    killed: list[int] = []

    def kill(done: int, parts: int) -> None:
        if not killed:
            killed.extend(worker.pid or 0 for worker in multiprocessing.active_children())
            os.kill(killed[0], signal.SIGKILL)

    with pytest.raises(WorkersLost):
        KeyedRounding(bytes(range(32)), workers=2).protect(counts, model, (), kill)
    assert len(killed) == 2 and not multiprocessing.active_children()
    again = KeyedRounding(bytes(range(32)), workers=2).protect(counts, model)
    assert isinstance(again.figures, pl.DataFrame) and again.figures.height == counts.height
