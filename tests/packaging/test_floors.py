"""What may import what: rooms from lower floors, content from floors 0 to 3, both from what is declared."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PACK_FOLDERS = ("fault_injectors", "golden", "scenarios", "reports")
OPEN_TO_PACKS = {"errors", "simulation", "history", "store", "boundary", "world", "content", "planners"}


def lint_imports(checkout: Path) -> subprocess.CompletedProcess[str]:
    """Check the contract of ``checkout``, whichever ``harness`` this interpreter would import."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, timeout=120, check=False)


def imported_modules(path: Path) -> set[str]:
    """Return every module that the file at ``path`` imports, wherever the import stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "harness":
            found |= {f"harness.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def test_rooms_import_from_lower_floors_only() -> None:
    """The contract ``floors`` of pyproject.toml holds."""
    run = lint_imports(ROOT)
    assert run.returncode == 0, run.stdout + run.stderr


def test_an_upward_import_is_caught(tmp_path: Path) -> None:
    """The contract is not satisfied by everything: one import from the lowest floor upward breaks it."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "harness", tmp_path / "harness", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "harness" / "errors.py").open("a", encoding="utf-8") as errors:
        errors.write("\nfrom harness import cli\n")
    run = lint_imports(tmp_path)
    assert run.returncode == 1, run.stdout + run.stderr
    assert "harness.errors -> harness.cli" in run.stdout


@pytest.mark.parametrize("folder", PACK_FOLDERS)
def test_content_imports_from_floors_0_to_3_only(folder: str) -> None:
    """A pack never reaches for the parts that run, judge or show it."""
    reached = {
        f"{path.relative_to(ROOT)}: {module}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for module in imported_modules(path)
        if module.split(".")[0] == "harness" and OPEN_TO_PACKS.isdisjoint(module.split(".")[1:2])
    }
    assert reached == set()


def test_every_import_is_declared() -> None:
    """What reaches us through a dependency of a dependency may be gone tomorrow."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    allowed = {canonicalize_name(Requirement(line).name) for line in declared}
    owners = packages_distributions()
    undeclared = {
        f"{path.relative_to(ROOT)}: {module}"
        for folder in ("harness", *PACK_FOLDERS)
        for path in sorted((ROOT / folder).rglob("*.py"))
        for module in {name.split(".")[0] for name in imported_modules(path)} - sys.stdlib_module_names
        if module != "harness" and allowed.isdisjoint(map(canonicalize_name, owners.get(module, [module])))
    }
    assert undeclared == set()
