"""A log that does not answer."""

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from gmsd_chassis.errors import TryLater
from gmsd_contracts.envelope import Event, source_of
from gmsd_contracts.events.registration import WindowClosed
from gmsd_intake.adapters import recorder
from gmsd_intake.adapters.recorder import LogRecorder
from gmsd_intake.errors import Problem
from tests.intake.conftest import PERIOD


def event() -> Event[Any]:
    return Event[Any].caused_by(
        WindowClosed(period=PERIOD),
        cause=uuid4(),
        stage="proef",
        correlation=uuid4(),
        source=source_of("intake"),
        time=datetime.now(UTC),
    )


async def test_a_log_that_does_not_answer_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "_PUBLISH_SECONDS", 0.05)

    async def silent(_: Any) -> Any:
        await asyncio.Event().wait()

    async def answers(_: Any) -> list[str]:
        return ["plaats"]

    async def behind(*_: Any) -> None:
        raise TryLater("fold_behind")

    for publish in (silent, answers):
        log: Any = SimpleNamespace(publish=publish)
        fold: Any = SimpleNamespace(applied=behind)
        with pytest.raises(Problem, match="later-opnieuw") as problem:
            await LogRecorder(log, fold).record(event())
        assert problem.value.headers["Retry-After"]
