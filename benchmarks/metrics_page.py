"""docs/metrics.md: every metric as its docstring defines it.

    python -m benchmarks.metrics_page [--docs]

Prints the page; with --docs it is written.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import msgspec

from harness.scoring import METRICS, Metric

PAGE = Path(__file__).parents[1] / "docs" / "metrics.md"
PARTS = ("Range", "Null", "Source")
INTRODUCTION = """\
# Metrics

What `harness run` and `harness score` compute of each trial, from its record alone. Each metric has a formula, a range,
a rule for when there is no value (null, never 0), and a source. Names in `_s` are in seconds, names in `_usd` in US
dollars. What a metric needs to have been observed stands behind its name; where the record lacks it, the value is
null as well, and the column `basis` says so.

A *logical call* is what the agent meant to do, with all the attempts that it took. Where the agent declares neither an
idempotency key nor an attempt number, it is inferred which attempts belong together, and `basis` says that.

The *twin* of a trial is the trial of the same scenario, task, agent, seed and number under a plan without faults.

This page is written by `python -m benchmarks.metrics_page --docs` from the docstrings; a test holds it against them.
"""


class Definition(msgspec.Struct, frozen=True):
    """The docstring of a metric in its parts; ``parts`` holds one text for each of PARTS that is there."""

    formula: str
    parts: dict[str, str]


def definition(metric: Metric) -> Definition:
    """Take the docstring of a metric apart: a part begins with its name and a colon, and ends with the paragraph."""
    formula, parts, current = [], {}, ""
    for line in (inspect.getdoc(metric.function) or "").splitlines():
        name, colon, rest = line.partition(": ")
        if colon and name in PARTS:
            current = name
            parts[name] = rest
        elif current:
            parts[current] = f"{parts[current]} {line}".strip()
        else:
            formula.append(line)
    return Definition("\n".join(formula).strip(), parts)


def page() -> str:
    """Return the whole page."""
    return (INTRODUCTION + "".join(_lines())).replace("``", "`")


def _lines() -> Iterator[str]:
    room = ""
    for metric in METRICS:
        if metric.function.__module__ != room:
            room = metric.function.__module__
            yield _heading(str(importlib.import_module(room).__doc__))
        yield _entry(metric)


def _heading(docstring: str) -> str:
    """The first line of a module is a heading; what else it says stands below."""
    first, _, rest = docstring.strip().partition("\n\n")
    return f"\n## {first.rstrip('.')}\n" + (f"\n{rest}\n" if rest else "")


def _entry(metric: Metric) -> str:
    told = definition(metric)
    formula = " ".join(told.formula.split("\n\n")[0].split())
    rest = "".join(f"\n{' '.join(one.split())}\n" for one in told.formula.split("\n\n")[1:])
    parts = "".join(f"- {name}: {told.parts[name]}\n" for name in PARTS)
    return f"\n### `{metric.name}`\n\n{formula}\n{rest}\n{parts}- Needs: {', '.join(sorted(metric.needs))}\n"


def main() -> None:
    """Print or write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--docs", action="store_true", help="write docs/metrics.md")
    if parser.parse_args().docs:
        PAGE.write_text(page(), encoding="utf-8")
    else:
        print(page())


if __name__ == "__main__":
    main()
