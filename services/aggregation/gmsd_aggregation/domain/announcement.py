"""When a delivery's coverage has to be said again."""

from gmsd_contracts.events.delivery_loaded_v1 import Coverage

INITIAL_STAGE = "loaded"


def later_stage(delivery_id: object) -> str:
    """Stage of an announcement that a snapshot causes: one snapshot may announce many deliveries."""
    return f"loaded/{delivery_id}"


def has_news(said: Coverage | None, now: Coverage) -> bool:
    """Whether a reader of the last announcement would be told something else today."""
    return said != now
