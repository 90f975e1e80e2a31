"""What a scenario expected in vain, in words.

Each line begins with a key, such as ``metrics.steps`` or ``events.breaker_opened:issue_refund``, that is the same for
every trial that falls short in the same place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import jmespath
from jmespath.exceptions import JMESPathError

from harness.content import Comparer, Expectation, ExpectedEvent, Quantities
from harness.history import Event
from harness.scoring.ending import missed_output
from harness.scoring.record import Record
from harness.scoring.scorecard import Scorecard


def unmet(record: Record, card: Scorecard, expect: Expectation) -> tuple[str, ...]:
    """Return what was expected of one trial and is not so; nothing means that the scenario holds in it."""
    return (
        *_unmet_state("verdict", card.verdict, expect.verdict),
        *_unmet_state("terminal_state", card.terminal_state, expect.terminal_state),
        *_unmet_metrics(card, expect.metrics),
        *missed_output(expect.answer, record.answer),
        *_unmet_events(record, expect.events),
    )


def unmet_overall(values: Mapping[str, Sequence[float]], expect: Quantities) -> tuple[str, ...]:
    """Return what was expected of means over several trials and is not so; ``values`` holds what was measured."""
    means = {name: sum(measured) / len(measured) for name, measured in values.items() if measured}
    return tuple(
        _shortfall(f"overall.{name}", comparer, means.get(name))
        for name, comparer in expect.items()
        if not comparer.accepts(means.get(name))
    )


def key_of(line: str) -> str:
    """Return the key of a line of what was expected in vain."""
    return line.partition(": ")[0]


def _shortfall(key: str, comparer: Comparer, found: float | None) -> str:
    return f"{key}: expected {comparer.describe()}, {'not measured' if found is None else f'got {found:.12g}'}"


def _unmet_state(key: str, found: str, wanted: Sequence[str]) -> Iterator[str]:
    if wanted and found not in wanted:
        yield f"{key}: expected {' or '.join(wanted)}, got {found}"


def _unmet_metrics(card: Scorecard, metrics: Quantities) -> Iterator[str]:
    for name, comparer in metrics.items():
        if not comparer.accepts(card.value(name)):
            yield _shortfall(f"metrics.{name}", comparer, card.value(name))


def _unmet_events(record: Record, wanted: Sequence[ExpectedEvent]) -> Iterator[str]:
    for one in wanted:
        count = sum(_is_meant(event, one) for event in record.of(one.kind))
        if not one.count.accepts(count):
            yield _shortfall(_event_key(one), one.count, count)


def _is_meant(event: Event, wanted: ExpectedEvent) -> bool:
    named = ((wanted.name, event.name), (wanted.port, event.port))
    ended = ((wanted.result, event.result), (wanted.error_type, event.error_type))
    return all(one is None or one == other for one, other in (*named, *ended)) and all(
        comparer.accepts(_found(path, event)) for path, comparer in wanted.where.items()
    )


def _found(path: str, event: Event) -> object:
    try:
        return jmespath.search(path, event.payload)
    except JMESPathError:  # a function met another type than it takes: there is nothing of that sort
        return None


def _event_key(wanted: ExpectedEvent) -> str:
    """Name an expected event; texts that it has to hold tell it from others, numbers and ids do not."""
    details = [one for one in (wanted.port, wanted.result, wanted.error_type) if one]
    details += [_where_key(path, comparer) for path, comparer in wanted.where.items()]
    name = f":{wanted.name}" if wanted.name else ""
    which = f"[{', '.join(details)}]" if details else ""
    return f"events.{wanted.kind}{name}{which}".replace(": ", ":")


def _where_key(path: str, comparer: Comparer) -> str:
    text = comparer.equals
    return f"{path}={text}" if isinstance(text, str) and not any(map(str.isdigit, text)) else path
