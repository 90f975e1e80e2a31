"""What a model gets to read, with one thing wrong."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from benchmarks.defects.caught import Caught
from harness.boundary import Session
from harness.orchestrator import Parts, Policy, parts_without
from harness.orchestrator.window import SlidingWindow, shortened
from harness.planners import Context

no_window = parts_without(["context_window"])


class _DroppingWindow(SlidingWindow):
    """Drops older observations instead of shortening them: the planner does not know what it has done."""

    def view(self, context: Context, _step: int) -> Context:
        kept = context.observations[-self._policy.window :] if context.tokens > self._policy.tokens_max else None
        return context if kept is None else msgspec.structs.replace(context, observations=kept)


window_drops_what_was_done = Parts(window=_DroppingWindow)


class _UpsideDownWindow(SlidingWindow):
    """Shortens the newest observations and keeps the oldest whole."""

    def view(self, context: Context, step: int) -> Context:
        turned = msgspec.structs.replace(context, observations=context.observations[::-1])
        seen = super().view(turned, step)
        return msgspec.structs.replace(seen, observations=seen.observations[::-1])


window_shortens_the_newest = Parts(window=_UpsideDownWindow)


class _EagerWindow(SlidingWindow):
    """Shortens all that is older than the window, whether the limit demands it or not."""

    def view(self, context: Context, _step: int) -> Context:
        old = len(context.observations) - self._policy.window
        seen = [shortened(one) if index < old else one for index, one in enumerate(context.observations)]
        return msgspec.structs.replace(context, observations=seen)


window_shortens_without_need = Parts(window=_EagerWindow)


class _SilentWindow(SlidingWindow):
    """Shortens, and leaves no word of it."""

    def __init__(self, policy: Policy, session: Session) -> None:
        super().__init__(policy, replace(session, emit=lambda *_args, **_fields: None))


window_off_the_record = Parts(window=_SilentWindow)

DEFECTS = {
    "no_window": Caught("context_grows_without_bound", "L28"),
    "window_drops_what_was_done": Caught("window_keeps_the_thread", "L28"),
    "window_shortens_the_newest": Caught("sliding_window", "L28"),
    "window_shortens_without_need": Caught("window_by_default", "L28"),
    "window_off_the_record": Caught("sliding_window", "L28", "R13"),
}
