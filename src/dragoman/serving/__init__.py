"""Judging over HTTP: ranking, the contracts of rerankers, and rewards for trainers."""
