"""Write JSON Schemas and examples beside the package: `python -m gmsd_contracts.generate [--check]`."""

import json
import sys
from pathlib import Path

from gmsd_contracts.envelope import Event
from gmsd_contracts.examples import examples
from gmsd_contracts.registry import EVENT_TYPES

ROOT = Path(__file__).parents[1]


def documents() -> dict[Path, str]:
    """Path below `contracts/` → content, for every generated file."""
    written: dict[Path, str] = {}
    for name, payload in EVENT_TYPES.items():
        schema = payload.model_json_schema(by_alias=True)
        schema = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"urn:gmsd:schema:{name}",
            **schema,
        }
        written[Path("schemas") / f"{name}.json"] = _text(schema)
    envelope = Event.model_json_schema(by_alias=True)
    written[Path("schemas") / "envelope.json"] = _text(envelope)
    for event in examples():
        written[Path("examples") / f"{event.type}.json"] = _text(event.model_dump(mode="json", by_alias=True))
    return written


def _text(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def stale() -> list[str]:
    """Generated files that differ from what stands on disk, or stand there without a type."""
    expected = documents()
    differing = [str(path) for path, text in expected.items() if not _same(ROOT / path, text)]
    present = {
        path.relative_to(ROOT)
        for folder in ("schemas", "examples")
        for path in (ROOT / folder).glob("*.json")
    }
    return sorted(differing + [str(path) for path in present - set(expected)])


def _same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


def main() -> int:
    """Write the files, or with `--check` say which are stale and exit 1."""
    if "--check" in sys.argv[1:]:
        differing = stale()
        for name in differing:
            print(f"contracts/{name} is stale: run `python -m gmsd_contracts.generate`", file=sys.stderr)
        return 1 if differing else 0
    for path, text in documents().items():
        (ROOT / path).parent.mkdir(exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
