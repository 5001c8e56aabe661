"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

State = Annotated[
    Path, typer.Option("--state", help="Map met alles wat het platform bewaart.", show_default=True)
]
PortBase = Annotated[
    int,
    typer.Option(
        "--port-base",
        min=1024,
        max=65000,
        help="Eerste poort; de diensten luisteren op +1 tot +5, Kafka op +9.",
    ),
]
