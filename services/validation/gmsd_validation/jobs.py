"""The job that the worker process runs: a file in; records, findings and the outcome out."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import date
from typing import Any

import pyarrow as pa
from pydantic import TypeAdapter

from gmsd_chassis.isolation import Bench
from gmsd_contracts.columns import version_by_id
from gmsd_contracts.slot import Slot
from gmsd_validation.domain import assess as domain
from gmsd_validation.domain.findings import FINDINGS

RECORDS_SINK = "records"
FINDINGS_SINK = "findings"

OUTCOME: TypeAdapter[domain.Assessment] = TypeAdapter(domain.Assessment)
"""How an assessment crosses to the parent: as JSON."""


def arguments(order: domain.Order) -> dict[str, Any]:
    """What `assess` is called with, as JSON."""
    return {
        "slot": order.slot.model_dump(mode="json"),
        "specification": order.specification,
        "nothing_to_report": order.nothing_to_report,
        "today": order.today.isoformat(),
    }


def assess(bench: Bench, args: dict[str, Any]) -> dict[str, Any]:
    """`args` as of `arguments`; returns `OUTCOME`. A sink gets an Arrow IPC stream, or nothing when nothing was emitted."""
    order = domain.Order(
        slot=Slot.model_validate(args["slot"]),
        specification=args["specification"],
        nothing_to_report=args["nothing_to_report"],
        today=date.fromisoformat(args["today"]),
    )
    with ExitStack() as stack:
        outcome = domain.assess(
            bench.read,
            order,
            records=_stream(bench, RECORDS_SINK, version_by_id(order.specification).checked_schema, stack),
            findings=_stream(bench, FINDINGS_SINK, FINDINGS, stack),
        )
    answer: dict[str, Any] = OUTCOME.dump_python(outcome, mode="json")
    return answer


def _stream(bench: Bench, sink: str, schema: pa.Schema, stack: ExitStack) -> Callable[[pa.RecordBatch], None]:
    """A stream that begins with the first batch and ends with the stack."""
    opened: list[Any] = []

    def emit(batch: pa.RecordBatch) -> None:
        if not opened:
            file = stack.enter_context(bench.writer(sink))
            opened.append(stack.enter_context(pa.ipc.new_stream(file, schema)))
        opened[0].write_batch(batch)

    return emit
