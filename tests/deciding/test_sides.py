"""Which side a word on the command line means."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.deciding import Side, reference, side
from harness.errors import UsageError
from tests.deciding.made import made, success


@pytest.mark.parametrize("folder", ["run", "a run", "a:run", "a:run:b"])
@pytest.mark.parametrize("agent", ["v1", "shop_agent:agent", "an agent"])
def test_folders_and_agents_may_hold_colons_and_blanks(folder: str, agent: str, tmp_path: Path) -> None:
    made(tmp_path / folder, lambda _t, _n: success(1.0), tasks=1, agent=agent)
    named, alone = side(f"{tmp_path / folder}:{agent}"), side(str(tmp_path / folder))
    assert (named.results.folder, named.agent) == (alone.results.folder, alone.agent) == (tmp_path / folder, agent)
    again = reference(f"{tmp_path / folder}:{agent}")
    assert isinstance(again, Side)
    assert (again.results.folder, again.agent) == (tmp_path / folder, agent)


def test_an_agent_that_is_not_there_and_a_folder_without_trials_are_told(tmp_path: Path) -> None:
    made(tmp_path / "run", lambda _t, _n: success(1.0), tasks=1)
    with pytest.raises(UsageError, match=r"holds no agent 'v9'; say .* with one of: reference"):
        side(f"{tmp_path / 'run'}:v9")
    made(tmp_path / "empty", lambda _t, _n: success(1.0), tasks=0)
    with pytest.raises(UsageError, match="holds no trial; run a scenario into it"):
        side(str(tmp_path / "empty"))
