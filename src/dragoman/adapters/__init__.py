"""Trainers that were not written for groups, and the judge: a file for each trainer.

`meeting.py` is what they share: how a reply becomes a rollout, and where rollouts of one prompt
meet. No trainer is imported until its file is.
"""
