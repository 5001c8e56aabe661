"""What the domain refuses, by name."""


class SnapshotBroken(Exception):
    """Cells and frame do not fit each other or their contract. `reason` is a slug, `detail` names regions and columns only."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail
