"""How often a simulated model errs, as data; a version is a named set of rates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, model_validator

from harness.boundary import Frozen

Share = Annotated[float, Field(ge=0, le=1)]

_SOUND: Mapping[str, float] = {
    "wrong_tool": 0.002,
    "invented_argument": 0.002,
    "wrong_argument": 0.002,
    "free_form": 0.002,
    "drift": 0.002,
    "loop": 0.001,
    "premature_stop": 0.002,
    "over_retry": 0.1,
    "guesses_without_policy": 0.2,
}
VERSIONS: Mapping[str, Mapping[str, float]] = {
    "v0": {"confidence_when_right": 1.0},  # errs never
    "v1": _SOUND,
    "v2": {**_SOUND, "redundant_read": 0.37, "verbosity": 1.5},  # as good as v1, and dearer
    "v3": {**_SOUND, "ignores_policy": 0.1},  # v1, and now and then against the rules
}


class SimulatedOptions(Frozen):
    """The rates of a simulated model; ``version`` names the set that the others override.

    Every rate is a probability for each place where the error is possible. At one step: ``wrong_tool``;
    ``invented_argument``, an identifier that belongs to somebody else or to nobody; ``wrong_argument``, another value
    of the right type; ``premature_stop``, an answer as if all were done; ``loop``, the same read over and over;
    ``redundant_read``, a look at facts that another step looks up; ``ignores_policy``, a step left out that only the
    rules ask for, and ``guesses_without_policy``, the same where nobody told it the rules. ``drift``, for each thousand
    tokens to read: it acts on another step than the one that is due. ``free_form``, for each argument of free text that
    it has to make up. ``over_retry``, after each failure for good. ``verbosity`` is a factor on the length of its
    thoughts.
    """

    version: str = "v1"
    wrong_tool: Share = 0
    invented_argument: Share = 0
    wrong_argument: Share = 0
    free_form: Share = 0
    drift: Share = 0
    loop: Share = 0
    premature_stop: Share = 0
    over_retry: Share = 0
    redundant_read: Share = 0
    verbosity: Annotated[float, Field(ge=1)] = 1
    ignores_policy: Share = 0
    guesses_without_policy: Share = 0
    confidence_when_wrong: Share = 0.55
    confidence_when_right: Share = 0.95

    @model_validator(mode="before")
    @classmethod
    def _override_the_version(cls, given: dict[str, Any]) -> dict[str, Any]:
        version = given.get("version", "v1")
        if version not in list(VERSIONS):  # it may be no text
            msg = f"there is no version {version!r}; known: {', '.join(VERSIONS)}"
            raise ValueError(msg)
        return {**VERSIONS[version], **given}

    @property
    def mistakes_requests(self) -> bool:
        """Whether it ever asks for something else than what is due."""
        return any((self.wrong_tool, self.invented_argument, self.wrong_argument, self.free_form, self.drift))
