"""Playing the scenarios against an orchestrator that is built anew, with a change or without."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from itertools import groupby
from pathlib import Path
from types import CodeType, ModuleType

from harness.boundary import FaultKind
from harness.campaign import TrialResult, TrialSpec, expand, load_scenario
from harness.content import all_fault_kinds, reference_pack
from harness.errors import ContentError
from harness.history import history_digest
from harness.scoring import Scorecard, score, unmet_overall

RunTrial = Callable[[TrialSpec, Mapping[str, FaultKind]], TrialResult]
FOLDER = reference_pack().root / "scenarios" / "patterns"
ORCHESTRATOR = "harness.orchestrator"
# The orchestrator, and whatever holds a part of it.
_BUILT_ANEW = (
    ORCHESTRATOR,
    "harness.agents",
    "harness.campaign.trial",
    "harness.campaign.workers",
    "benchmarks.defects",
)


@dataclass(frozen=True)
class Group:
    """The trials of one scenario, agent and fault plan: what is expected of means, is expected of all of them."""

    name: str
    specs: tuple[TrialSpec, ...]

    @property
    def scenario(self) -> str:
        """The file stem of the scenario."""
        return self.name.partition("/")[0]


@dataclass(frozen=True)
class Played:
    """What was expected in vain, up to the first trial that fell short, and the digests of the histories until then."""

    unmet: tuple[str, ...]
    digests: tuple[str, ...]


@cache
def all_groups() -> tuple[Group, ...]:
    """Return the groups of every pattern scenario that can be loaded, without its agents for contrast."""
    return tuple(group for path in sorted(FOLDER.glob("*.yaml")) for group in _groups(path))


def _groups(path: Path) -> list[Group]:
    try:
        scenario = load_scenario(path)
    except ContentError as error:
        print(f"left out: {error}", file=sys.stderr)
        return []
    agents = [agent for agent in scenario.agents if not agent.contrast]
    specs = sorted(expand(scenario, agents=agents) if agents else [], key=_arm)
    return [Group("/".join((path.stem, *arm)), tuple(trials)) for arm, trials in groupby(specs, _arm)]


def _arm(spec: TrialSpec) -> tuple[str, str]:
    return spec.agent.name, spec.plan.id


@cache
def _kinds() -> Mapping[str, FaultKind]:
    return all_fault_kinds()


def play(group: Group, run_trial: RunTrial) -> Played:
    """Play the trials of a group, up to the first one that is not as expected."""
    cards: list[Scorecard] = []
    digests: list[str] = []
    for spec in group.specs:
        record = run_trial(spec, _kinds()).record
        cards.append(score(record, spec.expect))
        digests.append(history_digest(record.events))
        if cards[-1].unmet:
            return Played(cards[-1].unmet, tuple(digests))
    return Played(_missed_means(group, cards), tuple(digests))


def _missed_means(group: Group, cards: Sequence[Scorecard]) -> tuple[str, ...]:
    expected = group.specs[0].expect_overall or {}
    values = {name: [value for card in cards if (value := card.value(name)) is not None] for name in expected}
    return unmet_overall(values, expected)


def rebuilt(path: Path | None = None, source: str = "") -> RunTrial:
    """Import the orchestrator again, one module of it with another source, and return what plays trials with it."""
    for name in [one for one in sys.modules if one.startswith(_BUILT_ANEW)]:
        del sys.modules[name]
    if path is not None:
        name = ORCHESTRATOR if path.stem == "__init__" else f"{ORCHESTRATOR}.{path.stem}"
        sys.meta_path.insert(0, _Finder(name, path, source))
    run_trial: RunTrial = importlib.import_module("harness.campaign.trial").run_trial
    return run_trial


class _Finder:
    """Finds one module, whose source is another one than that in its file."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        self._name = name
        self._path = path
        self._source = source

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != self._name:
            return None
        return spec_from_file_location(name, self._path, loader=_Loader(name, str(self._path), self._source))


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, source: str) -> None:
        super().__init__(name, path)
        self._source = source

    def get_code(self, _name: str) -> CodeType:
        code: CodeType = compile(self._source, self.path, "exec", dont_inherit=True)
        return code
