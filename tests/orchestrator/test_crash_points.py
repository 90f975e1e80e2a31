"""A real process, killed at every moment of a run with writes, and resumed by the next process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

from tests.orchestrator.crash_points import INTENDED

SCRIPT = Path(__file__).with_name("crash_points.py")


def test_a_run_killed_at_any_moment_ends_with_every_effect_once(tmp_path: Path) -> None:
    """No effect twice, none lost, at every kill point; and each process was really killed."""
    done = subprocess.run([sys.executable, SCRIPT, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lives = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lives) == lives[0]["of"] > 50
    assert {life["killed_by"] for life in lives} == {signal.SIGKILL}
    assert [life for life in lives if life["effects"] != INTENDED] == []
    assert {life["ending"] for life in lives} == {"completed"}
