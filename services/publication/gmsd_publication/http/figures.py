"""What one figure says on the page: a number, or why there is none, in words."""

from dataclasses import dataclass

from gmsd_contracts.catalogue import ZERO, Attribute
from gmsd_publication.domain.rates import MIN_BASE, per_1000
from gmsd_publication.http.names import number_words

SHORT = {
    Attribute.BELOW: "minder dan 5",
    Attribute.BELOW_10: "minder dan 10",
    Attribute.BELOW_20: "minder dan 20",
    Attribute.SUPPRESSED: "onderdrukt",
    Attribute.IMPOSSIBLE: "kan niet",
    Attribute.NOT_DELIVERED: "niet geleverd",
    Attribute.NOT_APPROVED: "niet goedgekeurd",
    Attribute.NO_CONSENT: "geen toestemming",
    Attribute.NO_REGION: "regio bestond niet",
}
"""In a table cell and beside a bar."""


@dataclass(frozen=True)
class Figure:
    """One cell for readers. `rate` None: no rate can be given; `count` and `per_1000` are always a text."""

    value: int | None
    attribute: Attribute
    denominator: int | None

    @property
    def rate(self) -> float | None:
        """Per 1 000, one decimal."""
        found = per_1000(self.value, self.denominator)
        return None if found is None else float(found)

    @property
    def shown(self) -> bool:
        """Whether there is a number."""
        return self.value is not None

    @property
    def count(self) -> str:
        """`1.240`, or `minder dan 5`."""
        return SHORT[self.attribute] if self.value is None else number_words(self.value)

    @property
    def short(self) -> str:
        """As `count`, with `<5` for a narrow place."""
        return self.attribute.value if self.attribute in ZERO else self.count

    @property
    def per_1000(self) -> str:
        """`54,2`, or a dash: the count beside it says why."""
        return "–" if self.rate is None else number_words(self.rate, 1)

    @property
    def label(self) -> str:
        """What stands at the end of the bar."""
        if self.rate is not None:
            return number_words(self.rate, 1)
        if self.value is not None:
            return "geen verhouding" if (self.denominator or 0) < MIN_BASE else "–"
        return self.short
