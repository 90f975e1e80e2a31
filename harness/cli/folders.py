"""Where results lie: ``.harness/runs/<id>``, the latest by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from harness.errors import DatasetError
from harness.store import claim_folder

RUNS = Path(".harness/runs")
LONGEST = 40  # characters of a scenario's name in the name of a folder


def new_folder(name: str, parent: Path = RUNS) -> Path:
    """Return a folder that does not exist yet, named by the present time, so that the latest sorts last."""
    stem = f"{datetime.now(tz=UTC):%Y%m%d-%H%M%S}-{name[:LONGEST]}"
    candidates = [parent / stem, *(parent / f"{stem}-{number}" for number in range(2, 1000))]
    return next(folder for folder in candidates if not folder.exists())


def latest_folder() -> Path:
    """Return the latest finished results folder; raises DatasetError when there is none."""
    finished = sorted(path.parent for path in RUNS.glob("*/manifest.json"))
    if not finished:
        msg = f"there are no results in {RUNS}; run a scenario first, or name a results folder"
        raise DatasetError(msg)
    return finished[-1]


@contextmanager
def claimed(folder: Path) -> Iterator[Path]:
    """Claim a folder for new results; if nothing comes of them, a folder that was made for them goes away again."""
    existed = False
    with suppress(OSError):  # claiming it will say why
        existed = folder.is_dir()
    claim_folder(folder)
    try:
        yield folder
    except BaseException:
        if not existed:
            with suppress(OSError):  # it holds results
                folder.rmdir()
        raise
