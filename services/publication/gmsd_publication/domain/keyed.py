"""`sleutelafronding`: keyed controlled rounding of a whole national release, with its proof (docs/disclosure.md)."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context

import numpy as np
import polars as pl
import scipy.sparse as sp

from gmsd_contracts.catalogue import Attribute, Indicator
from gmsd_publication.disclosure.errors import Infeasible, InputInvalid, NotProved, WorkLimit
from gmsd_publication.disclosure.model import Ints
from gmsd_publication.disclosure.model import Model as Rules
from gmsd_publication.disclosure.proof.private import check_inside
from gmsd_publication.disclosure.rounding.alike import alike
from gmsd_publication.disclosure.rounding.blocks import round_blocks
from gmsd_publication.disclosure.rounding.nearest import Asked, aim, satisfied
from gmsd_publication.disclosure.rounding.targets import Targets, numbers, targets
from gmsd_publication.disclosure.series import MARGIN_STEPS
from gmsd_publication.domain.attributes import ATTRIBUTE
from gmsd_publication.domain.audit import untested
from gmsd_publication.domain.certified import certified
from gmsd_publication.domain.memory import Memory
from gmsd_publication.domain.proof import proof
from gmsd_publication.domain.protection import (
    REMEMBERED,
    Earlier,
    Model,
    Progress,
    Protected,
    fingerprint,
    unobserved,
)
from gmsd_publication.domain.recount import recount
from gmsd_publication.domain.release_model import STEPS, Release, fill_computed, release_model

SERIAL_CELLS = 50_000
"""Below this a release is rounded in the process itself: starting two others takes about as long."""


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
        return f"key {fingerprint(self.key)}; base per indicator of the catalogue; steps {sorted(STEPS.values())}"

    def protect(
        self,
        exact: pl.DataFrame,
        model: Model,
        earlier: Sequence[Earlier] = (),
        progress: Progress = unobserved,
    ) -> Protected:
        """See Protection.protect. Raises NotAdditive, Infeasible, WorkLimit, NotProved, KeyMissing, InputInvalid."""
        _check_thresholds(model.catalogue)
        if exact.is_empty():
            figures = _figures(exact, np.zeros(0, dtype=np.int64), model.catalogue)
            return Protected(figures, untested(figures), None, _by_level(later=False))
        release = release_model(exact, model.catalogue, model.regions)
        release.model.check_truth(release.truth)
        memory = Memory.of(release, exact, earlier)
        memory.check()
        release = replace(release, model=_declared(release, later=memory.any()))
        with _pool(self.workers if exact.height > SERIAL_CELLS else 1) as pool:
            aims = self._targets(release, exact, model)
            asked, published = _round(release, aims, memory, pool, progress)
        _check(release, asked, published)
        evidence = proof(release.families, published, release.model.base)
        recount(release.families, published, release.model.base, evidence)
        figures = _figures(exact, published[release.order], model.catalogue)
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
    """The declared step K of each level."""
    return {level.value: step and (MARGIN_STEPS[-1] if later else step) for level, step in STEPS.items()}


def _check_thresholds(catalogue: Sequence[Indicator]) -> None:
    for indicator in catalogue:
        if indicator.threshold != indicator.base:
            raise InputInvalid(
                f"{indicator.id}: base {indicator.base} and threshold {indicator.threshold} must be equal for keyed rounding"
            )


def _round(
    release: Release, aims: Targets, memory: Memory, pool: Executor | None, progress: Progress
) -> tuple[Asked, Ints]:
    """With every unchanged figure kept and what we wish for; if nothing adds up then, with less of it.

    Why keep totals whose parts changed: whoever knows that one file of a gemeente came anew knows which totals cannot have
    changed. Targets that add up are published as they are before anything is attempted: that is how the proof explains a publication,
    so nothing that comes after can tell something of the truth.
    """
    wishing = _wishing(release)
    aimed = Asked(release.truth, aims, *memory.kept(release.model, True))
    wanted = _with_computed(release, aim(release.model, aimed))
    if satisfied(release.model, wanted):
        return aimed, wanted
    refused: Infeasible | WorkLimit | None = None
    for totals in (True, False) if memory.any() else (True,):
        asked = Asked(release.truth, aims, *memory.kept(release.model, totals))
        for rules, softer in ((wishing, release.model), (release.model, None)):
            try:
                return asked, round_blocks(rules, asked, None, pool, progress, softer)
            except (Infeasible, WorkLimit) as refusal:
                refused = refusal
    raise refused or Infeasible("nothing was asked")


def _with_computed(release: Release, values: Ints) -> Ints:
    """Values [n] with what nobody publishes computed from what is published, as a reader does."""
    values = values.copy()
    for family in release.families:
        figures = values[family.cells]
        fill_computed(family.sums, figures)
        values[family.cells] = figures
    return values


def _wishing(release: Release) -> Rules:
    """The model with what makes a proof easy to find: simple double counts, and none where hardly anybody is counted twice."""
    model = release.model
    few = release.doubles & (release.truth < 2 * model.base)
    implied = sp.csr_array(sp.vstack([model.implied, release.wishes]))
    return replace(model, implied=implied, implied_names=(), upper=np.where(few, 0, model.upper))


def _declared(release: Release, later: bool) -> Rules:
    """The model with the steps of a later release, when there was one before: margins make room for what may not move."""
    if not later:
        return release.model
    return replace(
        release.model, steps=np.where(release.model.steps > 0, MARGIN_STEPS[-1], 0).astype(np.int64)
    )


def _check(release: Release, asked: Asked, published: Ints) -> None:
    """Both halves that need the whole: the rules on what is public, and inside, the windows of the truth. Raises NotProved."""
    if not satisfied(release.model, published):
        raise NotProved("the publication does not obey the model")
    wrong = check_inside(release.model, release.truth, published)
    moved = np.flatnonzero(asked.fixed & (published != asked.given))
    if moved.size:
        wrong.append(f"{release.model.names[int(moved[0])]} did not change, and its figure did")
    if wrong:
        raise NotProved("; ".join(wrong))


def _figures(exact: pl.DataFrame, values: Ints, catalogue: Sequence[Indicator]) -> pl.DataFrame:
    marks = {
        indicator.id: Attribute.BELOW if indicator.base == 5 else Attribute.BELOW_10
        for indicator in catalogue
    }
    mark = pl.col("indicator").cast(pl.String).replace_strict(
        {name: mark.value for name, mark in marks.items()}, return_dtype=ATTRIBUTE
    )  # fmt: skip
    shown = pl.col("value") > 0
    return exact.with_columns(pl.Series("value", values, pl.Int64)).select(
        "indicator", "moment", "region", "level", "category",
        value=pl.when(shown).then("value"),
        attribute=pl.when(shown).then(pl.lit(Attribute.SHOWN.value, ATTRIBUTE)).otherwise(mark),
    )  # fmt: skip


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor | None]:
    if workers < 2:
        yield None
        return
    # Spawned, not forked: the service has threads, and a fork would copy their locks.
    try:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            yield pool
    except BrokenProcessPool:
        raise WorkLimit("a process that rounds gemeenten died, for want of memory as a rule") from None
