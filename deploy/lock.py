"""Compile the lock files: one for the workspace, one per service image. Hashes, no URLs: `python deploy/lock.py`."""

import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
SERVICES = ("intake", "validation", "linkage", "aggregation", "publication")
BUILD = ("hatchling", "editables")
"""So that an image builds our own packages without asking a registry."""
FOLDERS = ["contracts", "chassis", *(f"services/{name}" for name in SERVICES), "nation", "cli"]


def dependencies(folder: str) -> list[str]:
    """What a package needs from outside the workspace."""
    project = tomllib.loads((ROOT / folder / "pyproject.toml").read_text())["project"]
    return [line for line in project.get("dependencies", []) if not line.startswith("gmsd-")]


def compile_lock(requirements: Iterable[str], target: Path, *options: str) -> None:
    """Resolve for every platform and Python from 3.11 on, with the hashes of all files."""
    command = [
        sys.executable,
        "-m",
        "uv",
        "pip",
        "compile",
        "--quiet",
        "--universal",
        "--python-version",
        "3.11",
    ]
    command += [
        "--generate-hashes",
        "--no-header",
        "--no-emit-index-url",
        "--no-emit-find-links",
        "--no-annotate",
    ]
    command += [*options, "-", "--output-file", str(target)]
    subprocess.run(command, input="\n".join(sorted(set(requirements))), text=True, check=True, cwd=ROOT)


def pins(lock: Path) -> str:
    """The versions of a lock without their hashes."""
    lines = lock.read_text().splitlines()
    return "\n".join(line.removesuffix(" \\") for line in lines if line and not line.startswith((" ", "#")))


def main() -> None:
    """The workspace first; the services are held to its versions, so that what is tested is what is deployed."""
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["dev"]
    workspace = ROOT / "requirements.lock"
    compile_lock(
        [*tools, *(line for folder in FOLDERS for line in dependencies(folder))], workspace, "--upgrade"
    )
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as held:
        held.write(pins(workspace))
        held.flush()
        for name in SERVICES:
            folders = ("contracts", "chassis", f"services/{name}")
            needed = [*BUILD, *(line for folder in folders for line in dependencies(folder))]
            compile_lock(needed, ROOT / "services" / name / "requirements.lock", "--constraint", held.name)


if __name__ == "__main__":
    main()
