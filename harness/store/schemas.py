"""The Arrow schemas of the results dataset; a change of any of them, or of the manifest, needs a new version."""

from __future__ import annotations

import pyarrow as pa

SCHEMA_VERSION = 3

_TEXT, _REAL, _WHOLE, _TRUTH = pa.string(), pa.float64(), pa.int64(), pa.bool_()

SCHEMAS: dict[str, pa.Schema] = {
    "trials": pa.schema(
        [
            ("trial_id", _TEXT),
            ("scenario", _TEXT),
            ("domain", _TEXT),
            ("task_id", _TEXT),
            ("family", _TEXT),
            ("agent", _TEXT),
            ("planner", _TEXT),
            ("model", _TEXT),
            ("brain", _TEXT),
            ("approver", _TEXT),
            ("fault_plan_id", _TEXT),
            ("fault_families", _TEXT),
            ("seed", _WHOLE),
            ("trial", _WHOLE),
            ("outcome", _TEXT),
            ("fault_coverage", _TEXT),
            ("verdict", _TEXT),
            ("terminal_state", _TEXT),
            ("reasons", _TEXT),
            ("as_expected", _TRUTH),
            ("unmet", _TEXT),
            ("signature", _TEXT),
            ("success", _REAL),
            ("utility", _REAL),
            ("attack_success", _REAL),
            ("steps", _REAL),
            ("tool_calls", _REAL),
            ("attempts", _REAL),
            ("retries", _REAL),
            ("tokens_in", _REAL),
            ("tokens_out", _REAL),
            ("cost_usd", _REAL),
            ("virtual_s", _REAL),
            ("policy_violations", _REAL),
            ("duplicate_effects", _REAL),
            ("unapproved_effects", _REAL),
            ("history_digest", _TEXT),
            ("inputs", _TEXT),
            ("spec", _TEXT),
        ]
    ),
    "runs": pa.schema(
        [
            ("trial_id", _TEXT),
            ("run_id", _TEXT),
            ("start_s", _REAL),
            ("end_s", _REAL),
            ("terminal_state", _TEXT),
            ("steps", _WHOLE),
            ("answer", _TEXT),
        ]
    ),
    "events": pa.schema(
        [
            ("trial_id", _TEXT),
            ("seq", _WHOLE),
            ("time_s", _REAL),
            ("kind", _TEXT),
            ("run_id", _TEXT),
            ("step", _WHOLE),
            ("port", _TEXT),
            ("name", _TEXT),
            ("address", _TEXT),
            ("latency_s", _REAL),
            ("tokens_in", _WHOLE),
            ("tokens_out", _WHOLE),
            ("cost_usd", _REAL),
            ("result", _TEXT),
            ("error_type", _TEXT),
            ("retryable", _TRUTH),
            ("payload", _TEXT),
        ]
    ),
    "scores": pa.schema([("trial_id", _TEXT), ("metric", _TEXT), ("value", _REAL), ("basis", _TEXT)]),
    "violations": pa.schema(
        [
            ("trial_id", _TEXT),
            ("rule", _TEXT),
            ("severity", _TEXT),
            ("blocked", _TRUTH),
            ("run_id", _TEXT),
            ("seq", _WHOLE),
            ("message", _TEXT),
        ]
    ),
    "effects": pa.schema(
        [
            ("trial_id", _TEXT),
            ("seq", _WHOLE),
            ("time_s", _REAL),
            ("run_id", _TEXT),
            ("tool", _TEXT),
            ("address", _TEXT),
            ("identity", _TEXT),
            ("arguments", _TEXT),
            ("idempotency_key", _TEXT),
            ("copy", _WHOLE),
            ("irreversible", _TRUTH),
        ]
    ),
    "faults": pa.schema(
        [
            ("trial_id", _TEXT),
            ("fault", _WHOLE),
            ("kind", _TEXT),
            ("family", _TEXT),
            ("at", _TEXT),
            ("fired", _TRUTH),
            ("times", _WHOLE),
            ("first_address", _TEXT),
            ("first_time_s", _REAL),
        ]
    ),
}

_MAY_BE_NULL: dict[str, set[str]] = {
    "trials": {
        *("planner", "model", "fault_coverage", "as_expected", "history_digest"),
        *("success", "utility", "attack_success", "steps"),
        *("tool_calls", "attempts", "retries", "tokens_in", "tokens_out", "cost_usd", "virtual_s"),
        *("policy_violations", "duplicate_effects", "unapproved_effects"),
    },
    "runs": {"start_s", "end_s", "terminal_state", "steps", "answer"},
    "events": {
        *("run_id", "step", "port", "name", "address", "latency_s", "tokens_in", "tokens_out", "cost_usd"),
        *("result", "error_type", "retryable"),
    },
    "scores": {"value"},
    "violations": {"run_id"},
    "effects": {"idempotency_key"},
    "faults": {"first_address", "first_time_s"},
}
NEVER_NULL: dict[str, frozenset[str]] = {
    table: frozenset(schema.names) - _MAY_BE_NULL[table] for table, schema in SCHEMAS.items()
}
