"""A process that makes keys until it is killed: `python crashing_keyring.py PATH`. Prints every content_id it was given a key for."""

import sys
from pathlib import Path
from uuid import uuid4

from gmsd_chassis.clock import Clock
from gmsd_chassis.keyring import DirectoryKeyRing
from gmsd_contracts.zones import Zone


def main(path: Path) -> None:
    keyring = DirectoryKeyRing(path, {Zone.IDENTIFYING: bytes(32)}, Clock(), owner="intake")
    deliveries = [uuid4() for _ in range(5)]
    for number in range(1_000_000):
        content_id = uuid4()
        key = keyring.create(Zone.IDENTIFYING, deliveries[number % 5], content_id)
        print(content_id, key.hex(), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
