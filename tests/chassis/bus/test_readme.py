"""What the README does not name does not exist for an operator."""

from pathlib import Path

import gmsd_chassis.service
from gmsd_chassis.metrics import registry
from gmsd_chassis.settings import ServiceSettings
from gmsd_contracts.topics import SERVICES

README = Path(gmsd_chassis.service.__file__).parents[1] / "README.md"


def test_every_metric_and_setting_of_the_chassis_is_documented() -> None:
    text = README.read_text()
    lines = [
        f"| `{doc.name}` | {doc.kind} | {', '.join(doc.labels)} | {doc.help} |"
        for doc in registry.documented()
        if not doc.name.startswith(tuple(f"gmsd_{service}_" for service in SERVICES))
    ]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in ServiceSettings.variables().items()]
    ours = [
        line for line in lines if not line.startswith("| `gmsd_keyring") and line not in text.splitlines()
    ]
    assert ours == []
