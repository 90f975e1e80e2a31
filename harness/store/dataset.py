"""A results folder: Parquet parts that are whole or absent, content-addressed inputs, and a manifest."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harness.errors import DatasetError
from harness.history import EVENT_KINDS, canonical_json, digest
from harness.store.schemas import NEVER_NULL, SCHEMA_VERSION, SCHEMAS

MANIFEST = "manifest.json"
AGAIN = "run the scenario again"
_PART = re.compile(r"part-\d{5,}\.parquet")
Rows = Sequence[tuple[Any, ...]]


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever sees half of it; the temporary name is unique to this attempt."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    partial.write_bytes(content)
    partial.replace(path)


def write_part(folder: Path, table: str, part: int, rows: Rows) -> None:
    """Write one part of a table, whole or not at all; ``rows`` are tuples in the order of the schema."""
    schema = SCHEMAS[table]
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    arrays = [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)]
    target = part_path(folder, table, part)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), partial, compression="zstd")
    partial.replace(target)


def part_numbers(folder: Path, table: str) -> list[int]:
    """Return the numbers of the parts of a table; raises DatasetError when there is none, or a file is no part."""
    paths = sorted((folder / table).glob("part-*.parquet"))
    if not paths:
        msg = f"{folder / table}: no parts; this is no finished results folder; {AGAIN}"
        raise DatasetError(msg)
    for path in paths:
        if not _PART.fullmatch(path.name):
            msg = f"{path}: is no part of a table (part-00000.parquet and so on); remove this file"
            raise DatasetError(msg)
    return sorted(int(path.stem.removeprefix("part-")) for path in paths)


def part_path(folder: Path, table: str, part: int) -> Path:
    """Return where one part of a table lies."""
    return folder / table / f"part-{part:05d}.parquet"


def read_table(folder: Path, table: str) -> pa.Table:
    """Read all parts of a table in the order of their numbers; raises DatasetError that names the file at fault."""
    _check_parts(folder, table)
    return pa.concat_tables([read_part(folder, table, part) for part in part_numbers(folder, table)])


def _check_parts(folder: Path, table: str) -> None:
    """Raise DatasetError when a table has other parts than the table of trials."""
    wanted, found = set(part_numbers(folder, "trials")), set(part_numbers(folder, table))
    if differing := sorted(wanted ^ found):
        path = part_path(folder, table if differing[0] in wanted else "trials", differing[0])
        msg = f"{path}: is missing, while other tables have that part; {AGAIN}"
        raise DatasetError(msg)


def read_part(folder: Path, table: str, part: int) -> pa.Table:
    """Read one part of a table; raises DatasetError that names the file at fault."""
    path = part_path(folder, table, part)
    found = _read_file(path, SCHEMAS[table])
    for name in found.column_names:
        if name in NEVER_NULL[table] and found[name].null_count:
            msg = f"{path}: column {name!r} holds nulls and must not; {AGAIN}"
            raise DatasetError(msg)
    if table == "events":
        _check_events(path, found)
    return found


def _check_events(path: Path, events: pa.Table) -> None:
    """Raise DatasetError for an event kind that there is not, or a payload that is no JSON object."""
    if strange := sorted(set(pc.unique(events["kind"]).to_pylist()) - EVENT_KINDS):
        msg = f"{path}: there is no event kind {strange[0]!r}; {AGAIN}"
        raise DatasetError(msg)
    if not pc.all(pc.starts_with(events["payload"], "{"), min_count=0).as_py():
        msg = f"{path}: a payload is no JSON object; {AGAIN}"
        raise DatasetError(msg)


def _read_file(path: Path, schema: pa.Schema, columns: Sequence[str] | None = None) -> pa.Table:
    """Read one file, or some columns of it; its schema has to be ``schema`` all the same."""
    try:
        file = pq.ParquetFile(path)
        found = file.read(columns=columns)
    except (pa.ArrowException, OSError) as error:
        first = str(error).splitlines()[0]
        msg = f"{path}: not a readable Parquet file: {first}; delete the results folder and run the scenario again"
        raise DatasetError(msg) from error
    if not file.schema_arrow.equals(schema):
        differing = sorted(set(schema.names) ^ set(file.schema_arrow.names)) or ["types"]
        msg = f"{path}: columns differ from schema version {SCHEMA_VERSION}: {', '.join(differing)}; {AGAIN}"
        raise DatasetError(msg)
    return found


def write_inputs(folder: Path, inputs: Iterable[Any]) -> None:
    """Store each input under the digest of its canonical JSON; what is there already stays."""
    for value in inputs:
        path = folder / "inputs" / f"{digest(value)}.json"
        if not path.is_file():
            write_whole(path, canonical_json(value))


def read_input(folder: Path, input_digest: str) -> Any:
    """Read one input; raises DatasetError when it is missing or was changed."""
    path = folder / "inputs" / f"{input_digest}.json"
    try:
        value = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        msg = f"{path}: can not be read: {error}; this results folder is incomplete"
        raise DatasetError(msg) from error
    if digest(value) != input_digest:
        msg = f"{path}: its content does not match its name; it was changed after the run"
        raise DatasetError(msg)
    return value


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write the manifest, last of all: a folder without one is not finished."""
    content = {"schema_version": SCHEMA_VERSION, **manifest}
    write_whole(folder / MANIFEST, msgspec.json.format(canonical_json(content), indent=2) + b"\n")


class _Manifest(msgspec.Struct):
    """The types of what a manifest may hold; keys besides these are allowed."""

    schema_version: int
    command: str = ""
    seed: int = 0
    trials: int = 0
    scenarios: list[str] = []
    agents: list[str] = []
    domains: dict[str, dict[str, str]] = {}
    fault_catalogue: dict[str, str] = {}
    environment: dict[str, str] = {}
    scorers: dict[str, str] = {}


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest; raises DatasetError when the folder holds no whole results of this schema version."""
    path = folder / MANIFEST
    if not path.is_file():
        msg = f"{folder}: holds no {MANIFEST}: no results, or a run that was stopped; give a folder of a finished run"
        raise DatasetError(msg)
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError) as error:
        msg = f"{path}: not a manifest: {error}; {AGAIN}"
        raise DatasetError(msg) from error
    if manifest.get("schema_version") != SCHEMA_VERSION:
        found = manifest.get("schema_version")
        msg = f"{path}: schema version {found!r}, this harness reads {SCHEMA_VERSION}; run the scenario again"
        raise DatasetError(msg)
    try:
        msgspec.convert(manifest, _Manifest)
    except msgspec.ValidationError as error:
        msg = f"{path}: not a manifest: {error}; {AGAIN}"
        raise DatasetError(msg) from error
    _check_count(folder, manifest)
    return manifest


def _check_count(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Raise DatasetError when the folder holds another number of trials than its manifest says."""
    if "trials" not in manifest:
        return
    paths = [part_path(folder, "trials", part) for part in part_numbers(folder, "trials")]
    found = sum(len(_read_file(path, SCHEMAS["trials"], ["trial_id"])) for path in paths)
    if found != manifest["trials"]:
        msg = f"{folder / 'trials'}: holds {found} trials, {folder / MANIFEST} says {manifest['trials']}; {AGAIN}"
        raise DatasetError(msg)


def claim_folder(folder: Path) -> None:
    """Make the folder for new results; raises DatasetError rather than touch anything that is there."""
    try:
        taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
        if not taken:
            folder.mkdir(parents=True, exist_ok=True)
            with TemporaryFile(dir=folder):
                pass  # it can be written to
    except OSError as error:
        msg = f"{folder}: can not hold results: {error.strerror}; give another --out"
        raise DatasetError(msg) from error
    if taken:
        found = "exists and is not empty" if folder.is_dir() else "is a file"
        msg = f"{folder}: {found}; give another --out, or remove it yourself"
        raise DatasetError(msg)
