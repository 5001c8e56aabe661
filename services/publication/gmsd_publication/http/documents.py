"""JSON documents of the public interface: releases and events."""

from datetime import UTC, datetime
from typing import Any

from gmsd_contracts.cells import AUDIT_NAME, PROOF_NAME
from gmsd_contracts.envelope import Event
from gmsd_contracts.events.publication import (
    AboutPublication,
    PublicationCorrected,
    PublicationReleased,
    PublicationRetracted,
)
from gmsd_publication.http.names import PUBLIC_TYPES
from gmsd_publication.reading import Shown

HELD_WORDS = "onthullingscontrole"
"""Said of every release that is held, whatever held it: a word that differed would tell about persons behind small figures."""


def moment(value: datetime) -> str:
    """RFC 3339 in UTC."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def publication(shown: Shown, base: str) -> dict[str, Any]:
    """One release. A retracted one keeps its place in history, and loses its tables."""
    data = shown.data
    gone = shown.retraction
    return {
        "id": str(data.release_id),
        "product": data.product,
        "periode": data.period,
        "nummer": data.number,
        "status": shown.status,
        "actueel": shown.current and gone is None,
        "uitgebrachtOp": moment(shown.time),
        "bescherming": data.protection,
        "momentopname": data.snapshot_id,
        "exclusief": list(data.excluded),
        "vervangt": str(data.corrects) if isinstance(data, PublicationCorrected) else None,
        "ingetrokken": None if gone is None else {"op": moment(gone.time), "reden": gone.data.reason},
        "volgnummer": data.sequence,
        "tabellen": [] if gone is not None else [
            {
                "id": shown.table_id(table.table),
                "indicator": table.table,
                "titel": table.title,
                "aantalRegels": table.rows,
                "url": f"{base}/v1/tabellen/{shown.table_id(table.table)}",
            }
            for table in shown.tables
        ],
        "toets": _companion(shown, AUDIT_NAME, f"{base}/v1/publicaties/{data.release_id}/toets"),
        "bewijs": _companion(shown, PROOF_NAME, f"{base}/v1/publicaties/{data.release_id}/bewijs"),
        "url": f"{base}/v1/publicaties/{data.release_id}",
    }  # fmt: skip


def _companion(shown: Shown, schema: str, url: str) -> str | None:
    return url if shown.retraction is None and shown.data.companion(schema) is not None else None


def cloud_event(event: Event[AboutPublication], base: str) -> dict[str, Any]:
    """An event of the public stream: CloudEvents 1.0 in JSON, NL GOV profile; tables by reference, never inside."""
    data = event.data
    release = getattr(data, "release_id", None)
    document: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(event.id),
        "type": PUBLIC_TYPES[event.type],
        "source": event.source,
        "time": moment(event.time),
        "subject": event.subject,
        "datacontenttype": "application/json",
        "sequence": str(data.sequence),
        "sequencetype": "Integer",
        "data": {"product": data.product, "periode": data.period} | _said(data),
    }
    if release is not None:
        document["dataref"] = f"{base}/v1/publicaties/{release}"
    return document


def _said(data: AboutPublication) -> dict[str, Any]:
    if isinstance(data, PublicationReleased):
        said: dict[str, Any] = {
            "publicatie": str(data.release_id),
            "nummer": data.number,
            "status": data.status,
            "exclusief": list(data.excluded),
            "tabellen": [
                f"{data.product}-{data.period}-{data.number}-{table.table}"
                for table in data.indicator_tables()
            ],
        }
        if isinstance(data, PublicationCorrected):
            said |= {"vervangt": str(data.corrects), "reden": data.reason}
        return said
    if isinstance(data, PublicationRetracted):
        return {"publicatie": str(data.release_id), "nummer": data.number, "reden": data.reason}
    return {"reden": HELD_WORDS}
