"""What the command says of the fault kinds, and whether every fault that is known in the field is one of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.content import all_fault_kinds
from tests.cli.test_cli import harness

# In the words of those who wrote the list down; the file of the pack has to hold exactly these.
KNOWN_FAULTS = """\
model transport: 429 with Retry-After; 429 without Retry-After; Retry-After as a date; 5xx; 529; connect timeout; \
read timeout; reset; hang; quota; HTML error page; error text inside a 200; stale cached answer
model stream: slow first token; stall; cut; missing finish reason; malformed chunk
model output: empty; truncated; malformed JSON; schema drift; refusal; unknown tool; missing argument; wrong argument; \
extra argument; wrong entity; duplicated tool call; dropped tool call; loop; confident wrong; success framing; \
cost surge
tool explicit: timeout before the effect; timeout after the effect; 4xx; 5xx; auth expiry mid-run; not found; \
partial result; schema change; tool removed
tool lying: empty; stale; swapped fields; wrong type; wrong unit; fabricated; contradictory; silent no-op; \
false failure; oversize
delivery: duplicate at once; duplicate late; duplicate after completion; dropped; delayed; reordered replies; \
idempotency-store loss; idempotency-store expiry; payload changed after approval
retrieval and memory: override; exfiltration; cross-tool; many-shot; policy bypass; poisoned tool description; \
memory poisoning; stale; distractor; truncated; reordered; 1 to 5 poisoned documents per question
people: approver absent; slow; double; stale; denies; modifies; overloaded queue
process: kill at event; checkpoint corrupted; clock skew; budget cut; concurrency burst; thundering herd of retries
identity: credential expiry; cross-tenant id; permission revoked mid-run
several agents: hand-off dropped; hand-off duplicated; hand-off corrupted; deadlock; contradictory instructions
"""


def known_faults() -> list[tuple[str, str]]:
    """Return group and item of every fault that is known."""
    groups = [line.partition(": ") for line in KNOWN_FAULTS.splitlines()]
    return [(group, item) for group, _, items in groups for item in items.split("; ")]


def test_every_known_fault_is_covered_by_a_variant_of_a_kind() -> None:
    done = harness("faults", "--coverage", "--json")
    assert done.returncode == 0
    rows = json.loads(done.stdout)
    assert [(row["group"], row["item"]) for row in rows] == known_faults()
    kinds = all_fault_kinds()
    for row in rows:
        assert row["options"] == kinds[row["kind"]].variants[row["variant"]]
        assert row["applies to"]


def test_the_table_says_how_much_is_covered() -> None:
    done = harness("faults", "--coverage")
    assert done.returncode == 0
    count = len(known_faults())
    assert f"{count} of {count} known faults are covered" in done.stdout
    assert "payload changed after" in done.stdout


UNCOVERED = {
    "nothing": ("null", "u.yaml:3: groups.g.i: nothing covers this"),
    "no such kind": ("{kind: timeouts, variant: x}", "u.yaml:3: groups.g.i: there is no fault 'timeouts'; known: "),
    "no such variant": (
        "{kind: approver, variant: angry}",
        "u.yaml:3: groups.g.i: approver has no variant 'angry'; known: absent, slow, ",
    ),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return an empty project with a pack of its own."""
    (tmp_path / "pyproject.toml").write_text(f'[tool.harness]\npack = "union_{abs(hash(str(tmp_path)))}"\n')
    (tmp_path / "fault_injectors").mkdir()
    return tmp_path


@pytest.mark.parametrize("case", UNCOVERED)
def test_what_is_not_covered_is_named_and_the_exit_code_says_so(project: Path, case: str) -> None:
    text, expected = UNCOVERED[case]
    (project / "fault_injectors" / "union.yaml").write_text(f"groups:\n  g:\n    i: {text}\n")
    for words in (["--coverage"], ["--coverage", "--json"]):
        done = harness("faults", *words, cwd=project)
        assert done.returncode == 1
        assert expected.replace("u.yaml", "union.yaml") in done.stderr
    rows = json.loads(done.stdout)
    assert (rows[-1]["item"], rows[-1]["options"]) == ("i", None)


def test_a_union_that_is_none_is_refused(project: Path) -> None:
    (project / "fault_injectors" / "union.yaml").write_text("groups:\n  g: 5\n")
    done = harness("faults", "--coverage", cwd=project)
    assert done.returncode == 2
    assert "union.yaml:2: groups.g: should be a table" in done.stderr


def test_the_list_shows_variants_and_profiles() -> None:
    shown = harness("faults").stdout
    for text in ("in which variants", "checkpoint corrupted", "bad-friday", "profile: name"):
        assert text in shown
    listed = {row["kind"]: row for row in json.loads(harness("faults", "--json").stdout)}
    assert listed["clock_skew"]["variants"] == ["forwards", "backwards"]
    assert listed["key_store_loss"]["applies to"] == "tool (irreversible)"


def test_every_variant_is_one_that_its_kind_can_be_told() -> None:
    for kind in all_fault_kinds().values():
        assert kind.variants, kind.name
        for options in kind.variants.values():
            kind.options.model_validate(options)
