"""How often tools were called, and what the retries among the calls were worth."""

from __future__ import annotations

from itertools import accumulate

from harness.scoring.calls import tool_attempts
from harness.scoring.path import storm
from harness.scoring.view import View, mean, metric


def tool_calls(view: View) -> float:
    """Logical tool calls, added up over runs.

    Range: 0 and up.
    Null: where calls were not observed.
    Source: path metrics over logical steps, as in pydantic-evals.
    """
    return float(len(view.calls))


def attempts(view: View) -> float:
    """Attempts at tools, added up over runs; each logical call has at least one.

    Range: 0 and up.
    Null: where calls were not observed.
    Source: budgets over all attempts, as in pydantic-evals.
    """
    return float(view.attempts)


def retries(view: View) -> float:
    """Attempts beyond the first of each logical call, added up over runs.

    Range: 0 and up.
    Null: where calls were not observed.
    Source: retry rate, in the article by Resilio.
    """
    return float(view.attempts - len(view.calls))


def amplification(view: View) -> float | None:
    """Attempts / logical calls of each run, mean over runs that made calls.

    Range: 1 and up.
    Null: without a call.
    Source: retry amplification (Google, "Site Reliability Engineering", chapter 22).
    """
    return mean(sum(len(call.attempts) for call in calls) / len(calls) for calls in view.runs if calls)


def justified_retries(view: View) -> float:
    """Retries that were neither blind nor unsafe.

    Range: 0 and up.
    Null: where calls, arguments or time were not observed.
    Source: recovery by class of error, as in the rubric of strands-agents-evals, made deterministic.
    """
    return float(view.retry_verdicts.count("justified"))


def blind_retry_count(view: View) -> float:
    """Retries that could not help: ``retries_after_permanent_error`` + ``retries_before_retry_after``.

    Range: 0 and up.
    Null: where calls, arguments or time were not observed.
    Source: recovery by class of error, as in the rubric of strands-agents-evals, made deterministic.
    """
    return retries_after_permanent_error(view) + retries_before_retry_after(view)


def retries_after_permanent_error(view: View) -> float:
    """Retries with the same arguments after an error that says of itself that no retry mends it.

    Range: 0 and up.
    Null: where calls, arguments or time were not observed.
    Source: the verdict "retried non-retryable" of LLMock.
    """
    return float(view.retry_verdicts.count("permanent_error"))


def retries_before_retry_after(view: View) -> float:
    """Retries that began before the Retry-After of the answer before was over.

    Range: 0 and up.
    Null: where calls, arguments or time were not observed.
    Source: RFC 9110, section 10.2.3; the verdict "Retry-After ignored" of LLMock.
    """
    return float(view.retry_verdicts.count("too_early"))


def unsafe_retries(view: View) -> float:
    """Retries of a write without an idempotency key after an unknown outcome: it may happen twice.

    Range: 0 and up.
    Null: where calls, arguments or time were not observed.
    Source: what not to retry blindly, in the article by Resilio (pattern 3).
    """
    return float(view.retry_verdicts.count("unsafe"))


def retry_storm(view: View) -> float:
    """The largest number of retries at one tool that began within any 10 s, over all runs.

    Range: 0 and up.
    Null: where calls or time were not observed.
    Source: retry storms counted in a sliding window, as in agentic-chaos.
    """
    return float(storm(view.calls)) if view.retry_verdicts else 0.0


def peak_concurrency(view: View) -> float:
    """The largest number of attempts at tools under way at one time, over all runs.

    From the start of an attempt to its end for the caller; one whose end was not recorded stays under way.

    Range: 0 and up; 0 without a call.
    Null: where calls were not observed.
    Source: Little's law counts the same in the mean.
    """
    spans = [(one.start, one.end) for one in tool_attempts(view.record)]
    changes = [(start.seq, 1) for start, _ in spans] + [(end.seq, -1) for _, end in spans if end is not None]
    return float(max(accumulate(change for _, change in sorted(changes)), default=0))


EFFORT = (
    metric(tool_calls, "calls", grouped=True),
    metric(attempts, "calls", grouped=True),
    metric(retries, "calls", grouped=True),
    metric(amplification, "calls", grouped=True),
    metric(justified_retries, "calls", "arguments", "time", grouped=True),
    metric(blind_retry_count, "calls", "arguments", "time", name="blind_retries", grouped=True),
    metric(retries_after_permanent_error, "calls", "arguments", "time", grouped=True),
    metric(retries_before_retry_after, "calls", "arguments", "time", grouped=True),
    metric(unsafe_retries, "calls", "arguments", "time", grouped=True),
    metric(retry_storm, "calls", "time", grouped=True),
    metric(peak_concurrency, "calls"),
)
