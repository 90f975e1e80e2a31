"""Exploration against the defects: which ones it finds by itself, and after how many trials.

What is explored is a deployment and its golden tasks: those of the defect's own scenario, without the fault plans and
the expectations that people have written there. Random injection gets the same tasks and the same budget.
"""
