"""Under what conditions results were made, and how today's differ."""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.metadata
import platform
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
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
        "domains": {name: load_domain(name).digest for name in _unique(spec.domain for spec in specs)},
        "fault_catalogue": fault_catalogue_digest(),
        "environment": environment(),
        "scorers": scorers(),
    }


def _unique(names: Iterable[str]) -> list[str]:
    return sorted(set(names))


def fault_catalogue_digest() -> str:
    """Return the digest of the sources of all fault kinds."""
    whole = hashlib.sha256()
    for pack in find_packs().values():
        for path in sorted((pack.root / "fault_injectors").glob("*.py")):
            whole.update(f"{pack.name}/{path.name}\0".encode() + path.read_bytes())
    return whole.hexdigest()


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
    """Return the digest of the files that define the agents and their parts; of nothing for built-in ones."""
    whole = hashlib.sha256()
    for name in _unique(one for spec in specs for one in (spec.agent.agent, spec.agent.parts or "") if ":" in one):
        module = importlib.import_module(name.partition(":")[0])
        whole.update(f"{name}\0".encode() + Path(str(module.__file__)).read_bytes())
    return whole.hexdigest()


def _domain_change(name: str, digest: str) -> str | None:
    try:
        return None if load_domain(name).digest == digest else "its files have changed"
    except ContentError as error:
        return f"can not be loaded now: {error.problems[0]}"


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
        for name, digest in manifest.get("domains", {}).items()
        if (change := _domain_change(name, digest))
    ]
    if manifest.get("fault_catalogue") != fault_catalogue_digest():
        found.append("the fault injectors have changed")
    return found
