"""Compile the lock files: one for the workspace, one per service image. Hashes, no URLs: `python deploy/lock.py`."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
SERVICES = ("intake", "validation", "linkage", "aggregation", "publication")
FOLDERS = ["contracts", "chassis", *(f"services/{name}" for name in SERVICES), "nation", "cli"]


def dependencies(folder: str) -> list[str]:
    """What a package needs from outside the workspace."""
    project = tomllib.loads((ROOT / folder / "pyproject.toml").read_text())["project"]
    return [line for line in project.get("dependencies", []) if not line.startswith("gmsd-")]


def compile_lock(requirements: list[str], target: Path) -> None:
    """Resolve for every platform and Python from 3.11 on, with the hashes of all files."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
    command += ["--generate-hashes", "--no-header", "--no-emit-index-url", "--no-emit-find-links", "--no-annotate"]
    command += ["-", "--output-file", str(target)]
    if target.exists():
        command += ["--upgrade"]
    subprocess.run(command, input="\n".join(sorted(set(requirements))), text=True, check=True, cwd=ROOT)


def main() -> None:
    """Workspace lock first; service locks are constrained by it, so that what is tested is what is deployed."""
    workspace = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["dev"]
    compile_lock([*workspace, *(line for folder in FOLDERS for line in dependencies(folder))], ROOT / "requirements.lock")
    pins = [
        line.removesuffix(" \\")
        for line in (ROOT / "requirements.lock").read_text().splitlines()
        if line and not line.startswith((" ", "#"))
    ]
    constraints = ROOT / "var" / "constraints.txt"
    constraints.parent.mkdir(exist_ok=True)
    constraints.write_text("\n".join(pins))
    for name in SERVICES:
        needed = [line for folder in ("contracts", "chassis", f"services/{name}") for line in dependencies(folder)]
        needed += ["hatchling", "editables"]
        target = ROOT / "services" / name / "requirements.lock"
        command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
        command += ["--generate-hashes", "--no-header", "--no-emit-index-url", "--no-annotate", "--constraint", str(constraints)]
        command += ["-", "--output-file", str(target)]
        subprocess.run(command, input="\n".join(sorted(set(needed))), text=True, check=True, cwd=ROOT)


if __name__ == "__main__":
    main()
