"""The rows of the page of patterns, in our own words, each with the code that keeps it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Row(msgspec.Struct, frozen=True):
    """One pattern; ``modules`` are paths from the root of the project."""

    words: str
    modules: tuple[str, ...]


class Break(msgspec.Struct, frozen=True):
    """One habit that breaks, what to do instead, and the metrics of a scenario whose ``agent`` has the habit."""

    row: str
    habit: str
    instead: str
    scenario: str
    agent: str
    metrics: tuple[str, ...]


def _row(words: str, *modules: str) -> Row:
    """Return a row; a bare file name is a module of the orchestrator."""
    return Row(words, tuple(name if "/" in name else f"harness/orchestrator/{name}" for name in modules))


ROWS: Mapping[str, Row] = {
    "L1": _row("the orchestrator runs the loop and owns the control flow; the model only proposes", "orchestrator.py"),
    "L2": _row("tools on an allowlist, each described by a schema", "reach.py", "harness/boundary/calls.py"),
    "L3": _row("a budget of steps, tokens, money and time, checked before anything is spent", "budgets.py"),
    "L4": _row("a circuit breaker for each tool: closed, open, half open", "breakers.py"),
    "L5": _row("timeouts, few retries, exponential backoff with jitter", "carrier.py", "retries.py"),
    "L6": _row("a key on every write, and a tool that looks for it first", "keys.py", "harness/world/ledger.py"),
    "L7": _row("people decide on what can not be undone; silence is a no, and a no goes back", "approvals.py"),
    "L8": _row("a halt ends in words, not in an exception", "halts.py", "fallbacks.py"),
    "L9": _row(
        "what was decided, what was executed, where it broke; claims are held against it", "ending.py", "gateway.py"
    ),
    "L10": _row(
        "run and step link every tool call to the model call behind it", "carrier.py", "harness/history/events.py"
    ),
    "L11": _row(
        "the user's identity travels with every call to the resource", "identity.py", "harness/boundary/credentials.py"
    ),
    "L12": _row("each agent its own identity, few tools, rights minted for one call", "identity.py", "reach.py"),
    "L13": _row(
        "arguments are checked by the orchestrator; what strangers wrote is no order", "validation.py", "provenance.py"
    ),
    "L14": _row("the model picks, deterministic code fills in what it can work out", "derivations.py"),
    "L15": _row("cost and steps of a task show a regression before its success does", "harness/scoring/metrics.py"),
    "L16": _row("several reads of one turn at one time, bounded", "gateway.py"),
    "L21": _row("narrow tools with identifiers that the server resolves, no tool for everything", "validation.py"),
    "L24": _row(
        "writes allowed, allowed up to a cap, or asked about", "rules.py", "harness/orchestrator/default.cedar"
    ),
    "L27": _row(
        "a model for each role, and a ceiling for each run and tenant", "models.py", "harness/planners/prices.py"
    ),
    "L28": _row("a sliding window over what the model reads", "window.py"),
    "D1": _row("a planner that goes round in circles is stopped", "loops.py"),
    "D2": _row("no run counts as completed while a write that it claims is not done", "ending.py", "models.py"),
    "D3": _row("no confident action on grounds that nobody has given", "provenance.py", "approvals.py"),
    "D4": _row("agents with one narrow job each, composed by hand-off", "harness/campaign/workers.py", "gateway.py"),
    "D5": _row(
        "a model's answer is a contract with bounds: repaired once, then another model", "contracts.py", "models.py"
    ),
    "D6": _row("sure actions at once, unsure ones wait for a person while the run goes on", "gateway.py"),
    "D7": _row(
        "keys made of run, tool and thing, which a tool keeps for a while", "keys.py", "harness/world/ledger.py"
    ),
    "D8": _row(
        "every prompt, answer, call, retry and its reason on record", "harness/boundary/boundary.py", "carrier.py"
    ),
    "D9": _row("a context that is lost in mid-run repeats nothing", "durable.py", "keys.py"),
    "D10": _row("no way out but the tools on the list", "reach.py"),
    "D11": _row(
        "suites for the golden path, for adversaries and for edges; versions compared",
        "harness/planners/simulated_options.py",
        "harness/content/expectations.py",
    ),
    "D12": _row("the rules of the domain, and what to do when unsure, are part of the ask", "harness/content/tasks.py"),
    "D13": _row("a kill switch for all runs when too many calls fail", "kill_switch.py"),
    "R1": _row("a record of where each run stands", "run_record.py", "orchestrator.py"),
    "R2": _row("synchronous or queued, decided before the run begins", "reach.py", "run_queue.py"),
    "R3": _row(
        "one gateway to all tools: validation, rights, timeout, key, structured errors", "gateway.py", "carrier.py"
    ),
    "R4": _row("strict types in and out; writes looked at harder than reads", "validation.py", "contracts.py"),
    "R5": _row("what may be tried again, and what never", "retries.py", "policy.py"),
    "R6": _row("the layers of retries add up and do not multiply", "retries.py"),
    "R7": _row("a repeated write is recognised and answered as already applied", "keys.py", "harness/world/ledger.py"),
    "R8": _row("a deadline for each model call, tool call and run; a limit of steps", "budgets.py", "policy.py"),
    "R9": _row("budgets of a run, a ceiling for its tenant, models on a list", "budgets.py", "models.py"),
    "R10": _row("models by role; critique and repair are bounded", "models.py", "orchestrator.py"),
    "R11": _row("degradation by cause: one turn, a search, a draft, a person, a summary", "fallbacks.py", "gateway.py"),
    "R12": _row(
        "context, session memory and durable state are three things",
        "window.py",
        "run_log.py",
        "harness/world/memory.py",
    ),
    "R13": _row(
        "an event for everything, with run, step, model or tool, latency, tokens, cost and result",
        "harness/history/events.py",
        "harness/boundary/boundary.py",
    ),
    "R14": _row(
        "rates of success, errors, retries, budgets and fallbacks; cost and duration",
        "harness/analysis/operations.py",
        "harness/scoring/metrics.py",
    ),
    "R15": _row("the way is judged, not only the answer", "harness/scoring/path.py"),
    "R16": _row(
        "rights for one call, one tool and one tenant; combinations that are denied", "rules.py", "identity.py"
    ),
    "R18": _row(
        "every change is compared with the baseline: model, tool list, limits",
        "harness/analysis/expectations.py",
        "harness/content/scenarios.py",
    ),
    "R20": _row("a log from which a run can be rebuilt and resumed", "run_log.py", "durable.py"),
}

BREAKS = (
    Break(
        "L21",
        "tools that take every field of every other, most of them free text",
        "narrow tools with few choices, and identifiers that the server finds",
        "mega_tool",
        "one_tool_for_everything",
        ("success", "tool_precision", "cost_usd"),
    ),
    Break(
        "L24",
        "an agent that may write whatever it decides to",
        "writes allowed, allowed up to a cap, or asked about; people on what can not be undone",
        "writes_without_a_gate",
        "without_a_gate",
        ("attack_success", "unapproved_effects", "virtual_s"),
    ),
    Break(
        "L27",
        "the dearest model in every role, and no caps",
        "a model for each role, under a ceiling for the tenant",
        "dearest_model_without_caps",
        "dearest_everywhere",
        ("cost_usd", "success"),
    ),
    Break(
        "L27",
        "a new version of the model goes live because its answers are as good",
        "means of cost and steps compared with the version before, week by week",
        "cost_and_steps_tell_first",
        "version_2",
        ("success", "steps", "cost_usd"),
    ),
    Break(
        "L28",
        "everything that was ever read stays in the context",
        "a sliding window, older results shortened",
        "context_grows_without_bound",
        "unbounded",
        ("tokens_in", "cost_usd", "success"),
    ),
    Break(
        "L28",
        "a model that loses the thread is given all of it",
        "the same model under a window",
        "long_context_loses_the_thread",
        "unbounded",
        ("success", "tokens_in", "cost_usd"),
    ),
)
