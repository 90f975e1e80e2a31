"""Under what conditions results were made, and how today's differ."""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.metadata
import importlib.util
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from harness import scoring
from harness.campaign.specs import TrialSpec
from harness.content import comparers, find_packs, honesty, load_domain
from harness.errors import ContentError
from harness.scoring import METRICS

DISTRIBUTION = "agent-chaos-harness"
# What a history can depend on besides its inputs.
_WATCHED = ("pydantic", "pydantic-core", "msgspec", "numpy", "bm25s", "jmespath", "agentdojo")


def environment() -> dict[str, str]:
    """Return the versions that a history can depend on."""
    versions = {name: _version(name) for name in (DISTRIBUTION, *_WATCHED)}
    installed = {name: version for name, version in versions.items() if version}
    return {"python": ".".join(platform.python_version_tuple()[:2]), **installed}


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def make_manifest(specs: Sequence[TrialSpec], *, command: str, seed: int) -> dict[str, Any]:
    """Return the manifest of a run: what was run, from which sources, under which versions."""
    return {
        "command": command,
        "seed": seed,
        "trials": len(specs),
        "scenarios": _unique(spec.scenario for spec in specs),
        "agents": _unique(spec.agent.name for spec in specs),
        "agent_sources": agent_sources_digest(specs),
        "domains": {name: dict(load_domain(name).files) for name in _unique(spec.domain for spec in specs)},
        "fault_catalogue": fault_catalogue(),
        "environment": environment(),
        "scorers": scorers(),
    }


def _unique(names: Iterable[str]) -> list[str]:
    return sorted(set(names))


def fault_catalogue() -> dict[str, str]:
    """Return the digest of every source of fault kinds."""
    return {
        f"{pack.name}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest()
        for pack in find_packs().values()
        for path in sorted((pack.root / "fault_injectors").glob("*.py"))
    }


def scorers() -> dict[str, str]:
    """Return, for each metric, the version of the scorer that computes it today."""
    return dict.fromkeys((metric.name for metric in METRICS), scorer_version())


@cache
def scorer_version() -> str:
    """Return twelve hex digits of a digest of what numbers depend on: the scoring room, comparers, words of honesty.

    Docstrings and the blanks at the ends of lines do not count: a better definition of the same number is no new one.
    """
    whole = hashlib.sha256()
    room = sorted(Path(scoring.__file__).parent.rglob("*.py"))
    for path in (*room, Path(comparers.__file__), Path(honesty.__file__)):
        whole.update(f"{path.name}\0{code_of(path.read_text(encoding='utf-8'))}".encode())
    return whole.hexdigest()[:12]


def code_of(source: str) -> str:
    """Return a source without docstrings, empty lines and the blanks at the ends of lines."""
    lines = [line.rstrip() for line in source.splitlines()]
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant(value=str()), end_lineno=int(end)):
                lines[node.lineno - 1 : end] = [""] * (end - node.lineno + 1)
    return "\n".join(line for line in lines if line)


def agent_sources_digest(specs: Sequence[TrialSpec]) -> str:
    """Return the digest of the files that define the agents and their parts; of nothing for built-in ones.

    Modules that lie beside an agent's own, or below it, and are imported by name, count as well.
    """
    whole = hashlib.sha256()
    for name in _unique(one for spec in specs for one in (spec.agent.agent, spec.agent.parts or "") if ":" in one):
        module = importlib.import_module(name.partition(":")[0])
        whole.update(f"{name}\0".encode())
        for path in _sources(module):
            whole.update(path.read_bytes())
    return whole.hexdigest()


def _sources(module: ModuleType) -> list[Path]:
    """Return the file of a module, and then those that it imports from its own folder, in the order of their names."""
    first = Path(str(module.__file__))
    found = {first: module}
    left = [module]
    while left:
        for name in _imported(left.pop()):
            other = sys.modules.get(name)
            path = Path(str(getattr(other, "__file__", None)))
            if other is not None and path not in found and _lies_below(path, first.parent):
                found[path] = other
                left.append(other)
    return [first, *sorted(found.keys() - {first})]


def _lies_below(path: Path, folder: Path) -> bool:
    """Whether a source is of the same making; what is installed below a project is not."""
    inner = path.relative_to(folder).parts if path.is_relative_to(folder) else ()
    return path.suffix == ".py" and bool(inner) and not {"site-packages", "harness"} & set(inner)


def _imported(module: ModuleType) -> Iterator[str]:
    for node in ast.walk(ast.parse(Path(str(module.__file__)).read_bytes())):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), module.__package__)
            yield from (base, *(f"{base}.{one.name}" for one in node.names))


def changed_files(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Say in words which files differ between two tables of digests, added and removed ones among them."""
    return [
        f"{path} {_change(path in then, path in now)}"
        for path in sorted({*then, *now})
        if then.get(path) != now.get(path)
    ]


def _change(then: bool, now: bool) -> str:  # noqa: FBT001  # two halves of one question
    return "has changed" if then and now else "is new" if now else "is gone"


def _domain_changes(name: str, then: Mapping[str, str]) -> list[str]:
    try:
        return changed_files(then, load_domain(name).files)
    except ContentError as error:
        return [f"can not be loaded now: {error.problems[0]}"]


def differences(manifest: dict[str, Any]) -> list[str]:
    """Say in words what differs between the conditions of a manifest and today's."""
    today = environment()
    then: dict[str, str] = manifest.get("environment", {})
    found = [
        f"{name}: {then.get(name, 'absent')} then, {today.get(name, 'absent')} now"
        for name in sorted({*today, *then})
        if today.get(name) != then.get(name)
    ]
    found += [
        f"domain {name}: {change}"
        for name, files in manifest.get("domains", {}).items()
        for change in _domain_changes(name, files)
    ]
    found += [
        f"fault injectors: {change}" for change in changed_files(manifest.get("fault_catalogue", {}), fault_catalogue())
    ]
    return found
