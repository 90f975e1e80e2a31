"""One verdict, six outputs: JSON, JUnit, step summary, annotations, a page; the terminal is the command line's.

Whatever counts or orders reads ``cases``, so that no two outputs can disagree; decides nothing itself.
"""

from harness.render.verdicts import figures
from harness.render.verdicts.annotations import error_annotations
from harness.render.verdicts.cases import Case, against, cases, regressions
from harness.render.verdicts.document import read_verdict, verdict_json
from harness.render.verdicts.figures import counted
from harness.render.verdicts.folder import write_verdict
from harness.render.verdicts.junit import junit_xml
from harness.render.verdicts.markdown import step_summary
from harness.render.verdicts.sentences import bounds, rests_on
from harness.render.verdicts.verdict_page import render_verdict

__all__ = [
    "Case",
    "against",
    "bounds",
    "cases",
    "counted",
    "error_annotations",
    "figures",
    "junit_xml",
    "read_verdict",
    "regressions",
    "render_verdict",
    "rests_on",
    "step_summary",
    "verdict_json",
    "write_verdict",
]
