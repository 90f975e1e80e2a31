"""Importers make a domain out of a package that the user installed; none of its data is copied."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from harness.content.domains import Domain
from harness.content.importers.agentdojo import import_suite
from harness.content.located import Located
from harness.world import Caution

IMPORTERS: Mapping[str, Callable[[Path, Located, Caution], Domain]] = {"agentdojo": import_suite}

__all__ = ["IMPORTERS"]
