"""Running: scenarios expanded into trials, trials played, results stored, stored trials scored and replayed again.

The only room that starts anything. What the results mean is said elsewhere.
"""

from harness.campaign.engine import run_campaign
from harness.campaign.golden_check import DomainCheck, check_domain
from harness.campaign.inputs import stored_events, stored_receipts, stored_record, stored_spec
from harness.campaign.linearizability import Linearization, linearized
from harness.campaign.manifest import changed_files, differences, environment, make_manifest
from harness.campaign.replay import Replayed, find_trial, replay
from harness.campaign.rescore import Rescored, rescore
from harness.campaign.scenarios import expand, find_scenario, load_scenario
from harness.campaign.specs import RunSpec, TrialSpec, trial_seed
from harness.campaign.spread import Spread, workers
from harness.campaign.trial import TrialResult, run_trial

__all__ = [
    "DomainCheck",
    "Linearization",
    "Replayed",
    "Rescored",
    "RunSpec",
    "Spread",
    "TrialResult",
    "TrialSpec",
    "changed_files",
    "check_domain",
    "differences",
    "environment",
    "expand",
    "find_scenario",
    "find_trial",
    "linearized",
    "load_scenario",
    "make_manifest",
    "replay",
    "rescore",
    "run_campaign",
    "run_trial",
    "stored_events",
    "stored_receipts",
    "stored_record",
    "stored_spec",
    "trial_seed",
    "workers",
]
