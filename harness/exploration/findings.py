"""What an exploration has found, as plain data: the matrix, the primitives that fired, and the plans that fail."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from harness.boundary import family_of
from harness.content import all_fault_kinds
from harness.exploration.candidates import CLOCK, WORLD, Candidate, Kinds
from harness.exploration.case import Case, Tried
from harness.exploration.explore import Exploration
from harness.exploration.outcomes import BLAMED, FAILING, OUTCOMES, Outcome
from harness.exploration.primitives import PRIMITIVES

FAULTS_NAMED = 3  # of a plan; of a swarm, many more hit


class Twin(msgspec.Struct, frozen=True):
    """How an agent did a task without any fault."""

    agent: str
    task_id: str
    outcome: Outcome


class Cell(msgspec.Struct, frozen=True):
    """How the single faults of one kind and family at one place ended, over all tasks; ``trial_id`` is a worst one."""

    agent: str
    place: str
    family: str
    kind: str
    outcomes: Mapping[str, int]
    worst: Outcome
    trial_id: str


class Fired(msgspec.Struct, frozen=True):
    """In how many trials of an agent a resilience primitive was at work; 0 means never."""

    agent: str
    primitive: str
    trials: int


class PlanFound(msgspec.Struct, frozen=True):
    """One plan that fails; ``faults`` say where, what and in which way, of those that hit."""

    trial_id: str
    task_id: str
    faults: tuple[str, ...]


class Failure(msgspec.Struct, frozen=True):
    """One way to fail, with the plans that lead to it: those with fewer faults first."""

    agent: str
    outcome: Outcome
    signature: tuple[str, ...]
    plans: tuple[PlanFound, ...]


class Findings(msgspec.Struct, frozen=True):
    """What an exploration comes to; ``left_out`` plans were not tried for want of budget.

    ``outcomes`` counts plans, ``by_agent`` does so for each agent. Cells come agent by agent, their places in the order
    in which the agent called them: first the world, last the clock.
    """

    trials: int
    histories: int
    left_out: int
    outcomes: Mapping[str, int]
    by_agent: Mapping[str, Mapping[str, int]]
    twins: tuple[Twin, ...]
    cells: tuple[Cell, ...]
    primitives: tuple[Fired, ...]
    failures: tuple[Failure, ...]

    @property
    def blamed(self) -> int:
        """How many trials the agent failed by its own fault, those without a fault among them."""
        return sum(self.outcomes.get(name, 0) for name in BLAMED) + len(self.unsound)

    @property
    def unsound(self) -> tuple[Twin, ...]:
        """The tasks that an agent fails without any fault."""
        return tuple(one for one in self.twins if one.outcome in BLAMED)


def findings(exploration: Exploration) -> Findings:
    """Sum an exploration up."""
    tried = exploration.tried
    return Findings(
        trials=len(tried) + len(exploration.cases),
        histories=len({one.played.history_digest for one in tried}),
        left_out=exploration.left_out,
        outcomes=_counted(one.played.outcome for one in tried),
        by_agent=_by_agent(exploration),
        twins=tuple(_twin(case) for case in exploration.cases),
        cells=tuple(_cells(exploration)),
        primitives=tuple(_primitives(exploration)),
        failures=tuple(_failures(tried)),
    )


def _counted(outcomes: Iterable[Outcome]) -> dict[str, int]:
    counts = Counter(outcomes)
    return {name: counts[name] for name in OUTCOMES if counts[name]}


def _by_agent(exploration: Exploration) -> dict[str, dict[str, int]]:
    outcomes: dict[str, list[Outcome]] = {case.base.agent.name: [] for case in exploration.cases}
    for case in exploration.cases:
        outcomes[case.base.agent.name] += [one.played.outcome for one in case.tried]
    return {agent: _counted(counted) for agent, counted in outcomes.items()}


def _twin(case: Case) -> Twin:
    return Twin(case.base.agent.name, case.base.task_id, case.twin.outcome)


def _cells(exploration: Exploration) -> list[Cell]:
    kinds = all_fault_kinds()
    grouped: defaultdict[tuple[str, str, str, str], list[Tried]] = defaultdict(list)
    for case in exploration.cases:
        for one in case.of_depth(1):
            [only] = one.candidates
            grouped[case.base.agent.name, place_of(only), _family(only, kinds), only.fault.kind].append(one)
    agents = _ranks(key[0] for key in grouped)
    called = [f"{site.port}:{site.name}" for case in exploration.cases for site in case.twin.sites]
    places = _ranks([WORLD, *called, *(key[1] for key in grouped if key[1] != CLOCK)])
    order = sorted(grouped, key=lambda key: (agents[key[0]], places.get(key[1], len(places)), *key[2:]))
    return [_cell(*key, grouped[key]) for key in order]


def _ranks(names: Iterable[str]) -> dict[str, int]:
    """Say at which place each name appears first."""
    return {name: rank for rank, name in enumerate(dict.fromkeys(names))}


def _cell(agent: str, place: str, family: str, kind: str, group: Sequence[Tried]) -> Cell:
    worst = max(group, key=_badness)
    counts = _counted(one.played.outcome for one in group)
    return Cell(agent, place, family, kind, counts, worst.played.outcome, worst.played.trial_id)


def _badness(one: Tried) -> int:
    """Rank an outcome; a fault that reached nothing hides no other."""
    return -1 if one.played.outcome == "not_triggered" else OUTCOMES.index(one.played.outcome)


def _family(one: Candidate, kinds: Kinds) -> str:
    kind = kinds[one.fault.kind]
    return family_of(kind, kind.options.model_validate(one.fault.options))


def place_of(one: Candidate) -> str:
    """Return where a fault strikes, whichever the run and the thing: ``port:name``, the world or the clock."""
    if one.site in (WORLD, CLOCK):
        return one.site
    return one.site.partition("/")[2].partition("[")[0].partition("#")[0]


def _primitives(exploration: Exploration) -> list[Fired]:
    fired: dict[str, Counter[str]] = {}
    for case in exploration.cases:
        counts = fired.setdefault(case.base.agent.name, Counter())
        for played in (case.twin, *(one.played for one in case.tried)):
            counts.update(played.primitives)
    return [Fired(agent, name, counts[name]) for agent, counts in fired.items() for name in PRIMITIVES]


def _failures(tried: Sequence[Tried]) -> list[Failure]:
    grouped: defaultdict[tuple[str, Outcome, tuple[str, ...]], list[Tried]] = defaultdict(list)
    for one in failing(tried):
        grouped[one.attempt.case.base.agent.name, one.played.outcome, one.played.signature].append(one)
    found = [Failure(*key, tuple(_plan_found(one) for one in group)) for key, group in grouped.items()]
    return sorted(found, key=lambda one: (-OUTCOMES.index(one.outcome), len(one.plans[0].faults), -len(one.plans)))


def failing(tried: Sequence[Tried]) -> list[Tried]:
    """Return what failed: what the agent is to blame for first, and fewer faults before more."""
    found = [one for one in tried if one.played.outcome in FAILING | BLAMED]
    return sorted(found, key=lambda one: (one.played.outcome not in BLAMED, len(one.candidates)))


def _plan_found(one: Tried) -> PlanFound:
    return PlanFound(one.played.trial_id, one.attempt.case.base.task_id, tuple(in_words(each) for each in one.hit))


def in_words(one: Candidate) -> str:
    """Say what a fault is and where it strikes."""
    return f"{one.fault.kind} ({one.variant}) at {one.site}"
