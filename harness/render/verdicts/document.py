"""``verdict.json``: the verdict for machines, and the way back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from harness.deciding import Verdict
from harness.errors import DatasetError
from harness.history import canonical_json
from harness.render.verdicts.cases import regressions

SCHEMA_VERSION = 1


def verdict_json(verdict: Verdict) -> bytes:
    """Return the verdict as indented JSON with sorted keys, its exit code and the number of regressions beside it.

    What has no end, such as a ratio to zero, is null, as what was not measured.
    """
    document = msgspec.to_builtins(verdict) | {
        "schema_version": SCHEMA_VERSION,
        "exit_code": verdict.exit_code,
        "regressions": regressions(verdict),
    }
    return msgspec.json.format(canonical_json(document), indent=2) + b"\n"


def read_verdict(path: Path) -> Verdict:
    """Read a ``verdict.json``; raises DatasetError for a file that is missing, foreign, or at odds with itself."""
    try:
        document = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError) as error:
        raise DatasetError(f"{path}: can not be read as a verdict: {error}; harness gate writes one") from error
    if (version := document.pop("schema_version", None)) != SCHEMA_VERSION:
        raise DatasetError(f"{path}: schema_version: is {version!r}, not {SCHEMA_VERSION}; run the gate again")
    said = document.pop("exit_code", None), document.pop("regressions", None)
    try:
        verdict = msgspec.convert(document, Verdict)
    except msgspec.ValidationError as error:
        raise DatasetError(f"{path}: is no verdict: {error}; run the gate again") from error
    if said != (verdict.exit_code, regressions(verdict)):
        raise DatasetError(
            f"{path}: exit_code, regressions: are {said[0]!r}, {said[1]!r}, but the verdict is {verdict.answer} with"
            f" {regressions(verdict)} regressions; the file was changed: run the gate again"
        )
    return verdict
