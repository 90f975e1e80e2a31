"""How results are kept: Arrow schemas, Parquet parts, content-addressed inputs, the manifest.

Knows tables and files, not what a trial is.
"""

from harness.store.dataset import (
    MANIFEST,
    claim_folder,
    part_numbers,
    part_path,
    read_input,
    read_manifest,
    read_part,
    read_table,
    write_inputs,
    write_manifest,
    write_part,
    write_whole,
)
from harness.store.schemas import SCHEMA_VERSION, SCHEMAS

__all__ = [
    "MANIFEST",
    "SCHEMAS",
    "SCHEMA_VERSION",
    "claim_folder",
    "part_numbers",
    "part_path",
    "read_input",
    "read_manifest",
    "read_part",
    "read_table",
    "write_inputs",
    "write_manifest",
    "write_part",
    "write_whole",
]
