"""Typing `gmsd …` and reading what it says."""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from gmsd_cli.local.errors import LocalError
from gmsd_cli.main import app


@dataclass(frozen=True)
class Said:
    """Exit code, stdout, and stderr with the sentence of a LocalError, as `main` would print it."""

    code: int
    out: str
    err: str

    def id(self) -> str:
        """The delivery on a receipt."""
        match = re.search(r"levering  ([0-9a-f-]{36})", self.out)
        assert match is not None, self.out
        return match[1]


def gmsd(*arguments: str | Path, typed: str = "") -> Said:
    """Run a command in this process, with `typed` on its input."""
    result = CliRunner().invoke(app, [str(each) for each in arguments], input=typed)
    code, err = result.exit_code, result.stderr
    if isinstance(result.exception, LocalError):
        code, err = result.exception.exit_code, f"{err}{result.exception.sentence}\n"
    elif result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Said(code, result.stdout, err)


async def gmsd_beside(*arguments: str | Path, typed: str = "") -> Said:
    """The same from a test that runs in a loop of its own, without stopping it."""
    return await asyncio.to_thread(gmsd, *arguments, typed=typed)
