"""One platform per state directory."""

import fcntl
import os
from pathlib import Path

from gmsd_cli.local.errors import AlreadyRunning


class StateLock:
    """An advisory lock on a file. The kernel releases it when the holder dies, however it dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None

    def acquire(self) -> None:
        """Take it or raise AlreadyRunning; OSError when the file cannot be made."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as e:
            holder = os.read(fd, 20).decode("ascii", "replace").strip() or "onbekend"
            os.close(fd)
            raise AlreadyRunning(
                f"Er draait al een gmsd op deze map (proces {holder}); stop die eerst of kies een andere met --state."
            ) from e
        os.ftruncate(fd, 0)
        os.write(fd, f"{os.getpid()}\n".encode("ascii"))
        self._fd = fd

    def release(self) -> None:
        """Give it back; harmless when it is not held. The file stays: removing it would let two holders lock two files."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
