"""The same arguments give the same bytes."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gmsd_nation import generate
from tests.nation.conftest import GEMEENTEN, SCALE, SEED, Written


def test_same_bytes_in_another_process(written: Written, tmp_path: Path) -> None:
    """Another hash seed and another number of threads change nothing."""
    code = f"from gmsd_nation import generate; generate({str(tmp_path / 'b')!r}, {SEED}, {SCALE}, gemeenten={GEMEENTEN})"
    env = os.environ | {"PYTHONHASHSEED": "4711", "POLARS_MAX_THREADS": "1"}
    subprocess.run([sys.executable, "-c", code], check=True, env=env)
    assert (tmp_path / "b" / "manifest.sha256").read_bytes() == (
        written.folder / "manifest.sha256"
    ).read_bytes()


def test_another_seed_is_another_nation(written: Written, tmp_path: Path) -> None:
    generate(tmp_path / "c", SEED + 1, SCALE, gemeenten=GEMEENTEN)
    assert (tmp_path / "c" / "manifest.sha256").read_bytes() != (
        written.folder / "manifest.sha256"
    ).read_bytes()


def test_manifest_is_complete_and_right(written: Written) -> None:
    listed = {}
    for line in (written.folder / "manifest.sha256").read_text(encoding="utf-8").splitlines():
        digest, path = line.split("  ", 1)
        listed[path] = digest
    files = {str(p.relative_to(written.folder)) for p in written.folder.rglob("*") if p.is_file()}
    assert set(listed) == files - {"manifest.sha256"}
    for path, digest in listed.items():
        assert hashlib.sha256((written.folder / path).read_bytes()).hexdigest() == digest


def test_a_folder_in_use_is_refused(written: Written) -> None:
    with pytest.raises(FileExistsError):
        generate(written.folder, SEED, SCALE, gemeenten=GEMEENTEN)


@pytest.mark.parametrize(
    ("scale", "gemeenten", "periods"),
    [
        (0.0, None, ("2025HJ01",)),
        (1.5, None, ("2025HJ01",)),
        (0.01, 2, ("2025HJ01",)),
        (0.01, 343, ("2025HJ01",)),
        (0.01, 10, ()),
        (0.01, 10, ("2025HJ03",)),
        (0.01, 10, ("2025MM03",)),
        (0.01, 10, ("2024HJ02", "2025HJ01")),
        (0.01, 10, ("2025HJ01", "2025HJ01")),
    ],
)
def test_arguments_out_of_range(
    tmp_path: Path, scale: float, gemeenten: int | None, periods: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError, match=r"."):
        generate(tmp_path / "x", 1, scale, periods, gemeenten=gemeenten)
    assert not (tmp_path / "x").exists()


def test_an_interrupted_run_leaves_no_nation_and_no_obstacle(tmp_path: Path) -> None:
    class Interrupted(Exception):
        pass

    def stop(done: int, all_: int) -> None:
        if done == 2:
            raise Interrupted

    folder = tmp_path / "n"
    with pytest.raises(Interrupted):
        generate(folder, 2, 0.001, gemeenten=6, progress=stop)
    assert not folder.exists()
    generate(folder, 2, 0.001, gemeenten=6)
    assert (folder / "manifest.sha256").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["n"]


def test_one_period_of_another_year(tmp_path: Path) -> None:
    nation = generate(tmp_path / "y", 2, 0.001, ("2024HJ01",), gemeenten=8)
    assert {delivery.period for delivery in nation.deliveries} == {"2024HJ01"}
    regio = (tmp_path / "y/truth/accepted/regio/2024HJ01/CBS.parquet").exists()
    assert regio
    assert not any("cropped-episode" in delivery.faults for delivery in nation.deliveries)
