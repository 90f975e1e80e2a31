"""A project that a test may break, and what is then said about it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.campaign import load_scenario
from harness.content import load_domain
from harness.errors import ContentError
from tests.conftest import SHOP


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a copy of the shop, under a name of its own, that a test may break."""
    folder = tmp_path / "project"
    shutil.copytree(SHOP, folder)
    name = f"shop_{abs(hash(str(tmp_path)))}"
    (folder / "pyproject.toml").write_text(f'[tool.harness]\npack = "{name}"\n')
    monkeypatch.chdir(folder)
    return folder


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that has to be there."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def scenario_problems(path: str = "scenarios/lost.yaml") -> tuple[str, ...]:
    """Return what is wrong with a scenario of the project."""
    with pytest.raises(ContentError) as caught:
        load_scenario(Path(path))
    return caught.value.problems


def domain_problems() -> tuple[str, ...]:
    """Return what is wrong with the project's domain."""
    with pytest.raises(ContentError) as caught:
        load_domain("shop")
    return caught.value.problems
