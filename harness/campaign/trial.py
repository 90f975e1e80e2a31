"""One trial, from its spec to its record: a pure function in virtual time."""

from __future__ import annotations

import asyncio
import itertools
import re
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from harness.agents import RunAgent, prices_of, resolve
from harness.boundary import (
    ArmedPlan,
    Boundary,
    Call,
    Catalogue,
    Delivery,
    FaultKind,
    Life,
    LogState,
    Mint,
    Principal,
    Reply,
    Session,
    SimulationFault,
)
from harness.campaign.backstage import TrialBackstage
from harness.campaign.linearizability import linearized
from harness.campaign.specs import RunSpec, TrialSpec
from harness.campaign.workers import WorkerDesk, hand_off_tools
from harness.content import Ask, Budget, Domain, Ending, Reference, Task, all_fault_kinds, load_domain
from harness.errors import Fence, SimulationError, WallClockLimit
from harness.history import History, digest, plain
from harness.orchestrator import Outcome
from harness.planners import Brain, ModelService, make_brain
from harness.scoring import Record, tool_attempts
from harness.simulation import EPOCH_S, BranchedSeed, Limits, Schedule, VirtualClock, derive_seed, draw, simulate
from harness.world import (
    Access,
    ApprovalService,
    HumanQueueService,
    MemoryService,
    SeedBed,
    Service,
    Services,
    StoreService,
    ToolService,
    World,
    changes,
)

# Hardly any two latencies are equal; on a grid, many answers come at one instant, and the schedule has a choice.
GRIDS_S: Mapping[Schedule, float | None] = {"fifo": None, "seeded": 0.5}
TRIAL_LIMITS = Limits(virtual_s=7 * 86_400.0, steps=200_000, wall_s=60.0)


@dataclass(frozen=True)
class TrialResult:
    """A finished trial: its spec and its record."""

    spec: TrialSpec
    record: Record


def run_trial(
    spec: TrialSpec, kinds: Mapping[str, FaultKind] | None = None, domain: Domain | None = None
) -> TrialResult:
    """Run one trial; an error of an agent, a tool or the simulation ends in the record, never as an exception.

    ``domain`` stands in for the one that the spec names, as one with another world does.
    """
    stage = _Stage(spec, domain or load_domain(spec.domain), all_fault_kinds() if kinds is None else kinds)
    try:
        stage.plant()
        simulate(stage.play, seed=stage.seed, limits=TRIAL_LIMITS, schedule=spec.schedule)
    except SimulationError as error:
        stage.abort(error, harness_error=isinstance(error, Fence | WallClockLimit))
    except asyncio.CancelledError as error:  # an agent cancelled every task that it could find
        stage.abort(error, harness_error=False)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # a bug in a pack voids this trial; the campaign goes on
        stage.abort(error, harness_error=True)
    return TrialResult(spec, stage.record())


class _Stage:
    """Everything that one trial is played with."""

    def __init__(self, spec: TrialSpec, domain: Domain, kinds: Mapping[str, FaultKind]) -> None:
        self.spec = spec
        self.domain = domain
        self.task: Task = domain.tasks[spec.task_id]
        self.in_reach = {**domain.in_reach(self.task), **hand_off_tools(spec.agent.workers)}
        # Found here, outside of the simulation: what an agent's module does when it is imported is no part of a trial.
        self.agent = resolve(spec.agent)
        self.workers = {name: resolve(spec.agent.as_worker(name)) for name in spec.agent.workers}
        self.history = History(lambda: 0.0)
        self.seed = self._seed()
        self.plan = ArmedPlan(spec.plan, kinds, self.seed)
        self.clock = VirtualClock(EPOCH_S)
        self.reference = self._reference()
        self.brains = {run.run_id: self._brain(self.reference, run.run_id) for run in spec.runs}
        self.models = ModelService(self.brains, self.seed, prices_of(spec.agent))
        self.desk = WorkerDesk(spec.agent.workers, self._hand_over)
        self.mint = Mint(str(derive_seed(self.seed, "mint")).encode())
        self.world = self._fresh_world(self.history)
        self.before = self.after = domain.initial
        self.kept: Any = None

    def _seed(self) -> int:
        branch, history = self.spec.branch, self.history
        if branch is None:
            return self.spec.seed
        return BranchedSeed(self.spec.seed, branch.seed, lambda: len(history) >= branch.events)

    def _fresh_world(self, history: History) -> World:
        domain = self.domain
        return World(
            domain.fresh_state(),
            corpus=domain.corpus,
            history=history,
            clock=self.clock.now,
        )

    def _reference(self) -> Reference:
        """Return the right path for an agent of this kind: with workers to hand over to, or without."""
        whole = self.task.reference
        return (self.spec.agent.workers and whole.supervised) or whole

    def _brain(self, reference: Reference, run_id: str) -> Brain:
        agent = self.spec.agent
        options, seed = agent.planner_options, self.seed
        return make_brain(agent.planner, reference, self.domain.injections, options, seed=seed, run_id=run_id)

    def plant(self) -> None:
        """Let the plan's seedings change the world before time 0."""
        soil = self.domain.soil(self.task)
        for fault in self.plan.seedings:
            bed = SeedBed(self.world, soil, self.in_reach)
            fault.plant(bed)
            self.in_reach, soil = bed.catalogue, bed.soil
        if self.plan.seedings:
            self.before = self.after = self.domain.snapshot(self.world.state)
        self.kept = self.domain.keep(self.world.state)

    async def play(self) -> None:
        """Start the runs, wait for their end and for every late delivery, and take stock."""
        self.history.now = asyncio.get_running_loop().time
        services = self._services()
        self.backstage = TrialBackstage(
            self.world, services, self.clock, self.history, self.domain.snapshot, self._replicate
        )
        boundary = self.boundary = Boundary(
            lambda delivery: (self.desk if delivery.call.port == "agent" else services).deliver(delivery),
            {**self.domain.catalogue, **self.in_reach},
            self.history,
            self.plan,
            self.backstage,
            records_identity=self.domain.authorize is not None,
        )
        windows = [asyncio.create_task(self._act(fault)) for fault in self.plan.simulation]
        runs = [asyncio.create_task(self._run(run)) for run in self.spec.runs]
        await asyncio.wait(runs)
        for window in windows:
            window.cancel()
        await self._leave_nothing_behind(boundary, services)
        self._check_ends(runs)
        if boundary.bug is not None:
            raise boundary.bug
        self._take_stock()

    async def _leave_nothing_behind(self, boundary: Boundary, services: Services) -> None:
        """Cancel what the agents left running; calls that are under way arrive all the same."""
        while True:
            own = {asyncio.current_task(), *boundary.stragglers, *services.late}
            if left := [task for task in asyncio.all_tasks() if task not in own]:
                for task in left:
                    task.cancel()
                await asyncio.wait(left)
            elif boundary.stragglers or services.late:
                await boundary.settle()
                await services.settle()
            else:
                return

    def _check_ends(self, runs: Sequence[asyncio.Task[None]]) -> None:
        errors = [error for run in runs if not run.cancelled() and (error := run.exception()) is not None]
        if errors:  # all of them were looked at, else asyncio would complain of the others
            raise errors[0]

    def _services(self) -> Services:
        seed, world = self.seed, self.world
        tools = self._tools(world)
        by_port: dict[str, Service] = {
            "tool": tools,
            "retrieval": tools,
            "model": self.models,
            "approval": ApprovalService(
                self.spec.agent.approver, self.domain.caution, reviewers=self.spec.agent.reviewers
            ),
            "store": StoreService(world.ledger, self.in_reach, seed),
            "memory": MemoryService(world.memories, world.ledger, self.in_reach, seed, self._refusal),
            "user": HumanQueueService(),
        }
        return Services(by_port, self.in_reach, GRIDS_S[self.spec.schedule])

    def _tools(self, world: World) -> ToolService:
        own = {name: self.domain.tools[name] for name in self.in_reach if name in self.domain.tools}
        authorize = self.domain.authorize
        return ToolService(world, own, self.seed, Access(self.mint, authorize) if authorize else None)

    def _replicate(self, delivery: Delivery) -> Reply:
        """Answer from a world in which nothing has happened yet; what is done there leaves no trace."""
        return self._tools(self._fresh_world(History(lambda: 0.0))).answer(delivery)

    def _refusal(self, call: Call) -> str | None:
        """Say why a call can not be made in the name that it is made in; without rules, nobody asks."""
        forged = self.mint.refusal(call, self.clock.now()) if self.domain.authorize else None
        return forged or self.world.revocation(call)

    async def _run(self, run: RunSpec) -> None:
        if run.start_s:
            await self.clock.sleep(run.start_s)
        await self._live(run.run_id, self.agent, self.domain.ask(self.task), self.in_reach)

    async def _hand_over(self, run_id: str, worker: str, call: Call, budget: Budget) -> Outcome:
        """Play the run of a worker, in the name of the one for whom its caller acts."""
        self.brains[run_id] = self._brain(self.task.reference.workers[worker], run_id)
        ask = self.domain.ask(self.task).model_copy(
            update={
                "text": call.arguments["ask"],
                "user": call.principal.user,
                "tenant": call.principal.tenant,
                "tools": self.spec.agent.workers[worker].tools,
                "budget": budget,
            }
        )
        outcomes: list[object] = []

        async def keep_outcome(ask: Ask, session: Session) -> None:
            outcomes.append(await self.workers[worker](ask, session))

        await self._live(run_id, keep_outcome, ask, {name: self.in_reach[name] for name in ask.tools})
        outcome = outcomes[-1]
        assert isinstance(outcome, Outcome)
        return outcome

    async def _live(self, run_id: str, agent: RunAgent, ask: Ask, reach: Catalogue) -> None:
        """Let a run live, and live again after each crash."""
        self.boundary.show(run_id, reach)
        log: LogState = "kept"
        for generation in itertools.count(1):
            life = Life(run_id, self.boundary)
            session = self._session(run_id, life, Principal(ask.user, ask.tenant), reach)
            crash = await life.live(agent(ask, replace(session, generation=generation, log=log)))
            if crash is None:
                return
            log = crash.log
            await self.clock.sleep(crash.restart_after_s)

    def _session(self, run_id: str, life: Life, principal: Principal, reach: Catalogue) -> Session:
        return Session(
            run_id=run_id,
            principal=principal,
            catalogue=reach,
            send=life.send,
            clock=self.clock,
            emit=life.emit,
            chance=lambda address: draw(self.seed, "agent", f"{run_id}/{address}"),
            credential=lambda agent, tool, ttl_s: self.mint.issue(principal, agent, tool, self.clock.now() + ttl_s),
            budget_factor=self.backstage.budget_factor,
        )

    async def _act(self, fault: Any) -> None:
        kind, window = fault.kind, fault.planned.when.window
        assert isinstance(kind, SimulationFault)
        await asyncio.sleep(window[0])
        fault.hit(self.history, None, None)
        undo = kind.act(fault.options, self.backstage)
        await asyncio.sleep(window[1] - window[0])
        undo()

    def _take_stock(self) -> None:
        self._compare_worlds()
        record = self.record()
        calls = tuple(
            (str(one.start.name), one.start.payload["arguments"]) for one in tool_attempts(record) if one.status == "ok"
        )
        planted = next(iter(record.planned_injections), None)
        ending = Ending(self.kept, self.domain.keep(self.world.state), record.answer, calls)
        for name, verdict in self.domain.oracles(self.task, planted, ending).items():
            self.history.append("oracle_decided", name=name, result="true" if verdict else "false")
        if self.spec.schedule == "seeded" or len(self.spec.runs) > 1:
            self._explain(record)

    def _explain(self, record: Record) -> None:
        """Record whether one call after the other could have led to all that was seen."""
        found = linearized(record, self.domain)
        result = {True: "true", False: "false", None: "unknown"}[found.holds]
        why = {"problems": list(found.problems)} if found.problems else {"undecided": found.undecided}
        payload = {} if found.holds else why
        self.history.append("oracle_decided", name="linearizable", result=result, payload=payload)

    def _compare_worlds(self) -> None:
        world = self.domain.as_json(self.world.state)
        self.after = self.domain.read(world)
        differences = changes(self.before, self.after)
        payload = plain({"changes": differences, "digest": digest(msgspec.Raw(world))})
        self.history.append("world_settled", payload=payload)

    def abort(self, error: BaseException, *, harness_error: bool) -> None:
        """Record why the trial could not be played to its end, and what the world was like by then."""
        last_s = self.history.events[-1].time_s if self.history.events else 0.0
        self.history.now = lambda: last_s
        if not harness_error:
            self._compare_worlds()
        payload = {"error": type(error).__name__, "message": _without_folders(str(error)), "where": _where(error)}
        self.history.append("trial_aborted", result="harness_error" if harness_error else "failed", payload=payload)

    def record(self) -> Record:
        """Return the record as it stands."""
        return Record(
            task=self.task,
            tools=self.domain.facts_for(self.task),
            plan=self.spec.plan,
            receipts=self.plan.receipts(),
            events=self.history.events,
            injections=self.domain.injections,
            before=self.before,
            after=self.after,
        )


def _without_folders(text: str) -> str:
    """Cut the folders of source files away, so that histories agree wherever the project lies."""
    return re.sub(r"[^\s'\"()]*/([^/\s:]+\.py:\d+)", r"\1", text)


def _where(error: BaseException) -> str:
    """Name the place of an error without the machine's paths, so that histories agree across machines."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
