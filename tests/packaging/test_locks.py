"""The lock files pin everything by hash, name no host, and follow pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-integrations.lock")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def entries(lock: str) -> list[str]:
    """Return the requirements of ``lock``, each as one line with its hashes."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def pins(lock: str) -> dict[str, set[str]]:
    """Return the pinned versions by package; a package may have one per Python version."""
    found: dict[str, set[str]] = {}
    for entry in entries(lock):
        requirement = Requirement(entry.split("--hash")[0])
        found.setdefault(canonicalize_name(requirement.name), set()).add(str(requirement.specifier))
    return found


def declared(lock: str) -> list[str]:
    """Return what pyproject.toml asks for in ``lock``."""
    wanted = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["build"]]
    if lock != LOCKS[0]:
        wanted += [line for line in PROJECT["dependency-groups"]["dev"] if isinstance(line, str)]
    if lock == LOCKS[2]:
        wanted += PROJECT["project"]["optional-dependencies"]["agentdojo"]
    return wanted


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash(lock: str) -> None:
    """``pip --require-hashes`` takes the file as it is."""
    assert [entry for entry in entries(lock) if "==" not in entry or "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_place(lock: str) -> None:
    """Neither an index host nor a path of the machine that made it: the reader's own pip settings decide."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert re.findall(r"\S*://\S*|--(?:extra-)?index-url.*|--find-links.*|(?<=\s)/\S+", text) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_follows_pyproject(lock: str) -> None:
    """A dependency added to pyproject.toml, or a bound raised there, needs `make lock`."""
    pinned = pins(lock)
    for line in declared(lock):
        wanted = Requirement(line)
        versions = pinned.get(canonicalize_name(wanted.name), set())
        assert versions, f"{wanted.name} is missing in {lock}; say: make lock"
        unfit = [version for version in versions if not wanted.specifier.contains(version.removeprefix("=="))]
        assert unfit == [], f"{lock} does not fit {wanted}; say: make lock"


@pytest.mark.parametrize(("smaller", "larger"), [(LOCKS[0], LOCKS[1]), (LOCKS[1], LOCKS[2])])
def test_a_lock_holds_the_pins_of_the_smaller_one(smaller: str, larger: str) -> None:
    """The demo, the tests and the integration tests run on the same versions."""
    assert pins(smaller).items() <= pins(larger).items()
