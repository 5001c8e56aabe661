"""Published cells from patterns, by the rule in the docstring of `gmsd_contracts.cells`."""

from collections import defaultdict

import pyarrow as pa

from gmsd_contracts.catalogue import INDICATORS
from tests.aggregation.oracle import Cell


def ancestors(frame: pa.Table) -> dict[str, list[str]]:
    land = next(row["region"] for row in frame.to_pylist() if row["level"] == "LD")
    found = {}
    for row in frame.to_pylist():
        inside = [row["region"], row["wijk"], row["gemeente"], row["provincie"], land]
        found[row["region"]] = list(dict.fromkeys(code for code in inside if code is not None))
    return found


def values(cells: pa.Table, frame: pa.Table) -> dict[Cell, int]:
    """(indicator, moment, region, category) → count; cells with nobody are absent."""
    inside = ancestors(frame)
    groups = defaultdict(list)
    for number, row in enumerate(cells.to_pylist()):
        alone = number if row["unit"] == 0 else -row["unit"]
        groups[row["indicator"], row["moment"], alone].append(row)
    totals: dict[Cell, int] = defaultdict(int)
    for (indicator, moment, _), components in groups.items():
        touched = {
            (indicator, moment, region, category)
            for row in components
            for region in inside[row["region"]]
            for category, mask in INDICATORS[indicator].cells().items()
            if mask & row["mask"]
        }
        for cell in touched:
            totals[cell] += components[0]["count"]
    return dict(totals)
