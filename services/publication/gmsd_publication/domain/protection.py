"""The protection step: exact cells in, figures that may be shown out. The seam behind which a disclosure engine comes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from gmsd_contracts.catalogue import Attribute, Indicator
from gmsd_publication.domain.attributes import ATTRIBUTE
from gmsd_publication.domain.regions import Regions

PROTECTED_COLUMNS = ("indicator", "moment", "region", "level", "category", "value", "attribute")


@dataclass(frozen=True)
class Model:
    """What a protection step may know beside the cells: what each count means, and what lies in what."""

    product: str
    period: str
    catalogue: Sequence[Indicator]
    regions: Regions


class Protection(Protocol):
    """Makes exact cells publishable."""

    @property
    def name(self) -> str:
        """The public name of the method, as it stands in the release."""

    @property
    def settings(self) -> str:
        """Everything beside the cells that the outcome depends on; part of the release's identity, never published."""

    def protect(self, exact: pl.DataFrame, model: Model) -> pl.DataFrame:
        """All open cells of one release together (`cells.EXACT_COLUMNS`) → PROTECTED_COLUMNS, the same cells in the same order.

        `value` null exactly where `attribute` is not `getoond`. Raises Held when it cannot let this release out.
        """


class NearestFive:
    """`naastgelegen-5`, today's practice: a count under the threshold is shown as `<5`, any other as the nearest multiple.

    Base and threshold are those of the indicator. `<5` covers the truths 0 to 4 alike: nothing tells a true zero.
    """

    name = "naastgelegen-5"

    settings = "base and threshold per indicator of the catalogue"

    def protect(self, exact: pl.DataFrame, model: Model) -> pl.DataFrame:
        """See Protection.protect; never holds."""
        rules = pl.DataFrame(
            {
                "indicator": [indicator.id for indicator in model.catalogue],
                "base": [indicator.base for indicator in model.catalogue],
                "threshold": [indicator.threshold for indicator in model.catalogue],
            },
            {"indicator": exact.schema["indicator"], "base": pl.Int64, "threshold": pl.Int64},
        )
        rounded = (pl.col("count") + pl.col("base") // 2) // pl.col("base") * pl.col("base")
        shown = pl.col("count") >= pl.col("threshold")
        return exact.join(rules, on="indicator", how="left", maintain_order="left").select(
            "indicator", "moment", "region", "level", "category",
            value=pl.when(shown).then(rounded),
            attribute=pl.when(shown)
            .then(pl.lit(Attribute.SHOWN.value, ATTRIBUTE))
            .otherwise(pl.lit(Attribute.BELOW.value, ATTRIBUTE)),
        )  # fmt: skip


PROTECTIONS: dict[str, Protection] = {NearestFive.name: NearestFive()}
"""By public name; a setting chooses."""
