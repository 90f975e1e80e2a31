"""Triage: what got worse, where it parted from the baseline, what made it part, and how to play it again.

What comes in: two sides of results, or one with failing trials. Trials are played anew only to find a cause.
"""
