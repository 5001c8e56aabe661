"""The one-node broker's configuration: every value that differs from Kafka's default, and why."""

from pathlib import Path

NODE_ID = 1


def server_properties(data: Path, port: int, controller_port: int) -> dict[str, str]:
    """server.properties of a combined KRaft broker and controller that listens on 127.0.0.1 only.

    `data` is the log directory; both ports are TCP ports on the loopback interface.
    """
    return {
        "process.roles": "broker,controller",
        "node.id": str(NODE_ID),
        "controller.quorum.voters": f"{NODE_ID}@127.0.0.1:{controller_port}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": str(data),
        # after kill -9 the controller fences the old incarnation first: 12 s at the defaults, 5 s with these (measured)
        "broker.heartbeat.interval.ms": "500",
        "broker.session.timeout.ms": "3000",
        # one consumer per group on one machine: nobody to wait for
        "group.initial.rebalance.delay.ms": "0",
        # one node can hold one replica
        "default.replication.factor": "1",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        # a handful of groups; 50 partitions each (the default) cost start-up time and open files
        "offsets.topic.num.partitions": "8",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.num.partitions": "4",
        # a topic that the registry does not name is a mistake
        "auto.create.topics.enable": "false",
        # a year: at the default (7 days) a group that paused over a holiday would replay all of last year's work
        "offsets.retention.minutes": str(365 * 24 * 60),
        # retention is declared per topic; a topic without a declaration keeps everything
        "log.retention.ms": "-1",
        # a content chunk is at most 768 KiB before compression and sealing; a quarantined copy adds headers to that
        "message.max.bytes": str(2 * 1024 * 1024),
        "replica.fetch.max.bytes": str(2 * 1024 * 1024),
        # a laptop's disk: expired data leaves in pieces of 128 MiB, and an index of that segment fits in 1 MiB
        "log.segment.bytes": str(128 * 1024 * 1024),
        "log.index.size.max.bytes": str(1024 * 1024),
        # only __consumer_offsets is compacted; the default buffer would take 128 MiB of a 512 MiB heap
        "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
        # two cores, a few clients
        "num.network.threads": "2",
        "num.io.threads": "4",
        "background.threads": "4",
    }


def render(properties: dict[str, str]) -> str:
    """A Java properties file; backslashes (Windows paths) and non-Latin-1 characters are escaped."""
    lines = [f"{key}={_escape(value)}" for key, value in properties.items()]
    return "\n".join(lines) + "\n"


def parse(text: str) -> dict[str, str]:
    """The `key=value` lines of a properties file that Kafka itself wrote (meta.properties); comments are skipped."""
    pairs = (line.partition("=") for line in text.splitlines() if line and line[0] not in "#!")
    return {key.strip(): value.strip() for key, _, value in pairs}


def _escape(value: str) -> str:
    escaped = value.replace("\\", "\\\\")
    return "".join(c if " " <= c <= "~" else f"\\u{ord(c):04x}" for c in escaped)
