"""The wheel is the product: built, installed away from the checkout, it runs the demo."""

from __future__ import annotations

import email
import importlib.metadata
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PACK_FOLDERS = ("fault_injectors", "golden", "reports", "scenarios")
TABLES = ("trials", "runs", "events", "scores", "effects", "faults")

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path, environment: dict[str, str] | None = None) -> str:
    """Run ``command`` and return what it printed; its output is the message if it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build(target: str, source: Path, out: Path) -> Path:
    """Build ``target`` (wheel or sdist) from the tree at ``source``."""
    run(sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", out, cwd=source)
    (made,) = out.iterdir()
    return made


def shipped_files(folder: Path) -> set[str]:
    """Return what a folder of the checkout holds, less what Python leaves behind."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@dataclass(frozen=True)
class Wheel:
    """A built wheel, read once."""

    path: Path

    @cached_property
    def contents(self) -> dict[str, int]:
        """Return the checksum of each file."""
        with zipfile.ZipFile(self.path) as archive:
            return {entry.filename: entry.CRC for entry in archive.infolist()}

    def read(self, name: str) -> str:
        """Return the text of the one file of the metadata folder called ``name``."""
        with zipfile.ZipFile(self.path) as archive:
            (entry,) = (entry for entry in self.contents if entry.endswith(f".dist-info/{name}"))
            return archive.read(entry).decode()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Wheel:
    """Build the wheel from the checkout."""
    return Wheel(build("wheel", ROOT, tmp_path_factory.mktemp("wheel")))


def link_dependencies(metadata: str, site_packages: Path) -> None:
    """Link what the wheel declares, and what that needs in turn, from the running venv; and nothing else.

    So the fresh venv is what ``pip install`` of the wheel alone would make, without asking an index.
    """
    wanted = [Requirement(line) for line in email.message_from_string(metadata).get_all("Requires-Dist", [])]
    seen = set()
    while wanted:
        requirement = wanted.pop()
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        extras = requirement.extras or {""}
        if key in seen or not _applies(requirement):
            continue
        seen.add(key)
        distribution = importlib.metadata.distribution(requirement.name)
        needs = [Requirement(line) for line in distribution.requires or []]
        wanted += [need for need in needs if any(_applies(need, extra) for extra in {"", *extras})]
        for top in {file.parts[0] for file in distribution.files or [] if file.parts[0] != ".."}:
            link = site_packages / top
            if top != "__pycache__" and not link.exists():
                link.symlink_to(Path(str(distribution.locate_file(top))))


def _applies(requirement: Requirement, extra: str = "") -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


@pytest.fixture(scope="module")
def installed(wheel: Wheel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel in a fresh venv and return the venv's folder of commands."""
    venv = tmp_path_factory.mktemp("fresh") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", venv, cwd=venv.parent)
    python = venv / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
    run(*pip, "install", "--quiet", "--no-index", "--no-deps", wheel.path, cwd=venv.parent)
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site_packages = Path(run(python, "-c", where, cwd=venv.parent).strip())
    link_dependencies(wheel.read("METADATA"), site_packages)
    return python.parent


@pytest.fixture
def outside(tmp_path: Path) -> dict[str, str]:
    """Return an environment that does not lead back to the checkout."""
    kept = {"PATH", "LANG", "LC_ALL", "TMPDIR"}
    return {name: value for name, value in os.environ.items() if name in kept} | {"HOME": str(tmp_path)}


def test_top_level_is_one_package(wheel: Wheel) -> None:
    """Five flat packages would collide with a user's own ``scenarios/`` or ``reports/``."""
    tops = {name.split("/")[0] for name in wheel.contents}
    assert tops == {"harness", "agent_chaos_harness-0.1.0.dist-info"}


@pytest.mark.parametrize("folder", PACK_FOLDERS)
def test_the_reference_pack_is_complete(wheel: Wheel, folder: str) -> None:
    """YAML, Markdown, templates, styles and scripts travel with the Python files."""
    prefix = f"harness/pack/{folder}/"
    packed = {name.removeprefix(prefix) for name in wheel.contents if name.startswith(prefix)}
    assert packed == shipped_files(ROOT / folder)


def test_the_engine_is_complete(wheel: Wheel) -> None:
    """Every file of ``harness/`` is in, among them the mark that it is typed."""
    packed = {name.removeprefix("harness/") for name in wheel.contents if name.startswith("harness/")}
    engine = {name for name in packed if not name.startswith("pack/")}
    assert engine == shipped_files(ROOT / "harness")
    assert "py.typed" in engine


def test_metadata(wheel: Wheel) -> None:
    """Name, licence, Python and command are what the README promises."""
    metadata = email.message_from_string(wheel.read("METADATA"))
    assert metadata["Name"] == "agent-chaos-harness"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["License-File"] == "LICENSE"
    assert metadata["Requires-Python"] == ">=3.11"
    assert set(metadata.get_all("Provides-Extra", [])) == {"agentdojo", "hypothesis"}
    assert "harness = harness.cli:main" in wheel.read("entry_points.txt").splitlines()
    assert wheel.read("licenses/LICENSE") == (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_the_sdist_makes_the_same_wheel(wheel: Wheel, tmp_path: Path) -> None:
    """Whoever builds from the published source gets what was published."""
    sdist = build("sdist", ROOT, tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    assert Wheel(build("wheel", source, tmp_path / "wheel")).contents == wheel.contents


def test_the_checkout_does_not_leak_in(installed: Path, outside: dict[str, str], tmp_path: Path) -> None:
    """Neither the engine nor the pack folders are seen through the checkout."""
    where = "from importlib.util import find_spec; print(find_spec('harness').submodule_search_locations[0])"
    engine = run(installed / "python", "-c", where, cwd=tmp_path, environment=outside).strip()
    assert Path(engine).is_relative_to(installed.parent)
    flat = f"from importlib.util import find_spec; print([n for n in {PACK_FOLDERS} if find_spec(n)])"
    assert run(installed / "python", "-c", flat, cwd=tmp_path, environment=outside).strip() == "[]"


def test_the_demo_runs_from_an_empty_folder(installed: Path, outside: dict[str, str], tmp_path: Path) -> None:
    """`harness demo` needs nothing but the wheel and what it declares."""
    empty, out = tmp_path / "empty", tmp_path / "results"
    empty.mkdir()
    run(installed / "harness", "demo", "--out", out, cwd=empty, environment=outside)
    assert (out / "report.html").is_file()
    assert json.loads((out / "manifest.json").read_text(encoding="utf-8")) is not None
    assert [table for table in TABLES if not list((out / table).glob("*.parquet"))] == []
    assert list(empty.iterdir()) == []
