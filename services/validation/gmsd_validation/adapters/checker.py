"""The domain's `assess`, run in the worker process, with its output sealed as content."""

from dataclasses import dataclass
from uuid import UUID

from gmsd_chassis.content.store import ContentStore
from gmsd_chassis.isolation import Workshop, attempted
from gmsd_contracts.columns import version_by_id
from gmsd_contracts.content import ContentRef
from gmsd_contracts.findings import FINDINGS_NAME
from gmsd_contracts.topics import CONTENT_CHECKED
from gmsd_validation.domain.assess import Assessment, Order
from gmsd_validation.jobs import FINDINGS_SINK, OUTCOME, RECORDS_SINK, arguments
from gmsd_validation.metrics import WORKER_DEATHS


@dataclass(frozen=True)
class Checked:
    """An assessment with where its findings and records lie (None: there are none)."""

    assessment: Assessment
    findings: ContentRef | None
    records: ContentRef | None


class Checker:
    """Checks one file at a time."""

    def __init__(self, content: ContentStore, workshop: Workshop) -> None:
        self._content = content
        self._workshop = workshop

    async def check(self, delivery: UUID, order: Order, raw: ContentRef) -> Checked:
        """Assess the file that `raw` points at.

        Raises ContentExpired (KeyDestroyed when the delivery was erased while we worked), ContentDamaged, TryLater,
        JobFailed, and WorkerDied after the third death. Whatever is raised, no content stays readable.
        """
        return await attempted(lambda: self._attempt(delivery, order, raw), WORKER_DEATHS)

    async def _attempt(self, delivery: UUID, order: Order, raw: ContentRef) -> Checked:
        checked_name = version_by_id(order.specification).checked_name
        async with (
            await self._content.open(CONTENT_CHECKED, delivery=delivery, schema=checked_name) as records,
            await self._content.open(CONTENT_CHECKED, delivery=delivery, schema=FINDINGS_NAME) as findings,
        ):
            answer = await self._workshop.run(
                "assess",
                arguments(order),
                read=lambda: self._content.read(raw),
                sinks={RECORDS_SINK: records, FINDINGS_SINK: findings},
            )
            outcome = OUTCOME.validate_python(answer)
            # A writer that is left open is aborted by the block: a rejected file leaves no records.
            return Checked(
                assessment=outcome,
                findings=await findings.close(rows=outcome.findings) if outcome.findings else None,
                records=await records.close(rows=outcome.records) if outcome.records else None,
            )
