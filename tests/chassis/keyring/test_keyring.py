"""The key ring in a directory: what it promises, also when processes die or work at the same time."""

import contextlib
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from gmsd_chassis.clock import Clock, ShiftedClock
from gmsd_chassis.errors import ConfigError, ContentExpired
from gmsd_chassis.keyring import KEY_BYTES, DirectoryKeyRing, KeyDestroyed
from gmsd_chassis.keyring import directory as module
from gmsd_contracts.zones import Zone

IDENTIFYING = Zone.IDENTIFYING
PSEUDONYMOUS = Zone.PSEUDONYMOUS
KEKS = {IDENTIFYING: bytes(range(32)), PSEUDONYMOUS: bytes(range(32, 64))}


@pytest.fixture
def keyring(tmp_path: Path) -> DirectoryKeyRing:
    return DirectoryKeyRing(tmp_path, KEKS, Clock(), owner="linkage")


def test_a_key_opens_as_it_was_made(keyring: DirectoryKeyRing) -> None:
    content = uuid4()
    key = keyring.create(IDENTIFYING, uuid4(), content)
    assert len(key) == KEY_BYTES
    assert keyring.open(IDENTIFYING, content) == key
    assert keyring.exists(content)


def test_every_content_has_a_key_of_its_own(keyring: DirectoryKeyRing) -> None:
    delivery = uuid4()
    assert len({keyring.create(IDENTIFYING, delivery, uuid4()) for _ in range(20)}) == 20


def test_no_key_stands_on_disk_in_the_clear(keyring: DirectoryKeyRing, tmp_path: Path) -> None:
    key = keyring.create(IDENTIFYING, uuid4(), uuid4())
    stored = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert stored
    assert not any(key in data or key.hex().encode() in data for data in stored)


def test_a_content_has_one_key(keyring: DirectoryKeyRing) -> None:
    content = uuid4()
    key = keyring.create(IDENTIFYING, uuid4(), content)
    with pytest.raises(ValueError):
        keyring.create(PSEUDONYMOUS, uuid4(), content)
    assert keyring.open(IDENTIFYING, content) == key


def test_a_key_is_of_its_zone(keyring: DirectoryKeyRing) -> None:
    content = uuid4()
    keyring.create(IDENTIFYING, uuid4(), content)
    with pytest.raises(ContentExpired):
        keyring.open(PSEUDONYMOUS, content)


def test_destroying_a_delivery_takes_its_keys_in_every_zone_and_no_other(keyring: DirectoryKeyRing) -> None:
    delivery, other = uuid4(), uuid4()
    gone = [(zone, uuid4()) for zone in (IDENTIFYING, PSEUDONYMOUS, IDENTIFYING)]
    for zone, content in gone:
        keyring.create(zone, delivery, content)
    kept = uuid4()
    keyring.create(IDENTIFYING, other, kept)
    assert keyring.destroy(delivery) == 3
    assert keyring.is_destroyed(delivery) and not keyring.is_destroyed(other)
    for zone, content in gone:
        assert not keyring.exists(content)
        with pytest.raises(ContentExpired):
            keyring.open(zone, content)
    with pytest.raises(KeyDestroyed):
        keyring.create(IDENTIFYING, delivery, uuid4())
    assert keyring.exists(kept)
    assert keyring.destroy(delivery) == 0


def test_a_delivery_can_be_destroyed_before_it_has_keys(keyring: DirectoryKeyRing) -> None:
    delivery = uuid4()
    assert keyring.destroy(delivery) == 0
    with pytest.raises(KeyDestroyed):
        keyring.create(IDENTIFYING, delivery, uuid4())


def test_destroying_one_content_leaves_the_delivery(keyring: DirectoryKeyRing) -> None:
    delivery, content = uuid4(), uuid4()
    keyring.create(IDENTIFYING, delivery, content)
    assert keyring.destroy_content(content) and not keyring.destroy_content(content)
    assert not keyring.exists(content)
    assert keyring.create(IDENTIFYING, delivery, uuid4())


def test_a_service_without_the_zones_key_destroys_but_does_not_open(
    keyring: DirectoryKeyRing, tmp_path: Path
) -> None:
    delivery, content, single = uuid4(), uuid4(), uuid4()
    keyring.create(IDENTIFYING, delivery, content)
    keyring.create(IDENTIFYING, uuid4(), single)
    stranger = DirectoryKeyRing(tmp_path, {PSEUDONYMOUS: KEKS[PSEUDONYMOUS]}, Clock(), owner="aggregation")
    assert stranger.exists(content)
    with pytest.raises(ConfigError):
        stranger.open(IDENTIFYING, content)
    with pytest.raises(ConfigError):
        stranger.create(IDENTIFYING, delivery, uuid4())
    assert stranger.destroy(delivery) == 1 and stranger.destroy_content(single)
    assert not keyring.exists(content) and not keyring.exists(single)


def test_another_key_encryption_key_is_named_as_such(keyring: DirectoryKeyRing, tmp_path: Path) -> None:
    content = uuid4()
    keyring.create(IDENTIFYING, uuid4(), content)
    wrong = DirectoryKeyRing(tmp_path, {IDENTIFYING: bytes(32)}, Clock(), owner="intake")
    with pytest.raises(ConfigError, match="key-encryption key"):
        wrong.open(IDENTIFYING, content)


@pytest.mark.parametrize("keks", [{IDENTIFYING: bytes(16)}, {IDENTIFYING: b""}, {Zone.PUBLIC: bytes(32)}])
def test_a_key_encryption_key_that_cannot_be_is_refused(tmp_path: Path, keks: dict[Zone, bytes]) -> None:
    with pytest.raises(ConfigError):
        DirectoryKeyRing(tmp_path, keks, Clock(), owner="intake")


def test_the_list_says_whose_keys_there_are_since_when(tmp_path: Path) -> None:
    clock = ShiftedClock(offset=timedelta(days=-30))
    delivery, content = uuid4(), uuid4()
    DirectoryKeyRing(tmp_path, KEKS, clock, owner="intake").create(PSEUDONYMOUS, delivery, content)
    (record,) = DirectoryKeyRing(tmp_path, {}, Clock(), owner="validation").list()
    assert (record.content_id, record.delivery, record.zone, record.owner) == (
        content,
        delivery,
        PSEUDONYMOUS,
        "intake",
    )
    assert timedelta(days=29) < datetime.now(UTC) - record.created < timedelta(days=31)


def test_an_empty_ring_lists_nothing(keyring: DirectoryKeyRing) -> None:
    assert list(keyring.list()) == [] and not keyring.exists(uuid4())


@pytest.mark.parametrize("keys", [0, 1, 7, 40])
def test_killed_in_the_middle_every_key_that_is_listed_opens(tmp_path: Path, keys: int) -> None:
    script = Path(__file__).with_name("crashing_keyring.py")
    process = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    given = [process.stdout.readline().split() for _ in range(keys)]
    process.kill()
    given += [line.split() for line in process.stdout if line.endswith("\n")]
    process.wait()
    keyring = DirectoryKeyRing(tmp_path, {IDENTIFYING: bytes(32)}, Clock(), owner="intake")
    listed = {record.content_id: record for record in keyring.list()}
    for content in listed:
        assert len(keyring.open(IDENTIFYING, content)) == KEY_BYTES
    for promised, key in given:
        assert keyring.open(IDENTIFYING, UUID(promised)) == bytes.fromhex(key)
    for delivery in {record.delivery for record in listed.values()}:
        keyring.destroy(delivery)
    assert list(keyring.list()) == []


@pytest.mark.parametrize("moment", range(1, 8))
def test_destroyed_while_it_is_made_a_key_never_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    """`destroy` runs, whole, between any two steps of `create` on the disk."""
    keyring = DirectoryKeyRing(tmp_path, KEKS, Clock(), owner="intake")
    other = DirectoryKeyRing(tmp_path, KEKS, Clock(), owner="intake")
    delivery, content = uuid4(), uuid4()
    steps = 0

    def counted(step: object) -> object:
        def run(*args: object) -> object:
            nonlocal steps
            steps += 1
            if steps == moment:
                with monkeypatch.context() as undone:
                    for name, original in originals.items():
                        undone.setattr(*name, original)
                    other.destroy(delivery)
            return step(*args)  # type: ignore[operator]

        return run

    places = [(module, "write_file"), (module, "remove_file"), (DirectoryKeyRing, "is_destroyed")]
    originals = {place: getattr(*place) for place in places}
    for place, original in originals.items():
        monkeypatch.setattr(*place, counted(original))
    with contextlib.suppress(KeyDestroyed):
        keyring.create(IDENTIFYING, delivery, content)
    monkeypatch.undo()
    if steps < moment:
        other.destroy(delivery)
    assert not keyring.exists(content)
    assert list(keyring.list()) == []


def test_processes_that_make_and_destroy_at_once_leave_nothing_of_what_was_destroyed(tmp_path: Path) -> None:
    deliveries = [uuid4() for _ in range(20)]

    def make() -> None:
        keyring = DirectoryKeyRing(tmp_path, KEKS, Clock(), owner="intake")
        for delivery in deliveries * 3:
            with contextlib.suppress(KeyDestroyed):
                keyring.create(IDENTIFYING, delivery, uuid4())

    def destroy() -> None:
        keyring = DirectoryKeyRing(tmp_path, KEKS, Clock(), owner="validation")
        for delivery in reversed(deliveries):
            keyring.destroy(delivery)

    threads = [threading.Thread(target=job) for job in (make, make, destroy)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(DirectoryKeyRing(tmp_path, KEKS, Clock(), owner="intake").list()) == []
