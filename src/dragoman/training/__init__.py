"""Training judges and translators: a stage a file, a formula a function.

`losses` holds the arithmetic on tensors; what needs no tensor is in `dragoman.rewards`.
Nothing here is imported until a training verb runs: torch and TRL take seconds to load.
"""
