"""The protection step: exact cells in, figures that may be shown and the test of them out. The seam before the disclosure engine."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Protocol

import polars as pl

from gmsd_contracts.catalogue import Attribute, Indicator, below
from gmsd_publication.domain.attributes import ATTRIBUTE
from gmsd_publication.domain.nearest_audit import nearest_audit
from gmsd_publication.domain.regions import Regions

PROTECTED_COLUMNS = ("indicator", "moment", "region", "level", "category", "value", "attribute")

REMEMBERED = 3
"""Earlier releases for a method that takes them into account. A figure goes preliminary, less preliminary, final: the three that one
follows on. Each takes some 200 MB of a national release while it is read and 50 MB while the next is protected; which were taken into
account is told with the release."""

Progress = Callable[[int, int], None]
"""Parts done, parts in all. Called from the thread that computes, as often as the method likes."""


@dataclass(frozen=True)
class Model:
    """What a protection step may know beside the cells: what each count means, and what lies in what."""

    product: str
    period: str
    catalogue: Sequence[Indicator]
    regions: Regions


@dataclass(frozen=True)
class Earlier:
    """A release of the same product and period that came out before; retracted ones too, people have them.

    `figures`: PROTECTED_COLUMNS of its open cells, as published. `exact`: `cells.EXACT_COLUMNS` of the same cells in the same
    order, as its snapshot had them; None when that has expired. Keys have the types of the present release.
    `whole`: False when it also had cells that the present frame or catalogue does not have; those are not in the tables.
    `proof`: the evidence that went with it; None for methods without.
    """

    number: int
    figures: pl.DataFrame
    exact: pl.DataFrame | None
    whole: bool = True
    proof: pl.DataFrame | None = None


@dataclass(frozen=True)
class Protected:
    """`figures`: PROTECTED_COLUMNS, exactly the cells that were given, in their order; `value` null exactly where `attribute` is not
    `getoond`. `audit`: the columns of `audit/1`. `proof`: public evidence behind the audit, None for methods without proof.
    `steps`: the step K that was declared for each region level (its code) before anything was rounded: a published value lies less
    than base·(K+1) from the truth. Empty for methods without steps.
    """

    figures: pl.DataFrame
    audit: pl.DataFrame
    proof: pl.DataFrame | None = None
    steps: Mapping[str, int] = field(default_factory=dict)


def unobserved(done: int, parts: int) -> None:
    """The progress of who is not watched."""


class Protection(Protocol):
    """Makes exact cells publishable."""

    @property
    def name(self) -> str:
        """The public name of the method, as it stands in the release."""

    @property
    def settings(self) -> str:
        """Everything beside the cells that the outcome depends on; part of the release's identity, never published."""

    @property
    def remembers(self) -> int:
        """How many releases that came out before the method takes into account, REMEMBERED at most; 0: none."""

    def protect(
        self,
        exact: pl.DataFrame,
        model: Model,
        earlier: Sequence[Earlier] = (),
        progress: Progress = unobserved,
    ) -> Protected:
        """All open cells of one release together (`cells.EXACT_COLUMNS`), knowing what came out `earlier`, oldest first.

        Raises DisclosureError when it cannot let this release out.
        """


def fingerprint(key: bytes) -> str:
    """What `Protection.settings` says of a secret key: equal for equal keys, and of no use to find one."""
    return blake2b(b"gmsd rounding key", key=blake2b(key).digest(), digest_size=16).hexdigest()


class NearestFive:
    """`naastgelegen-5`, the practice of before: a count under the threshold is shown as `<5`, any other as the nearest multiple.

    Base and threshold are those of the indicator. `<5` covers the truths 0 to 4 alike: nothing tells a true zero. What it lets a
    reader find out all the same stands in its audit.
    """

    name = "naastgelegen-5"

    settings = "base and threshold per indicator of the catalogue"

    remembers = 0

    def protect(
        self,
        exact: pl.DataFrame,
        model: Model,
        earlier: Sequence[Earlier] = (),
        progress: Progress = unobserved,
    ) -> Protected:
        """See Protection.protect; never refuses."""
        figures = self._figures(exact, model)
        return Protected(figures, nearest_audit(figures, model.catalogue, model.regions))

    def _figures(self, exact: pl.DataFrame, model: Model) -> pl.DataFrame:
        rules = pl.DataFrame(
            {
                "indicator": [indicator.id for indicator in model.catalogue],
                "base": [indicator.base for indicator in model.catalogue],
                "threshold": [indicator.threshold for indicator in model.catalogue],
                "mark": [below(indicator.threshold).value for indicator in model.catalogue],
            },
            {
                "indicator": exact.schema["indicator"],
                "base": pl.Int64,
                "threshold": pl.Int64,
                "mark": ATTRIBUTE,
            },
        )
        rounded = (pl.col("count") + pl.col("base") // 2) // pl.col("base") * pl.col("base")
        shown = pl.col("count") >= pl.col("threshold")
        return exact.join(rules, on="indicator", how="left", maintain_order="left").select(
            "indicator", "moment", "region", "level", "category",
            value=pl.when(shown).then(rounded),
            attribute=pl.when(shown).then(pl.lit(Attribute.SHOWN.value, ATTRIBUTE)).otherwise("mark"),
        )  # fmt: skip
