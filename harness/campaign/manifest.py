"""Under what conditions results were made, and how today's differ."""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.campaign.specs import TrialSpec
from harness.content import find_packs, load_domain
from harness.errors import ContentError

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


def agent_sources_digest(specs: Sequence[TrialSpec]) -> str:
    """Return the digest of the files that define the agents and their parts; of nothing for built-in ones."""
    whole = hashlib.sha256()
    for name in _unique(one for spec in specs for one in (spec.agent.agent, spec.agent.parts or "") if ":" in one):
        module = importlib.import_module(name.partition(":")[0])
        whole.update(f"{name}\0".encode() + Path(str(module.__file__)).read_bytes())
    return whole.hexdigest()


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
