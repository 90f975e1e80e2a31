"""Where the values of a call come from: the ask, a trusted result, an untrusted one, or nowhere."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import Any, Literal, Protocol, get_args, get_origin

from pydantic import BaseModel

from harness.boundary import Catalogue, ToolSpec
from harness.content import Ask

TEXTS_KEPT = 1024
TOOLS_KEPT = 1024
_WORD = re.compile(r"\w+(?:[-.@+]\w+)*")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_NAME = re.compile(r"(?!\d{4}-\d\d-\d\d$)\S+")  # a date is reckoned, not looked up
_CODE = re.compile(r"(?=.*\d)(?=.*[^\W\d_])\S+|\S*@\S*")


class Provenance(Protocol):
    """Knows what has come into a run."""

    @property
    def tainted_by(self) -> Sequence[str]:
        """The tools whose untrusted results have come in, in order."""

    def saw(self, spec: ToolSpec, value: Any) -> None:
        """Note that a result of this tool has come into the planner's context."""

    def ungrounded(self, spec: ToolSpec, arguments: Mapping[str, Any]) -> list[str]:
        """Name the arguments of a write that hold an identifier which nobody has told."""

    def from_untrusted(self, spec: ToolSpec, arguments: Mapping[str, Any]) -> list[str]:
        """Name the arguments that untrusted results alone have told."""


class ToldProvenance:
    """Looks values up in what was told: texts as whole words, whatever their case and punctuation; numbers by value.

    Trusted are the ask with its user and policy, and trusted results. Arguments that choose among values which the tool
    itself declares are left alone: everybody knows those.

    What it shows: an identifier that it calls ungrounded was made up, mistyped or put together by the planner, and a
    value that it finds in untrusted results alone was not known from anywhere else. What it can not show: that a
    grounded identifier is the right one; that a value which a trusted source tells as well (a look-up tells back what
    it was asked for) was not chosen because of an untrusted text; where a value comes from that the planner has
    computed or put in other words. No word is traced through the model; that something untrusted was read at all
    (``tainted_by``) remains the safe statement.
    """

    def __init__(self, ask: Ask, _catalogue: Catalogue) -> None:
        self.tainted_by: list[str] = []
        self._trusted = _Told()
        self._trusted.add([ask.text, ask.user, ask.tenant, ask.policy])
        self._untrusted = _Told()

    def saw(self, spec: ToolSpec, value: Any) -> None:
        """Index a result."""
        if not spec.untrusted:
            self._trusted.add(value)
            return
        self._untrusted.add(value)
        if spec.name not in self.tainted_by:
            self.tainted_by.append(spec.name)

    def ungrounded(self, spec: ToolSpec, arguments: Mapping[str, Any]) -> list[str]:
        """Check what says which thing a write acts on, and whatever else looks like a code or an address.

        Values with blanks are titles or sentences, which planners compose; the keys of memories are the agent's own.
        """
        if spec.effect == "read" or spec.port == "memory":
            return []
        return [
            name
            for name, value in arguments.items()
            if name not in _choices(spec.parameters)
            and any(self._is_made_up(one, is_identity=name in spec.identity) for one in _leaves(value))
        ]

    def _is_made_up(self, leaf: str | float, *, is_identity: bool) -> bool:
        if isinstance(leaf, str):
            is_identifier = (_NAME if is_identity else _CODE).fullmatch(leaf) is not None
        else:
            is_identifier = is_identity
        return is_identifier and leaf not in self._trusted and leaf not in self._untrusted

    def from_untrusted(self, spec: ToolSpec, arguments: Mapping[str, Any]) -> list[str]:
        """Look for each argument, or for one of its parts."""
        if not self.tainted_by:
            return []
        return [
            name
            for name, value in arguments.items()
            if name not in _choices(spec.parameters)
            and any(one in self._untrusted and one not in self._trusted for one in _leaves(value))
        ]


class NoProvenance:
    """Trusts whatever was read, and every identifier."""

    tainted_by: Sequence[str] = ()

    def saw(self, _spec: ToolSpec, _value: Any) -> None:
        """Note nothing."""

    def ungrounded(self, _spec: ToolSpec, _arguments: Mapping[str, Any]) -> list[str]:
        """Find nothing."""
        return []

    def from_untrusted(self, _spec: ToolSpec, _arguments: Mapping[str, Any]) -> list[str]:
        """Find nothing."""
        return []


class _Told:
    """The words and numbers that were told; they are indexed when somebody first asks, as many runs never do."""

    def __init__(self) -> None:
        self._told: list[Any] = []
        self._text = ""
        self._numbers: set[float] = set()

    def add(self, value: Any) -> None:
        """Keep a value with all its parts."""
        self._told.append(value)

    def _index(self, value: Any) -> None:
        leaves = _leaves(value)
        texts = [_words(str(leaf)) for leaf in leaves]
        self._text += "\n".join(["", *texts])  # so that no phrase reaches from one part into the next
        self._numbers.update(leaf for leaf in leaves if not isinstance(leaf, str))
        self._numbers.update(number for text in texts for number in _numbers(text))

    def __contains__(self, leaf: str | float) -> bool:
        while self._told:
            self._index(self._told.pop())
        if isinstance(leaf, str):
            return _words(leaf) in self._text
        return leaf in self._numbers


def _leaves(value: Any) -> list[str | float]:
    """Return the texts and numbers of plain data, names of fields among them."""
    leaves: list[str | float] = []
    _collect(value, leaves)
    return leaves


def _collect(value: Any, leaves: list[str | float]) -> None:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        leaves.append(value)
    elif isinstance(value, dict):
        for name, one in value.items():
            leaves.append(name)
            _collect(one, leaves)
    elif isinstance(value, list):
        for one in value:
            _collect(one, leaves)


@lru_cache(TEXTS_KEPT)
def _words(text: str) -> str:
    """Return the words of a text in lower case, each between blanks, so that whole words can be found in it."""
    return " ".join(["", *_WORD.findall(text.casefold()), ""])


@lru_cache(TEXTS_KEPT)
def _numbers(words: str) -> frozenset[float]:
    return frozenset(float(word) for word in words.split() if _NUMBER.fullmatch(word))


@lru_cache(TOOLS_KEPT)
def _choices(parameters: type[BaseModel]) -> frozenset[str]:
    """Return the arguments that choose among values which the tool itself declares."""
    return frozenset(name for name, field in parameters.model_fields.items() if _is_choice(field.annotation))


def _is_choice(annotation: Any) -> bool:
    is_enum = isinstance(annotation, type) and issubclass(annotation, Enum)
    return is_enum or get_origin(annotation) is Literal or any(map(_is_choice, get_args(annotation)))
