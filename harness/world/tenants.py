"""Whose is a row: what belongs to somebody else than the one who asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def foreign_row(tables: Any, row_id: str, tenant: str) -> str | None:
    """Return the first row in the table of ``row_id`` that names another tenant; None where there is none.

    ``tables`` is a snapshot of the world: rows by id in tables by name.
    """
    for table in tables.values() if isinstance(tables, Mapping) else ():
        if isinstance(table, Mapping) and row_id in table:
            return next((one for one in sorted(table) if _tenant_of(table[one]) not in (None, tenant)), None)
    return None


def _tenant_of(row: Any) -> Any:
    return row.get("tenant") if isinstance(row, Mapping) else None
