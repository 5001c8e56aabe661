"""The nation knows which of its files must be refused, and at which rows; validation must agree."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from gmsd_contracts.events.delivery_assessed_v1 import Severity, Verdict
from gmsd_contracts.slot import Slot
from gmsd_nation import generate
from gmsd_validation.domain.assess import Assessment, Order, assess
from gmsd_validation.domain.rules.catalogue import RULES

ROW_FAULTS = {
    "bsn-elfproef": "ALG-110",
    "bsn-999999999": "ALG-109",
    "bsn-eight-digits": "ALG-108",
    "duplicate-row": "WMO-060",
    "duplicate-key": "WMO-061",
    "end-before-start": "WMO-011",
    "legal-end-before-start": "WMO-010",
    "start-after-period": "WMO-014",
    "wrong-gemeente": "WMO-001",
    "gemeentecode-form": "ALG-112",
    "impossible-date": "ALG-105",
    "letters-in-date": "ALG-105",
    "ambulantisering-without-type-15": "WMO-040",
    "intensiteit-incomplete": "WMO-041",
    "missing-type": "ALG-114",
}


@pytest.fixture(scope="module")
def nation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("nation")
    generate(str(root), seed=11, scale=0.002, gemeenten=14)
    return root


def _assessed(root: Path, plan: dict[str, Any]) -> tuple[Assessment, list[dict[str, Any]]]:
    data = (root / plan["path"]).read_bytes()
    slot = Slot(
        deliverer=plan["deliverer"], dataset=plan["dataset"], period=plan["period"], part=plan["part"] or ""
    )
    found: list[dict[str, Any]] = []
    outcome = assess(
        lambda: iter([data]),
        Order(slot, f"{slot.dataset}/1", plan["nothing_to_report"], date(2026, 3, 1)),
        records=lambda batch: None,
        findings=lambda batch: found.extend(batch.to_pylist()),
    )
    return outcome, found


def test_every_file_is_judged_as_the_nation_says(nation: Path) -> None:
    truth = pl.read_parquet(nation / "truth" / "faults.parquet")
    seen = set()
    for line in (nation / "deliveries.jsonl").read_text().splitlines():
        plan = json.loads(line)
        outcome, found = _assessed(nation, plan)
        expected = plan["expected"] == "accept"
        assert (outcome.verdict is Verdict.OK) is expected, (plan["path"], plan["faults"], outcome.counts)
        if not plan["faults"]:
            bad = [
                count.rule
                for count in outcome.counts
                if RULES[count.rule].severity is not Severity.WAARSCHUWING
            ]
            assert bad == [], plan["path"]
        for fault in plan["faults"]:
            if fault in ROW_FAULTS:
                rows = truth.filter((pl.col("path") == plan["path"]) & (pl.col("slug") == fault))[
                    "row"
                ].to_list()
                assert {f["row"] for f in found if f["rule"] == ROW_FAULTS[fault]} >= set(rows), (fault, rows)
                seen.add(fault)
    assert len(seen) > 10
