"""Fuse, attempts, back-off, clock, metrics."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmsd_chassis.bus.attempts import Attempts
from gmsd_chassis.bus.backoff import Backoff
from gmsd_chassis.bus.fuse import Fuse, FuseLimits
from gmsd_chassis.clock import Clock, ShiftedClock
from gmsd_chassis.errors import TryLater, Unprocessable
from gmsd_chassis.metrics import MetricRegistry

LIMITS = FuseLimits(consecutive=4, ratio=0.5, window=10, minimum=6)


def blows(past: Sequence[bool], limits: FuseLimits) -> str | None:
    """Brute force over the whole past: would one more bad record be too many?"""
    run = 0
    for bad in reversed(past):
        if not bad:
            break
        run += 1
    if run + 1 > limits.consecutive:
        return "consecutive"
    seen = [*past[-limits.window :], True]
    bad_ones = sum(seen)
    if len(seen) >= limits.minimum and bad_ones / min(len(seen), limits.window) > limits.ratio:
        return "ratio"
    return None


@given(st.lists(st.booleans(), max_size=40), st.integers(min_value=0, max_value=40))
def test_the_fuse_agrees_with_the_whole_past_and_survives_a_restart(past: list[bool], restart: int) -> None:
    fuse = Fuse(LIMITS)
    for number, bad in enumerate(past):
        if number == restart:
            fuse = Fuse(LIMITS, fuse.history)
        assert fuse.would_blow() == blows(past[:number], LIMITS)
        if bad:
            fuse.bad()
        else:
            fuse.good()
    assert fuse.would_blow() == blows(past, LIMITS)
    assert Fuse(LIMITS, fuse.history).consecutive == fuse.consecutive


async def test_attempts_are_counted_across_processes_and_forgotten_when_finished(tmp_path: Path) -> None:
    event = uuid4()
    for deaths in range(4):
        attempts = Attempts(tmp_path / "a.sqlite")
        assert await attempts.begin("g", event) == deaths
        assert await attempts.begin("another group", uuid4()) == 0
        attempts.close()
    attempts = Attempts(tmp_path / "a.sqlite")
    await attempts.finish("g", event)
    assert await attempts.begin("g", event) == 0
    await attempts.save_fuse("g", "..xx")
    assert await attempts.fuse_history("g") == "..xx"
    assert await attempts.fuse_history("h") == ""
    assert [await attempts.started(), await attempts.started()] == [1, 2]
    attempts.close()


async def test_a_leftover_attempt_is_dropped_after_a_month(tmp_path: Path) -> None:
    event = uuid4()
    attempts = Attempts(tmp_path / "a.sqlite")
    await attempts.begin("g", event)
    attempts.close()
    attempts = Attempts(tmp_path / "a.sqlite", ShiftedClock(timedelta(days=31)))
    assert await attempts.begin("g", event) == 0
    attempts.close()


@given(st.integers(min_value=1, max_value=1000), st.floats(min_value=0, max_value=1e9) | st.none())
def test_a_delay_is_bounded(attempt: int, after: float | None) -> None:
    backoff = Backoff(first=0.5, cap=30)
    delay = backoff.delay(attempt, after)
    assert 0.25 <= delay <= 30
    assert delay >= min(after or 0, 30)


def test_a_shifted_clock_moves_forward() -> None:
    clock = ShiftedClock(timedelta(days=21))
    ahead = clock.now() - Clock().now()
    assert timedelta(days=20, hours=23) < ahead < timedelta(days=21, hours=1)
    clock.advance(timedelta(days=2))
    assert clock.now() - Clock().now() > timedelta(days=22)
    with pytest.raises(ValueError, match="forward"):
        clock.advance(timedelta(days=-1))
    with pytest.raises(ValueError, match="forward"):
        ShiftedClock(scale=0)


@pytest.mark.parametrize("reason", ["", "Not A Slug", "999990019", "a" * 65, "with-dash"])
def test_a_reason_is_a_slug(reason: str) -> None:
    with pytest.raises(ValueError, match="slug"):
        Unprocessable(reason)
    with pytest.raises(ValueError, match="slug"):
        TryLater(reason)


def test_a_metric_is_declared_once_with_a_sentence() -> None:
    metrics = MetricRegistry()
    counter = metrics.counter("gmsd_x_total", "Things that were counted.", ("reason",))
    for name, sentence in [
        ("gmsd_x_total", "Things counted again."),
        ("x_total", "No prefix on this."),
        ("gmsd_y_total", "y"),
    ]:
        with pytest.raises(ValueError, match="gmsd_"):
            metrics.counter(name, sentence)
    with pytest.raises(ValueError, match="_total"):
        metrics.counter("gmsd_x", "Things that were counted.")
    counter.inc(reason="bad_id")
    with pytest.raises(ValueError, match="labels"):
        counter.inc(cause="bad_id")
    assert [(doc.name, doc.kind, doc.labels) for doc in metrics.documented()] == [
        ("gmsd_x_total", "counter", ("reason",))
    ]
    assert b'gmsd_x_total{reason="bad_id"} 1.0' in metrics.exposition()


@given(st.text())
def test_a_label_never_holds_a_long_number(value: str) -> None:
    metrics = MetricRegistry()
    counter = metrics.counter("gmsd_x_total", "Things that were counted.", ("reason",))
    counter.inc(reason=value)
    counter.inc(reason="999990019")
    counter.inc(reason=f"a{value}999990019")
    assert b"999990019" not in metrics.exposition()
    assert counter.value(reason="other") >= 2


def test_the_number_of_series_is_bounded() -> None:
    metrics = MetricRegistry()
    counter = metrics.counter("gmsd_x_total", "Things that were counted.", ("a", "b"))
    for number in range(500):
        counter.inc(a=f"v{number}", b="x")
    assert metrics.exposition().count(b"gmsd_x_total{") <= 201
    assert counter.value(a="other", b="other") == 300
