"""What the trial cost: tokens, money, time and on what it was spent, and budgets that were overshot."""

from __future__ import annotations

from harness.scoring.overshoots import overshoots
from harness.scoring.view import View, metric, total


def tokens_in(view: View) -> float | None:
    """Input tokens of all model calls that completed.

    Range: 0 and up.
    Null: when no model call reported them.
    Source: as the provider reports them.
    """
    return total(event.tokens_in for event in view.record.of("model_call_completed"))


def tokens_out(view: View) -> float | None:
    """Output tokens of all model calls that completed.

    Range: 0 and up.
    Null: when no model call reported them.
    Source: as the provider reports them.
    """
    return total(event.tokens_out for event in view.record.of("model_call_completed"))


def cost_usd(view: View) -> float | None:
    """Cost of all model calls that completed.

    Range: 0 and up, USD.
    Null: when no model call reported it.
    Source: cost per task, in the articles by Lopes and Resilio.
    """
    return total(event.cost_usd for event in view.record.of("model_call_completed"))


def budget_overshoot(view: View) -> float:
    """The largest (used - allowed) / allowed over the budgets of a run, at the event by which each was overshot.

    Range: 0 and up; 0 where every budget was kept.
    Null: where calls, usage or time were not observed.
    Source: hard budgets per run, in the articles by Lopes and Resilio.
    """
    if not any(one.rule == "budget_overshoot" for one in view.violations):
        return 0.0
    return max((one.used - one.limit) / one.limit if one.limit else one.used for one in overshoots(view.record))


def virtual_s(view: View) -> float:
    """Time from the start of the first run to the end of the last.

    Range: 0 and up, seconds.
    Null: where time was not observed.
    Source: total run duration, in the article by Resilio.
    """
    return view.span_s


def model_s(view: View) -> float:
    """Time of ``virtual_s`` in which a model call was under way.

    Range: 0 to ``virtual_s``, seconds; ``model_s + tool_s + people_s + harness_s = virtual_s``.
    Null: where calls or time were not observed.
    Source: the split by model, tool and framework in google-adk's invocation duration.
    """
    return view.time_shares_s[0]


def tool_s(view: View) -> float:
    """Time of ``virtual_s`` in which no model call was under way, and a call of a tool, store or memory was.

    Range: 0 to ``virtual_s``, seconds.
    Null: where calls or time were not observed.
    Source: the split by model, tool and framework in google-adk's invocation duration.
    """
    return view.time_shares_s[1]


def people_s(view: View) -> float:
    """Time of ``virtual_s`` in which nothing but people was waited for: an approval was asked for.

    Range: 0 to ``virtual_s``, seconds.
    Null: where calls or time were not observed.
    Source: the split in google-adk's invocation duration, with people told apart.
    """
    return view.time_shares_s[2]


def harness_s(view: View) -> float:
    """Time of ``virtual_s`` in which nothing was under way: the control round the planner waited or worked.

    Range: 0 to ``virtual_s``, seconds.
    Null: where calls or time were not observed.
    Source: the split by model, tool and framework in google-adk's invocation duration.
    """
    return view.time_shares_s[3]


USAGE = (
    metric(tokens_in, "usage"),
    metric(tokens_out, "usage"),
    metric(cost_usd, "usage"),
    metric(budget_overshoot, "calls", "usage", "time"),
    metric(virtual_s, "time"),
    metric(model_s, "calls", "time"),
    metric(tool_s, "calls", "time"),
    metric(people_s, "calls", "time"),
    metric(harness_s, "calls", "time"),
)
