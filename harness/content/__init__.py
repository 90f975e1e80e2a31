"""What users write: packs, domains, golden tasks and scenarios, read from files and checked as a whole.

Data and its checks only; nothing in here runs a trial.
"""

from harness.content.bindings import Unbound, bind
from harness.content.checked import Salvage, parse, salvage
from harness.content.comparers import Comparer, same
from harness.content.domain_files import load_domain
from harness.content.domains import Domain, Ending
from harness.content.expectations import Expectation, ExpectedEvent, Quantities, Verdict
from harness.content.honesty import admits_doubt, admits_failure
from harness.content.located import Located, shorten
from harness.content.packs import Pack, all_fault_kinds, find_packs, reference_pack
from harness.content.profiles import Profile, all_profiles, fault_problems
from harness.content.scenarios import AgentSpec, PlanSpec, Scenario, WorkerSpec
from harness.content.tasks import (
    Ask,
    Budget,
    Expect,
    ExpectedCall,
    ExpectedCalls,
    ExpectedPath,
    FinalState,
    ForbiddenCall,
    InjectedCall,
    Injection,
    Output,
    Reference,
    ReferenceStep,
    StateCheck,
    Task,
)
from harness.content.union import CoveredItem, fault_coverage, where_it_applies
from harness.content.yaml_files import read_yaml

__all__ = [
    "AgentSpec",
    "Ask",
    "Budget",
    "Comparer",
    "CoveredItem",
    "Domain",
    "Ending",
    "Expect",
    "Expectation",
    "ExpectedCall",
    "ExpectedCalls",
    "ExpectedEvent",
    "ExpectedPath",
    "FinalState",
    "ForbiddenCall",
    "InjectedCall",
    "Injection",
    "Located",
    "Output",
    "Pack",
    "PlanSpec",
    "Profile",
    "Quantities",
    "Reference",
    "ReferenceStep",
    "Salvage",
    "Scenario",
    "StateCheck",
    "Task",
    "Unbound",
    "Verdict",
    "WorkerSpec",
    "admits_doubt",
    "admits_failure",
    "all_fault_kinds",
    "all_profiles",
    "bind",
    "fault_coverage",
    "fault_problems",
    "find_packs",
    "load_domain",
    "parse",
    "read_yaml",
    "reference_pack",
    "salvage",
    "same",
    "shorten",
    "where_it_applies",
]
