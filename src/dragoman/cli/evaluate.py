"""`dragoman evaluate`: how good judges and translations are."""

from __future__ import annotations

from cyclopts import App

from dragoman.cli.evaluate_audit import audit
from dragoman.cli.evaluate_ranking import ranking
from dragoman.cli.evaluate_translation import translation

evaluate = App(
    name="evaluate",
    help="Weigh judges and translations: figures, intervals, audits and reports.",
    result_action="return_value",
)
evaluate.command(ranking)
evaluate.command(translation)
evaluate.command(audit)
