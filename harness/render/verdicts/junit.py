"""``junit.xml``: a suite for each layer of the gate; green if and only if the exit code is 0."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from harness.deciding import Verdict
from harness.render.text import line, shown
from harness.render.verdicts.cases import LAYERS, Case, cases, regressions

LONGEST_NAME, LONGEST_MESSAGE = 300, 2_000


def junit_xml(verdict: Verdict) -> bytes:
    """Return JUnit XML: a ``failure`` for what speaks against the candidate, an ``error`` for an invalid measurement.

    Characters that XML does not know stand as ``⟨U+XXXX⟩``.
    """
    judged = cases(verdict)
    root = Element("testsuites", {"name": "agent gate"} | _counts(judged))
    for layer in LAYERS:
        if own := [one for one in judged if one.layer == layer]:
            suite = SubElement(root, "testsuite", {"name": layer} | _counts(own))
            if layer == "verdict":
                _add_properties(suite, verdict)
            for one in own:
                _add_case(suite, one)
    indent(root)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _counts(some: Sequence[Case]) -> dict[str, str]:
    errors = sum(one.kind == "invalid" for one in some)
    return {
        "tests": str(len(some)),
        "failures": str(sum(one.is_red for one in some) - errors),
        "errors": str(errors),
        "skipped": str(sum(one.kind == "skipped" for one in some)),
    }


def _add_properties(suite: Element, verdict: Verdict) -> None:
    told = {
        "answer": verdict.answer,
        "exit_code": str(verdict.exit_code),
        "regressions": str(regressions(verdict)),
        "brains": line(", ".join(verdict.brains), LONGEST_MESSAGE),
    }
    properties = SubElement(suite, "properties")
    for name, value in told.items():
        SubElement(properties, "property", name=name, value=value)


def _add_case(suite: Element, one: Case) -> None:
    name, owner = line(one.name, LONGEST_NAME), line(one.subject, LONGEST_NAME)
    case = SubElement(suite, "testcase", classname=f"{one.layer}.{owner}", name=name, time="0")
    message = line(one.message, LONGEST_MESSAGE)
    text = shown(one.message) + (f"\n\n{line(one.replay)}" if one.replay else "")
    if one.kind == "skipped":
        SubElement(case, "skipped", message=message)
    elif one.is_red:
        tag = "error" if one.kind == "invalid" else "failure"
        SubElement(case, tag, type=one.kind, message=message).text = text
    else:
        SubElement(case, "system-out").text = text
