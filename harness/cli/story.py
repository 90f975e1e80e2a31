"""One stored trial, step by step."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from harness.analysis import Results, StoryRow, replay_command, storyline
from harness.cli.console import say, say_table
from harness.errors import DatasetError
from harness.render import shown


class Story(msgspec.Struct, frozen=True):
    """A trial with its steps; ``reasons`` say what kept it from passing, ``unmet`` what was expected of it in vain."""

    trial_id: str
    scenario: str
    agent: str
    task_id: str
    fault_plan_id: str
    verdict: str
    terminal_state: str
    signature: str
    reasons: tuple[str, ...]
    unmet: tuple[str, ...]
    steps: tuple[StoryRow, ...]
    replay: str


def story_of(results: Results, trial_id: str) -> Story:
    """Return the story of a trial; raises DatasetError for one that the folder does not hold."""
    trial = results.by_id.get(trial_id)
    if trial is None:
        msg = f"{results.folder}: holds no trial {trial_id!r}; trial ids are in the trials table and in the report"
        raise DatasetError(msg)
    facts = {name: getattr(trial, name) for name in Story.__struct_fields__ if name not in ("steps", "replay")}
    steps = storyline(results.events([trial_id]).get(trial_id, []))
    return Story(**facts, steps=steps, replay=replay_command(results, trial_id))


def say_story(story: Story) -> None:
    """Print a story; whatever a model or a tool has written is shown as text."""
    say(shown(f"{story.scenario}: {story.agent}, task {story.task_id}, under {story.fault_plan_id}: {story.verdict}"))
    for line in (*story.reasons, *(f"not as expected: {one}" for one in story.unmet)):
        say(f"  {shown(line)}")
    several = len({row.run_id for row in story.steps if row.run_id}) > 1
    columns = ("run", "step", "decided", "executed", "broke")
    first = 0 if several else 1
    say_table("", columns[first:], [_cells(row)[first:] for row in story.steps], ruled=True)
    say(story.replay)


def _cells(row: StoryRow) -> tuple[str | int, ...]:
    return (shown(row.run_id), row.step, *(_lines(one) for one in (row.decided, row.executed, row.broke)))


def _lines(texts: Sequence[str]) -> str:
    return "\n".join(shown(text) for text in texts)
