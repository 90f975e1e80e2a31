"""How the command line speaks: results on stdout, progress and errors on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

PLAIN_LINES = 4
PLAIN_STEP = 2_000
PLAIN_WIDTH = 140
SHORT_CELL = 24
LONG_CELL = 20
out = Console(highlight=False, emoji=False, soft_wrap=True, width=None if sys.stdout.isatty() else PLAIN_WIDTH)
err = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)
Report = Callable[[int], None]


def say(text: str) -> None:
    """Print one line, as it is, to stdout."""
    out.print(text, markup=False)


def complain(text: str) -> None:
    """Print an error to stderr, as it is."""
    err.print(text, markup=False, style="red" if err.is_terminal else None)


def say_json(value: object) -> None:
    """Print plain data as JSON for machines."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def say_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, ruled: bool = False) -> None:
    """Print a table, ``ruled`` with a line below each row; None is shown as a dash, numbers to the right."""
    table = Table(
        title=title or None,
        title_justify="left",
        header_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        show_lines=ruled,
    )
    widths = [max((len(_cell(row[index])) for row in rows), default=0) for index in range(len(columns))]
    room = sum(
        max(width, len(column) // 2) if width <= SHORT_CELL else LONG_CELL
        for column, width in zip(columns, widths, strict=True)
    )
    for index, column in enumerate(columns):
        numbers = all(isinstance(row[index], int | float | None) for row in rows)
        # Short cells stay whole where there is room; a long header is set in two lines instead.
        whole = widths[index] <= SHORT_CELL and room + 3 * len(columns) <= out.width
        header = column.replace(" ", "\n") if whole else column
        table.add_column(header, justify="right" if numbers else "left", overflow="fold", no_wrap=whole)
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    out.print(table)


def say_rows(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, as_json: bool) -> None:
    """Print rows as a table, or as JSON objects for machines."""
    if as_json:
        say_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        say_table(title, columns, rows)


def _cell(value: Any) -> str:
    if value is None:
        return "–"  # noqa: RUF001  # the dash that readers know from tables
    if isinstance(value, float):
        return f"{value:.3g}"
    return escape(str(value))


@contextmanager
def progress(total: int | None, what: str) -> Iterator[Report]:
    """Show how many of ``total`` are done: a bar on a terminal, a few plain lines elsewhere; None: nobody knows yet."""
    if not err.is_terminal:
        yield _plain_progress(total, what)
        return
    rate = TextColumn("{task.speed:.0f}/s" if total else "")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn())
    with Progress(*columns[:3], columns[4], console=err) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)


def _plain_progress(total: int | None, what: str) -> Report:
    done = 0
    each = PLAIN_STEP if total is None else max(total, 1) / PLAIN_LINES
    goal = "" if total is None else f" of {total}"

    def report(count: int) -> None:
        nonlocal done
        before, done = done // each, done + count
        if done // each > before:
            err.print(f"{what}: {done}{goal}", markup=False)

    return report
