"""What every step's process begins with: it is loaded once, and they are forked from it."""

from importlib import import_module

from dragoman.phrasebook import datasets
from dragoman.phrasebook.lexicon import LANGUAGES
from dragoman.training.trainers import load_trl

import_module("dragoman.training.policy_trainer")
trl = load_trl()
for name in ("SFTTrainer", "GRPOTrainer", "RewardTrainer"):
    getattr(trl, name)

for number, language in enumerate(LANGUAGES):
    # Word lists of a language are read when it is first needed.
    list(datasets.load("groups", size=2, directions=[f"{language}-{LANGUAGES[number - 1]}"]))
