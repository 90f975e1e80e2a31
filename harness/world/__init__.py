"""What an agent acts on: simulated tools, state, documents, people, and the ledger of what really happened.

In here live things that answer calls. What goes wrong with a call on its way is not known here.
"""

from harness.world.changes import Change, apply_changes, changes
from harness.world.corpus import Corpus, Document
from harness.world.ledger import Effect, Ledger
from harness.world.people import ApprovalService, ApproverName, Caution, careful
from harness.world.services import Service, Services
from harness.world.tools import Tool, ToolError, tool
from harness.world.world import Inject, ToolService, World, no_vectors

__all__ = [
    "ApprovalService",
    "ApproverName",
    "Caution",
    "Change",
    "Corpus",
    "Document",
    "Effect",
    "Inject",
    "Ledger",
    "Service",
    "Services",
    "Tool",
    "ToolError",
    "ToolService",
    "World",
    "apply_changes",
    "careful",
    "changes",
    "no_vectors",
    "tool",
]
