"""Files that are either there whole or not at all, also after a crash."""

import os
from pathlib import Path
from uuid import uuid4

UNFINISHED = ".part"
"""Suffix of a file that is being written, or whose writer died."""


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable: fsync of a file does not."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(path: Path) -> None:
    """Create a directory and its parents, durably; harmless when it exists."""
    if path.is_dir():
        return
    make_directory(path.parent)
    path.mkdir(exist_ok=True)
    sync_directory(path.parent)


def publish_file(part: Path, path: Path) -> None:
    """Give a finished (fsynced) file its name, durably."""
    os.rename(part, path)
    sync_directory(path.parent)


def write_file(path: Path, data: bytes) -> None:
    """Write a small file whole or not at all; owner-readable only."""
    make_directory(path.parent)
    part = path.with_name(f"{path.name}.{uuid4().hex}{UNFINISHED}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    publish_file(part, path)


def remove_file(path: Path) -> bool:
    """Remove a file, durably; False when it was not there."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    sync_directory(path.parent)
    return True
