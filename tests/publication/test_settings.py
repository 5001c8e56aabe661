"""What publication does when nobody told it otherwise."""

from pathlib import Path

import pytest

from gmsd_contracts.catalogue import Product
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
