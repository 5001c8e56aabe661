"""Data keys in a directory: one small JSON file per content, and per delivery the list of its contents.

::

    keys/<zone>/<first two digits>/<content_id>.json       the wrapped key, and whose it is
    deliveries/<first two digits>/<delivery>/<content_id>  an empty file: this content belongs to the delivery
    deliveries/<first two digits>/<delivery>/destroyed     the tombstone

No locks: several processes write at once, and any of them may die anywhere. `create` lists the content, writes the key,
and then looks for the tombstone; `destroy` writes the tombstone, and then removes what is listed. Whatever the
interleaving, one of the two sees the other. A key whose maker died before looking does not open, because `open` looks
too; the sweep removes it. Removal is unlinking: the disk itself must be encrypted and its backups must be as
short-lived as the promise.
"""

import json
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from gmsd_chassis.clock import Clock
from gmsd_chassis.errors import ConfigError, ContentExpired
from gmsd_chassis.keyring.files import UNFINISHED, remove_file, write_file
from gmsd_chassis.keyring.keyring import KEY_BYTES, KeyDestroyed, KeyRecord
from gmsd_contracts.zones import Zone

_TOMBSTONE = "destroyed"
_SUFFIX = ".json"


class DirectoryKeyRing:
    """A KeyRing in `path`.

    `keks`: the key-encryption keys (32 bytes) of the zones this service works in. `owner`: the service, recorded in the
    keys it makes. Raises ConfigError for a key of another length or a key for zone public, which has none.
    """

    def __init__(self, path: Path, keks: Mapping[Zone, bytes], clock: Clock, *, owner: str) -> None:
        for zone, kek in keks.items():
            if zone is Zone.PUBLIC or len(kek) != KEY_BYTES:
                raise ConfigError(
                    f"The key-encryption key of zone {zone} must be absent for public and else {KEY_BYTES} bytes long."
                )
        self._path = path
        self._keks = dict(keks)
        self._clock = clock
        self._owner = owner

    def create(self, zone: Zone, delivery: UUID, content_id: UUID) -> bytes:
        """See KeyRing.create."""
        kek = self._kek(zone)
        if self.is_destroyed(delivery):
            raise KeyDestroyed(delivery)
        if self._find(content_id) is not None:
            raise ValueError(f"content {content_id} has a key already")
        key = os.urandom(KEY_BYTES)
        record = {
            "content_id": str(content_id),
            "delivery": str(delivery),
            "zone": zone.value,
            "owner": self._owner,
            "created": self._clock.now().isoformat(),
            "wrapped": aes_key_wrap(kek, key).hex(),
        }
        path = self._key_path(zone, content_id)
        write_file(self._delivery_path(delivery) / str(content_id), b"")
        write_file(path, json.dumps(record).encode())
        if self.is_destroyed(delivery):
            remove_file(path)
            raise KeyDestroyed(delivery)
        return key

    def open(self, zone: Zone, content_id: UUID) -> bytes:
        """See KeyRing.open."""
        kek = self._kek(zone)
        found = _read(self._key_path(zone, content_id))
        if found is None or self.is_destroyed(found[0].delivery):
            raise ContentExpired(f"the key of content {content_id} was destroyed")
        try:
            return aes_key_unwrap(kek, found[1])
        except InvalidUnwrap:
            raise ConfigError(
                f"The key-encryption key of zone {zone} is not the one that wrapped its data keys:"
                f" restore the former key."
            ) from None

    def exists(self, content_id: UUID) -> bool:
        """See KeyRing.exists."""
        path = self._find(content_id)
        found = None if path is None else _read(path)
        return found is not None and not self.is_destroyed(found[0].delivery)

    def destroy(self, delivery: UUID) -> int:
        """See KeyRing.destroy."""
        place = self._delivery_path(delivery)
        write_file(place / _TOMBSTONE, self._clock.now().isoformat().encode())
        return sum(self.destroy_content(content_id) for content_id in list(_listed(place)))

    def is_destroyed(self, delivery: UUID) -> bool:
        """See KeyRing.is_destroyed."""
        return (self._delivery_path(delivery) / _TOMBSTONE).exists()

    def destroy_content(self, content_id: UUID) -> bool:
        """See KeyRing.destroy_content."""
        path = self._find(content_id)
        if path is None:
            return False
        found = _read(path)
        removed = remove_file(path)
        if found is not None:
            # After the key: a crash in between leaves a name that leads nowhere, never a key that is not listed.
            remove_file(self._delivery_path(found[0].delivery) / str(content_id))
        return removed

    def list(self) -> Iterator[KeyRecord]:
        """See KeyRing.list."""
        for path in (self._path / "keys").glob(f"*/*/*{_SUFFIX}"):
            found = _read(path)
            if found is not None:
                yield found[0]

    def _kek(self, zone: Zone) -> bytes:
        if zone not in self._keks:
            raise ConfigError(f"This service ({self._owner}) holds no key-encryption key of zone {zone}.")
        return self._keks[zone]

    def _find(self, content_id: UUID) -> Path | None:
        paths = (self._key_path(zone, content_id) for zone in Zone)
        return next((path for path in paths if path.exists()), None)

    def _key_path(self, zone: Zone, content_id: UUID) -> Path:
        return self._path / "keys" / zone.value / content_id.hex[:2] / f"{content_id}{_SUFFIX}"

    def _delivery_path(self, delivery: UUID) -> Path:
        return self._path / "deliveries" / delivery.hex[:2] / str(delivery)


def _read(path: Path) -> tuple[KeyRecord, bytes] | None:
    """A key file: its record and the wrapped key; None when it is not there."""
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    record = KeyRecord(
        content_id=UUID(found["content_id"]),
        delivery=UUID(found["delivery"]),
        zone=Zone(found["zone"]),
        owner=found["owner"],
        created=datetime.fromisoformat(found["created"]),
    )
    return record, bytes.fromhex(found["wrapped"])


def _listed(place: Path) -> Iterator[UUID]:
    for path in place.iterdir():
        if path.name != _TOMBSTONE and path.suffix != UNFINISHED:
            yield UUID(path.name)
