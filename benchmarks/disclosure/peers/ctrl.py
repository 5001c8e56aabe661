"""CtrlRound (C. Gagné, MIT): best-first controlled rounding of innermost counts, with margins that follow."""

from collections.abc import Mapping, Sequence

import pandas as pd  # type: ignore[import-untyped]
from CtrlRound import ctrl_round

NAME = "CtrlRound 0.6.0"


def round_table(
    rows: Sequence[Mapping[str, str]], columns: list[str], count: str, margins: list[list[str]], base: int
) -> list[int]:
    """The rounded innermost counts, in the order of `rows`."""
    frame = pd.DataFrame(rows).astype({count: int})
    found = ctrl_round(frame, by=columns, var=count, margins=margins, rounding_base=base)["rounded_table"]
    return [int(value) for value in frame[columns].merge(found, on=columns, how="left")[count]]
