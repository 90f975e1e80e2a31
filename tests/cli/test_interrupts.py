from __future__ import annotations

import pytest
import typer

from harness.cli.judgement import uninterrupted


def test_a_stopped_gate_is_no_fail(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as end, uninterrupted():
        raise KeyboardInterrupt
    assert end.value.exit_code == 130
    assert capsys.readouterr() == ("", "stopped before the end; there is no verdict\n")
