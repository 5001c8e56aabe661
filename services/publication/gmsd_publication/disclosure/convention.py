"""The ways in which publishers make figures of counts, by name."""

from enum import StrEnum


class Convention(StrEnum):
    """How a publisher made figures of counts. Where a rule is not known in detail, the wider interval is meant."""

    EXACT = "exact"
    """v says v."""
    NEAREST_5 = "naastgelegen-5"
    """Every count by itself to the nearest multiple of 5: v says v−2 to v+2."""
    NEAREST_10 = "naastgelegen-10"
    """The same to 10, halves either way: v−5 to v+5."""
    THRESHOLD_NEAREST_5 = "drempel-naastgelegen-5"
    """Counts under the threshold are hidden first, the others go to the nearest multiple of 5: v says
    v−2 to v+2 and never under the threshold; a printed 0 is nobody."""
    ROUNDED_5 = "afronden-5"
    """Up or down to a multiple of 5, by chance or so that sums hold: v says v−4 to v+4."""
    ROUNDED_10 = "afronden-10"
    """The same to 10: v−9 to v+9."""
