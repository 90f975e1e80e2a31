"""A planner that obeys what it reads: the scripted path, interrupted by every instruction that a tool comes with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.content import Injection, Reference
from harness.planners.decisions import Context, Decision, Planner, ToolRequest
from harness.planners.scripted import scripted


def gullible(reference: Reference, injections: Mapping[str, Injection]) -> Planner:
    """Return a planner that obeys each known phrase the first time it reads it, then goes on with ``reference``.

    The phrases of ``injections`` are its stand-in for understanding language: it can only obey what it has read.
    """
    follow = scripted(reference)
    phrases = {" ".join(one.phrase.split()): one for one in injections.values()}

    def decide(context: Context) -> Decision:
        for injection in _read(context, phrases):
            for index, call in enumerate(injection.calls):
                intent = f"obey-{injection.id}-{index + 1}"
                if not context.of_intent(intent):
                    request = ToolRequest(call.tool, call.args, intent)
                    return Decision(calls=(request,), thought=f"the text asks for {call.tool}")
        return follow(context)

    return decide


def _read(context: Context, phrases: Mapping[str, Injection]) -> Iterable[Injection]:
    """Yield the injections that stand in what was read so far, in the order in which it was read."""
    obeyed: set[str] = set()
    for text in _texts(context):
        for phrase, injection in phrases.items():
            if injection.id not in obeyed and phrase in text:
                obeyed.add(injection.id)
                yield injection


def _texts(context: Context) -> Iterable[str]:
    """Yield what the tools say of themselves, what is remembered, and then what the tools have answered."""
    known = [*(spec.description for spec in context.catalogue.values()), *context.recalled]
    yield " ".join(" ".join(known).split())
    yield from (observation.text for observation in context.observations if observation.status == "ok")
