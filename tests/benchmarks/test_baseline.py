"""A baseline that computes something else is no baseline: verdicts against the nation's, cells against the oracle's."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from benchmarks.bare_checks import Sending, checked
from benchmarks.bare_polars import cells, check, order
from benchmarks.cells import CELL, require_equal
from benchmarks.latency import Disagreement, percentile
from benchmarks.nation import BaselineRun, PlatformRun, compare
from benchmarks.stages import Reading, Spent, histograms
from gmsd_nation import generate
from tests.oracle.figures import Accepted, figures

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 12, 31)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Sending, bool]]:
    """Every delivery of a nation in which every class of fault finds room, and whether it is accepted."""
    folder = tmp_path_factory.mktemp("bench") / "nation"
    generate(folder, seed=11, scale=0.003, gemeenten=22)
    lines = [
        json.loads(line) for line in (folder / "deliveries.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    return [
        (
            Sending(
                line["dataset"],
                line["deliverer"],
                line["period"],
                line["part"] or "",
                str(folder / line["path"]) if line["path"] else None,
                line["nothing_to_report"],
            ),
            line["expected"] == "accept",
        )
        for line in lines
    ]


def test_verdicts_are_those_the_nation_expects(plan: list[tuple[Sending, bool]]) -> None:
    wrong = []
    for sending, accepted in plan:
        raw = Path(sending.path).read_bytes() if sending.path else b""
        verdict = checked(sending, raw, TODAY)
        if (verdict.rows is not None) != accepted:
            wrong.append((sending, verdict.counts))
    assert not wrong
    assert {accepted for _, accepted in plan} == {True, False}


@pytest.mark.parametrize("half", [1, 2])
def test_cells_are_the_oracles(plan: list[tuple[Sending, bool]], half: int, tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    period = f"2025HJ{half:02d}"
    in_force = {sending[:4]: Path(sending.path or empty) for sending, accepted in plan if accepted}
    of_period = {slot: path for slot, path in in_force.items() if slot[2] == period}
    truth = figures(
        Accepted(
            {
                (who, int(when[-1])): path
                for (dataset, who, when, _), path in in_force.items()
                if dataset == "wmo"
            },
            sorted(path for slot, path in of_period.items() if slot[0] == "brp"),
            next(path for slot, path in of_period.items() if slot[0] == "regio"),
        ),
        2025,
        half,
    )
    held, _ = check([sending for sending, _ in plan], TODAY)
    found = {row[:4]: row[4] for row in cells(held, period).select(*CELL, "count").iter_rows()}
    assert found == truth.counts
    assert len(found) > 1000


def test_the_script_runs_by_itself(plan: list[tuple[Sending, bool]], tmp_path: Path) -> None:
    document = tmp_path / "order.json"
    wanted = order([sending for sending, _ in plan], ["2025HJ01"], TODAY, tmp_path / "cells.parquet")
    document.write_text(json.dumps(wanted), encoding="utf-8")
    command = [sys.executable, "-m", "benchmarks.bare_polars", str(document)]
    said = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    assert said["refused"] == sum(not accepted for _, accepted in plan)
    assert said["peak_memory_bytes"] > 10_000_000
    assert pl.read_parquet(tmp_path / "cells.parquet")["period"].unique().to_list() == ["2025HJ01"]


def test_cells_that_differ_are_no_comparison() -> None:
    one = pl.DataFrame([("U1", "peildatum", "GM0344", "01", 5)], schema=[*CELL, "count"], orient="row")
    assert require_equal("2025HJ01", one, one) == 1
    more = one.with_columns(count=pl.lit(6, pl.Int64))
    for other in (more, one.clear()):
        with pytest.raises(Disagreement):
            require_equal("2025HJ01", one, other)
        with pytest.raises(Disagreement):
            require_equal("2025HJ01", other, one)


def test_other_verdicts_are_no_comparison() -> None:
    cells = pl.DataFrame([("U1", "peildatum", "GM0344", "01", 5)], schema=[*CELL, "count"], orient="row")
    run = PlatformRun(9, 100, 90, 4, 5, 1.0, 2.0, 3.0, Reading({}, {}), {"2025HJ01": cells})
    held = cells.with_columns(period=pl.lit("2025HJ01"))
    assert compare(run, BaselineRun(0.1, 0.1, 0.3, 1, in_force=4, refused=5, cells=held)) == 1
    with pytest.raises(Disagreement, match="refused"):
        compare(run, BaselineRun(0.1, 0.1, 0.3, 1, in_force=5, refused=4, cells=held))


def test_percentiles_lie_between_the_samples() -> None:
    assert percentile([3.0], 99) == 3.0
    assert percentile([float(n) for n in range(101)], 50) == 50.0
    assert percentile([float(n) for n in range(101)], 99) == 99.0


def test_what_came_on_top_of_an_earlier_reading() -> None:
    page = "\n".join(
        [
            "# TYPE gmsd_x_seconds histogram",
            'gmsd_x_seconds_bucket{group="g",le="+Inf"} 4',
            'gmsd_x_seconds_count{group="g"} 4',
            'gmsd_x_seconds_sum{group="g"} 2.5',
            "# TYPE other_seconds histogram",
            'other_seconds_bucket{le="+Inf"} 1',
            "other_seconds_count 1",
            "other_seconds_sum 1",
            "",
        ]
    )
    assert histograms(page) == {"gmsd_x_seconds{g}": Spent(4, 2.5)}
    key = ("linkage", "gmsd_x_seconds{g}")
    now = Reading({key: Spent(4, 2.5)}, {"linkage": 9.0})
    assert now.since(Reading({key: Spent(1, 0.5)}, {"linkage": 4.0})) == Reading(
        {key: Spent(3, 2.0)}, {"linkage": 5.0}
    )
    # A restarted service counts from nothing.
    assert now.since(Reading({key: Spent(7, 5.0)}, {"linkage": 12.0})) == now
