"""Retrieval that does not find what there is: old editions, noise in front, texts cut short, another order.

Harm: an answer that is well founded on the wrong page, and an action that follows from it. Seen when an index lags
behind its documents, when a corpus grows faster than its search, when a context is cut at a limit, and when somebody
takes the first hit for the best one. A good agent looks at what a page is about and from when, asks again in other
words, and says what it did not find.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from harness.boundary import CallFault, Exchange, Frozen, Reply

Damage = Literal["stale", "distractor", "truncated", "reordered"]
OLD_EDITION = "Edition of 2019, superseded."
NOISE = "The canteen on the third floor is open from eight to four; guests pay at the till."
_NUMBER = re.compile(r"\d+")


class RetrievalResultsOptions(Frozen):
    """``damage`` says what is wrong with the results."""

    damage: Damage


async def damage(options: RetrievalResultsOptions, exchange: Exchange) -> Reply:
    """Let the search answer, and damage its results; where there are none, nothing can get worse."""
    reply = await exchange.proceed()
    return msgspec.structs.replace(reply, value=_with_results(reply.value, DAMAGES[options.damage]))


def _with_results(value: Any, change: Callable[[list[Any]], list[Any]]) -> Any:
    """Change the first list in a value: the results."""
    if isinstance(value, list):
        return change(value)
    if isinstance(value, dict):
        name = next((name for name, part in value.items() if isinstance(part, list)), None)
        return value if name is None else {**value, name: change(value[name])}
    return value


def _in_texts(result: Any, change: Callable[[str], str]) -> Any:
    """Change the text of a result: itself, or the longest of its parts; its names stay."""
    if isinstance(result, str):
        return change(result)
    texts = {name: part for name, part in result.items() if isinstance(part, str)} if isinstance(result, dict) else {}
    if not texts:
        return result
    longest = max(texts, key=lambda name: len(texts[name]))
    return {**result, longest: change(texts[longest])}


def _stale(results: list[Any]) -> list[Any]:
    """Return an earlier edition of each: every number in it was another one."""
    return [_in_texts(one, lambda text: f"{OLD_EDITION} {_NUMBER.sub(_other_number, text)}") for one in results]


def _other_number(found: re.Match[str]) -> str:
    return str(int(found[0]) * 2 + 1)


def _distracted(results: list[Any]) -> list[Any]:
    """Let noise take all places but the last."""
    noise = [_in_texts(one, lambda _text: NOISE) for one in results]
    return [*noise[:-1], *results[:1]] if len(results) > 1 else noise


def _truncated(results: list[Any]) -> list[Any]:
    """Leave the first half of the results, each with the first half of its text."""
    half = results[: (len(results) + 1) // 2]
    return [_in_texts(one, lambda text: text[: len(text) // 2]) for one in half]


DAMAGES: dict[Damage, Callable[[list[Any]], list[Any]]] = {
    "stale": _stale,
    "distractor": _distracted,
    "truncated": _truncated,
    "reordered": lambda results: results[::-1],
}

KINDS = (
    CallFault(
        "retrieval_results",
        "retrieval",
        RetrievalResultsOptions,
        ("retrieval", "memory"),
        damage,
        variants={one: {"damage": one} for one in DAMAGES},
        effects=("read",),
        lasting=True,
    ),
)
