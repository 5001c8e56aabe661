"""How final a period's figures are: product.md, the life of a delivery, step 7."""

from collections.abc import Collection

from gmsd_contracts.events.publication import Status
from gmsd_contracts.period import bounds


def status_of(period: str, published: Collection[str]) -> Status:
    """Voorlopig; nader voorlopig when the next half-year of the product is out; definitief when next year's first half is.

    `published`: periods of the product with a live release. For a second half-year the next half-year is next year's
    first, so it becomes definitief at once. Periods that are no half-year stay voorlopig until the next year's first half.
    """
    first, _ = bounds(period)
    if f"{first.year + 1}HJ01" in published:
        return "definitief"
    if period == f"{first.year}HJ01" and f"{first.year}HJ02" in published:
        return "nader voorlopig"
    return "voorlopig"
