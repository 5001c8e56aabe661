"""The whole of `python -m benchmarks`, tiny: it runs, its answers agree, and every figure it promises is there."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.e2e
@pytest.mark.broker
@pytest.mark.timeout(400)
def test_a_tiny_run_prints_and_writes_every_figure(tmp_path: Path) -> None:
    sizes = ["--schaal", "0.002", "--gemeenten", "8", "--aantal", "2", "--rijen", "100"]
    places = ["--uit", str(tmp_path / "bench.json"), "--werk", str(tmp_path / "work")]
    command = [sys.executable, "-m", "benchmarks", *sizes, *places]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    for heading in ("load average", "1. Upload", "2. The nation", "3. Processes", "4. Where"):
        assert heading in run.stdout
    found = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    assert found["upload_to_findings"]["uploads"] == 2
    assert found["upload_to_findings"]["findings"] > 0
    assert found["nation"]["cells_compared"] > 1000
    assert found["nation"]["refused"] > 0
    services = {"intake", "validation", "linkage", "aggregation", "publication"}
    assert found["peak_memory_bytes"].keys() == services | {"kafka", "bare_polars"}
    assert {stage["service"] for stage in found["stages"]} == services
    assert not list((tmp_path / "work").glob("state-*")), "a run leaves its nation, not its state"
