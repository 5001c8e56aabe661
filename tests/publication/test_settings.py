"""What publication does when nobody told it otherwise."""

from pathlib import Path

import pytest

from gmsd_chassis.errors import ConfigError
from gmsd_contracts.catalogue import Product
from gmsd_publication.domain.methods import METHODS, Secret
from gmsd_publication.domain.protection import NearestFive, Protection, fingerprint
from gmsd_publication.domain.schedule import Manual, Quiet
from gmsd_publication.settings import PublicationSettings
from tests.support.process import make_keys


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    make_keys(tmp_path)
    values = {
        "GMSD_KAFKA_BOOTSTRAP": "127.0.0.1:9092",
        "GMSD_KEYS_DIR": str(tmp_path),
        "GMSD_STATE_DIR": str(tmp_path),
        "GMSD_KEK_STATISTICAL": str(tmp_path / "statistical.kek"),
        "GMSD_JWKS": str(tmp_path / "jwks.json"),
        "GMSD_PORT": "0",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_nothing_comes_out_by_itself_unless_a_policy_says_so(environment: pytest.MonkeyPatch) -> None:
    settings = PublicationSettings()
    assert [settings.policy_of(product) for product in Product] == [Manual()] * len(Product)


def test_a_named_product_follows_its_own_policy_and_the_others_stay_manual(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("GMSD_RELEASE_POLICIES", '{"basis": {"kind": "quiet", "seconds": 2}}')
    settings = PublicationSettings()
    assert settings.policy_of("basis") == Quiet(seconds=2)
    assert settings.policy_of("wijk") == Manual()


def keyed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """A method that needs the key, registered for this test; the keys it was given."""
    given: list[bytes] = []

    def make(key: Secret) -> Protection:
        given.append(key())
        return NearestFive()

    monkeypatch.setattr("gmsd_publication.settings.METHODS", {**METHODS, "met-sleutel": make})
    monkeypatch.setenv("GMSD_PROTECTION", "met-sleutel")
    return given


def test_a_method_with_a_key_gets_the_whole_secret(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = keyed(environment)
    environment.setenv("GMSD_ROUNDING_KEY", str(tmp_path / "rounding.key"))
    PublicationSettings().protection_step()
    assert given == [(tmp_path / "rounding.key").read_bytes()]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, r"GMSD_ROUNDING_KEY is missing.*/dev/urandom"),
        (b"", "0 bytes: it needs at least 32"),
        (bytes(31), "31 bytes: it needs at least 32"),
    ],
)
def test_without_its_key_a_keyed_method_does_not_start_and_says_how_to_make_one(
    environment: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, said: str
) -> None:
    keyed(environment)
    if content is not None:
        (tmp_path / "cut.key").write_bytes(content)
        environment.setenv("GMSD_ROUNDING_KEY", str(tmp_path / "cut.key"))
    with pytest.raises(ConfigError, match=said):
        PublicationSettings().protection_step()


def test_a_key_file_that_is_not_there_is_named(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    keyed(environment)
    environment.setenv("GMSD_ROUNDING_KEY", str(tmp_path / "gone.key"))
    with pytest.raises(ConfigError, match=r"gone\.key, which cannot be read"):
        PublicationSettings().protection_step()


def test_a_method_that_does_not_exist_is_refused_with_those_that_do(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("GMSD_PROTECTION", "rot13")
    with pytest.raises(ConfigError, match="naastgelegen-5"):
        PublicationSettings().protection_step()


def test_the_fingerprint_of_a_key_tells_keys_apart_and_holds_nothing_of_them() -> None:
    keys = [bytes(32), bytes(31) + b"\x01", bytes(33)]
    prints = [fingerprint(key) for key in keys]
    assert len(set(prints)) == 3 and prints[0] == fingerprint(bytes(32))
    assert not [found for found, key in zip(prints, keys, strict=True) if key.hex()[:16] in found]
