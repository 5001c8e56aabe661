"""A gemeente by itself and a nation of them, rounded block by block."""

import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np

from benchmarks.disclosure.layouts import BASE, Layout, layout
from benchmarks.disclosure.tasks.rounding import key, violated
from gmsd_publication.disclosure.rounding.blocks import round_blocks
from gmsd_publication.disclosure.rounding.nearest import Asked
from gmsd_publication.disclosure.rounding.targets import numbers, targets


@dataclass(frozen=True)
class Rounded:
    """`seconds` by the clock and `processor` seconds of this process for the rounding alone, targets included, tables made before.

    `cells`; `broken` rows and figures that are no multiple; `error` Σ|err| beside `expected`, what unbiasedness costs; `largest` |err|.
    """

    seconds: float
    processor: float
    cells: int
    broken: int
    error: int
    expected: float
    largest: int


def gemeente(seed: int, deep: bool) -> Rounded:
    """One, in this process."""
    return _rounded(layout(1, deep, seed), None)


def nation(gemeenten: int, workers: int) -> Rounded:
    """So many of the smaller layout under provinces and country, on `workers` processes."""
    made = layout(gemeenten, deep=False)
    # Spawned, not forked, as the service does: a fork would count this process's tables twice.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return _rounded(made, pool)


def _rounded(made: Layout, pool: ProcessPoolExecutor | None) -> Rounded:
    model, truth = made.model, made.truth
    began, spent = time.perf_counter(), time.process_time()
    aims = targets(truth, model.base, numbers(key(0), model.names))
    asked = Asked(truth, aims, np.zeros(model.size, dtype=bool), truth)
    publication = round_blocks(model, asked, workers=pool)
    seconds, processor = time.perf_counter() - began, time.process_time() - spent
    away, remainder = np.abs(publication - truth), truth % BASE
    expected = float((2 * remainder * (BASE - remainder) / BASE).sum())
    return Rounded(
        seconds,
        processor,
        model.size,
        violated(model, publication),
        int(away.sum()),
        expected,
        int(away.max()),
    )
