"""What is wrong with the environment is one sentence that names the variable."""

from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import Field

from gmsd_chassis.clock import ShiftedClock
from gmsd_chassis.errors import ConfigError
from gmsd_chassis.settings import ServiceSettings, TokenSettings
from gmsd_contracts.zones import Zone


class LinkageSettings(ServiceSettings):
    """A subclass as a service writes it."""

    zones: ClassVar[frozenset[Zone]] = frozenset({Zone.IDENTIFYING, Zone.PSEUDONYMOUS})
    pseudonym_key: Path = Field(description="File with the pseudonym key")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    import os

    for name in [name for name in os.environ if name.startswith("GMSD_")]:
        monkeypatch.delenv(name)
    (tmp_path / "kek").write_bytes(b"k")
    values = {
        "KAFKA_BOOTSTRAP": "127.0.0.1:9092", "KEYS_DIR": "/keys", "STATE_DIR": "/state", "PORT": "8001",
        "KEK_IDENTIFYING": str(tmp_path / "kek"), "KEK_PSEUDONYMOUS": str(tmp_path / "kek"), "PSEUDONYM_KEY": "/k",
    }  # fmt: skip
    for name, value in values.items():
        monkeypatch.setenv(f"GMSD_{name}", value)
    return tmp_path


def test_the_environment_is_read() -> None:
    settings = LinkageSettings()
    assert (settings.port, settings.host, settings.instance) == (8001, "127.0.0.1", "0")
    assert settings.keks() == {
        Zone.IDENTIFYING: b"k",
        Zone.PSEUDONYMOUS: b"k",
    }
    assert type(settings.clock()).__name__ == "Clock"


def test_the_clock_is_shifted_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GMSD_CLOCK_SHIFT_SECONDS", "3600")
    assert isinstance(LinkageSettings().clock(), ShiftedClock)


@pytest.mark.parametrize(
    "name", ["GMSD_KAFKA_BOOTSTRAP", "GMSD_PORT", "GMSD_PSEUDONYM_KEY", "GMSD_STATE_DIR"]
)
def test_a_missing_variable_is_named_with_its_meaning(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(ConfigError) as caught:
        LinkageSettings()
    assert caught.value.sentence.startswith(f"{name} is missing (")
    assert LinkageSettings.variables()[name] in caught.value.sentence


def test_an_unknown_variable_is_named_with_the_nearest_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GMSD_PSEUDONIEM_KEY", "x")
    with pytest.raises(ConfigError, match="GMSD_PSEUDONIEM_KEY .* did you mean GMSD_PSEUDONYM_KEY"):
        LinkageSettings()


def test_a_wrong_value_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GMSD_PORT", "secret-999990019")
    with pytest.raises(ConfigError) as caught:
        LinkageSettings()
    assert "GMSD_PORT" in caught.value.sentence
    assert "secret" not in caught.value.sentence
    assert caught.value.__cause__ is None


def test_a_key_too_few_and_a_key_too_many_are_refused(
    monkeypatch: pytest.MonkeyPatch, environment: Path
) -> None:
    monkeypatch.setenv("GMSD_KEK_STATISTICAL", str(environment / "kek"))
    with pytest.raises(ConfigError, match="GMSD_KEK_STATISTICAL is set, .* zone statistical"):
        LinkageSettings()
    monkeypatch.delenv("GMSD_KEK_STATISTICAL")
    monkeypatch.delenv("GMSD_KEK_PSEUDONYMOUS")
    with pytest.raises(ConfigError, match="GMSD_KEK_PSEUDONYMOUS is missing"):
        LinkageSettings()
    monkeypatch.setenv("GMSD_KEK_PSEUDONYMOUS", str(environment / "nothing"))
    with pytest.raises(ConfigError, match="not a file"):
        LinkageSettings()


def test_every_field_has_a_description() -> None:
    assert all(LinkageSettings.variables().values())


def test_a_key_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, environment: Path) -> None:
    settings = LinkageSettings()
    (environment / "kek").unlink()
    with pytest.raises(ConfigError, match="GMSD_KEK_IDENTIFYING names .*kek, which cannot be read"):
        settings.keks()


def test_metrics_do_not_stand_open_to_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GMSD_HOST", "0.0.0.0")
    with pytest.raises(ConfigError, match="GMSD_MANAGEMENT_PORT"):
        LinkageSettings()
    monkeypatch.setenv("GMSD_MANAGEMENT_PORT", "8001")
    with pytest.raises(ConfigError, match="GMSD_MANAGEMENT_PORT is GMSD_PORT"):
        LinkageSettings()
    monkeypatch.setenv("GMSD_MANAGEMENT_PORT", "8002")
    assert LinkageSettings().management_port == 8002


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'{"keys": []}', b'{"keys": 7}', b"\xff"])
def test_a_key_set_that_is_none_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    monkeypatch.delenv("GMSD_PSEUDONYM_KEY")
    monkeypatch.delenv("GMSD_KEK_IDENTIFYING")
    monkeypatch.delenv("GMSD_KEK_PSEUDONYMOUS")
    place = tmp_path / "jwks.json"
    if content is not None:
        place.write_bytes(content)
    with pytest.raises(ConfigError, match=f"GMSD_JWKS names {place}"):
        TokenSettings(jwks=str(place)).check()
    place.write_bytes(b'{"keys": [{"kty": "EC"}]}')
    TokenSettings(jwks=str(place)).check()
    TokenSettings(jwks="https://idp.example/jwks").check()
