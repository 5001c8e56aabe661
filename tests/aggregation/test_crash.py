"""SIGKILL in the middle of an insert."""

import json
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

ROOT = Path(__file__).resolve().parents[2]


def test_what_a_killed_load_left_is_never_seen_and_the_next_attempt_is_right(tmp_path: Path) -> None:
    delivery = uuid4()

    def command(how: str) -> list[str]:
        return [
            sys.executable,
            "-m",
            "tests.aggregation.loading_process",
            str(tmp_path / "w"),
            how,
            str(delivery),
        ]

    for inserts in (1, 3):
        killed = subprocess.Popen(command("half"), stdout=subprocess.PIPE, cwd=ROOT)
        assert killed.stdout is not None
        for _ in range(inserts):
            assert killed.stdout.readline() == b"inserted\n"
        killed.kill()
        killed.wait()
    ended = subprocess.run(command("whole"), capture_output=True, cwd=ROOT, check=True)
    before, after = json.loads(ended.stdout.splitlines()[-1])
    assert before["live"] == before["effective"] == 0 and before["stored"] >= 1000
    assert after == {"live": 1000, "effective": 1000, "stored": 1000}
