"""R and S: how many persons of a delivery stand in the register of its period."""

from collections.abc import Sequence
from uuid import UUID

from gmsd_aggregation.adapters.warehouse import Session
from gmsd_contracts.events.delivery_loaded_v1 import Coverage

# Only the register's persons that occur in the deliveries are remembered: all 18 million would not fit a query's memory.
_SQL = """
SELECT
    attempt,
    uniqExact(bsn) AS persons,
    uniqExactIf(
        bsn,
        bsn IN (
            SELECT bsn FROM brp_1
            WHERE attempt IN {register:Array(UUID)} AND bsn IN (SELECT bsn FROM wmo_1 WHERE attempt IN {attempts:Array(UUID)})
        )
    ) AS found
FROM wmo_1
WHERE attempt IN {attempts:Array(UUID)}
GROUP BY attempt
"""


def coverage(
    session: Session, attempts: Sequence[UUID], register: Sequence[UUID], parts: int
) -> dict[UUID, Coverage]:
    """Coverage per attempt of `wmo`. `register`: attempts of the effective `brp` deliveries; `parts`: of how many gemeenten."""
    counts = {attempt: Coverage(found=0, not_found=0, register_parts=parts) for attempt in attempts}
    if not attempts:
        return counts
    for attempt, persons, found in session.rows(_SQL, attempts=list(attempts), register=list(register)):
        counts[attempt] = Coverage(found=found, not_found=persons - found, register_parts=parts)
    return counts
