"""The whole failure policy of a service.

    Unprocessable   this message can never be processed        -> quarantine, go on
    Poison          the same, and it says nothing of others     -> quarantine without counting against the fuse, go on
    TryLater        not now (a store is away, a lock is held)   -> back off in place, then crash
    ContentExpired  the content was erased as promised          -> a named outcome, never a failure of the service
    ContentDamaged  the content is not what the event promised  -> a named outcome
    StartPostponed  a port is still taken                       -> one sentence, exit 75 (EX_TEMPFAIL), a restart may help
    ConfigError     the operator has to change something        -> one sentence, exit 78 (EX_CONFIG), no restart helps
    anything else   a defect                                    -> the process crashes, the supervisor restarts it

No error carries a cell value: `detail` names positions, columns, types and identifiers of deliveries only.
"""

import re

EX_CONFIG = 78
"""sysexits.h: configuration error. A supervisor may stop restarting on it."""
EX_TEMPFAIL = 75
"""sysexits.h: temporary failure. A supervisor restarts."""
EX_SOFTWARE = 70
"""sysexits.h: internal error. A supervisor restarts."""

_SLUG = re.compile(r"[a-z][a-z0-9_]{0,63}")


def _slug(reason: str) -> str:
    if not _SLUG.fullmatch(reason):
        raise ValueError("a reason is a slug of at most 64 characters: it becomes a metric label")
    return reason


class Unprocessable(Exception):
    """A message that no retry will make right. `reason` is a bounded slug; `detail` never holds a cell value."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = _slug(reason)
        self.detail = detail


class Poison(Unprocessable):
    """A sound message about something that breaks the work on it: this file, and no other.

    It goes to quarantine as any Unprocessable, and leaves the fuse as it was: a deliverer who sends fifty such files may not
    stop the work for the rest of the country.
    """


class TryLater(Exception):
    """Something outside is not there now. `after`: seconds the caller should wait at least, if it is known."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = _slug(reason)
        self.after = after


class ContentExpired(Exception):
    """The key of this content was destroyed, or its chunks left the log: ask for the delivery again."""


class ContentDamaged(Exception):
    """Chunks are missing, mixed, or do not carry the promised sha256."""


class ConfigError(Exception):
    """What is wrong with the configuration, and what to do, in one sentence for an operator."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class StartPostponed(Exception):
    """The service cannot start now, and nothing is wrong with its settings; one sentence for an operator."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
