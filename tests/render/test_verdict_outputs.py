"""Every output has the same verdict, stays in its bounds, and is inert whatever stands in the texts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt

from harness.cli.console import out
from harness.cli.verdict_words import say_verdict
from harness.deciding import EXIT_CODES, Verdict
from harness.deciding.verdict import Answer
from harness.errors import DatasetError
from harness.render import (
    error_annotations,
    junit_xml,
    read_verdict,
    render_verdict,
    step_summary,
    verdict_json,
    write_verdict,
)
from tests.render.test_report import Page
from tests.render.verdict_samples import ANSWERS, EVERYTHING, NASTY, counterexample, metric, of, verdicts

REGRESSIONS = {"invariant", "golden", "regression"}
HIDDEN = set("\u202e\u2066\u200b\x00\x1b\x85\u2028\r\ufffe")
MARKDOWN = MarkdownIt("commonmark").enable("table")
COUNTED = re.compile(r"exit code (\d+), ([\d\u202f]+) regression", re.IGNORECASE)
examples = settings(max_examples=25, deadline=None)


class Said(NamedTuple):
    """What an output says of the verdict."""

    answer: str
    exit_code: int
    regressions: int


def counts(text: str) -> tuple[int, int]:
    """Return the exit code and the number of regressions that stand in a text."""
    found = COUNTED.search(text.replace("*", ""))
    assert found
    return int(found[1]), int(found[2].replace("\u202f", ""))


def by_json(verdict: Verdict) -> Said:
    """Read verdict.json."""
    return Said(*(msgspec.json.decode(verdict_json(verdict))[name] for name in Said._fields))


def by_junit(verdict: Verdict) -> Said:
    """Read junit.xml: the answer by its properties, the rest by what is red."""
    root = ET.fromstring(junit_xml(verdict))  # noqa: S314  # our own
    red = [*root.iter("failure"), *root.iter("error")]
    told = {one.get("name"): one.get("value") for one in root.iter("property")}
    assert bool(red) == (told["exit_code"] != "0")
    assert (root.get("failures"), root.get("errors")) == (
        str(len(list(root.iter("failure")))),
        str(len(list(root.iter("error")))),
    )
    found = sum(one.get("type") in REGRESSIONS for one in red)
    assert told["regressions"] == str(found)
    return Said(told["answer"] or "", int(told["exit_code"] or ""), found)


def by_markdown(verdict: Verdict) -> Said:
    """Read the step summary by its heading and its second paragraph."""
    inline = [token.content for token in MARKDOWN.parse(step_summary(verdict)) if token.type == "inline"]
    return Said(inline[0].removeprefix("Agent gate: "), *counts(inline[2]))


def by_page(verdict: Verdict) -> Said:
    """Read verdict.html by its banner."""
    html = render_verdict(verdict)
    found = re.search(
        r'<b id="answer">(\w+)</b>.*<dd id="exit-code">(\d)</dd>.*<dd id="regressions">(\d+)</dd>', html, re.DOTALL
    )
    assert found
    return Said(found[1], int(found[2]), int(found[3]))


def by_annotations(verdict: Verdict) -> Said:
    """Read the first annotation; where there is none, the step is green."""
    if not (commands := error_annotations(verdict).splitlines()):
        return Said(verdict.answer if EXIT_CODES[verdict.answer] == 0 else "none", 0, 0)
    _, title, message = obeyed(commands[0]) or ("", "", "")
    return Said(title.removeprefix("agent gate: "), *counts(message.splitlines()[-1]))


def spoken(verdict: Verdict, *, on_github: bool = False) -> str:
    """Return what the terminal shows."""
    with pytest.MonkeyPatch.context() as patch, out.capture() as captured:
        patch.setenv("GITHUB_ACTIONS", "true" if on_github else "")
        say_verdict(verdict, explain=True)
    return captured.get()


def by_terminal(verdict: Verdict) -> Said:
    """Read the first two lines of the terminal."""
    first, second, *_ = spoken(verdict).splitlines()
    return Said(first.partition(":")[0], *counts(second))


def obeyed(line: str) -> tuple[str, str, str] | None:
    """Return name, title and message of the command that a GitHub runner sees in a line, in either of its syntaxes."""
    if found := re.match(r"\s*::([\w-]+)(?: title=(.*?))?::(.*)", line, re.DOTALL):
        title, message = (found[2] or "", found[3])
        for sign, code in ((":", "%3A"), (",", "%2C"), ("\n", "%0A"), ("\r", "%0D"), ("%", "%25")):
            title, message = title.replace(code, sign), message if sign in ":," else message.replace(code, sign)
        return found[1], title, message
    if found := re.search(r"##\[([\w-]+).*?\](.*)", line):
        return found[1], "", found[2]
    return None


READERS = (by_json, by_junit, by_markdown, by_page, by_annotations, by_terminal)


@pytest.mark.parametrize("answer", ANSWERS)
def test_every_output_has_the_same_verdict(answer: Answer) -> None:
    said = {read(of(answer)) for read in READERS}
    # Two metrics are worse than allowed, but only one decides; of two hard breaks one does.
    assert said == {Said(answer, EXIT_CODES[answer], 5 if EXIT_CODES[answer] else 0)}


@examples
@given(verdicts())
def test_no_text_and_no_number_makes_two_outputs_disagree(verdict: Verdict) -> None:
    said = {read(verdict) for read in READERS}
    assert len(said) == 1
    assert said.pop()[:2] == (verdict.answer, verdict.exit_code)


@examples
@given(verdicts())
def test_a_verdict_that_is_read_back_is_the_one_that_was_written(
    tmp_path_factory: pytest.TempPathFactory, verdict: Verdict
) -> None:
    path = tmp_path_factory.mktemp("verdict") / "verdict.json"
    path.write_bytes(verdict_json(verdict))
    assert verdict_json(read_verdict(path)) == path.read_bytes()


def test_everything_that_can_be_measured_comes_back(tmp_path: Path) -> None:
    paths = write_verdict(EVERYTHING, tmp_path / "new")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(paths)
    assert read_verdict(paths["verdict.json"]) == EVERYTHING


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file"),
        (b"{", "can not be read as a verdict"),
        (b'{"schema_version": 2}', "schema_version: is 2, not 1"),
        (b'{"schema_version": 1, "answer": "GOOD"}', "is no verdict: Invalid enum value 'GOOD'"),
        (verdict_json(of("FAIL")).replace(b'"FAIL"', b'"PASS"'), "the file was changed"),
    ],
)
def test_what_is_no_verdict_is_refused_with_its_place(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "verdict.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DatasetError, match=re.escape(message)) as refused:
        read_verdict(path)
    assert str(path) in str(refused.value)


def test_a_metric_that_is_not_decided_is_a_failure_of_its_own_type() -> None:
    verdict = of("INCONCLUSIVE", metrics=(metric("success", "inconclusive"), metric("steps", "pass")))
    root = ET.fromstring(junit_xml(verdict))  # noqa: S314  # our own
    assert [one.get("type") for one in root.findall("testsuite[@name='metrics']/testcase/failure")] == ["inconclusive"]


def test_harness_errors_are_errors_and_quarantine_is_skipped() -> None:
    root = ET.fromstring(junit_xml(of("INVALID")))  # noqa: S314  # our own
    assert {one.get("type") for one in root.iter("error")} == {"invalid"}
    [skipped] = root.iter("skipped")
    assert "quarantine of @desk-team, until 2027-01-31" in (skipped.get("message") or "")


def test_the_gravest_annotations_come_first_and_the_last_says_no_less() -> None:
    commands = error_annotations(of("FAIL", metrics=EVERYTHING.metrics * 9)).splitlines()
    titles = [title for _, title, _ in filter(None, map(obeyed, commands))]
    kinds = [title.partition(":")[0] for title in titles]
    assert kinds == ["agent gate", "invalid", "invariant", "golden", "golden", *["regression"] * 5]
    assert "more in the step summary" in commands[0]


def test_replay_commands_are_in_every_output() -> None:
    command = "harness replay cand 0123"
    junit, page = junit_xml(EVERYTHING).decode(), render_verdict(EVERYTHING)
    for text in (step_summary(EVERYTHING), error_annotations(EVERYTHING), spoken(EVERYTHING), junit, page):
        assert command in text


@examples
@given(verdicts())
def test_a_runner_sees_no_command_but_ours(verdict: Verdict) -> None:
    commands = error_annotations(verdict).splitlines()
    assert len(commands) <= 10
    assert all((obeyed(one) or ("",))[0] == "error" for one in commands)
    token, seen = None, []
    for line in spoken(verdict, on_github=True).splitlines():
        if (command := obeyed(line)) and token in (None, command[0]):
            seen.append(command[0])
            token = command[2] if command[0] == "stop-commands" else None
    assert len(seen) == 2
    assert seen[0] == "stop-commands"
    assert re.fullmatch(r"[0-9a-f]{32}", seen[1])


@examples
@given(verdicts())
def test_the_summary_shows_text_and_no_markup_of_strangers(verdict: Verdict) -> None:
    tokens = [child for token in MARKDOWN.parse(step_summary(verdict)) for child in (token, *(token.children or ()))]
    kinds = {token.type for token in tokens}
    assert not kinds & {"html_block", "html_inline", "image", "link_open", "fence", "code_block", "ordered_list_open"}
    texts = "\n".join(token.content for token in tokens if token.type == "text")
    assert not re.search(r"@\w", texts)
    assert not HIDDEN & set(step_summary(verdict))


@examples
@given(verdicts())
def test_strangers_add_no_tag_no_attribute_and_no_link_to_the_page(verdict: Verdict) -> None:
    html, plain = render_verdict(verdict), Page(render_verdict(EVERYTHING))
    page = Page(html)
    known = {"ul", "li", "details", "summary"} | {tag for tag, _ in plain.tags}
    assert page.open == []
    assert {tag for tag, _ in page.tags} <= known
    names = {name for _, attributes in page.tags for name in attributes}
    assert names <= {name for _, attributes in plain.tags for name in attributes} | {"colspan"}
    ids = re.findall(r' id="([^"]+)"', html)
    assert {link.removeprefix("#") for link in page.links} <= set(ids)
    assert len(ids) == len(set(ids))
    assert "script-src 'none'" in page.policy
    assert not HIDDEN & set(html)


@examples
@given(verdicts())
def test_xml_and_terminal_show_what_is_hidden(verdict: Verdict) -> None:
    assert not HIDDEN & set("".join(ET.fromstring(junit_xml(verdict)).itertext()))  # noqa: S314  # our own
    assert not HIDDEN & set(spoken(verdict))


def test_a_huge_verdict_gives_outputs_within_their_bounds() -> None:
    verdict = of("FAIL", counterexamples=(counterexample("`|\u202e@" * 500),) * 1_000, reason="x" * 100_000)
    summary, page = step_summary(verdict), render_verdict(verdict)
    assert len(summary.encode()) < 900 * 1024
    assert summary.rstrip().endswith("All of it is in `verdict.json`.")
    assert "of “Broken invariants”" in summary
    assert "### Metrics" in summary
    assert len(page.encode()) < 10_000_000
    assert "700 more are in <code>verdict.json</code>" in page
    assert len(error_annotations(verdict).encode()) < 100_000


@pytest.mark.parametrize("text", NASTY)
def test_a_table_of_the_summary_keeps_its_columns(text: str) -> None:
    verdict = of("FAIL", metrics=(metric(text, "fail", reason=text, worse=(text,)),))
    tokens = MARKDOWN.parse(step_summary(verdict))
    rows = "".join({"tr_open": "\n", "td_open": "."}.get(token.type, "") for token in tokens)
    assert rows.split("\n") == ["", "", "." * 9, "", "." * 7]


def test_equal_verdicts_give_equal_bytes_in_every_process(tmp_path: Path) -> None:
    here = write_verdict(EVERYTHING, tmp_path / "here")
    code = (
        "import sys; from pathlib import Path; from harness.render import read_verdict, write_verdict;"
        "write_verdict(read_verdict(Path(sys.argv[1])), Path(sys.argv[2]))"
    )
    there = tmp_path / "there"
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    subprocess.run([sys.executable, "-c", code, here["verdict.json"], there], env=environment, check=True, timeout=60)
    assert {name: path.read_bytes() for name, path in here.items()} == {
        name: (there / name).read_bytes() for name in here
    }
