"""`dragoman evaluate`: how good judges and translations are."""

from __future__ import annotations

from cyclopts import App

evaluate = App(
    name="evaluate",
    help="Weigh judges and translations: figures, intervals, audits and reports.",
    result_action="return_value",
)
evaluate.command("dragoman.cli.evaluate_ranking:ranking", name="ranking")
evaluate.command("dragoman.cli.evaluate_translation:translation", name="translation")
evaluate.command("dragoman.cli.evaluate_audit:audit", name="audit")
