"""Rewards for training judges and translators: pure functions, no models, no files."""
