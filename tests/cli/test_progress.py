"""What the demo shows of publication's work, from publication's own metrics."""

import pytest

from gmsd_chassis.metrics import registry
from gmsd_cli.demo.progress import PROTECTION, protected_share
from gmsd_publication import metrics


@pytest.mark.parametrize(("share", "shown"), [(0.0, 0.0), (0.375, 0.375), (1.0, None)])
def test_it_is_the_share_that_publication_tells(share: float, shown: float | None) -> None:
    metrics.PROTECTION_PROGRESS.set(share, product="basis")
    text = registry.exposition().decode()
    assert PROTECTION in text
    assert protected_share(text) == shown


def test_nothing_is_shown_while_there_is_nothing_to_tell() -> None:
    assert protected_share("") is None
    assert protected_share(f"{PROTECTION} half") is None
    assert protected_share("# HELP a b\n# TYPE a gauge\na 0.5\n") is None
