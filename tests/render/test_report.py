"""The report is one file that opens from disk, says what happened, and lets nothing in it run."""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.analysis import load_results
from harness.errors import DatasetError
from harness.render import render_report, report, write_report
from harness.render.numbers import DASH
from harness.render.templates import KNOWN_MARKS, reports_folder
from tests.analysis.datasets import event, run_shop, trial, write_by_hand

HOSTILE = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<svg/onload=alert(1)>",
    "{{ 7 * 7 }}",
    "javascript:alert(1)",
    "\u202egnp.exe\u2066",
    "\x00\x1b[31m",
    "'; reboot; '",
    "</style><!-- ",
)


class Page(HTMLParser):
    """Everything on the page: tags with their attributes, and the text of scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.open: list[str] = []
        self.links: list[str] = []
        self.blocks: dict[str, str] = {}
        self.policy = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag, the names of its attributes, and where its links lead."""
        given = dict(attrs)
        self.tags.append((tag, tuple(sorted(given))))
        self.links += [given[name] or "" for name in ("href", "src", "action", "data") if name in given]
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"] or ""
        if tag not in {"meta", "input", "link", "img", "br", "use", "rect", "path", "circle"}:
            self.open.append(f"{tag}#{given.get('id') or ''}")

    def handle_endtag(self, tag: str) -> None:
        """Check that what ends is what was opened last."""
        if tag not in {"use", "rect", "path", "circle"}:
            assert self.open.pop().startswith(f"{tag}#"), f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        """Keep the text of blocks."""
        if self.open and self.open[-1].partition("#")[0] in ("script", "style"):
            self.blocks[self.open[-1]] = self.blocks.get(self.open[-1], "") + data

    @property
    def grid(self) -> dict[str, object]:
        """The unpacked data of the trial grid."""
        packed = gzip.decompress(base64.b64decode(self.blocks["script#grid-data"]))
        return msgspec.json.decode(packed, type=dict[str, object])


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a results folder that was really run."""
    return run_shop(tmp_path_factory.mktemp("lost"))


@pytest.fixture(scope="module")
def html(lost: Path) -> str:
    """Return its report."""
    return write_report(load_results(lost)).read_text(encoding="utf-8")


def test_the_page_parses_and_every_tag_is_closed(html: str) -> None:
    """The parser of the standard library gets to the end with nothing left open."""
    assert Page(html).open == []


def test_the_policy_allows_this_style_and_this_script_and_nothing_else(html: str) -> None:
    """The hashes in the policy are those of the inline blocks."""
    page = Page(html)
    rules = {name: value for name, _, value in (rule.partition(" ") for rule in page.policy.split("; "))}
    for name, block in (("style-src", "style#"), ("script-src", "script#")):
        wanted = base64.b64encode(hashlib.sha256(page.blocks[block].encode()).digest()).decode()
        assert rules[name] == f"'sha256-{wanted}'"
    assert (rules["default-src"], rules["require-trusted-types-for"]) == ("'none'", "'script'")


def test_the_page_reaches_for_nothing(html: str) -> None:
    """Links stay on the page; no style or handler attribute, which the policy would block anyway."""
    page = Page(html)
    assert all(link.startswith("#") for link in page.links)
    names = {name for _, attributes in page.tags for name in attributes}
    assert not {name for name in names if name == "style" or name.startswith("on")}
    assert [tag for tag, _ in page.tags].count("script") == 2


def test_the_page_says_what_happened(html: str, lost: Path) -> None:
    """Banner, replay commands, heat map and the timelines of what went wrong are there without any script."""
    assert "The reference orchestrator held in 7 of 7 trials with a fault that fired." in html
    results = load_results(lost)
    bad = [one.trial_id for one in results.trials if one.verdict == "violated"]
    assert all(f'id="trial={one}"' in html for one in bad)
    assert f"harness replay {lost} " in html
    assert "never reached" in html
    assert "How it held" in html


def test_all_trials_are_in_the_grid(html: str, lost: Path) -> None:
    """The packed rows name every trial, and say not triggered where no fault fired."""
    grid = Page(html).grid
    texts = grid["texts"]
    rows = grid["rows"]
    assert isinstance(texts, list)
    assert isinstance(rows, list)
    trials = load_results(lost).trials
    assert [texts[row[0][-1][0]] for row in rows] == [one.trial_id for one in trials]
    assert [texts[row[4]] for row in rows] == [one.verdict for one in trials]


def test_the_same_results_give_the_same_bytes(lost: Path, html: str) -> None:
    """In this process and in others, whatever the hash seed."""
    assert write_report(load_results(lost)).read_text(encoding="utf-8") == html
    code = f"from pathlib import Path; from harness.analysis import load_results; from harness.render import write_report; write_report(load_results(Path({str(lost)!r})))"
    for seed in ("1", "2"):
        (lost / "report.html").unlink()
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, check=True, timeout=120
        )
        assert (lost / "report.html").read_text(encoding="utf-8") == html


def strange(folder: Path, words: tuple[str, ...]) -> str:
    """Return the report of one trial in which an attacker has written every text."""
    agent, task, plan, reason, tool, argument, answer, kind = words
    spec = msgspec.json.encode({"agent": {"without": [task]}}).decode()
    row = trial(
        "t1", agent=agent, task_id=task, fault_plan_id=plan, spec=spec, verdict="violated", fault_coverage="all"
    )
    row |= {"reasons": msgspec.json.encode([reason, answer]).decode(), "terminal_state": reason}
    row |= {"unmet": msgspec.json.encode([reason, f"answer: {answer}"]).decode(), "as_expected": False}
    address = f"run-1/tool:{tool}[id={argument}]#1"
    events = [
        event(
            "t1", 0, "tool_call_started", {"arguments": {argument: argument}}, run_id="run-1", port="tool", name=tool
        ),
        event("t1", 1, "fault_injected", {"fault": 0, "kind": kind}, run_id="run-1", address=address),
        event(
            "t1", 2, "tool_call_failed", {"call": 0, "message": reason}, run_id="run-1", port="tool", result="failed"
        ),
        event("t1", 3, "policy_denied", {"rule": kind, "arguments": {}}, run_id="run-1", name=tool),
        event("t1", 4, "run_completed", {"answer": answer}, run_id="run-1"),
        event(
            "t1", 5, "model_call_completed", {"value": {"answer": answer, "thought": reason}}, run_id="run-1", step=1
        ),
        event("t1", 6, "budget_exceeded", {"budget": kind}, run_id="run-1"),
        event("t1", 7, "retry_scheduled", run_id="run-1", error_type=kind),
    ]
    breach = {"trial_id": "t1", "rule": kind, "severity": "high", "blocked": False, "seq": 0, "message": reason}
    fault = {"trial_id": "t1", "fault": 0, "kind": kind, "family": kind, "at": "*", "fired": True, "times": 1}
    score = {"trial_id": "t1", "metric": tool, "value": 1.0, "basis": "measured"}
    write_by_hand(folder, trials=[row], events=events, violations=[breach], faults=[fault], scores=[score])
    return render_report(load_results(folder))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.tuples(*[st.sampled_from(HOSTILE) | st.text(min_size=1, max_size=12)] * 8))
def test_text_of_strangers_never_becomes_markup(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Whatever is written anywhere, the page has the tags and attributes that harmless words give it."""
    encodable = tuple(word.encode(errors="replace").decode() for word in words)
    page, plain = Page(strange(tmp_path, encodable)), Page(strange(tmp_path, tuple("abcdefgh")))
    assert page.open == []
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in plain.tags} | {"ul", "li"}
    assert {name for _, names in page.tags for name in names} <= {name for _, names in plain.tags for name in names}
    assert page.blocks["script#"] == plain.blocks["script#"]
    assert all(link.startswith("#") for link in page.links)


def test_bidi_and_control_characters_are_spelt_out_everywhere(tmp_path: Path) -> None:
    """Not one of them is left in the file, nor in the packed data."""
    html = strange(tmp_path, ("\u202ea", "\u2066b", "\u200bc", "\x1bd", "\x00e", "\u200ff", "\ufeffg", "\u061ch"))
    packed = msgspec.json.encode(Page(html).grid).decode()
    assert not set(html + packed) & set("\u202e\u2066\u200b\x1b\x00\u200f\ufeff\u061c")
    assert "⟨U+202E⟩a" in html
    assert "⟨U+202E⟩a" in packed


def test_what_was_expected_in_vain_has_a_section_only_where_there_is_any(html: str, tmp_path: Path) -> None:
    """With its replay command and a timeline, although the trial passed."""
    assert "Not as expected" not in html
    row = trial("t1", unmet='["metrics.steps: expected at most 6, got 7"]', as_expected=False)
    unmet = render_report(load_results(write_by_hand(tmp_path, trials=[row])))
    assert "<h2>Not as expected</h2>" in unmet
    assert "metrics.steps: expected at most 6, got 7" in unmet
    assert "0 of 1 trials of which something is expected" in unmet
    assert f"harness replay {tmp_path} t1" in unmet
    assert 'id="trial=t1"' in unmet


def test_the_page_says_what_running_each_agent_is_like(html: str) -> None:
    """Cost of a success, errors by tool, retries by class of error."""
    section = html[html.index('<section id="operations">') :].partition("</section>")[0]
    for words in ("cost per success", "errors of the tool", "issue refund", "calls repeated after", "rate limit"):
        assert words in section


def test_a_timeline_is_told_step_by_step_as_well(html: str) -> None:
    """What was decided, what was executed, and where it broke."""
    assert "Decided, executed, broke" in html
    assert "issue_refund[order_id=O-1]: took effect\nissue_refund[order_id=O-1]: took effect" in html


def test_null_is_a_dash(tmp_path: Path) -> None:
    """A score that nobody measured is shown as a dash, in the table as in the grid."""
    scores = [{"trial_id": "a", "metric": "cost_usd", "value": None, "basis": "not observed: usage"}]
    html = render_report(load_results(write_by_hand(tmp_path, trials=[trial("a")], scores=scores)))
    cell = re.search(r'<th scope="row">cost usd</th>(.*?)</tr>', html)
    assert cell
    assert re.sub(r"<[^>]+>", "", cell[1]) == DASH
    texts = Page(html).grid["texts"]
    assert isinstance(texts, list)
    assert DASH in texts
    assert "$0" not in texts


def test_a_report_of_nothing_is_still_a_page(tmp_path: Path) -> None:
    """A folder without trials says so."""
    html = render_report(load_results(write_by_hand(tmp_path)))
    assert "This folder holds no trials." in html
    assert Page(html).open == []


def test_timelines_beyond_the_most_are_counted(lost: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page says how many it left out; the limits hold by number and by size."""
    monkeypatch.setattr(report, "MOST_TIMELINES", 2)
    assert "8 more are left out here" in render_report(load_results(lost))
    monkeypatch.setattr(report, "MOST_TIMELINE_BYTES", 0)
    assert "10 trials are left out here" in render_report(load_results(lost))


def test_an_unusable_folder_is_an_error_and_no_page(lost: Path, tmp_path: Path) -> None:
    """Nothing is written, and what was there stays."""
    copy = shutil.copytree(lost, tmp_path / "copy")
    (copy / "report.html").write_text("old")
    (copy / "faults" / "part-00000.parquet").write_bytes(b"")
    with pytest.raises(DatasetError, match="faults"):
        write_report(load_results(copy))
    assert (copy / "report.html").read_text() == "old"


def test_only_the_outermost_templates_may_trust_anything() -> None:
    """Everywhere else what is printed is escaped."""
    trusting = {
        path.name
        for path in reports_folder().rglob("*.j2")
        if re.search(r"\|\s*safe|autoescape\s+false|Markup", path.read_text(encoding="utf-8"))
    }
    assert trusting == {"base.html.j2", "report.html.j2"}


def test_every_mark_has_a_shape() -> None:
    """What the templates draw by name is drawn in the sprite."""
    icons = (reports_folder() / "parts" / "icons.html.j2").read_text(encoding="utf-8")
    assert all(f'id="m-{mark}"' in icons for mark in {*KNOWN_MARKS, "other"})
