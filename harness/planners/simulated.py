"""A model with known faults: it goes the scripted way, and errs at places that its seed chooses.

Each chance has an address of its own: the task, the run, the intent, how often that intent was tried, and the kind of
error. The version is no part of it, so that two versions err at the same places as far as their rates agree, and one
more call elsewhere shifts nothing. All that it knows is the context: what it has seen is the only state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from harness.boundary import one_line
from harness.content import Reference, Unbound, bind
from harness.content.bindings import bound_steps
from harness.planners.decisions import THOUGHT_LENGTH_MAX, Context, Decision, Observation, Planner, ToolRequest
from harness.planners.mistakes import (
    with_invented_identifier,
    with_invented_texts,
    with_wrong_argument,
    with_wrong_tool,
)
from harness.planners.scripted import Stand, intent_of, move, request_of, stand
from harness.planners.simulated_options import SimulatedOptions
from harness.simulation import draw

CORRECTIONS_PER_STEP = 2
_EFFECT_CLASSES = ("read", "write", "irreversible")


def simulated(reference: Reference, options: SimulatedOptions, *, seed: int = 0, run_id: str = "run-1") -> Planner:
    """Return a planner that walks ``reference`` and errs at the rates of ``options``."""

    def decide(context: Context) -> Decision:
        place = f"{context.ask.task_id}/{run_id}"
        here = stand(reference, context, _left_out(reference, options, context, seed, place))
        sound = move(reference, _after_corrections(reference, here) if options.mistakes_requests else here)
        turn = _Turn(reference, options, context, here, sound, seed, f"{place}/{here.intent}/{len(here.seen)}")
        return _wordy(_decide(turn), options.verbosity)

    return decide


class _Turn(msgspec.Struct, frozen=True):
    """One decision to make: what a sound planner would do, and the chances at this place to do something else."""

    reference: Reference
    options: SimulatedOptions
    context: Context
    here: Stand
    sound: Decision
    seed: int
    place: str

    def fires(self, kind: str, rate: float) -> bool:
        """Whether an error of this kind happens here."""
        return rate > 0 and draw(self.seed, "planner", f"{self.place}/{kind}") < rate

    def pick(self, kind: str, choices: Sequence[Any]) -> Any:
        """Choose one of several ways to err."""
        return choices[int(draw(self.seed, "planner", f"{self.place}/{kind}/choice") * len(choices))]

    def after_notes(self, kind: str) -> str:
        """Return the kind as its chance is drawn anew when the control round the planner has said something."""
        return f"{kind}/{len(self.context.notes)}" if self.context.notes else kind

    def asks(self, request: ToolRequest) -> Decision:
        """Decide on a request that is not the sound one, and be less sure of it."""
        return Decision((request,), thought=self.sound.thought, confidence=self.options.confidence_when_wrong)


def _decide(turn: _Turn) -> Decision:
    gives_up = turn.here.index is not None and turn.sound.answer is not None
    errors = (_insists,) if gives_up else (_drifts, _loops, _stops_early, _reads_again, _asks_wrongly)
    for error in errors:
        decision = error(turn)
        if decision is not None:
            return decision
    return _right(turn)


def _right(turn: _Turn) -> Decision:
    confidence = min(turn.sound.confidence, turn.options.confidence_when_right)
    return msgspec.structs.replace(turn.sound, confidence=confidence)


def _insists(turn: _Turn) -> Decision | None:
    """Ask once more for what has failed for good."""
    if not turn.here.seen or not turn.fires("over_retry", turn.options.over_retry):
        return None
    return turn.asks(msgspec.structs.replace(turn.here.seen[-1].request, intent=turn.here.intent))


def _drifts(turn: _Turn) -> Decision | None:
    """Act on another step, as if it were the one that is due."""
    if not turn.fires("drift", min(1.0, turn.options.drift * turn.context.tokens / 1_000)):
        return None
    others = list(_other_steps(turn.reference, turn.here))
    return turn.asks(turn.pick("drift", others)) if others else None


def _other_steps(reference: Reference, here: Stand) -> Iterator[ToolRequest]:
    for index in range(len(reference.steps)):
        if index != here.index:
            try:
                request = request_of(reference, index, here)
            except Unbound:
                continue
            yield msgspec.structs.replace(request, intent=here.intent)


def _loops(turn: _Turn) -> Decision | None:
    """Read the same thing again; nothing at this place changes by that, so it goes on and on."""
    if not turn.fires(turn.after_notes("loop"), turn.options.loop):
        return None
    done = (one.request for one in reversed(turn.context.observations) if one.status == "ok")
    reads = (one for one in (*done, *turn.sound.calls) if _effect(turn.context, one.tool) == 0)
    request = next(reads, None)
    return turn.asks(msgspec.structs.replace(request, intent=f"{turn.here.intent}-again")) if request else None


def _effect(context: Context, tool: str) -> int:
    """Return how much a tool does to the world: 0 for a read, more for a write; an unknown tool counts as the worst."""
    spec = context.catalogue.get(tool)
    return _EFFECT_CLASSES.index(spec.effect) if spec else len(_EFFECT_CLASSES)


def _stops_early(turn: _Turn) -> Decision | None:
    """Answer as if all were done."""
    if turn.here.index is None or not turn.fires(turn.after_notes("premature_stop"), turn.options.premature_stop):
        return None
    try:
        answer = str(bind(turn.reference.answer, turn.here.results))
    except Unbound:
        answer = "Done. Everything that you asked for is taken care of."
    return Decision(answer=answer, confidence=turn.options.confidence_when_wrong)


def _reads_again(turn: _Turn) -> Decision | None:
    """Before going on, look up facts that another step looks up: once more, or too early."""
    intent = f"{turn.here.intent}-check"
    if turn.context.of_intent(intent) or not turn.fires("redundant_read", turn.options.redundant_read):
        return None
    requests = [one for one in _other_steps(turn.reference, turn.here) if _looks_up_facts(turn.context, one.tool)]
    if not requests:
        return None
    request = msgspec.structs.replace(requests[-1], intent=intent)
    thought, confidence = f"{intent}: {request.tool}", turn.options.confidence_when_right
    return Decision((request,), thought=thought, confidence=confidence)


def _looks_up_facts(context: Context, tool: str) -> bool:
    spec = context.catalogue.get(tool)
    return spec is not None and spec.effect == "read" and spec.port == "tool"


def _asks_wrongly(turn: _Turn) -> Decision | None:
    """Spoil the request that is due, in the first way that happens here."""
    request = next(iter(turn.sound.calls), None)
    spec = turn.context.catalogue.get(request.tool) if request else None
    if request is None or spec is None:
        return None
    for kind, spoil in _SPOILERS.items():
        if turn.fires(kind, getattr(turn.options, kind)):
            spoiled = spoil(turn.context, spec, request, turn.pick)
            if spoiled is not None:
                return turn.asks(spoiled)
    texts = with_invented_texts(turn.context, spec, request, lambda kind: turn.fires(kind, turn.options.free_form))
    return turn.asks(texts) if texts != request else None


_SPOILERS: dict[str, Callable[..., ToolRequest | None]] = {
    "wrong_tool": with_wrong_tool,
    "invented_argument": with_invented_identifier,
    "wrong_argument": with_wrong_argument,
}


def _wordy(decision: Decision, verbosity: float) -> Decision:
    if verbosity == 1 or not decision.thought:
        return decision
    length = min(round(len(decision.thought) * verbosity), THOUGHT_LENGTH_MAX)
    repeated = f"{decision.thought}. " * (length // len(decision.thought) + 1)
    return msgspec.structs.replace(decision, thought=repeated[:length])


def _after_corrections(reference: Reference, here: Stand) -> Stand:
    """Forget some requests that were refused and were not what the step asks for: it has learned from them."""
    if here.index is None or not here.seen:
        return here
    try:
        due = request_of(reference, here.index, here)
    except Unbound:
        return here
    wrong = [index for index, one in enumerate(here.seen) if _was_a_mistake(one, due)][:CORRECTIONS_PER_STEP]
    return msgspec.structs.replace(here, seen=[one for index, one in enumerate(here.seen) if index not in wrong])


def _was_a_mistake(one: Observation, due: ToolRequest) -> bool:
    asked = (one.request.tool, one.request.arguments)
    return one.status in ("failed", "denied") and not one.retryable and asked != (due.tool, due.arguments)


def _left_out(
    reference: Reference, options: SimulatedOptions, context: Context, seed: int, place: str
) -> frozenset[int]:
    """Return the steps that it skips against the rules, or because nobody told it the rules."""
    rate = options.ignores_policy if context.ask.policy else max(options.ignores_policy, options.guesses_without_policy)
    if not rate:
        return frozenset()
    return frozenset(
        index
        for index in _preparations(reference, context)
        if draw(seed, "planner", f"{place}/{intent_of(index)}/0/ignores_policy") < rate
    )


def _preparations(reference: Reference, context: Context) -> Iterator[int]:
    """Yield the steps that only rules ask for: a graver one comes later, and none needs what only they can tell."""
    for index, step in enumerate(reference.steps):
        later = reference.steps[index + 1 :]
        graver = any(_effect(context, one.tool) > _effect(context, step.tool) for one in later)
        known = step.args.keys() if _effect(context, step.tool) else ()  # a write repeats what it was told
        if graver and not any(_needs_more(one.args, step.id or intent_of(index), known) for one in later):
            yield index


def _needs_more(args: dict[str, Any], step: str, known: Iterable[str]) -> bool:
    """Whether the bindings in ``args`` want more of the result of a step than ``known``."""
    text = one_line(args)
    for name in known:
        text = text.replace(f"${{{step}.{name}}}", "")
    return step in bound_steps(text)
