"""The key ring against the simplest thing that could be right: two dictionaries."""

import shutil
import tempfile
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from gmsd_chassis.clock import Clock
from gmsd_chassis.errors import ContentExpired
from gmsd_chassis.keyring import DirectoryKeyRing, KeyDestroyed
from gmsd_contracts.zones import Zone

_ZONES = (Zone.IDENTIFYING, Zone.PSEUDONYMOUS, Zone.STATISTICAL)


class KeyRingMachine(RuleBasedStateMachine):
    """Any order of creating, destroying and opening."""

    deliveries: Bundle[UUID] = Bundle("deliveries")
    contents: Bundle[UUID] = Bundle("contents")

    def __init__(self) -> None:
        super().__init__()
        self.path = Path(tempfile.mkdtemp())
        keks = {zone: bytes([number]) * 32 for number, zone in enumerate(_ZONES)}
        self.keyring = DirectoryKeyRing(self.path, keks, Clock(), owner="test")
        self.keys: dict[UUID, tuple[Zone, UUID, bytes]] = {}
        self.destroyed: set[UUID] = set()

    def teardown(self) -> None:
        shutil.rmtree(self.path)

    @rule(target=deliveries)
    def delivery(self) -> UUID:
        return uuid4()

    @rule(target=contents, zone=st.sampled_from(_ZONES), delivery=deliveries)
    def create(self, zone: Zone, delivery: UUID) -> UUID:
        content = uuid4()
        if delivery in self.destroyed:
            with pytest.raises(KeyDestroyed):
                self.keyring.create(zone, delivery, content)
        else:
            self.keys[content] = (zone, delivery, self.keyring.create(zone, delivery, content))
        return content

    @rule(delivery=deliveries)
    def destroy(self, delivery: UUID) -> None:
        gone = [content for content, (_, owner, _) in self.keys.items() if owner == delivery]
        assert self.keyring.destroy(delivery) == len(gone)
        for content in gone:
            del self.keys[content]
        self.destroyed.add(delivery)

    @rule(content=contents)
    def destroy_content(self, content: UUID) -> None:
        assert self.keyring.destroy_content(content) == (self.keys.pop(content, None) is not None)

    @rule(content=contents, zone=st.sampled_from(_ZONES))
    def open(self, content: UUID, zone: Zone) -> None:
        home, _, key = self.keys.get(content, (None, None, b""))
        if home is zone:
            assert self.keyring.open(zone, content) == key
        else:
            with pytest.raises(ContentExpired):
                self.keyring.open(zone, content)

    @invariant()
    def lists_what_there_is(self) -> None:
        listed = {(record.content_id, record.zone, record.delivery) for record in self.keyring.list()}
        assert listed == {(content, zone, delivery) for content, (zone, delivery, _) in self.keys.items()}


TestKeyRingModel = KeyRingMachine.TestCase
# Each step is four fsyncs: enough steps to meet every pair of rules, few enough to stay under some seconds.
TestKeyRingModel.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
