"""Jobs in the place of `assess` that end badly, after writing some records."""

import os
import time
from typing import Any

from gmsd_chassis.isolation import Bench


def exhaust(bench: Bench, args: dict[str, Any]) -> dict[str, Any]:
    bench.write("records", b"x" * 2_000_000)
    raise MemoryError


def crash(bench: Bench, args: dict[str, Any]) -> dict[str, Any]:
    bench.write("records", b"x" * 2_000_000)
    os._exit(3)


def linger(bench: Bench, args: dict[str, Any]) -> dict[str, Any]:
    time.sleep(60)
    return {}


def break_down(bench: Bench, args: dict[str, Any]) -> dict[str, Any]:
    raise ValueError(b"".join(bench.read()))
