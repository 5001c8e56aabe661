"""A file that says who delivers what, and which periods are open.

```toml
[[aanleveraar]]
id = "GM0344"                  # the code in file names and tokens
soort = "gemeente"             # gemeente, zorgaanbieder or registerhouder
naam = "Utrecht"
bestandssoorten = ["wmo"]

[[venster]]
periode = "2025HJ01"
open = true                    # false closes it; may be left out: true
tot = 2025-09-01               # last day on which can be delivered; may be left out: until it is closed
```
"""

import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from gmsd_cli.local.errors import BadArgument, why
from gmsd_contracts.period import Period
from gmsd_contracts.slot import Dataset
from gmsd_contracts.slot import Deliverer as DelivererId


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Deliverer(_Part):
    """One that may send."""

    id: DelivererId
    soort: Literal["gemeente", "zorgaanbieder", "registerhouder"]
    naam: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
    bestandssoorten: tuple[Dataset, ...] = Field(max_length=50)


class Window(_Part):
    """One period, open or closed."""

    periode: Period
    open: bool = True
    tot: date | None = None


class Registration(_Part):
    """The whole file."""

    aanleveraar: tuple[Deliverer, ...] = ()
    venster: tuple[Window, ...] = ()


_MEANING = {
    "extra_forbidden": "is onbekend",
    "missing": "ontbreekt",
    "literal_error": "is geen bekende soort",
    "string_pattern_mismatch": "heeft niet de juiste vorm",
    "value_error": "bestaat niet; geef bijvoorbeeld 2025HJ01",
}
"""Of Pydantic's kinds of error; any other is a value of the wrong type."""


def read(path: Path) -> Registration:
    """Read and check the whole file. Raises BadArgument with every fault and its place."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise BadArgument(f"Het bestand {path} is niet te lezen ({why(e)}).") from e
    except UnicodeDecodeError as e:
        raise BadArgument(f"Het bestand {path} is geen UTF-8.") from e
    except tomllib.TOMLDecodeError as e:
        raise BadArgument(f"Het bestand {path} is geen geldige TOML: {e}.") from e
    try:
        found = Registration.model_validate(content)
    except ValidationError as e:
        faults = "; ".join(
            f"{'.'.join(str(part + 1) if isinstance(part, int) else part for part in fault['loc'])} "
            f"{_MEANING.get(fault['type'], 'heeft niet het juiste type')}"
            for fault in e.errors(include_input=False, include_url=False, include_context=False)
        )
        raise BadArgument(f"Het bestand {path} klopt niet: {faults}.") from e
    _require_once([each.id for each in found.aanleveraar], path)
    _require_once([each.periode for each in found.venster], path)
    if not found.aanleveraar and not found.venster:
        raise BadArgument(f"Het bestand {path} noemt geen [[aanleveraar]] en geen [[venster]].")
    return found


def _require_once(names: list[str], path: Path) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadArgument(f"Het bestand {path} noemt {', '.join(twice)} meer dan eens.")
