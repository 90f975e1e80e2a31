"""A results folder is read whole, or refused with the file at fault and a cure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import DatasetError
from harness.store import (
    MANIFEST,
    SCHEMA_VERSION,
    SCHEMAS,
    read_manifest,
    read_part,
    read_table,
    write_manifest,
    write_part,
    write_whole,
)
from tests.analysis.datasets import event, trial

WELL_FORMED = {"command": "harness run", "seed": 0, "trials": 1, "domains": {}, "environment": {}, "agents": []}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with one trial of one event."""
    rows = {"trials": [trial("a")], "events": [event("a", 0, "run_started")]}
    for table, schema in SCHEMAS.items():
        write_part(tmp_path, table, 0, [tuple(row.get(name) for name in schema.names) for row in rows.get(table, [])])
    write_manifest(tmp_path, WELL_FORMED)
    return tmp_path


def test_a_whole_folder_is_read(folder: Path) -> None:
    assert read_manifest(folder) == {"schema_version": SCHEMA_VERSION, **WELL_FORMED}
    assert read_table(folder, "trials")["trial_id"].to_pylist() == ["a"]


@pytest.mark.parametrize(
    ("key", "value"),
    [("environment", 5), ("domains", []), ("domains", {"shop": 5}), ("trials", "1"), ("seed", None), ("agents", [5])],
)
def test_a_manifest_of_wrong_types_is_refused_with_the_key(folder: Path, key: str, value: Any) -> None:
    write_manifest(folder, {**WELL_FORMED, key: value})
    with pytest.raises(DatasetError, match=rf"manifest\.json: not a manifest: .*\$\.{key}.*run the scenario again"):
        read_manifest(folder)


@given(text=st.binary(max_size=40))
def test_no_text_in_place_of_a_manifest_is_more_than_refused(
    tmp_path_factory: pytest.TempPathFactory, text: bytes
) -> None:
    folder = tmp_path_factory.mktemp("results")
    write_whole(folder / MANIFEST, text)
    with pytest.raises(DatasetError, match=r"manifest\.json"):
        read_manifest(folder)


def test_what_only_some_scenarios_say_may_be_null_and_what_scoring_always_says_may_not(folder: Path) -> None:
    names = SCHEMAS["trials"].names
    for column, said in (("as_expected", True), ("unmet", False), ("signature", False)):
        row = {**trial("a"), column: None}
        write_part(folder, "trials", 0, [tuple(row.get(name) for name in names)])
        if said:
            assert read_table(folder, "trials")[column].to_pylist() == [None]
        else:
            with pytest.raises(DatasetError, match=f"column '{column}' holds nulls"):
                read_table(folder, "trials")


def test_a_manifest_that_counts_other_trials_is_refused(folder: Path) -> None:
    write_manifest(folder, {**WELL_FORMED, "trials": 2})
    with pytest.raises(DatasetError, match=r"trials: holds 1 trials, .*manifest\.json says 2; run the scenario again"):
        read_manifest(folder)


def test_a_file_that_is_no_part_is_named(folder: Path) -> None:
    stranger = folder / "events" / "part-abc.parquet"
    (folder / "events/part-00000.parquet").rename(stranger)
    with pytest.raises(DatasetError, match=r"part-abc\.parquet: is no part of a table .*; remove this file"):
        read_table(folder, "events")


def test_a_part_that_other_tables_have_is_missed(folder: Path) -> None:
    write_part(folder, "trials", 1, [])
    with pytest.raises(DatasetError, match=r"events/part-00001\.parquet: is missing"):
        read_table(folder, "events")


def test_parts_are_read_in_the_order_of_their_numbers(folder: Path) -> None:
    names = SCHEMAS["trials"].names
    for part in (100_000, 99_999):
        write_part(folder, "trials", part, [tuple(trial(str(part)).get(name) for name in names)])
    assert read_table(folder, "trials")["trial_id"].to_pylist() == ["a", "99999", "100000"]


@pytest.mark.parametrize(("column", "value"), [("kind", "zork"), ("payload", "5"), ("payload", None), ("kind", None)])
def test_events_that_are_none_are_refused_with_their_file(folder: Path, column: str, value: str | None) -> None:
    broken = {**event("a", 0, "run_started"), column: value}
    write_part(folder, "events", 0, [tuple(broken.get(name) for name in SCHEMAS["events"].names)])
    with pytest.raises(DatasetError, match=r"events/part-00000\.parquet: .*; run the scenario again"):
        read_table(folder, "events")


def test_a_table_of_another_shape_is_refused_with_its_columns(folder: Path) -> None:
    path = folder / "trials" / "part-00000.parquet"
    pq.write_table(pq.read_table(path).drop(["verdict"]), path)
    for read in (lambda: read_part(folder, "trials", 0), lambda: read_manifest(folder)):
        with pytest.raises(DatasetError, match=f"columns differ from schema version {SCHEMA_VERSION}: verdict"):
            read()
