"""The paper in miniature: judges and translators are trained, measured, and its claims weighed.

sizes.py       how much of everything
plan.py        steps, and which waits for which
running.py     steps run in processes of their own, and are skipped once they are done
paper.py       the steps of the paper
training.py groups.py judging.py translating.py probes.py    what a step does
statistics.py  intervals and verdicts on claims
sections.py    results become tables, claims and plots
report.py …    and these become pages
"""
