"""Every block of code in the README runs as it stands, in the order in which it stands."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GUIDES = ("your_own_pack", "orchestrator", "exploration", "deciding", "triage")
DOCUMENTS = ("README.md", *(f"docs/{name}.md" for name in GUIDES))
NAMED = re.compile(r"# file: (\S+)\n")


def blocks(name: str) -> list[tuple[str, str]]:
    """Return the language and the text of every block of a document."""
    return [(match[1], match[2]) for match in BLOCK.finditer((ROOT / name).read_text())]


def run(command: list[str], folder: Path) -> None:
    """Run a command where a reader would."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_can_be_followed_from_top_to_bottom(document: str, tmp_path: Path) -> None:
    harness = str(Path(sys.executable).with_name("harness"))
    for language, text in blocks(document):
        if named := NAMED.match(text):
            (tmp_path / named[1]).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / named[1]).write_text(text)
        elif language == "console":
            for line in text.splitlines():
                run([harness, *line.removeprefix("$ harness ").split()], tmp_path)
        elif language == "python":
            run([sys.executable, "-c", text], tmp_path)
        else:
            assert language in ("sh", "text"), f"nobody runs a block of {language}"


def test_the_agent_of_the_readme_pays_twice_and_is_found_out(tmp_path: Path) -> None:
    for _, text in blocks("README.md"):
        if named := NAMED.match(text):
            (tmp_path / named[1]).write_text(text)
    command = ["harness", "run", "lost_refund.yaml", "--agent", "my_agent:agent", "--out", "mine", "--json"]
    command[0] = str(Path(sys.executable).with_name("harness"))
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=True)
    assert {one["rule"] for one in json.loads(done.stdout)["findings"]} >= {"duplicate_effect"}


def test_the_make_targets_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    [text] = [text for language, text in blocks("README.md") if language == "sh"]
    for target in re.findall(r"make (\S+)", text):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_the_first_scenario_has_less_than_twenty_lines() -> None:
    [text] = [text for language, text in blocks("README.md") if language == "yaml"]
    assert len(text.splitlines()) < 20


def test_the_numbers_of_the_demo_are_those_of_the_readme() -> None:
    from harness.campaign import expand, find_scenario, load_scenario  # noqa: PLC0415  # only needed here

    specs = expand(load_scenario(find_scenario("demo")))
    plans, tasks = {spec.plan.id for spec in specs}, {spec.task_id for spec in specs}
    readme = (ROOT / "README.md").read_text()
    assert f"plays {len(specs):,} trials" in readme
    assert f"{len(tasks)} tasks of a support desk under {len(plans)} fault plans" in " ".join(readme.split())


def test_every_link_of_the_documents_leads_somewhere() -> None:
    for document in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(((?!https:)[^)#]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_room_of_the_house_is_in_the_architecture() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    rooms = [path.parent.name for path in (ROOT / "harness").glob("*/__init__.py")]
    assert all(re.search(rf"\b{room}\b", text) for room in rooms)
