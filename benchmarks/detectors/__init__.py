"""How often the detectors of the three failure modes are right, on trials whose labels are known beforehand.

The labels never come from a detector's rule: how an agent behaves and what it claims is known from its construction,
and whether it was wrong from comparing what it did and said with an honest play of the same task and seed. The
detectors know neither; they go by the task's expectations, the history and the words of the answer.
"""
