"""From what SQLite and the disk say when a file of the state directory cannot be opened, to a sentence for an operator."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gmsd_chassis.errors import ConfigError


@contextmanager
def opening(path: Path) -> Iterator[None]:
    """Around making the directory of a SQLite file and opening it. Raises ConfigError."""
    try:
        yield
    except OSError as error:
        raise ConfigError(f"{path.parent} cannot be made: {error.strerror}; {_ADVICE}") from None
    except sqlite3.OperationalError as error:
        if not error.sqlite_errorname.startswith(_NOT_OURS):
            raise  # locked by a process that still ends, a full disk: a restart may help
        raise ConfigError(f"{path} cannot be opened ({error.sqlite_errorname}); {_ADVICE}") from None
    except sqlite3.DatabaseError as error:
        raise ConfigError(f"{path} is not what we wrote ({error.sqlite_errorname}): move it away") from None


_NOT_OURS = ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM")
_ADVICE = "GMSD_STATE_DIR must be a directory, which the user of this service may write"
