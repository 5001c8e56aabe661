"""What can go wrong on one's own machine.

LocalError                 one Dutch sentence for the user, and an exit code
├── BadSetting            a setting of gmsd itself is unknown or malformed
├── BadArgument           what was typed behind the command, or a file it names, cannot be used
├── NotRunning            no platform runs on this state directory
├── NoAnswer              a service or the broker of a platform does not answer
├── Refused               a service said no, in its own words
├── NotDone               the command ran, and what was asked for is not so: rejected, or not agreed to
├── StillWaiting          the verdict did not come within the time the user gave
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

import errno

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


class BadArgument(LocalError):
    """An argument, an option, or a file that one of them names, cannot be used."""

    exit_code = 2


class NotRunning(LocalError):
    """There is no platform to talk to."""


class NoAnswer(LocalError):
    """A service or the broker does not answer."""


class Refused(LocalError):
    """A service answered with a problem document; the sentence is its own."""


class NotDone(LocalError):
    """What was asked for did not happen, and nothing is broken."""


class StillWaiting(LocalError):
    """Nothing is known yet; asking again later may help."""

    exit_code = 75


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


_WHY = {
    errno.ENOENT: "bestaat niet",
    errno.EACCES: "geen toegang",
    errno.EISDIR: "is een map",
    errno.ENOTDIR: "een deel van het pad is geen map",
    errno.ENOSPC: "de schijf is vol",
    errno.EROFS: "alleen te lezen",
}


def why(error: OSError) -> str:
    """What the operating system said, in Dutch where it is common; never a path or content."""
    return _WHY.get(error.errno or 0, type(error).__name__)
