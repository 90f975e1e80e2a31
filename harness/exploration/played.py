"""Trials played for an exploration: what it needs to know of each, kept so that a killed exploration can go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from harness.boundary import misleads
from harness.campaign import Spread, TrialSpec, run_trial
from harness.content import all_fault_kinds
from harness.errors import DatasetError
from harness.exploration.candidates import Kinds
from harness.exploration.outcomes import Outcome, outcome_of
from harness.exploration.primitives import primitives_of
from harness.exploration.shapes import shape_of, tails_of
from harness.exploration.sites import Site, sites_of
from harness.history import Event, history_digest
from harness.scoring import Record, score

TRIALS_PER_CHUNK = 25
Heard = Callable[[int], None]


class Played(msgspec.Struct, frozen=True):
    """One trial: how it ended, the shape of its history, and the sites that it went through.

    ``fired`` says which faults of the plan hit, and ``addresses`` which calls each of them hit. ``hit_seq`` and
    ``hit_s`` say when the first of them did (0 where none did), and ``let_through`` whether the call that it hit was
    carried out or answered all the same. A memory keeps no sites, tails and addresses of trials with several faults.
    """

    trial_id: str
    outcome: Outcome
    signature: tuple[str, ...]
    shape: str
    history_digest: str
    fired: tuple[bool, ...]
    hit_seq: int
    hit_s: float
    let_through: bool
    primitives: tuple[str, ...]
    sites: tuple[Site, ...]
    tails: dict[str, str]
    addresses: tuple[tuple[str, ...], ...] = ()


def play(spec: TrialSpec, kinds: Kinds | None = None) -> Played:
    """Play one trial; who plays many looks the kinds of faults up once."""
    known = kinds if kinds is not None else all_fault_kinds()
    record = run_trial(spec, known).record
    card = score(record, spec.expect)
    hits = record.of("fault_injected")
    return Played(
        trial_id=spec.trial_id,
        outcome=outcome_of(record, card, lied_to=_is_lied_to(spec, record, known)),
        signature=card.signature,
        shape=shape_of(record),
        history_digest=history_digest(record.events),
        fired=tuple(receipt.fired for receipt in record.receipts),
        addresses=tuple(_hit_by(receipt.fault, hits) for receipt in record.receipts),
        hit_seq=hits[0].seq if hits else 0,
        hit_s=hits[0].time_s if hits else 0.0,
        let_through=bool(hits) and _is_let_through(record, hits[0].address),
        primitives=primitives_of(record),
        sites=sites_of(record),
        tails=tails_of(record),
    )


def _hit_by(fault: int, hits: Sequence[Event]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(hit.address for hit in hits if hit.payload["fault"] == fault and hit.address))


def _is_lied_to(spec: TrialSpec, record: Record, kinds: Kinds) -> bool:
    """Whether some fault has hit of those under which an agent may end wrongly in good faith."""
    hit = [spec.plan.faults[receipt.fault] for receipt in record.receipts if receipt.fired]
    return any(misleads(kinds[one.kind], kinds[one.kind].options.model_validate(one.options)) for one in hit)


def _is_let_through(record: Record, address: str | None) -> bool:
    answers = record.of("tool_call_completed", "model_call_completed", "approval_decided", "effect_committed")
    return any(one.address == address and one.result in (None, "ok") for one in answers)


def _play_all(specs: Sequence[TrialSpec]) -> list[bytes]:
    kinds = all_fault_kinds()
    return [_ENCODER.encode(_without_paths(spec, play(spec, kinds))) for spec in specs]


def _without_paths(spec: TrialSpec, played: Played) -> Played:
    """Leave the calls of a pair or a swarm out: nothing is tried on top of it, and there are many."""
    return msgspec.structs.replace(played, sites=(), tails={}, addresses=()) if len(spec.plan.faults) > 1 else played


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Played)


class Memory:
    """Plays each trial once; with a file, it knows what was played before it was killed."""

    def __init__(self, spread: Spread, path: Path | None = None, heard: Heard | None = None) -> None:
        """``heard`` is told how many more trials are known."""
        self._spread = spread
        self._path = path
        self._heard = heard or (lambda _count: None)
        self._known = {one.trial_id: one for one in _read(path)} if path and path.exists() else {}

    def play(self, specs: Sequence[TrialSpec]) -> Iterator[Played]:
        """Yield what became of each trial, in the order of the specs; other processes begin at once."""
        missing = list({one.trial_id: one for one in specs if one.trial_id not in self._known}.values())
        self._heard(len(specs) - len(missing))
        chunks = [missing[at : at + TRIALS_PER_CHUNK] for at in range(0, len(missing), TRIALS_PER_CHUNK)]
        return self._in_order(specs, self._spread(_play_all, chunks))

    def _in_order(self, specs: Sequence[TrialSpec], chunks: Iterable[tuple[int, list[bytes]]]) -> Iterator[Played]:
        for _, lines in chunks:
            self._keep(lines)
            self._heard(len(lines))
        yield from (self._known[one.trial_id] for one in specs)

    def _keep(self, lines: Iterable[bytes]) -> None:
        if self._path is not None:
            with self._path.open("ab") as file:
                file.write(b"".join(line + b"\n" for line in lines))
        for line in lines:
            played = _DECODER.decode(line)
            self._known[played.trial_id] = played


def _read(path: Path) -> Iterator[Played]:
    """Yield what a file holds; a last line that was cut off when its process died is as good as not there."""
    whole, end, cut = path.read_bytes().rpartition(b"\n")
    if cut:
        path.write_bytes(whole + end)
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            yield _DECODER.decode(line)
        except msgspec.MsgspecError as error:
            msg = f"{path}:{number}: is no trial that was played ({error}); remove this line, or give another --out"
            raise DatasetError(msg) from error
