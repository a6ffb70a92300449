"""`dragoman data`: from raw text to training sets, a step a file."""

from __future__ import annotations

from cyclopts import App

data = App(
    name="data",
    help="Make training sets: a step a command, rows in and rows out.",
    result_action="return_value",
)

STEPS = (
    ("sample", "dragoman.cli.data.sample:sample", "Draw translations, and make groups of them."),
    ("annotate", "dragoman.cli.data.annotate:annotate", "Have a judge score groups."),
    ("gqm", "dragoman.cli.data.gqm:gqm", "Make training sets for group judges."),
    ("policy", "dragoman.cli.data.policy:policy", "Make training sets for translators."),
    ("qe", "dragoman.cli.data.qe:qe", "Make wrong translations with labels."),
    ("split", "dragoman.cli.data.split:split", "Split a file, without leaks between the parts."),
    ("describe", "dragoman.cli.data.describe:describe", "Say what is in a file."),
    ("convert", "dragoman.cli.data.convert:convert", "Write rows for other programs, and back."),
)  # fmt: skip

for _name, _place, _help in STEPS:
    data.command(_place, name=_name, help=_help)
