"""``harness baseline``: what the next candidate is held against, as a file for git."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from harness.cli.console import say, say_json, say_table
from harness.cli.judgement import gate_file
from harness.deciding import (
    Baseline,
    Measured,
    Origin,
    Provenance,
    baseline_of,
    git,
    measure,
    read_baseline,
    side,
    summary_of,
    write_baseline,
)
from harness.errors import UsageError
from harness.history import digest
from harness.render import read_verdict

PROMOTABLE = ("PASS", "IDENTICAL")


def save_baseline(source: str, file: Path, config: Path | None) -> None:
    """Save one side of a run as a baseline."""
    measured = measure(side(source))
    _write(measured, file, config, verdict=None)


def show_baseline(file: Path, *, as_json: bool) -> None:
    """Show where a baseline comes from, and what its clusters came to."""
    found = read_baseline(file)
    if as_json:
        say_json(summary_of(found))
        return
    origin = found.origin
    said = [f"saved on {origin.saved_on}", f"agent {found.agent} ({', '.join(found.brains)})"]
    said += [f"{name} {value}" for name, value in _origins(found) if value]
    say("; ".join(said))
    metrics = list(dict.fromkeys(name for one in found.clusters for name in one.metrics))
    rows = [_row(found, index, metrics) for index in range(len(found.clusters))]
    say_table("", ["family", "trials", "passed", *metrics], rows)


def _origins(found: Baseline) -> list[tuple[str, str | None]]:
    return [("commit", found.origin.commit), ("by", found.origin.author), ("verdict", found.origin.verdict)]


def _row(found: Baseline, index: int, metrics: list[str]) -> list[object]:
    one = found.clusters[index]
    means = [one.metrics[name].mean if name in one.metrics else None for name in metrics]
    return [one.cluster, one.trials, one.passed, *means]


def promote_candidate(source: str, file: Path, verdict: Path, config: Path | None) -> None:
    """Save a candidate as the new baseline; raises UsageError unless its own verdict lets it."""
    measured, found = measure(side(source)), read_verdict(verdict)
    if found.answer not in PROMOTABLE:
        msg = f"{verdict}: the verdict is {found.answer}: {found.reason}; only PASS and IDENTICAL make a baseline"
        raise UsageError(msg)
    if found.candidate is None or _placed(found.candidate) != _placed(measured.provenance):
        msg = f"{verdict}: is on {found.candidate and found.candidate.source}, not on {source}; give the verdict on it"
        raise UsageError(msg)
    _write(measured, file, config, verdict=digest([found.answer, found.reason, measured.provenance.source])[:12])


def _placed(one: Provenance) -> Provenance:
    """Return where a side comes from with the whole path of its folder."""
    return msgspec.structs.replace(one, source=str(Path(one.source).resolve()))


def _write(measured: Measured, file: Path, config: Path | None, verdict: str | None) -> None:
    if file.is_dir():
        msg = f"{file}: is a folder; name the baseline's file, as golden/baselines/main.json"
        raise UsageError(msg)
    gate = gate_file(config)
    names = [rule.name for rule in gate.metric if rule.pass_hat is None]
    origin = Origin(f"{datetime.now(tz=UTC):%Y-%m-%d}", _git("rev-parse", "HEAD"), _git("config", "user.name"), verdict)
    write_baseline(baseline_of(measured, list(dict.fromkeys(["success", *names])), origin), file)
    say(f"{len(measured.trials)} trials of {measured.provenance.agent} saved in {file}")


def _git(*words: str) -> str | None:
    """Return what git says, or None outside of a repository."""
    try:
        return git(*words) or None
    except UsageError:
        return None
