"""From the exclusive patterns of a snapshot to cells, one component at a time (the docstring of gmsd_contracts.cells)."""

from collections import defaultdict
from collections.abc import Iterable

import pyarrow as pa

from tests.oracle.figures import AGES, GROUPS, Cell

WMO_CODES = [f"{number:02d}" for number in range(1, 19)]
AGE_CODES = [code for code, _ in AGES]


def cells_of(patterns: pa.Table, frame: pa.Table, without: Iterable[str] = ()) -> dict[Cell, int]:
    """Non-zero cells. `without`: gemeenten whose components of U1 and U2 are dropped first."""
    parents = {
        row["region"]: [row["region"], row["wijk"], row["gemeente"], row["provincie"], "NL01"]
        for row in frame.to_pylist()
    }
    dropped = set(without)
    groups: dict[tuple[str, str, int], list[dict[str, object]]] = defaultdict(list)
    for number, row in enumerate(patterns.to_pylist()):
        if row["gemeente"] in dropped and row["indicator"] != "P1":
            continue
        # Rows of unit 0 stand alone; the others are joined by their unit.
        key = row["unit"] if row["unit"] > 0 else -1 - number
        groups[row["indicator"], row["moment"], key].append(row)
    cells: dict[Cell, int] = defaultdict(int)
    for (indicator, moment, _), components in groups.items():
        counts = {component["count"] for component in components}
        assert len(counts) == 1, "the components of a unit describe the same people"
        (count,) = counts
        assert isinstance(count, int)
        assert count > 0
        touched = {
            (region, category)
            for component in components
            for region in dict.fromkeys(filter(None, parents[str(component["region"])]))
            for category in _categories(indicator, int(str(component["mask"])))
        }
        for region, category in touched:
            cells[indicator, moment, region, category] += count
    return dict(cells)


def _categories(indicator: str, mask: int) -> set[str]:
    codes = AGE_CODES if indicator == "P1" else WMO_CODES
    members = {code for bit, code in enumerate(codes) if mask >> bit & 1}
    assert members
    groups = {} if indicator == "P1" else GROUPS
    return members | {group for group, codes_of in groups.items() if members & codes_of} | {"totaal"}
