"""What only a comparison shows: nothing is wrong on the golden path."""

from __future__ import annotations

from benchmarks.defects.caught import Caught
from harness.orchestrator import parts_without

golden_path_only = parts_without(["untrusted_content_guard", "approval_gate", "retries"])

DEFECTS = {"golden_path_only": Caught("three_kinds_of_evals", "D11", "R18")}
