"""`sleutelafronding`: keyed controlled rounding of a whole national release, with its proof (docs/disclosure.md)."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context

import numpy as np
import polars as pl

from gmsd_contracts.catalogue import Attribute, Indicator, below
from gmsd_publication.disclosure.errors import InputInvalid, NotProved, WorkersLost
from gmsd_publication.disclosure.model import Ints
from gmsd_publication.disclosure.proof.private import check_inside
from gmsd_publication.disclosure.rounding.alike import alike
from gmsd_publication.disclosure.rounding.attempts import first_found
from gmsd_publication.disclosure.rounding.blocks import round_blocks
from gmsd_publication.disclosure.rounding.nearest import Asked, aim, satisfied
from gmsd_publication.disclosure.rounding.targets import Targets, numbers, targets
from gmsd_publication.domain.attributes import ATTRIBUTE
from gmsd_publication.domain.audit import untested
from gmsd_publication.domain.keyed.certified import certified
from gmsd_publication.domain.keyed.memory import Keeping, Memory
from gmsd_publication.domain.keyed.recount import recount
from gmsd_publication.domain.keyed.together import Told, proof_beside
from gmsd_publication.domain.keyed.wishes import declared, wishing
from gmsd_publication.domain.places import LATER_STEPS, STEPS, fill_computed
from gmsd_publication.domain.protection import (
    REMEMBERED,
    Earlier,
    Model,
    Progress,
    Protected,
    fingerprint,
    unobserved,
)
from gmsd_publication.domain.release_model import Release, release_model

ATTEMPTS, SHUFFLE = 6, 150
"""Publications tried for a proof, and how much dearer or cheaper a choice becomes with each (of COST_UNITS)."""
SERIAL_CELLS = 50_000
"""Below this a release is rounded in the process itself: starting two others takes about as long."""

Evidenced = Callable[[Ints], pl.DataFrame]
"""The proof of a publication, beside what came out before. Raises NotProved."""


@dataclass(frozen=True)
class KeyedRounding:
    """Every count a multiple of its base near the truth, all of them additive, and each explicable by another truth under another key.

    `key`: the secret of the series. `workers`: processes that round gemeenten side by side; the result does not depend on it.
    """

    key: bytes
    workers: int = 2

    name = "sleutelafronding-5"

    remembers = REMEMBERED

    @property
    def settings(self) -> str:
        """See Protection.settings."""
        return f"key {fingerprint(self.key)}; base per indicator of the catalogue; steps {sorted(STEPS.values())}, later {sorted(LATER_STEPS.values())}"

    def protect(
        self,
        exact: pl.DataFrame,
        model: Model,
        earlier: Sequence[Earlier] = (),
        progress: Progress = unobserved,
    ) -> Protected:
        """See Protection.protect. Raises NotAdditive, Infeasible, WorkLimit, NotProved, KeyMissing, InputInvalid; WorkersLost."""
        _check_thresholds(model.catalogue)
        if exact.is_empty():
            figures = _figures(exact, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
            return Protected(figures, untested(figures), None, _by_level(later=False))
        release = release_model(exact, model.catalogue, model.regions)
        release.model.check_truth(release.truth)
        memory = Memory.of(release, exact, earlier)
        memory.check()
        release = replace(release, model=declared(release, later=memory.any()))
        aims = self._targets(release, exact, model)
        before = _told(earlier)

        def told(published: Ints) -> pl.DataFrame:
            return _figures(exact, published[release.order], release.model.naught[release.order])

        def evidenced(published: Ints) -> pl.DataFrame:
            return proof_beside(before, release, published, told(published), model)

        with _pool(self.workers if exact.height > SERIAL_CELLS else 1) as pool:
            published, evidence = _proved(release, aims, memory, pool, progress, evidenced)
        figures = told(published)
        return Protected(figures, certified(release, figures, published), evidence, _by_level(memory.any()))

    def _targets(self, release: Release, exact: pl.DataFrame, model: Model) -> Targets:
        """A number per published cell, by what it is: the same in every release of the period."""
        text = exact.select(
            pl.concat_str(
                pl.lit(f"{model.product}|{model.period}"),
                *(pl.col(name).cast(pl.String) for name in ("indicator", "moment", "category", "region")),
                separator="|",
            ).alias("identity")
        )["identity"]
        number = np.zeros(release.model.size, dtype=np.int64)
        number[release.order] = numbers(self.key, text)
        return targets(release.truth, release.model.base, number[alike(release.model, release.truth)])


def _by_level(later: bool) -> dict[str, int]:
    """The declared step K of each level: the largest of its figures."""
    return {level.value: step for level, step in (LATER_STEPS if later else STEPS).items()}


def _told(earlier: Sequence[Earlier]) -> list[Told]:
    """What everybody has. Raises NotProved: a release without its proof cannot be followed up."""
    found = []
    for one in earlier:
        if one.figures.is_empty():
            continue
        if one.proof is None:
            raise NotProved(
                f"release {one.number} of this period has no proof that can be read: it cannot be followed up"
            )
        found.append(Told(one.number, one.figures, one.proof))
    return found


def _check_thresholds(catalogue: Sequence[Indicator]) -> None:
    for indicator in catalogue:
        if indicator.threshold != indicator.base:
            raise InputInvalid(
                f"{indicator.id}: base {indicator.base} and threshold {indicator.threshold} must be equal for keyed rounding"
            )


def _proved(
    release: Release,
    aims: Targets,
    memory: Memory,
    pool: Executor | None,
    progress: Progress,
    evidenced: Evidenced,
) -> tuple[Ints, pl.DataFrame]:
    """The publication with its proof, both checked. Raises NotProved when no rounding that was tried has people behind it."""
    refused = NotProved("nothing was tried")
    for attempt in range(ATTEMPTS):
        # Each keeps less: kept totals are often what leaves a double count without people.
        keeping = tuple(Keeping)[min(attempt, len(Keeping) - 1) :]
        asked, published = _round(release, _shuffled(aims, attempt), memory, pool, progress, keeping)
        _check(release, asked, published)
        try:
            evidence = evidenced(published)
        except NotProved as refusal:
            refused = refusal.with_traceback(None)
            continue
        recount(release.families, published, release.model.base, evidence)
        return published, evidence
    try:
        raise refused
    finally:
        del refused  # as in `first_found`


def _round(
    release: Release,
    aims: Targets,
    memory: Memory,
    pool: Executor | None,
    progress: Progress,
    keeping: Sequence[Keeping] = tuple(Keeping),
) -> tuple[Asked, Ints]:
    """With every unchanged figure kept and what we wish for; if nothing adds up then, with less of it.

    Why keep totals whose parts changed: whoever knows that one file of a gemeente came anew knows which totals cannot have
    changed. Targets that add up are published as they are before anything is attempted: that is how the proof explains a publication,
    so nothing that comes after can tell something of the truth.
    """
    wishes = wishing(release)
    aims = Targets(aims.up & ~release.doubles, aims.cost)
    aimed = Asked(release.truth, aims, *memory.kept(release.model, keeping[0]))
    wanted = _with_computed(release, aim(release.model, aimed))
    if satisfied(release.model, wanted):
        return aimed, wanted

    def rounded(much: Keeping, number: int) -> tuple[Asked, Ints]:
        asked = Asked(release.truth, aims, *memory.kept(release.model, much))
        return asked, round_blocks(wishes[number], asked, None, pool, progress, wishes[number + 1 :])

    kept = keeping if memory.any() else keeping[:1]
    return first_found(partial(rounded, much, number) for much in kept for number in range(len(wishes)))


def _with_computed(release: Release, values: Ints) -> Ints:
    """Values [n] with what nobody publishes computed from what is published, as a reader does."""
    values = values.copy()
    for family in release.families:
        figures = values[family.cells]
        fill_computed(family.sums, figures)
        values[family.cells] = figures
    return values


def _shuffled(aims: Targets, attempt: int) -> Targets:
    """The same aims, with other choices between what is about as near: another publication, in which people may be found."""
    jitter = (np.arange(len(aims.cost)) * 7_919 * attempt) % (1 + SHUFFLE * attempt)
    return Targets(aims.up, aims.cost + jitter)


def _check(release: Release, asked: Asked, published: Ints) -> None:
    """Both halves that need the whole: the rules on what is public, and inside, the windows of the truth. Raises NotProved."""
    if not satisfied(release.model, published):
        raise NotProved("the publication does not obey the model")
    wrong = check_inside(release.model, release.truth, published)
    moved = np.flatnonzero(asked.fixed & release.model.published & (published != asked.given))
    if moved.size:
        wrong.append(f"{release.model.names[int(moved[0])]} did not change, and its figure did")
    if wrong:
        raise NotProved("; ".join(wrong))


def _figures(exact: pl.DataFrame, values: Ints, naught: Ints) -> pl.DataFrame:
    """The mark of a 0 says how little it can be: less than `naught` [rows], by the declared step and never by the count."""
    limits = pl.Series(naught, dtype=pl.Int64)
    marks = {limit: below(limit).value for limit in limits.unique()}
    return exact.with_columns(
        pl.Series("value", values, pl.Int64),
        mark=limits.replace_strict(marks, default=None, return_dtype=ATTRIBUTE),
    ).select(
        "indicator", "moment", "region", "level", "category",
        value=pl.when(pl.col("value") > 0).then("value"),
        attribute=pl.when(pl.col("value") > 0).then(pl.lit(Attribute.SHOWN.value, ATTRIBUTE)).otherwise("mark"),
    )  # fmt: skip


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor | None]:
    if workers < 2:
        yield None
        return
    # Spawned, not forked: the service has threads, and a fork would copy their locks. They start when the first work is given.
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    try:
        yield pool
    except (BrokenProcessPool, OSError, MemoryError) as lost:
        raise WorkersLost(f"a process that rounds gemeenten was lost ({type(lost).__name__})") from None
    finally:
        pool.shutdown(cancel_futures=True)
