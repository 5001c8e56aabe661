"""Jobs that behave, and jobs that do not."""

import ctypes
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from gmsd_chassis.isolation import Bench

SECRET = "999990019"
"""Stands for a cell value: no error may repeat it."""


def echo(bench: Bench, args: dict[str, Any]) -> dict[str, Any]:
    """Copy the content to sink `out`."""
    size = 0
    for piece in bench.read():
        bench.write("out", piece)
        size += len(piece)
    return {"size": size, "args": args}


def digest_twice(bench: Bench, args: dict[str, Any]) -> dict[str, Any]:
    """Read a little, then all, then all as a file."""
    begun = bench.read()
    first = next(begun)
    digests = [hashlib.sha256(b"".join(bench.read())).hexdigest()]
    with bench.reader() as file:
        digests.append(hashlib.sha256(file.read()).hexdigest())
    try:
        next(begun)
    except RuntimeError:
        return {"first": len(first), "digests": digests}
    raise AssertionError("an iterator that was overtaken went on")


def arrow(bench: Bench, args: dict[str, Any]) -> dict[str, Any]:
    """CSV in, Arrow out, through Polars: what a real job does."""
    import polars as pl
    import pyarrow as pa

    with bench.reader() as file:
        table = pl.read_csv(file.read(), separator=";").to_arrow()
    with bench.writer("out") as sink, pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return {"rows": table.num_rows, "threads": pl.thread_pool_size()}


def generate(bench: Bench, args: dict[str, Any]) -> dict[str, Any]:
    """Write `bytes` bytes, in pieces larger than a frame."""
    piece = os.urandom(4 * 1024 * 1024)
    for _ in range(args["bytes"] // len(piece)):
        bench.write("out", piece)
    return {}


def two_sinks(bench: Bench, args: dict[str, Any]) -> dict[str, Any]:
    """Alternate between two sinks."""
    for number in range(100):
        bench.write("even" if number % 2 == 0 else "odd", b"%d," % number)
    return {}


def unknown_sink(bench: Bench, args: dict[str, Any]) -> dict[str, Any]:
    """Write to a sink nobody gave."""
    bench.write("nowhere", b"x")
    return {}


def raise_secret(bench: Bench, args: dict[str, Any]) -> dict[str, Any]:
    """Raise an exception whose text holds a cell value."""
    raise ValueError(SECRET)


def raise_in_library(bench: Bench, args: dict[str, Any]) -> dict[str, Any]:
    """Let Polars raise with a cell value in the text."""
    import polars as pl

    return {"sum": pl.Series([f"x{SECRET}"]).cast(pl.Int64).sum()}


def leave(bench: Bench, args: dict[str, Any]) -> dict[str, Any]:
    """Raise what is no Exception."""
    sys.exit(SECRET)


def too_long_a_result(bench: Bench, args: dict[str, Any]) -> dict[str, Any]:
    """Return what belongs in a sink."""
    return {"rows": "x" * 5_000_000}


def devour(bench: Bench, args: dict[str, Any]) -> dict[str, Any]:
    """Touch ever more memory, a little at a time: what the watch on resident memory is for."""
    kept = []
    while True:
        kept.append(b"x" * 1_000_000)
        time.sleep(0.0005)


def reserve(bench: Bench, args: dict[str, Any]) -> dict[str, Any]:
    """Ask for more address space than there is, at once: Python raises MemoryError."""
    return {"length": len(bytearray(64 * 1024**3))}


def reserve_in_polars(bench: Bench, args: dict[str, Any]) -> dict[str, Any]:
    """The same in Rust, which aborts the process."""
    import polars as pl

    return {"height": pl.int_range(0, 4_000_000_000, eager=True).len()}


def loop(bench: Bench, args: dict[str, Any]) -> dict[str, Any]:
    """Never end."""
    while True:
        pass


def loop_in_c(bench: Bench, args: dict[str, Any]) -> dict[str, Any]:
    """Never end, where no Python signal handler and no other thread comes in between."""
    ctypes.PyDLL(None).usleep(2**31)
    return {}


def sleep_with_grandchild(bench: Bench, args: dict[str, Any]) -> dict[str, Any]:
    """Start a process of one's own, say its pid, and never end."""
    child = subprocess.Popen(["sleep", "1000"], stdin=subprocess.DEVNULL)
    bench.write("out", b"%d" % child.pid)
    time.sleep(1000)
    return {}


def segfault(bench: Bench, args: dict[str, Any]) -> dict[str, Any]:
    """Read address 0."""
    ctypes.string_at(0)
    return {}


def exit_at_once(bench: Bench, args: dict[str, Any]) -> dict[str, Any]:
    """Leave without a word."""
    os._exit(7)


def say_pid(bench: Bench, args: dict[str, Any]) -> dict[str, Any]:
    """Say who we are, then wait."""
    bench.write("out", b"%d" % os.getpid())
    time.sleep(args["seconds"])
    return {"pid": os.getpid()}


def babble(bench: Bench, args: dict[str, Any]) -> dict[str, Any]:
    """Talk more on stderr and stdout than a pipe holds."""
    for _ in range(100):
        os.write(2, b"x" * 10_000)
        os.write(1, b"x" * 10_000)
    return {}


def write_file(bench: Bench, args: dict[str, Any]) -> dict[str, Any]:
    """Try to leave plaintext on disk."""
    Path(args["path"]).write_bytes(b"x")
    return {}


def environment(bench: Bench, args: dict[str, Any]) -> dict[str, Any]:
    """What the child was told, and which descriptors it holds."""
    return {
        "variables": sorted(os.environ),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "pipe": signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN,
        "modules": [
            name for name in ("aiokafka", "cryptography", "polars", "pyarrow") if name in sys.modules
        ],
    }
