"""A process that loads: `python -m tests.aggregation.loading_process PATH half|whole DELIVERY`.

`half` inserts rows for ever and is there to be killed; `whole` says what is visible, loads, and says it again.
"""

import json
import sys
from datetime import date
from uuid import UUID

from gmsd_aggregation.adapters import facts, migrations, rows
from gmsd_aggregation.adapters.warehouse import Session, Warehouse
from gmsd_contracts.columns.wmo_v1 import WMO_V1
from tests.aggregation.world import MEMORY, NOW, Wmo, attempt_on, begin, load, note, wmo_slot, wmo_table


def state(session: Session, delivery: UUID) -> dict[str, int]:
    return {
        "live": sum(one.rows for one in facts.live(session, delivery_id=delivery)),
        "effective": sum(one.rows for one in facts.effective(session)),
        "stored": session.rows("SELECT count() FROM wmo_1")[0][0],
    }


def main(path: str, how: str, delivery: UUID) -> None:
    warehouse = Warehouse(f"chdb://{path}", MEMORY)
    slot = wmo_slot("GM0001")
    content = wmo_table([Wmo("GM0001", 2, person, "01", date(2025, 7, 1)) for person in range(1000)])
    with warehouse.use() as session:
        migrations.migrate(session, migrations.read(migrations.CHECKOUT), NOW)
        if how == "half":
            note(session, "decided", delivery, slot, 2)
            attempt = attempt_on(slot, WMO_V1, delivery)
            begin(session, attempt)
            while True:
                rows.insert(session, attempt, content)
                print("inserted", flush=True)
        found = state(session, delivery)
        load(session, slot, content, delivery=delivery)
        print(json.dumps([found, state(session, delivery)]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], UUID(sys.argv[3]))
