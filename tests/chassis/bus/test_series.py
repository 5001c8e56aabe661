"""Series that alerts trust: there when something is wrong, also after a restart, and absent where nothing can be."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from gmsd_chassis.bus.fold import Fold, FoldStore
from gmsd_chassis.clock import Clock
from gmsd_chassis.keyring import RetentionSweep
from gmsd_chassis.keyring.retention import LAST_SWEEP
from gmsd_chassis.metrics import FOLD_SKIPPED, registry
from gmsd_contracts.topics import DELIVERIES
from gmsd_contracts.zones import Zone

SWEPT = "gmsd_retention_last_sweep_timestamp_seconds"


def test_what_a_fold_skipped_is_counted_again_after_a_restart(tmp_path: Path) -> None:
    store = FoldStore(tmp_path / "fold.sqlite", [])
    with store.write() as connection:
        for offset in range(3):
            connection.execute(
                "INSERT INTO fold_skipped VALUES ('counted', 'deliveries', 0, ?, 'unlucky')", (offset,)
            )
        connection.execute("INSERT INTO fold_skipped VALUES ('another', 'deliveries', 0, 9, 'unlucky')")
    Fold(name="counted", topics=[DELIVERIES], store=store, apply=lambda *_: None, bootstrap="127.0.0.1:1")
    store.close()
    assert FOLD_SKIPPED.value(fold="counted", reason="unlucky") == 3


def test_a_service_without_a_sweep_has_no_series_of_one_and_another_begins_at_none() -> None:
    code = "import gmsd_chassis.keyring; from gmsd_chassis.metrics import registry; print(registry.exposition().decode())"
    alone = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert f"# TYPE {SWEPT}" in alone
    assert f"\n{SWEPT}" not in alone

    nowhere = cast("Any", None)
    RetentionSweep(
        nowhere, "127.0.0.1:1", [DELIVERIES], {Zone.IDENTIFYING}, lambda *_: timedelta(1), "linkage", Clock()
    )
    assert LAST_SWEEP.value(owner="linkage") == 0
    assert f'{SWEPT}{{owner="linkage"}} 0.0' in registry.exposition().decode()
