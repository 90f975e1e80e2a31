"""The way that the agent went: which tools, which arguments, how many steps, how often in circles."""

from __future__ import annotations

from harness.scoring.measures.goal import success
from harness.scoring.path import loops, redundant_calls
from harness.scoring.view import View, mean, metric


def tool_precision(view: View) -> float | None:
    """Matched calls / charged calls of each run, mean over runs; both none is 1, one none is 0.

    Matching: exact maximum, one to one, in the partial order of the path, best arguments first among equals. Charged
    are the matched calls, writes that the task does not allow, and reads beyond its read budget.

    Range: 0 to 1.
    Null: without an expected path.
    Source: precision over a one-to-one matching, as in pydantic-evals' trajectory match.
    """
    return mean(one.precision for one in view.paths)


def tool_recall(view: View) -> float | None:
    """Matched calls / required calls of each run, mean over runs; both none is 1, one none is 0.

    Range: 0 to 1.
    Null: without an expected path.
    Source: recall over a one-to-one matching, as in pydantic-evals' trajectory match.
    """
    return mean(one.recall for one in view.paths)


def tool_f1(view: View) -> float | None:
    """2 precision recall / (precision + recall) of each run, mean over runs; 0 when both are 0.

    Range: 0 to 1.
    Null: without an expected path.
    Source: van Rijsbergen's F measure.
    """
    return mean(one.f1 for one in view.paths)


def argument_score(view: View) -> float | None:
    """Equal expected arguments / expected arguments, by the task's comparers: mean over matched calls, then over runs.

    A table that is compared as a whole scores equal leaves / union of leaves.

    Range: 0 to 1.
    Null: without a matched call; runs without one do not count.
    Source: the key-wise similarity of deepeval's tool correctness.
    """
    return mean(one.argument_score for one in view.paths)


def steps(view: View) -> float:
    """Model turns that were begun, added up over runs; the logical calls of an agent whose model was not seen.

    Range: 0 and up.
    Null: where calls were not observed.
    Source: steps per run, in the article by Resilio.
    """
    turns = {(event.run_id, event.step) for event in view.record.of("model_call_started")}
    return float(len(turns) or len(view.calls))


def step_efficiency(view: View) -> float | None:
    """min(1, golden calls / logical calls) of each run, mean over runs that made calls.

    Range: above 0, to 1.
    Null: without success, and where the path needs no call.
    Source: step efficiency over tool calls; on success only, as doing little is no merit in failing.
    """
    if not success(view):
        return None
    pairs = zip(view.paths, view.runs, strict=False)  # without an expected path there are no paths at all
    return mean(min(1.0, path.golden_steps / len(calls)) for path, calls in pairs if calls and path.golden_steps)


def redundancy(view: View) -> float | None:
    """Identical calls begun after a success / logical calls of each run, mean over runs that made calls.

    Range: 0 to 1.
    Null: without a call.
    Source: redundant calls as in tau2-bench's discussion of path metrics (issue 170).
    """
    runs = zip(view.runs, view.requests, strict=True)
    return mean(redundant_calls(calls, requests) / len(calls) for calls, requests in runs if calls)


def loop_count(view: View) -> float:
    """Stretches in which a block of one to three calls of one run stands at least three times in a row, added up.

    Range: 0 and up.
    Null: where calls or arguments were not observed.
    Source: unnecessary loop rate, in the article by Resilio.
    """
    return float(sum(loops(requests) for requests in view.requests))


WAY = (
    metric(tool_precision, "calls", "arguments", grouped=True),
    metric(tool_recall, "calls", "arguments", grouped=True),
    metric(tool_f1, "calls", "arguments", grouped=True),
    metric(argument_score, "calls", "arguments", grouped=True),
    metric(steps, "calls", grouped=True),
    metric(step_efficiency, "calls", "arguments", "world", grouped=True),
    metric(redundancy, "calls", "arguments", grouped=True),
    metric(loop_count, "calls", "arguments", name="loops", grouped=True),
)
