"""The job the worker process runs: checked rows in, linked rows out, a batch at a time."""

from typing import Any
from uuid import UUID

import pyarrow as pa

from gmsd_chassis.isolation import Bench
from gmsd_contracts.columns import version_by_id
from gmsd_linkage.domain.link import link_batch
from gmsd_linkage.domain.pseudonym import KeyedMap

LINKED = "linked"
"""Name of the job's only sink."""


def link(bench: Bench, args: dict[str, Any]) -> dict[str, Any]:
    """`args`: specification (`wmo/1`), delivery (UUID text), key (hex). Returns rows and without_identity.

    Memory is that of one batch, as validation wrote it.
    """
    version = version_by_id(args["specification"])
    delivery = UUID(args["delivery"]).bytes
    keyed = KeyedMap(bytes.fromhex(args["key"]))
    rows = nobody = 0
    with (
        bench.reader() as source,
        pa.ipc.open_stream(source) as batches,
        bench.writer(LINKED) as sink,
        pa.ipc.new_stream(sink, version.linked_schema) as linked,
    ):
        for batch in batches:
            replaced, without = link_batch(batch, version, keyed, delivery)
            linked.write_batch(replaced)
            rows += batch.num_rows
            nobody += without
    return {"rows": rows, "without_identity": nobody}
