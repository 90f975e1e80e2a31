"""A results folder: Parquet parts that are whole or absent, content-addressed inputs, and a manifest."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from harness.errors import DatasetError
from harness.history import canonical_json, digest
from harness.store.schemas import SCHEMA_VERSION, SCHEMAS

MANIFEST = "manifest.json"
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
    target = folder / table / f"part-{part:05d}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), partial, compression="zstd")
    partial.replace(target)


def read_table(folder: Path, table: str) -> pa.Table:
    """Read all parts of a table in the order of their names; raises DatasetError that names the file at fault."""
    parts = sorted((folder / table).glob("part-*.parquet"))
    if not parts:
        msg = f"{folder / table}: no parts; this is no finished results folder; run the scenario again"
        raise DatasetError(msg)
    return pa.concat_tables([_read_file(path, SCHEMAS[table]) for path in parts])


def read_part(folder: Path, table: str, part: int) -> pa.Table:
    """Read one part of a table; raises DatasetError that names the file at fault."""
    return _read_file(folder / table / f"part-{part:05d}.parquet", SCHEMAS[table])


def _read_file(path: Path, schema: pa.Schema) -> pa.Table:
    try:
        found = pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError) as error:
        first = str(error).splitlines()[0]
        msg = f"{path}: not a readable Parquet file: {first}; delete the results folder and run the scenario again"
        raise DatasetError(msg) from error
    if not found.schema.equals(schema):
        differing = sorted(set(schema.names) ^ set(found.schema.names)) or ["types"]
        msg = f"{path}: columns differ from schema version {SCHEMA_VERSION}: {', '.join(differing)}"
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


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest; raises DatasetError when the folder holds no results of this schema version."""
    path = folder / MANIFEST
    if not path.is_file():
        msg = f"{folder}: holds no {MANIFEST}; give a folder that `harness run` wrote"
        raise DatasetError(msg)
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        msg = f"{path}: not a manifest: {error}"
        raise DatasetError(msg) from error
    if manifest.get("schema_version") != SCHEMA_VERSION:
        found = manifest.get("schema_version")
        msg = f"{path}: schema version {found!r}, this harness reads {SCHEMA_VERSION}; run the scenario again"
        raise DatasetError(msg)
    return manifest


def claim_folder(folder: Path) -> None:
    """Make the folder for new results; raises DatasetError rather than touch anything that is there."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        msg = f"{folder}: exists and is not empty; give another --out, or remove it yourself"
        raise DatasetError(msg)
    folder.mkdir(parents=True, exist_ok=True)
