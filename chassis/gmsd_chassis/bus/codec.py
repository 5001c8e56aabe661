"""CloudEvents 1.0 in binary mode: attributes are headers, the value is the JSON of the data and nothing else."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from pydantic import ValidationError

from gmsd_chassis.errors import Unprocessable
from gmsd_chassis.redaction import mask
from gmsd_contracts.envelope import Event, Payload
from gmsd_contracts.registry import EVENT_TYPES
from gmsd_contracts.topics import TOPICS, Topic, topic_of

Route = Callable[[str], Topic]
"""Event type → the topic it stands in. `topic_of`, unless a test keeps to topics of its own."""

SPECVERSION = "1.0"
CONTENT_TYPE = "application/json"
REQUIRED = (
    "ce_specversion",
    "ce_id",
    "ce_type",
    "ce_source",
    "ce_time",
    "ce_subject",
    "ce_causationid",
    "ce_correlationid",
)
"""`ce_dataschema` and `ce_partitionkey` are written, but follow from type and data, so a reader does not need them."""

# Enough to point at every wrong field of one event; a header of a quarantined record is no place for a report.
_DETAIL_LENGTH = 300


class Incoming(Protocol):
    """What is read of a Kafka record."""

    @property
    def topic(self) -> str: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


@dataclass(frozen=True)
class Record:
    """What is written to Kafka."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


def dataschema_of(event_type: str) -> str:
    """Name of the JSON Schema in contracts that describes the data."""
    return f"urn:nld:gmsd:schema:{event_type}"


def encode(event: Event[Any], route: Route = topic_of) -> Record:
    """Topic and key follow from the type and the data; KeyError for a type that no topic declares."""
    key = event.data.key()
    attributes = {
        "ce_specversion": SPECVERSION,
        "ce_id": str(event.id),
        "ce_type": event.type,
        "ce_source": event.source,
        "ce_time": event.time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "ce_subject": event.subject,
        "ce_dataschema": dataschema_of(event.type),
        "ce_partitionkey": key,
        "ce_causationid": str(event.causation_id),
        "ce_correlationid": str(event.correlation_id),
        "content-type": CONTENT_TYPE,
    }
    return Record(
        topic=route(event.type).name,
        key=key.encode(),
        value=event.data.model_dump_json(by_alias=True).encode(),
        headers=tuple((name, value.encode()) for name, value in attributes.items()),
    )


def type_of(record: Incoming) -> str | None:
    """The event type as the headers name it, if they do so readably; for a decision to skip before decoding."""
    values = [value for name, value in record.headers if name == "ce_type"]
    if len(values) != 1 or values[0] is None:
        return None
    try:
        return values[0].decode()
    except UnicodeDecodeError:
        return None


def decode(record: Incoming, topics: Iterable[Topic] = TOPICS.values()) -> Event[Any]:
    """The event, tolerant of headers and fields it does not know. `topics`: those the reader reads.

    Raises Unprocessable and nothing else: missing_header, duplicate_header, header_not_utf8, bad_specversion,
    bad_content_type, unknown_version, unknown_type, wrong_topic, bad_id, bad_time, not_json, payload_invalid,
    envelope_invalid.
    """
    attributes = _attributes(record.headers)
    if attributes["ce_specversion"] != SPECVERSION:
        raise Unprocessable("bad_specversion", "expected CloudEvents 1.0")
    content_type = attributes.get("content-type", CONTENT_TYPE)
    if content_type.partition(";")[0].strip().lower() != CONTENT_TYPE:
        raise Unprocessable("bad_content_type", "expected application/json")
    payload = _payload_type(attributes["ce_type"])
    if not any(topic.name == record.topic and payload.TYPE in topic.event_types for topic in topics):
        raise Unprocessable("wrong_topic", f"{payload.TYPE} belongs in {topic_of(payload.TYPE).name}")
    data = _data(payload, record.value)
    try:
        return Event[Any](
            id=_uuid(attributes, "ce_id"),
            type=payload.TYPE,
            source=attributes["ce_source"],
            time=_time(attributes["ce_time"]),
            subject=attributes["ce_subject"],
            causation_id=_uuid(attributes, "ce_causationid"),
            correlation_id=_uuid(attributes, "ce_correlationid"),
            data=data,
        )
    except ValidationError as error:
        raise Unprocessable("envelope_invalid", _where(error)) from None


def _attributes(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    known: dict[str, str] = {}
    for name, value in headers:
        if name not in REQUIRED and name != "content-type":
            continue
        if name in known:
            raise Unprocessable("duplicate_header", name)
        if value is None:
            raise Unprocessable("missing_header", name)
        try:
            known[name] = value.decode()
        except UnicodeDecodeError:
            raise Unprocessable("header_not_utf8", name) from None
    for name in REQUIRED:
        if name not in known:
            raise Unprocessable("missing_header", name)
    return known


def _payload_type(event_type: str) -> type[Payload]:
    payload = EVENT_TYPES.get(event_type)
    if payload is not None:
        return payload
    family = event_type.rpartition(".v")[0]
    if family and any(known.rpartition(".v")[0] == family for known in EVENT_TYPES):
        raise Unprocessable("unknown_version", f"no version of {family} that this release knows")
    raise Unprocessable("unknown_type", "not in the registry of event types")


def _uuid(attributes: dict[str, str], name: str) -> UUID:
    text = attributes[name]
    try:
        value = UUID(text)
    except ValueError:
        raise Unprocessable("bad_id", name) from None
    if str(value) != text:  # UUID() also takes braces, urn: and digits of other scripts
        raise Unprocessable("bad_id", name)
    return value


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise Unprocessable("bad_time", "ce_time has no offset")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unprocessable("bad_time", "ce_time is not RFC 3339") from None


def _data(payload: type[Payload], value: bytes | None) -> Payload:
    if value is None:
        raise Unprocessable("not_json", "the value is empty")
    try:
        return payload.model_validate_json(value, extra="ignore")
    except ValidationError as error:
        if any(problem["type"] == "json_invalid" for problem in error.errors(include_input=False)):
            raise Unprocessable("not_json", "the value is not JSON") from None
        raise Unprocessable("payload_invalid", _where(error)) from None


def _where(error: ValidationError) -> str:
    """Places and kinds of the problems; never the values."""
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    places = (f"{'.'.join(str(part) for part in problem['loc'])}: {problem['type']}" for problem in problems)
    return mask("; ".join(places))[:_DETAIL_LENGTH]
