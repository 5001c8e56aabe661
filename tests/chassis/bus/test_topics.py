"""Topics: what is missing is made, what exists is never altered, what differs is said."""

import uuid
from dataclasses import replace

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from gmsd_chassis.bus.topics import EX_UNAVAILABLE, TopicDiffers, TopicsNotMade, ensure_topics, main
from gmsd_chassis.errors import EX_CONFIG
from gmsd_cli.local.ports import free_block
from gmsd_contracts.topics import CONTENT_RAW, LINKS, TOPICS, Topic

pytestmark = pytest.mark.broker


def mine(topic: Topic) -> Topic:
    return replace(topic, name=f"{topic.name}.{uuid.uuid4().hex[:8]}")


async def partitions(bootstrap: str) -> dict[str, int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        return {t["topic"]: len(t["partitions"]) for t in await admin.describe_topics()}
    finally:
        await admin.close()


async def test_creates_the_whole_registry_once(kafka: str) -> None:
    registry = [mine(topic) for topic in TOPICS.values()]
    first = await ensure_topics(kafka, registry)
    assert set(first.created) == {topic.name for topic in registry}
    found = await partitions(kafka)
    assert all(found[topic.name] == topic.partitions for topic in registry)
    again = await ensure_topics(kafka, registry)
    assert (again.created, again.differing) == ((), ())


async def test_other_partitions_are_refused_before_anything_is_created(kafka: str) -> None:
    old, new = mine(LINKS), mine(LINKS)
    await ensure_topics(kafka, [old])
    with pytest.raises(TopicDiffers, match="has 12 partitions and should have 3"):
        await ensure_topics(kafka, [new, replace(old, partitions=3)])
    found = await partitions(kafka)
    assert found[old.name] == 12
    assert new.name not in found


async def test_another_setting_is_reported_and_left(kafka: str) -> None:
    topic = mine(CONTENT_RAW)
    await ensure_topics(kafka, [topic])
    report = await ensure_topics(kafka, [replace(topic, retention=None)])
    expected = (topic.name, "retention.ms", "-1", str(21 * 24 * 3600 * 1000))
    assert report.differing == (expected,)
    assert (await ensure_topics(kafka, [topic])).differing == ()


async def test_a_refused_topic_and_an_absent_broker_are_named(kafka: str) -> None:
    with pytest.raises(TopicsNotMade, match="InvalidConfig"):
        await ensure_topics(kafka, [replace(mine(LINKS), config={"no.such.setting": "1"})])
    with pytest.raises(TopicsNotMade, match="KafkaConnectionError"):
        await ensure_topics(f"127.0.0.1:{free_block(1)}", [LINKS])


def test_as_a_command_it_ends_with_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == EX_CONFIG
    assert main([f"127.0.0.1:{free_block(1)}"]) == EX_UNAVAILABLE
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[0].startswith("usage:")
    assert "did not make the topics (KafkaConnectionError)" in said.err.splitlines()[-1]


def test_as_a_command_it_makes_the_registry_and_then_nothing(
    kafka: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([kafka]) == 0
    assert main([kafka]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"0 topics created, {len(TOPICS)} existed"
