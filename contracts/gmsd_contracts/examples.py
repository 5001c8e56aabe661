"""One complete example of every event type. They are data for consumers' tests: each goes through every consumer."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid5

from gmsd_contracts.cells import CELLS_NAME, FRAME_NAME, RELEASE_NAME
from gmsd_contracts.content import ContentRef, LogRange
from gmsd_contracts.envelope import Event, Payload, source_of
from gmsd_contracts.events.cells_computed_v1 import CellsComputed
from gmsd_contracts.events.consent_changed_v1 import ConsentChanged
from gmsd_contracts.events.delivery_assessed_v1 import (
    ColumnProfile,
    DeliveryAssessed,
    Profile,
    RuleCount,
    Severity,
    Verdict,
)
from gmsd_contracts.events.delivery_decided_v1 import DeliveryDecided
from gmsd_contracts.events.delivery_expired_v1 import DeliveryExpired, LinkExpired
from gmsd_contracts.events.delivery_failed_v1 import AssessmentFailed, LinkFailed, LoadFailed
from gmsd_contracts.events.delivery_linked_v1 import DeliveryLinked
from gmsd_contracts.events.delivery_loaded_v1 import Coverage, DeliveryLoaded
from gmsd_contracts.events.delivery_received_v1 import DeliveryReceived
from gmsd_contracts.events.delivery_requeued_v1 import DeliveryRequeued
from gmsd_contracts.events.delivery_withdrawn_v1 import DeliveryWithdrawn
from gmsd_contracts.events.key_rotated_v1 import KeyRotated
from gmsd_contracts.events.publication import (
    PublicationCorrected,
    PublicationHeld,
    PublicationReleased,
    PublicationRetracted,
    ReleasedTable,
)
from gmsd_contracts.events.registration import DelivererRegistered, WindowClosed, WindowOpened
from gmsd_contracts.slot import NAMESPACE, Slot, delivery_id
from gmsd_contracts.topics import topic_of

_SLOT = Slot(deliverer="GM0344", dataset="wmo", period="2025HJ01")
_SHA256 = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
_DELIVERY = delivery_id(_SLOT, 1, _SHA256, False)
_RELEASE = uuid5(NAMESPACE, "example|release|1")
_TIME = datetime(2025, 8, 15, 9, 30, tzinfo=UTC)


def _content(topic: str, schema: str, rows: int | None) -> ContentRef:
    return ContentRef(
        location=LogRange(topic=topic, partition=3, first=120, last=127),
        content_id=uuid5(NAMESPACE, f"example|{schema}"),
        content_schema=schema,
        sha256=_SHA256,
        rows=rows,
        bytes=4_718_592,
    )


_RELEASED = ReleasedTable(
    table="U1",
    title="Cliënten met een maatwerkarrangement Wmo",
    rows=667_000,
    content=_content("content.releases", RELEASE_NAME, 667_000),
)


def payloads() -> tuple[Payload, ...]:
    """One payload per event type, every optional field filled at least once."""
    about = {"slot": _SLOT, "delivery_id": _DELIVERY}
    public = {"product": "basis", "period": "2025HJ01"}
    release = {
        "release_id": _RELEASE,
        "number": 2,
        "snapshot_id": _SHA256,
        "protection": "naastgelegen-5",
        "status": "voorlopig",
        "tables": (_RELEASED,),
        "excluded": ("GM0363",),
        "tested_with": (1,),
        "steps": {"BU": 0, "GM": 1},
    }
    return (
        DelivererRegistered(deliverer="GM0344", kind="gemeente", name="Utrecht", datasets=("wmo",)),
        WindowOpened(period="2025HJ01", until=date(2025, 10, 23)),
        WindowClosed(period="2025HJ01"),
        DeliveryReceived(
            **about,
            slot_version=1,
            seq=1,
            sha256=_SHA256,
            bytes=4_718_592,
            content=_content("content.raw", "raw", None),
        ),
        DeliveryDecided(**about, slot_version=2, confirmed_warnings=("WMO-041",), by="gm0344-zaaksysteem"),
        DeliveryWithdrawn(**about, slot_version=3, by="aanleveraar"),
        DeliveryRequeued(
            **about,
            slot_version=2,
            stage="linkage",
            specification="wmo/1",
            content=_content("content.checked", "wmo.checked/1", 40_000),
        ),
        ConsentChanged(gemeente="GM0344", **public, given=False, version=2, by="gm0344-zaaksysteem"),
        DeliveryAssessed(
            **about,
            verdict=Verdict.OK,
            specification="wmo/1",
            rule_set="1",
            rows=40_000,
            counts=(RuleCount(rule="WMO-041", severity=Severity.WAARSCHUWING, count=12),),
            complete=True,
            profile=Profile(
                rows=40_000,
                persons=31_200,
                columns=(
                    ColumnProfile(column="leveringsvorm", filled=39_000, unknown=1_000, codes={"1": 39_000}),
                ),
            ),
            findings=_content("content.checked", "findings/1", 12),
            records=_content("content.checked", "wmo.checked/1", 40_000),
        ),
        AssessmentFailed(**about, reason="geheugen", attempts=3),
        DeliveryExpired(**about),
        DeliveryLinked(
            **about,
            specification="wmo/1",
            key_version=1,
            rows=40_000,
            without_identity=0,
            records=_content("content.linked", "wmo.linked/1", 40_000),
        ),
        LinkFailed(**about, reason="tijd", attempts=3),
        LinkExpired(**about),
        KeyRotated(key_version=2),
        DeliveryLoaded(
            **about, rows=40_000, coverage=Coverage(found=30_900, not_found=300, register_parts=342)
        ),
        LoadFailed(**about, reason="inhoud_verlopen", attempts=1),
        CellsComputed(
            **public,
            snapshot_id=_SHA256,
            inputs=1_027,
            catalogue_version="1",
            merge_rule_version="1",
            cells=_content("content.cells", CELLS_NAME, 515_000),
            frame=_content("content.cells", FRAME_NAME, 17_800),
        ),
        PublicationReleased(**public, sequence=1, **release),
        PublicationCorrected(
            **public,
            sequence=2,
            **(release | {"number": 2}),
            corrects=_RELEASE,
            reason="Fout bij het samenvoegen van halfjaren",
        ),
        PublicationRetracted(
            **public, sequence=3, release_id=_RELEASE, number=1, reason="toestemming ingetrokken"
        ),
        PublicationHeld(**public, sequence=4, snapshot_id=_SHA256),
    )


def examples() -> tuple[Event[Payload], ...]:
    """The payloads in their envelopes, as their owner would write them."""
    return tuple(
        Event.caused_by(
            payload,
            cause=uuid5(NAMESPACE, f"example|cause|{payload.TYPE}"),
            stage="example",
            correlation=_DELIVERY
            if isinstance(getattr(payload, "delivery_id", None), UUID)
            else uuid5(NAMESPACE, payload.key()),
            source=source_of(topic_of(payload.TYPE).owner),
            time=_TIME,
        )
        for payload in payloads()
    )
