"""Regressions seeded into a planner, and whether triage names the step and the axis.

One line of a planner is changed; the candidate is played with it, the baseline without. The truth is told by the
planners themselves: what each has decided is noted before anybody else hears of it.
"""
