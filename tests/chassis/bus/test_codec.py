"""What is written is read back; what is not an event is Unprocessable and nothing else."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmsd_chassis.bus.codec import REQUIRED, decode, encode, type_of
from gmsd_chassis.errors import Unprocessable
from gmsd_contracts.envelope import Event
from gmsd_contracts.events.consent_changed_v1 import ConsentChanged

TEXT = st.text(st.characters(codec="utf-8"))
UUIDS = st.uuids()
TIMES = st.datetimes(
    min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30),  # noqa: DTZ001 - Hypothesis adds the zone
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=2)), timezone(-timedelta(hours=9))]),
)  # fmt: skip
PAYLOADS = st.builds(
    ConsentChanged,
    gemeente=st.from_regex(r"\A[A-Z0-9]{2,20}\Z"),
    product=TEXT,
    period=st.just("2025HJ01"),
    given=st.booleans(),
    version=st.integers(min_value=1),
    by=TEXT,
)
EVENTS: st.SearchStrategy[Event[ConsentChanged]] = st.builds(
    lambda data, cause, stage, correlation, source, time: Event[ConsentChanged].caused_by(
        data, cause=cause, stage=stage, correlation=correlation, source=source, time=time
    ),
    PAYLOADS, UUIDS, TEXT, UUIDS, TEXT, TIMES,
)  # fmt: skip


@dataclass
class Read:
    """A record as it comes from a consumer."""

    topic: str
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


def read(event: Event[Any]) -> Read:
    record = encode(event)
    return Read(record.topic, record.value, list(record.headers))


def an_event() -> Event[ConsentChanged]:
    return Event[ConsentChanged].caused_by(
        ConsentChanged(gemeente="GM0344", product="P1", period="2025HJ01", given=True, version=1, by="x"),
        cause=UUID(int=1), stage="intake", correlation=UUID(int=2), source="urn:nld:oin:0:systeem:intake",
        time=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )  # fmt: skip


@given(EVENTS, st.lists(st.tuples(TEXT.map(lambda name: f"x_{name}"), st.binary() | st.none())))
def test_every_event_is_read_back_among_any_other_headers(
    event: Event[ConsentChanged], extra: list[tuple[str, bytes | None]]
) -> None:
    record = read(event)
    record.headers = extra + record.headers
    assert decode(record) == event


@given(
    st.lists(st.tuples(st.sampled_from((*REQUIRED, "content-type", "x")), st.binary() | st.none())),
    st.binary() | st.none() | st.sampled_from([b"{}", b"[" * 5000, b'{"a":1e999}', b"NaN", b"\xff"]),
)
def test_arbitrary_records_are_unprocessable_and_nothing_else(
    headers: list[tuple[str, bytes | None]], value: bytes | None
) -> None:
    with pytest.raises(Unprocessable):
        decode(Read("consents", value, headers))
    type_of(Read("consents", value, headers))


@given(st.sampled_from((*REQUIRED, "content-type")), st.binary() | st.none(), st.booleans())
def test_one_arbitrary_header_never_raises_anything_else(
    name: str, value: bytes | None, replace: bool
) -> None:
    record = read(an_event())
    if replace:
        record.headers = [(known, value if known == name else kept) for known, kept in record.headers]
    else:
        record.headers.append((name, value))
    try:
        decode(record)
    except Unprocessable as error:
        assert error.reason


@pytest.mark.parametrize(
    ("header", "value", "reason"),
    [
        ("ce_specversion", b"0.3", "bad_specversion"),
        ("ce_type", b"nl.gmsd.consent.changed.v9", "unknown_version"),
        ("ce_type", b"nl.gmsd.nothing.like.it.v1", "unknown_type"),
        ("ce_type", b"nl.gmsd.delivery.decided.v1", "wrong_topic"),
        ("ce_type", b"\xff", "header_not_utf8"),
        ("ce_id", b"{00000000-0000-0000-0000-000000000001}", "bad_id"),
        ("ce_causationid", b"", "bad_id"),
        ("ce_time", b"2026-01-02T03:04:05", "bad_time"),
        ("ce_time", b"yesterday", "bad_time"),
        ("ce_time", b"0001-01-01T00:00:00+14:00", "bad_time"),
        ("content-type", b"text/csv", "bad_content_type"),
    ],
)
def test_each_wrong_header_has_its_reason(header: str, value: bytes, reason: str) -> None:
    record = read(an_event())
    record.headers = [(name, value if name == header else kept) for name, kept in record.headers]
    with pytest.raises(Unprocessable) as caught:
        decode(record)
    assert caught.value.reason == reason


@pytest.mark.parametrize("header", REQUIRED)
def test_each_required_header_is_required_once(header: str) -> None:
    record = read(an_event())
    kept = [pair for pair in record.headers if pair[0] != header]
    with pytest.raises(Unprocessable) as missing:
        decode(Read(record.topic, record.value, kept))
    with pytest.raises(Unprocessable) as double:
        decode(Read(record.topic, record.value, record.headers + [(header, b"1.0")]))
    assert (missing.value.reason, missing.value.detail) == ("missing_header", header)
    assert (double.value.reason, double.value.detail) == ("duplicate_header", header)


def test_a_payload_that_fails_names_the_place_and_never_the_value() -> None:
    record = read(an_event())
    record.value = (
        b'{"gemeente": "999990019", "product": {"999990019": 1}, "period": "x", "given": "999990019"}'
    )
    with pytest.raises(Unprocessable) as caught:
        decode(record)
    assert caught.value.reason == "payload_invalid"
    assert "given" in caught.value.detail
    assert "999990019" not in caught.value.detail


def test_a_field_of_a_newer_producer_is_tolerated() -> None:
    record = read(an_event())
    assert record.value is not None
    record.value = record.value[:-1] + b', "added_later": 1}'
    assert decode(record) == an_event()
