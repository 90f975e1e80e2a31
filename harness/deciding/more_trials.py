"""More trials of a side that was played before: the same cells, the next numbers, in a folder of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.analysis import Trial, load_results
from harness.campaign import TrialSpec, differences, make_manifest, replay, run_campaign
from harness.deciding.pairs import Side
from harness.errors import HarnessError
from harness.store import claim_folder, write_manifest

PLAYED_AGAIN = 5


def why_not(side: Side) -> str | None:
    """Say why a side can not be played on here, or return None: some of its trials have to end again as they did."""
    trials = list(side.trials.values())
    if not trials:
        return f"{side}: has no trial"
    if changed := differences(dict(side.results.manifest)):
        return f"{side}: the environment differs: {changed[0]}"
    if not all(_is_numbered(side, trial) for trial in trials):
        return f"{side}: its scenarios list their seeds, so that there is no next one"
    return next(filter(None, (_differing(side, trial) for trial in trials[:: len(trials) // PLAYED_AGAIN + 1])), None)


def _is_numbered(side: Side, trial: Trial) -> bool:
    spec = TrialSpec.model_validate_json(trial.spec)
    return spec == spec.numbered(spec.trial, side.results.manifest["seed"])


def _differing(side: Side, trial: Trial) -> str | None:
    try:
        again = replay(side.part_of(trial.trial_id).folder, trial.trial_id)
    except HarnessError as error:
        return f"{side}: {error}"
    return None if again.identical else f"{side}: its trial {trial.trial_id} does not end here as it did"


def extended(side: Side, trials: int, folder: Path, jobs: int) -> Side:
    """Play every cell of a side up to so many trials, and return the side with them."""
    specs = list(_missing(side, trials))
    if not specs:
        return side
    seed = side.results.manifest["seed"]
    claim_folder(folder)
    run_campaign(specs, folder, jobs=jobs)
    write_manifest(folder, make_manifest(specs, command=f"more trials of {side}", seed=seed))
    return side.with_part(load_results(folder))


def _missing(side: Side, trials: int) -> Iterator[TrialSpec]:
    cells: dict[tuple[str, str, str], list[Trial]] = {}
    for key, trial in side.trials.items():
        cells.setdefault(key[:3], []).append(trial)
    for played in cells.values():
        spec = TrialSpec.model_validate_json(played[0].spec)
        for number in sorted(set(range(trials)) - {one.trial for one in played}):
            yield spec.numbered(number, side.results.manifest["seed"])
