"""What a printed figure says of the truth by the rule alone, cell by cell."""

from tests.publication.disclosure.attacker.paper import ENDLESS, Impossible, Window

HIDDEN: Window = (0, ENDLESS)
"""Under one mark that primaries, secondaries and zeros carry alike."""


def controlled(shown: int, base: int = 5, steps: int = 0) -> Window:
    """Under controlled rounding: less than base · (steps + 1) off."""
    reach = base * (steps + 1) - 1
    return max(0, shown - reach), shown + reach


def nearest(shown: int, base: int = 5) -> Window:
    """Each cell to the nearest multiple, halves up."""
    return max(0, shown - base // 2), shown + (base - 1) // 2


def marked_small(base: int = 5, zeros: bool = False) -> Window:
    """Under a mark of its own for figures below the base, zeros among them or not."""
    return (0 if zeros else 1), base - 1


def exact(shown: int) -> Window:
    """Printed as it is."""
    return shown, shown


def sticky(previous: int, shown: int, base: int = 5) -> Window:
    """When a publisher keeps a figure as long as the truth stays in its window: a figure that moved left that window."""
    low, high = controlled(shown, base)
    if previous == shown:
        return low, high
    old_low, old_high = controlled(previous, base)
    if shown > previous:
        low = max(low, old_high + 1)
    else:
        high = min(high, old_low - 1)
    if low > high:
        raise Impossible(f"no truth moves a figure that stays as long as it can from {previous} to {shown}")
    return low, high
