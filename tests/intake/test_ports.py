"""Keys of the identity provider, and a log that does not answer."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from gmsd_chassis.errors import ConfigError, TryLater
from gmsd_contracts.envelope import Event, source_of
from gmsd_contracts.events.registration import WindowClosed
from gmsd_intake.adapters import recorder, tokens
from gmsd_intake.adapters.recorder import LogRecorder
from gmsd_intake.adapters.tokens import Caller, KeySource, TokenCheck
from gmsd_intake.errors import Problem
from tests.intake.conftest import ISSUER, PERIOD, Identity


def check(source: KeySource) -> TokenCheck:
    return TokenCheck(source, issuer=ISSUER, audience="gmsd-intake", algorithms=("ES256",))


async def ask(judge: TokenCheck, identity: Identity, **claims: Any) -> Caller:
    return await judge.caller("Bearer " + identity.token(**({"roles": ["platform"]} | claims)))


async def test_a_new_key_of_the_provider_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "jwks.json"
    first, second = Identity(), Identity()
    place.write_text(first.jwks())
    judge = check(KeySource(str(place)))
    assert (await ask(judge, first)).is_platform
    place.write_text(second.jwks())
    with pytest.raises(
        Problem, match="token-ongeldig"
    ):  # asked too soon: invented keys must not make us read
        await ask(judge, second)
    monkeypatch.setattr(tokens, "_REFRESH_SECONDS", 0.0)
    assert (await ask(judge, second)).is_platform
    with pytest.raises(Problem, match="token-ongeldig"):
        await ask(judge, first)


@pytest.mark.parametrize("text", [None, "geen json", '{"keys": [{"kty": "onzin"}]}'])
async def test_without_keys_nobody_is_let_in_and_nobody_is_blamed(tmp_path: Path, text: str | None) -> None:
    place = tmp_path / "jwks.json"
    if text is not None:
        place.write_text(text)
    with pytest.raises(Problem, match="aanmelding-niet-te-controleren"):
        await ask(check(KeySource(str(place))), Identity())


def test_settings_that_would_let_anybody_in_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        KeySource("http://idp.example/jwks")
    for algorithms in (("HS256",), ("none",), ()):
        with pytest.raises(ConfigError):
            TokenCheck(KeySource("x"), issuer="x", audience="x", algorithms=algorithms)


async def test_a_client_that_could_be_a_person_is_not_taken_over(tmp_path: Path) -> None:
    place = tmp_path / "jwks.json"
    identity = Identity()
    place.write_text(identity.jwks())
    for client in ("999990019", "x-999990019", None, 5, "met spatie"):
        assert (await ask(check(KeySource(str(place))), identity, client_id=client)).client == "onbekend"


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
