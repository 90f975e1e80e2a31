"""Packs: folders with scenarios/, fault_injectors/, golden/ and reports/, mounted by path under a private name.

A pack comes from this distribution (the reference pack), from an installed distribution (entry-point group
``harness.packs``) or from a project whose pyproject.toml has ``[tool.harness]``. It is never guessed from the names
of folders.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import re
import sys
import tomllib
import traceback
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

import harness
from harness.boundary import FaultKind
from harness.content.modules import listed_kinds
from harness.errors import ContentError, PackError

_PARENT = "harness_packs"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")


class Pack(msgspec.Struct, frozen=True):
    """One mounted folder; its modules are named ``harness_packs.<name>.…``."""

    name: str
    root: Path

    def module(self, dotted: str) -> ModuleType:
        """Import a module of the pack; raises ContentError with file and line when it does not import."""
        path = self.root.joinpath(*dotted.split(".")).with_suffix(".py")
        mounted = _mount(self)
        if not path.is_file() and not path.with_suffix("").is_dir():
            raise ContentError([f"{path}: is missing; write this module"])
        try:
            return importlib.import_module(f"{mounted}.{dotted}")
        except (Exception, SystemExit) as error:
            raise ContentError([_import_problem(path, error)]) from error

    def fault_kinds(self) -> dict[str, FaultKind]:
        """Return every kind that the modules in fault_injectors/ list in ``KINDS``; raises ContentError."""
        found: dict[str, FaultKind] = {}
        problems: list[str] = []
        for path in sorted((self.root / "fault_injectors").glob("*.py")):
            if path.stem == "__init__":
                continue
            try:
                kinds = listed_kinds(self.module(f"fault_injectors.{path.stem}"))
            except ContentError as error:
                problems += error.problems
                continue
            problems += [
                f"{path}: the kind {one!r} is listed twice in this pack; rename one" for one in kinds if one in found
            ]
            found.update(kinds)
        if problems:
            raise ContentError(problems)
        return found

    def scenario_paths(self) -> list[Path]:
        """Return the scenario files, by name."""
        return sorted((self.root / "scenarios").rglob("*.yaml"))

    def domain_names(self) -> list[str]:
        """Return the folders of golden/ that declare a domain (``world.yaml`` or ``domain.yaml``)."""
        folders = sorted((self.root / "golden").glob("*/"))
        return [one.name for one in folders if (one / "world.yaml").is_file() or (one / "domain.yaml").is_file()]


def _import_problem(path: Path, error: BaseException) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == path]
    line = error.lineno if isinstance(error, SyntaxError) and error.lineno else frames[-1].lineno if frames else 1
    return f"{path}:{line}: does not import: {type(error).__name__}: {error}; mend this module"


def _mount(pack: Pack) -> str:
    """Make the pack's folder a package; one name can stand for one folder only."""
    name = f"{_PARENT}.{pack.name}"
    parent = sys.modules.setdefault(_PARENT, ModuleType(_PARENT))
    parent.__path__ = []
    mounted = sys.modules.get(name)
    if mounted is None:
        mounted = sys.modules[name] = ModuleType(name)
        mounted.__path__ = [str(pack.root)]
    elif list(mounted.__path__) != [str(pack.root)]:
        msg = f"two packs are called {pack.name!r}: {mounted.__path__[0]} and {pack.root}; rename one"
        raise PackError(msg)
    return name


def reference_pack() -> Pack:
    """Return the pack that ships with this distribution."""
    package = Path(harness.__file__).resolve().parent
    shipped = package / "pack"
    return Pack("core", shipped if shipped.is_dir() else package.parent)


def _installed_packs() -> Iterator[Pack]:
    for entry in importlib.metadata.entry_points(group="harness.packs"):
        where = f"pack {entry.name!r} of {entry.dist.name if entry.dist else 'an unknown distribution'}"
        try:
            folder = Path(entry.load().__path__[0])
        except (Exception, SystemExit) as error:
            msg = f"{where} does not import: {type(error).__name__}: {error}; mend or uninstall that distribution"
            raise PackError(msg) from error
        yield Pack(entry.name, folder.resolve())


def _project_pack(folder: Path) -> Pack | None:
    pyproject = folder / "pyproject.toml"
    if not pyproject.is_file():
        return None
    try:
        tools: Any = tomllib.loads(pyproject.read_text(encoding="utf-8")).get("tool", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        msg = f"{pyproject}: not valid TOML: {error}"
        raise PackError(msg) from error
    if not isinstance(tools, dict):
        msg = f"{pyproject}: tool = {tools!r} should be a table; write [tool.harness]"
        raise PackError(msg)
    table = tools.get("harness")
    if table is None:
        return None
    if not isinstance(table, dict) or set(table) - {"pack"}:
        msg = f'{pyproject}: [tool.harness] takes one key, pack = "name"'
        raise PackError(msg)
    name = table.get("pack", "local")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        msg = f"{pyproject}: tool.harness.pack: {name!r} is no name for a pack; use letters, digits, - and _"
        raise PackError(msg)
    return Pack(name, folder.resolve())


def find_packs() -> dict[str, Pack]:
    """Return all packs by name: the reference pack, installed ones, and that of the project that the folder is in."""
    return _find_packs(Path.cwd())


@cache
def _find_packs(project: Path) -> dict[str, Pack]:
    packs = {"core": reference_pack()}
    local = next((pack for folder in (project, *project.parents) if (pack := _project_pack(folder))), None)
    for pack in [*_installed_packs(), *([local] if local else [])]:
        if pack.root == packs["core"].root:
            continue
        if pack.name in packs:
            msg = f"two packs are called {pack.name!r}: {packs[pack.name].root} and {pack.root}; rename one"
            raise PackError(msg)
        packs[pack.name] = pack
    return packs


def all_fault_kinds() -> dict[str, FaultKind]:
    """Return the fault kinds of all packs: ``name`` where it is unambiguous, and always ``pack:name``."""
    found: dict[str, FaultKind] = {}
    bare: dict[str, list[FaultKind]] = {}
    for pack in find_packs().values():
        for name, kind in pack.fault_kinds().items():
            found[f"{pack.name}:{name}"] = kind
            bare.setdefault(name, []).append(kind)
    return {name: kinds[0] for name, kinds in bare.items() if len(kinds) == 1} | found
