"""The places where a run can be hurt: its calls, read from its history."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from harness.boundary import EffectClass
from harness.history import Event
from harness.scoring import Record

CALL_STARTED = ("tool_call_started", "model_call_started", "approval_requested")
_GLOB = re.compile(r"([*?[])")

Place = tuple[str, str, str]


class Site(msgspec.Struct, frozen=True):
    """One call of a run; ``arrival`` counts the calls at its address, ``seq`` is its event in the history."""

    run_id: str
    port: str
    name: str
    identity: str
    arrival: int
    effect: EffectClass | None
    seq: int
    time_s: float

    @property
    def place(self) -> Place:
        """Run, port and name: where outages happen."""
        return self.run_id, self.port, self.name

    @property
    def address(self) -> str:
        """The address, as it stands in histories."""
        identity = f"[{self.identity}]" if self.identity else ""
        return f"{self.run_id}/{self.port}:{self.name}{identity}#{self.arrival}"

    @property
    def at(self) -> str:
        """The selector that picks this address and no other."""
        return selector_of(self.address)[0]


def selector_of(address: str) -> tuple[str, int]:
    """Return the selector that picks an address and no other, and the number of the arrival there."""
    path, _, arrival = address.rpartition("#")
    named, bracket, identity = path.partition("[")
    escaped = _GLOB.sub(r"[\1]", identity[:-1])
    return (f"{named}[{escaped}]" if bracket else named), int(arrival)


def sites_of(record: Record) -> tuple[Site, ...]:
    """Return all calls of a record, in the order in which they were made."""
    return tuple(_sites(record))


def _sites(record: Record) -> Iterator[Site]:
    for event in record.of(*CALL_STARTED):
        if event.address is not None:
            yield _site(event, event.address, record)


def _site(event: Event, address: str, record: Record) -> Site:
    path, _, arrival = address.rpartition("#")
    named = f"{event.run_id}/{event.port}:{event.name}"
    facts = record.tools.get(str(event.name))
    return Site(
        run_id=str(event.run_id),
        port=str(event.port),
        name=str(event.name),
        identity=path[len(named) + 1 : -1],
        arrival=int(arrival),
        effect=facts.effect if facts and event.port not in ("approval", "store") else None,
        seq=event.seq,
        time_s=event.time_s,
    )
