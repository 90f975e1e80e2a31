"""``exploration.html``: what every fault at every call came to, put on one page."""

from __future__ import annotations

import shlex
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from harness.exploration import BLAMED, FAILING, FAULTS_NAMED, OUTCOMES, Cell, Failure, Findings, Fired, Outcome
from harness.render.page import page
from harness.render.text import words
from harness.store import write_whole

PAGE = "exploration.html"
CARDS_SHOWN = 10
MOST_CARDS = 500
_DONE = frozenset({"recovered", "degraded"})
# A signature leaves out which words they are.
_OF_ANSWERS = {
    "missed answer: does not say": "the answer does not say what it should",
    "missed answer: says none of": "the answer says nothing of what it should",
    "missed answer: says": "the answer says what it should not",
}


class Asked(msgspec.Struct, frozen=True):
    """What was to be explored, and by which command."""

    target: str
    depth: int
    seed: int
    command: str


class Card(msgspec.Struct, frozen=True):
    """One way to fail; ``anchor`` is where it stands on the page."""

    anchor: str
    failure: Failure
    told: tuple[str, ...]
    shrink: str


class Square(msgspec.Struct, frozen=True):
    """A cell of the matrix; ``so_many`` plans had its worst outcome, ``anchor`` leads to how they fail."""

    worst: Outcome
    so_many: int
    title: str
    anchor: str | None


class Column(msgspec.Struct, frozen=True):
    """One kind of one family; ``head`` is what it shares with its neighbours, ``aside`` what else is to be said."""

    head: str
    name: str
    aside: str | None


class Matrix(msgspec.Struct, frozen=True):
    """The single faults of one agent: headings with their number of columns, the columns, and a row for each place."""

    agent: str
    heads: tuple[tuple[str, int], ...]
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, tuple[Square | None, ...]], ...]


def write_exploration(found: Findings, folder: Path, asked: Asked) -> Path:
    """Write ``exploration.html`` into the folder of an exploration, and return its path."""
    path = folder / PAGE
    write_whole(path, render_exploration(found, folder, asked).encode())
    return path


def render_exploration(found: Findings, folder: Path, asked: Asked) -> str:
    """Return the page as HTML; the same findings give the same bytes."""
    cards = _cards(found.failures, folder)
    return page(
        "exploration",
        {
            "title": asked.target,
            "asked": asked,
            "found": found,
            "plans": sum(found.outcomes.values()),
            "outcomes": OUTCOMES,
            "misled": found.outcomes.get("misled", 0),
            "worst": max(found.outcomes, key=OUTCOMES.index, default="not_triggered"),
            "tasks": len({twin.task_id for twin in found.twins}),
            "troubled": [twin for twin in found.twins if twin.outcome not in _DONE],
            "matrices": _matrices(found.cells, cards),
            "primitives": _by_agent(found.primitives),
            "blamed": [card for card in cards if card.failure.outcome in BLAMED],
            "in_good_faith": [card for card in cards if card.failure.outcome not in BLAMED],
            "cards_shown": CARDS_SHOWN,
            "faults_named": FAULTS_NAMED,
            "left_out": len(found.failures) - len(cards),
        },
    )


def _cards(failures: Sequence[Failure], folder: Path) -> list[Card]:
    return [
        Card(
            f"failure-{number}",
            failure,
            tuple(_told(failure.signature)),
            shlex.join(["harness", "shrink", str(folder), failure.plans[0].trial_id]),
        )
        for number, failure in enumerate(failures[:MOST_CARDS], start=1)
    ]


def _told(signature: Sequence[str]) -> Iterator[str]:
    """Say a signature in words: what was broken first, how the run ended last; the verdict is told by the outcome."""
    for fact in sorted(signature, key=lambda one: not one.startswith("violation ")):
        sort, _, rest = fact.partition(" ")
        if sort == "violation":
            rule, _, whence = rest.partition(" ")
            tool, _, became = whence.rpartition(" ")
            through = f" through {tool}" if tool else ""
            yield f"{words(rule)}{through}{', stopped' if became == 'blocked' else ''}"
        elif sort == "unmet":
            yield f"not as expected: {rest}"
        elif sort == "terminal_state":
            yield f"ended {words(rest)}"
        elif sort != "verdict":
            yield _OF_ANSWERS.get(fact, fact)


def _matrices(cells: Sequence[Cell], cards: Sequence[Card]) -> list[Matrix]:
    """Return a matrix for each agent, all with the same columns."""
    anchors = {plan.trial_id: card.anchor for card in cards for plan in card.failure.plans}
    columns = _columns({(cell.family, cell.kind) for cell in cells})
    heads = tuple(Counter(column.head for column in columns.values()).items())
    rows: dict[str, dict[str, dict[tuple[str, str], Square]]] = {}
    for cell in cells:
        row = rows.setdefault(cell.agent, {}).setdefault(cell.place, {})
        row[cell.family, cell.kind] = _square(cell, anchors)
    return [
        Matrix(
            agent, heads, tuple(columns.values()), tuple((at, tuple(map(row.get, columns))) for at, row in own.items())
        )
        for agent, own in rows.items()
    ]


def _columns(keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], Column]:
    """Return the columns in order: kinds of one family side by side, and so the families of one kind."""
    kinds, families = Counter(family for family, _ in keys), Counter(kind for _, kind in keys)

    def column(family: str, kind: str) -> Column:
        if kinds[family] > 1:
            return Column(family, kind, None)
        if families[kind] > 1:
            return Column(kind, family, None)
        return Column(kind, kind, None if family == kind else family)

    made = {key: column(*key) for key in keys}
    return dict(sorted(made.items(), key=lambda one: (one[1].head, one[1].name)))


def _square(cell: Cell, anchors: Mapping[str, str]) -> Square:
    counts = ", ".join(f"{count} {words(name)}" for name, count in cell.outcomes.items())
    title = f"{words(cell.kind)} at {cell.place}: {counts}"
    anchor = anchors.get(cell.trial_id) if cell.worst in FAILING else None
    return Square(cell.worst, cell.outcomes[cell.worst], title, anchor)


def _by_agent(primitives: Sequence[Fired]) -> dict[str, list[Fired]]:
    grouped: defaultdict[str, list[Fired]] = defaultdict(list)
    for one in primitives:
        grouped[one.agent].append(one)
    return dict(grouped)
