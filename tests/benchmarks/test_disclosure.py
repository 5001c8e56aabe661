"""`make bench-disclosure` on tables of our own: peers are asked rightly, children end, and a demand that is not met is said."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from rich.console import Console

from benchmarks.disclosure.__main__ import main
from benchmarks.disclosure.goals import GOALS
from benchmarks.disclosure.instances import BASE, COUNT, Instance, own, published_by
from benchmarks.disclosure.layouts import layout
from benchmarks.disclosure.lines import Line, judged, told
from benchmarks.disclosure.peers import ctrl, jj, tau
from benchmarks.disclosure.report import Report
from benchmarks.disclosure.runs import run
from benchmarks.disclosure.tasks import rounding
from benchmarks.disclosure.tasks.proof import disagreements
from benchmarks.machine import machine
from tests.benchmarks.tasks import spin, wait, weigh

ROOT = Path(__file__).resolve().parents[2]
ENDED = 60.0
"""Seconds in which each of these small things ends by itself."""


@pytest.fixture(scope="module")
def small() -> Instance:
    """Nine buurten."""
    return own(wijken=3, buurten=3)


def test_our_own_tables_are_the_same_every_time_and_add_up(small: Instance) -> None:
    again = own(wijken=3, buurten=3)
    assert np.array_equal(small.truth, again.truth)
    small.model.check()
    small.model.check_truth(small.truth)
    assert 0 < np.count_nonzero(small.small) < small.model.size
    innermost = [int(row[COUNT]) for row in small.rows]
    assert np.array_equal(published_by(small, innermost), small.truth)
    assert max(small.truth) == sum(innermost)


@pytest.mark.parametrize(
    ("gemeenten", "deep", "cells"), [(1, False, 5_240), (1, True, 23_240), (2, False, 12_300)]
)
def test_a_gemeente_is_laid_out_as_disclosure_md_has_it(gemeenten: int, deep: bool, cells: int) -> None:
    """Two gemeenten stand under two of twelve provinces and a country of 140 figures each."""
    made = layout(gemeenten, deep)
    assert made.model.size == len(made.truth) == len(list(made.model.names)) == cells
    assert made.model.names[cells - 1] == list(made.model.names)[-1]
    made.model.check()
    made.model.check_truth(made.truth)


def test_small_releases_agree_with_every_table_there_is() -> None:
    assert disagreements(2) == (0, 0)


def test_tau_argus_rounds_what_it_is_given(small: Instance) -> None:
    done = run(ENDED, tau.round_table, jj.rounding(small.model, small.truth), BASE, 1)
    assert not done.trouble and done.answer is not None
    published = np.array([done.answer[cell] for cell in range(small.model.size)])
    assert rounding.violated(small.model, published) == 0
    assert np.abs(published - small.truth).max() < BASE


def test_ctrl_round_rounds_the_innermost_counts_in_their_order(small: Instance) -> None:
    done = run(ENDED, ctrl.round_table, small.rows, small.columns, COUNT, small.margins, BASE)
    assert not done.trouble and done.answer is not None
    truth = [int(row[COUNT]) for row in small.rows]
    assert all(one % BASE == 0 and abs(one - was) < BASE for one, was in zip(done.answer, truth, strict=True))


def test_tau_argus_suppresses_and_audits_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    of = own(wijken=2, buurten=2, kinds=2)
    text = jj.for_suppression(of, jj.Asked(of.truth.clip(1).tolist(), full=False))
    done = run(ENDED, tau.suppress, text, 1)
    assert not done.trouble and done.answer is not None
    assert not of.small[done.answer].any()
    audited = run(ENDED, tau.audit, jj.marked(text, done.answer))
    assert audited.answer is not None
    assert {int(row["cell"]) for row in audited.answer} == set(np.flatnonzero(of.small)) | set(done.answer)
    assert not any(row["unsafe"] for row in audited.answer)
    assert not list(tmp_path.iterdir()) and not (ROOT / "FullJJ.log").exists(), "its logs go with the child"


def test_a_child_weighs_what_it_holds_and_not_what_its_parent_does() -> None:
    heavy = bytearray(b"x" * 300_000_000)
    light = run(ENDED, weigh, 1)
    loaded = run(ENDED, weigh, 150_000_000)
    assert len(heavy) == 300_000_000
    assert light.peak_bytes < 300_000_000
    assert loaded.peak_bytes - light.peak_bytes > 140_000_000


def test_a_child_that_does_not_end_is_ended_and_said_to_be() -> None:
    late = run(1, spin)
    assert late.answer is None
    assert late.trouble.startswith("stopped after 1 s")
    idle = run(0.5, wait, 600.0)
    assert idle.answer is None and idle.wall < 60
    assert idle.trouble.startswith("stopped after")


def test_a_child_that_fails_says_why(small: Instance) -> None:
    failed = run(ENDED, rounding.violated, small.model, small.truth[:3])
    assert failed.answer is None
    assert failed.trouble.startswith("ValueError")
    died = run(ENDED, os._exit, 9)
    assert died.trouble.startswith("ended with code 9")


def test_a_demand_without_an_answer_is_not_met() -> None:
    failed = run(ENDED, wait, -1.0)
    line = judged("G2", "something", failed, "fine", "fine", True)
    assert line.verdict == "NOT MET" and line.found.startswith("ValueError")
    fine: Any = np.True_
    counted = judged("G2", "a count", run(ENDED, wait, 0.0), "0", "0", fine)
    assert json.loads(json.dumps(counted.document()))["met"] is True
    report = Report(machine(), {}, {"G2": "asks"}, [line, counted, told("G2", "peer", "something", failed)])
    console = Console(record=True, width=200, quiet=True)
    with console.capture() as shown:
        console.quiet = False
        report.show(console, "G2")
        report.verdict(console)
    assert "1 of 2 demands met" in shown.get()
    assert "NOT MET G2 something" in shown.get()


def test_a_quick_run_prints_and_writes_every_line(tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    options = ["--quick", "--only", "G2", "--grens", "20", "--uit", str(out)]
    environment = {name: value for name, value in os.environ.items() if name != "SDC_TABLES"}
    command = [sys.executable, "-m", "benchmarks.disclosure", *options]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "demands met" in done.stdout and "SDC_TABLES" in done.stdout
    lines = [Line(**line) for line in json.loads(out.read_text(encoding="utf-8"))["lines"]]
    assert {line.goal for line in lines} == {"G2"}
    assert {line.who.split()[0] for line in lines} == {"gmsd", "pytauargus", "CtrlRound"}
    assert all(line.found for line in lines)


def test_an_unknown_goal_is_refused() -> None:
    with pytest.raises(typer.BadParameter) as refused:
        main(only="G2,G9")
    assert all(name in str(refused.value) for name in ("G9", *GOALS))
