"""Mutation testing of the reference orchestrator, with the pattern scenarios alone as its tests.

Small wrong changes are made to ``harness/orchestrator``, one at a time, and the scenarios are played. A change is
caught when a scenario no longer holds, that is, when its own expectations are not met; a history that differs is not
enough.
"""
