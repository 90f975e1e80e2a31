"""Whether an answer admits that something was not done, or is not known."""

from __future__ import annotations

import re

_ADMITS = re.compile(
    r"\A\s*error\b|"
    r"\b(could not|can ?not|did not|do not know|not approved|not done|failed|refused|handed over|waits? for|unable|"
    r"had to stop|stopped before|(ask|try) again)\b",
    re.IGNORECASE,
)
_DOUBTS = re.compile(r"\b(unknown|do not know|not sure)\b", re.IGNORECASE)


def admits_failure(answer: str) -> bool:
    """Return whether an English answer holds words by which people say that something was left undone.

    It goes by the words alone: an answer that names a failure of somebody else admits one as well.
    """
    return _ADMITS.search(answer) is not None


def admits_doubt(answer: str) -> bool:
    """Return whether an English answer holds words by which people say that they do not know what came of something."""
    return _DOUBTS.search(answer) is not None
