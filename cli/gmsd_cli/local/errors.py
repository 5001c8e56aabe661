"""What can go wrong on one's own machine.

LocalError                 one Dutch sentence for the user, and an exit code
├── BadSetting            a setting of gmsd itself is unknown or malformed
├── JarUnavailable         a jar could not be fetched (no network, not there)
├── JarDamaged             a fetched jar is not the one the lock names; it was deleted
├── LockUnreadable         jars.lock is absent or malformed
├── JavaMissing            no usable Java runtime
├── PortInUse              somebody else listens there
├── DiskFull               too little room to start a broker
├── StateUnwritable        the state directory cannot be written
├── ForeignState           the state belongs to another cluster or another layout
├── AlreadyRunning         another `gmsd up` holds this state directory
├── BrokerFailed           the broker died or never answered
├── SecretDamaged         a key file is absent or malformed while there is content it protects
├── TopicDiffers           a topic exists with other partitions than the registry says
├── ServiceMisconfigured   a service refused its settings (exit code 78)
└── ServiceNotReady        a service did not become ready in time
"""

EX_CONFIG = 78
"""sysexits.h: a process that refuses its configuration; starting it again cannot help."""


class LocalError(Exception):
    """A failure the user can act on. `sentence` is Dutch, complete, and holds no content of any delivery."""

    exit_code = 1

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class BadSetting(LocalError):
    """A setting of gmsd itself that cannot be used."""

    exit_code = EX_CONFIG


class JarUnavailable(LocalError):
    """A jar could not be fetched from the repository or its mirror."""


class JarDamaged(LocalError):
    """A fetched jar has another sha256 than the lock file says."""


class LockUnreadable(LocalError):
    """The jar lock file is absent or a line of it cannot be read."""


class JavaMissing(LocalError):
    """No Java runtime that can run the broker."""


class PortInUse(LocalError):
    """A port the platform needs is taken."""


class DiskFull(LocalError):
    """Less free disk space than a broker needs to start safely."""


class StateUnwritable(LocalError):
    """The state directory cannot be made or written."""


class ForeignState(LocalError):
    """State on disk that belongs to something else; it is left as it was."""


class AlreadyRunning(LocalError):
    """Another platform runs on the same state directory."""


class BrokerFailed(LocalError):
    """The broker stopped while starting, or did not answer in time."""


class SecretDamaged(LocalError):
    """A key that cannot be used; making a new one would make existing content unreadable for ever."""


class TopicDiffers(LocalError):
    """A topic exists with another number of partitions than the registry declares."""


class ServiceMisconfigured(LocalError):
    """A service refused its settings; restarting it would change nothing."""

    exit_code = EX_CONFIG


class ServiceNotReady(LocalError):
    """A service did not answer its readiness check in time."""
