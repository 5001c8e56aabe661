"""The topics of the local platform: the chassis makes them, here stands what it could not, in the words of `gmsd`."""

from collections.abc import Iterable

from gmsd_chassis.bus import topics
from gmsd_chassis.bus.topics import DeclaredTopic, ensure_topics
from gmsd_cli.local.errors import BrokerFailed, TopicDiffers
from gmsd_cli.local.keeper import Notice


async def make_topics(bootstrap: str, registry: Iterable[DeclaredTopic], notice: Notice) -> None:
    """As `ensure_topics`; a setting that differs is told to `notice`. Raises TopicDiffers, BrokerFailed."""
    try:
        report = await ensure_topics(bootstrap, registry)
    except topics.TopicDiffers as e:
        raise TopicDiffers(
            f"Topic {e.topic} heeft {e.found} partities en hoort er {e.declared} te hebben; "
            "het is niet gewijzigd: gebruik een nieuwe map met --state of een ander cluster."
        ) from e
    except topics.TopicsNotMade as e:
        what = "de topics niet maken" if e.topic is None else f"topic {e.topic} niet maken"
        raise BrokerFailed(f"Kafka op {bootstrap} kon {what} ({e.reason}).") from e
    for topic, setting, declared, actual in report.differing:
        notice(f"Topic {topic} heeft {setting}={actual} waar het register {declared} zegt; niet gewijzigd.")
