"""What an agent acts on: simulated tools, state, documents, people, and the ledger of what really happened.

In here live things that answer calls. What goes wrong with a call on its way is not known here.
"""

from harness.world.changes import Change, apply_changes, changes
from harness.world.corpus import Corpus, Document
from harness.world.human_queue import HumanItem, HumanQueueService
from harness.world.ledger import Effect, Ledger, StoreService
from harness.world.memory import MEMORY_TOOLS, Memories, Memory, MemoryService
from harness.world.people import ApprovalService, ApproverName, Caution, careful
from harness.world.seed_bed import SeedBed, Soil
from harness.world.services import Service, Services
from harness.world.tenants import foreign_row
from harness.world.tools import Tool, ToolError, tool
from harness.world.world import Access, Authorize, Inject, ToolService, World, no_vectors

__all__ = [
    "MEMORY_TOOLS",
    "Access",
    "ApprovalService",
    "ApproverName",
    "Authorize",
    "Caution",
    "Change",
    "Corpus",
    "Document",
    "Effect",
    "HumanItem",
    "HumanQueueService",
    "Inject",
    "Ledger",
    "Memories",
    "Memory",
    "MemoryService",
    "SeedBed",
    "Service",
    "Services",
    "Soil",
    "StoreService",
    "Tool",
    "ToolError",
    "ToolService",
    "World",
    "apply_changes",
    "careful",
    "changes",
    "foreign_row",
    "no_vectors",
    "tool",
]
