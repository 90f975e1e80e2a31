"""An evaluation and chaos-testing harness for AI agents that call tools.

A *golden task* says what is asked, in which world, and what a right path and a right end look like. A *scenario* says
what goes wrong meanwhile. A *trial* plays one task under one *fault plan* with one seed, in virtual time; what happened
is its *history*, what was true is in the *effect ledger*, and *scoring* is a pure function of the two.

The rooms, from the ground up: ``simulation`` (time and chance), ``history`` (events), ``store`` (Parquet),
``boundary`` (calls, replies, faults), ``world`` (tools and the ledger), ``content`` (what users write), ``planners``
(brains), ``orchestrator`` (control round a planner), ``scoring`` (judging), ``agents`` (doors for agents), ``campaign``
(running), ``analysis`` (what results mean), ``render`` (how they look), ``cli`` (the door for people).
"""

__version__ = "0.1.0"
