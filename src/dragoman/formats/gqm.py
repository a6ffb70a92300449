"""GQM: the judge sees the whole group at once, compares, ranks and scores.

`gqm` asks for a ranking and scores, `gqm-ranking` and `gqm-score` for one of the two. The
prompts and the target replies are, to the byte, those that published judges are trained on.
"""

from __future__ import annotations

from dragoman.formats import Reading, Takes, compat, grammar, lenient, strict
from dragoman.formats.base import BaseFormat
from dragoman.formats.letters import letters
from dragoman.formats.strict import Form
from dragoman.formats.template import fenced, fill, load, named_languages
from dragoman.ranking import write_ranking
from dragoman.types import Group, Prompt, Verdict

READERS = {
    "strict": strict.read_group,
    "lenient": lenient.read_group,
    "compat": compat.read_group,
}

_GIVEAWAYS = ("Score", "score", "Scoring", "scoring", "Ranking", "ranking")


class GQM(BaseFormat):
    """Ranks and scores. `example` adds a hint of the answer's form to the prompt, for
    models that were never trained on it."""

    name = "gqm"
    version = "1"
    takes: Takes = "group"
    form: Form = "ranking_score"

    def __init__(self, reading: Reading = "strict", example: bool = False):
        super().__init__(reading)
        self.example = example

    def write(self, item: Group) -> Prompt:
        task = load(f"gqm-task-{self.form}").rstrip("\n")
        if self.example:
            task += " " + load(f"gqm-example-{self.form}").rstrip("\n")
        text = fill_group("gqm", item, task=task)
        n = len(item)
        return Prompt(
            text, finished=grammar.finished(n, self.form), grammar=grammar.gbnf(n, self.form)
        )

    def read(self, reply: str, item: Group) -> Verdict:
        return READERS[self.reading](reply, len(item), self.form)

    def respond(self, verdict: Verdict) -> str:
        """The reply that says this verdict: what a judge is trained to write."""
        return respond(verdict, self.form)


class GQMRanking(GQM):
    """Ranks only."""

    name = "gqm-ranking"
    form: Form = "ranking"


class GQMScore(GQM):
    """Scores only, in the order of the prompt."""

    name = "gqm-score"
    form: Form = "score"


def fill_group(template: str, group: Group, **fields: str) -> str:
    """A prompt about a group: languages by name, texts in fences, candidates by letter."""
    if len(group) < 2:
        raise ValueError("a group judge compares at least two candidates")
    candidates = (
        fill(load("candidate"), letter=letter, text=fenced(candidate.text))
        for letter, candidate in zip(letters(len(group)), group.candidates, strict=True)
    )
    return fill(
        load(template),
        source=fenced(group.segment.source),
        candidates="".join(candidates),
        **named_languages(group.segment),
        **fields,
    )


def respond(verdict: Verdict, form: Form) -> str:
    """A verdict as the target reply of a form. Scores are whole, as the prompt asks."""
    names = letters(len(verdict.ranking))
    ranking = write_ranking(verdict.ranking, names)
    if form == "score":
        return f"{verdict.analysis}\n\n{_write_scores(verdict, range(len(names)))}\n"
    answer = f"{clean_analysis(verdict.analysis)}\n\n### Final Ranking:\n\n{ranking}\n"
    if form == "ranking":
        return answer
    return f"{answer}\n### Scores:\n\n{_write_scores(verdict, verdict.ranking.order)}\n"


def clean_analysis(analysis: str) -> str:
    """The analysis without a last line that gives the answer away."""
    lines = analysis.strip().splitlines()
    if lines and any(word in lines[-1] for word in _GIVEAWAYS):
        lines.pop()
    return "\n".join(lines)


def _write_scores(verdict: Verdict, order: range | tuple[int, ...]) -> str:
    if verdict.scores is None or any(score != int(score) for score in verdict.scores):
        raise ValueError(f"this reply takes whole scores, not {verdict.scores}")
    names, scores = letters(len(verdict.scores)), verdict.scores
    return ", ".join(f"{names[i]}: {int(scores[i])}" for i in order)
