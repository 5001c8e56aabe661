"""A typed, documented registry of metrics with bounded labels, and the metrics of the chassis itself.

Every metric is declared once, at import, with a sentence; `registry.documented()` feeds the test that compares the
declarations with the documentation. One process is one service, so one registry per process is the whole truth.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import prometheus_client
from prometheus_client import CollectorRegistry, ProcessCollector

Kind = Literal["counter", "gauge", "histogram"]
M = TypeVar("M", prometheus_client.Counter, prometheus_client.Gauge, prometheus_client.Histogram)

OTHER = "other"
# 25 event types x 8 groups is the largest product the system has; more means that a label holds data.
MAX_SERIES = 200
_NAME = re.compile(r"gmsd_[a-z][a-z0-9_]*")
_LABEL_VALUE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,95}")
_LONG_NUMBER = re.compile(r"\d{8}")

SECONDS = (0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
"""From one acknowledged message (5 ms) to the time limit of a job on a large file (10 min)."""


@dataclass(frozen=True)
class MetricDoc:
    """One line of the metric catalogue."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...]


class _Metric(Generic[M]):
    """Keeps the number of series bounded, and anything that looks like a number of a person out of the labels."""

    def __init__(self, metric: M, labels: tuple[str, ...]) -> None:
        self._metric: M = metric
        self._labels = labels
        self._seen: set[tuple[str, ...]] = set()

    def _series(self, values: dict[str, str]) -> M:
        if set(values) != set(self._labels):
            raise ValueError(f"labels are {self._labels}, given {tuple(values)}")
        if not self._labels:
            return self._metric
        key = tuple(_bounded(values[label]) for label in self._labels)
        if key not in self._seen and len(self._seen) >= MAX_SERIES:
            key = (OTHER,) * len(self._labels)
        self._seen.add(key)
        return self._metric.labels(*key)


def _bounded(value: str) -> str:
    fits = _LABEL_VALUE.fullmatch(value) is not None and _LONG_NUMBER.search(value) is None
    return value if fits else OTHER


class Counter(_Metric[prometheus_client.Counter]):
    """Only goes up."""

    def inc(self, amount: float = 1, **labels: str) -> None:
        """Add."""
        self._series(labels).inc(amount)

    def value(self, **labels: str) -> float:
        """What was counted in this process; for tests and for health."""
        return float(self._series(labels)._value.get())


class Gauge(_Metric[prometheus_client.Gauge]):
    """Goes up and down."""

    def set(self, value: float, **labels: str) -> None:
        """Replace."""
        self._series(labels).set(value)

    def value(self, **labels: str) -> float:
        """What was last set in this process."""
        return float(self._series(labels)._value.get())


class Histogram(_Metric[prometheus_client.Histogram]):
    """A distribution."""

    def observe(self, value: float, **labels: str) -> None:
        """Add one observation."""
        self._series(labels).observe(value)


class MetricRegistry:
    """Declares metrics; refuses a second one with the same name and a name outside `gmsd_`."""

    def __init__(self) -> None:
        self.collectors = CollectorRegistry(auto_describe=True)
        self._docs: dict[str, MetricDoc] = {}

    def counter(self, name: str, sentence: str, labels: Sequence[str] = ()) -> Counter:
        """`name` ends in `_total`; `sentence` says what one count means."""
        if not name.endswith("_total"):
            raise ValueError(f"{name}: a counter is named …_total")
        self._declare(name, "counter", sentence, labels)
        return Counter(
            prometheus_client.Counter(name, sentence, labels, registry=self.collectors), tuple(labels)
        )

    def gauge(self, name: str, sentence: str, labels: Sequence[str] = ()) -> Gauge:
        """`sentence` says what is measured and in which unit."""
        self._declare(name, "gauge", sentence, labels)
        return Gauge(prometheus_client.Gauge(name, sentence, labels, registry=self.collectors), tuple(labels))

    def histogram(
        self, name: str, sentence: str, labels: Sequence[str] = (), buckets: Sequence[float] = SECONDS
    ) -> Histogram:
        """`buckets` are upper bounds, in the unit that the name ends in."""
        self._declare(name, "histogram", sentence, labels)
        metric = prometheus_client.Histogram(
            name, sentence, labels, registry=self.collectors, buckets=buckets
        )
        return Histogram(metric, tuple(labels))

    def documented(self) -> list[MetricDoc]:
        """Every declared metric, by name."""
        return sorted(self._docs.values(), key=lambda doc: doc.name)

    def exposition(self) -> bytes:
        """The Prometheus text format."""
        return prometheus_client.generate_latest(self.collectors)

    def _declare(self, name: str, kind: Kind, sentence: str, labels: Sequence[str]) -> None:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name}: a metric is named gmsd_… in lower case")
        if name in self._docs:
            raise ValueError(f"{name} is declared twice")
        if len(sentence.split()) < 3:
            raise ValueError(f"{name} needs a sentence that says what it measures")
        self._docs[name] = MetricDoc(name, kind, sentence, tuple(labels))


registry = MetricRegistry()
"""The one of this process."""
ProcessCollector(registry=registry.collectors)

RECEIVED = registry.counter(
    "gmsd_inbox_received_total", "Events a consumer group decoded and gave to its handler.", ("group", "type")
)
SKIPPED = registry.counter(
    "gmsd_inbox_skipped_total",
    "Events of a type the consumer group does not handle, committed past.",
    ("group", "type"),
)
QUARANTINED = registry.counter(
    "gmsd_inbox_quarantined_total", "Records written to quarantine, with the reason.", ("group", "reason")
)
TRY_LATER = registry.counter(
    "gmsd_inbox_try_later_total", "Times a handler asked to be tried again later.", ("group", "reason")
)
DEATHS = registry.counter(
    "gmsd_inbox_deaths_total",
    "Events that were found begun and never finished by an earlier process.",
    ("group",),
)
UNCOMMITTED = registry.counter(
    "gmsd_inbox_uncommitted_total",
    "Processed records whose commit the group refused; they come again.",
    ("group", "reason"),
)
HANDLER_SECONDS = registry.histogram(
    "gmsd_inbox_handler_seconds", "Seconds from the start of a handler to its commit.", ("group", "outcome")
)
POLL_AGE = registry.gauge(
    "gmsd_inbox_last_poll_age_seconds", "Seconds since the consumer last heard from a broker.", ("group",)
)
LAG = registry.gauge(
    "gmsd_inbox_lag_records",
    "Records in the assigned partitions of a topic that are not processed.",
    ("group", "topic"),
)
FUSE_CONSECUTIVE = registry.gauge(
    "gmsd_inbox_fuse_consecutive",
    "Records in a row that could not be processed, across restarts.",
    ("group",),
)
FUSE_BLOWN = registry.gauge(
    "gmsd_inbox_fuse_blown",
    "1 when one more unprocessable record stops the consumer group, or has.",
    ("group",),
)
PUBLISHED = registry.counter("gmsd_publisher_published_total", "Events acknowledged by the log.", ("type",))
PUBLISH_RETRIES = registry.counter(
    "gmsd_publisher_retries_total", "Times a publish was tried again, by type of error.", ("reason",)
)
PUBLISH_SECONDS = registry.histogram(
    "gmsd_publisher_seconds", "Seconds from handing over a set of events to the last acknowledgement."
)
FOLD_APPLIED = registry.counter(
    "gmsd_fold_applied_total", "Events applied to the state of a fold.", ("fold",)
)
FOLD_SKIPPED = registry.counter(
    "gmsd_fold_skipped_total",
    "Records a fold could not apply, as its table fold_skipped has them.",
    ("fold", "reason"),
)
FOLD_LAG = registry.gauge(
    "gmsd_fold_lag_records", "Records in its topics that a fold has not applied.", ("fold",)
)
FOLD_POLL_AGE = registry.gauge(
    "gmsd_fold_last_poll_age_seconds", "Seconds since the fold last heard from a broker.", ("fold",)
)
STARTS = registry.gauge("gmsd_service_starts", "Times this instance was started with this state directory.")
READY = registry.gauge("gmsd_service_ready", "1 when the last readiness check passed.")
