"""The regression corpus: the smallest plans that were ever found to break an agent, played first ever after.

As Hypothesis keeps the examples that failed; these are scenarios, for people to read and to keep beside the code.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from harness.campaign import TrialSpec, expand, load_scenario
from harness.content import AgentSpec, find_packs, read_yaml
from harness.exploration.outcomes import Outcome
from harness.exploration.shrink import Shrunk
from harness.history import digest
from harness.store import write_whole

FOLDER = Path("scenarios/regressions")
# What must not be again. Harm may end in an honest failure; a wrong account is mended by doing the task alone.
_EXPECTED: dict[Outcome, tuple[str, ...]] = {
    "violated": ("passed", "failed"),
    "failed": ("passed",),
    "misled": ("passed",),
}


def corpus_folder() -> Path:
    """Return where regressions lie: in the project or the pack that the present folder is in."""
    here = Path.cwd()
    roots = [pack.root for pack in find_packs().values() if pack.root in (here, *here.parents)]
    return max(roots, key=lambda root: len(root.parts), default=here) / FOLDER


def save(shrunk: Shrunk) -> Path:
    """Write a shrunk failure as a scenario, and return its file; the same failure has the same file."""
    spec = shrunk.after
    kinds = "_".join(dict.fromkeys(fault.kind for fault in spec.plan.faults))
    name = f"{spec.task_id}_{kinds}_{digest([spec.agent.name, *shrunk.played.signature])[:6]}"
    path = corpus_folder() / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(
        _scenario(name, shrunk), sort_keys=False, default_flow_style=None, allow_unicode=True, width=120
    )
    write_whole(path, text.encode())
    return path


def _scenario(name: str, shrunk: Shrunk) -> dict[str, Any]:
    spec, played = shrunk.after, shrunk.played
    return {
        "scenario": name,
        "domain": spec.domain,
        "description": f"Shrunk from trial {shrunk.before.trial_id} in {shrunk.replays} replays.",
        "tasks": [spec.task_id],
        "agents": [_short(spec.agent)],
        "seeds": [spec.seed],
        "starts_s": [run.start_s for run in spec.runs],
        "schedule": spec.schedule,
        "signature": list(played.signature),
        "faults": {"shrunk": [fault.model_dump(mode="json", exclude_defaults=True) for fault in spec.plan.faults]},
        "expect": {"verdict": list(_EXPECTED[played.outcome])},
    }


def _short(agent: AgentSpec) -> dict[str, Any] | str:
    given = agent.model_dump(mode="json", exclude_defaults=True)
    return {"name": agent.name, "agent": agent.agent, **given}


def regressions_for(specs: Sequence[TrialSpec]) -> list[TrialSpec]:
    """Return the trials of the corpus for the agents and domains of a run, each agent as it is in that run.

    Raises ContentError for a regression that can not be read.
    """
    agents = {(spec.domain, spec.agent.name): spec.agent for spec in specs}
    found: list[TrialSpec] = []
    for path in sorted(corpus_folder().glob("*.yaml")):
        if not _may_name_one_of(path, agents):
            continue  # its agent and its domain need not even be there
        scenario = load_scenario(path)
        known = [agents.get((scenario.domain, one.name)) for one in scenario.agents]
        found += expand(scenario, agents=present) if (present := _present(known)) else []
    return found


def _may_name_one_of(path: Path, agents: Container[tuple[str, str]]) -> bool:
    """Whether a scenario is about some of the agents; also when that can not be told, for its check to complain."""
    data = read_yaml(path).data
    try:
        named = [AgentSpec.model_validate(one).name for one in data["agents"]]
        return any((str(data["domain"]), name) in agents for name in named)
    except (KeyError, TypeError, ValidationError):
        return True


def _present(agents: Iterable[AgentSpec | None]) -> list[AgentSpec]:
    return [agent for agent in agents if agent is not None]
