"""Imported by the fork server alone, once: all that its children share, so that each only builds an orchestrator."""

from __future__ import annotations

import gc

from benchmarks.mutation.playing import all_groups, play
from harness.campaign import run_trial

for _group in all_groups():
    play(_group, run_trial)
gc.freeze()
