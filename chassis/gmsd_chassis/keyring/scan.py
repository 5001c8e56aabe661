"""Whole topics from their beginning to what is now their end, without a consumer group."""

from collections.abc import AsyncGenerator, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from gmsd_chassis.bus.cluster import describe
from gmsd_chassis.errors import TryLater

_POLL_MS = 1000
# The end is known to exist, so empty answers mean that the broker does not answer: half a minute of that is enough.
_EMPTY_POLLS = 30
_RETRY_AFTER = 30.0


async def scan(bootstrap: str, topics: Sequence[str]) -> AsyncGenerator[ConsumerRecord[bytes, bytes], None]:
    """Every record that stood in the topics when the scan began, in order per partition.

    Raises TryLater when the broker is away, or when records left the log while they were being read.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="none",
    )
    try:
        await consumer.start()
        cluster = await describe(bootstrap, topics)
        left = await _ends(consumer, [TopicPartition(*partition) for partition in cluster.partitions])
        empty = 0
        while left:
            batches = await consumer.getmany(timeout_ms=_POLL_MS)
            empty = 0 if batches else empty + 1
            if empty == _EMPTY_POLLS:
                raise TryLater("scan_silent", _RETRY_AFTER)
            for tp, records in batches.items():
                for record in records:
                    if record.offset < left.get(tp, 0):
                        yield record
            # The position, not the last record: a batch may end in offsets that no longer hold a record.
            left = {tp: end for tp, end in left.items() if await consumer.position(tp) < end}
    except OffsetOutOfRangeError:
        raise TryLater("scan_overtaken", _RETRY_AFTER) from None
    except KafkaError as error:
        raise TryLater("scan_failed", _RETRY_AFTER) from error
    finally:
        await consumer.stop()


async def _ends(
    consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]
) -> dict[TopicPartition, int]:
    """Assign every partition that holds something, from its beginning; the offset behind the last record of each."""
    begins = await consumer.beginning_offsets(partitions)
    ends = await consumer.end_offsets(partitions)
    left = {tp: ends[tp] for tp in partitions if begins[tp] < ends[tp]}
    consumer.assign(list(left))
    for tp in left:
        consumer.seek(tp, begins[tp])
    return left
