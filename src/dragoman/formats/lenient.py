"""The lenient reader of a group's answer: what language models write instead.

It recovers the answer or refuses. The last answer lines of the reply decide. Scores must
name their candidates (`3, 6` is refused), be complete, lie on the scale and agree with the
ranking, where one is given; a label scored twice must be scored the same. Below the answer
only known closings are allowed.

Scores are confirmed by a ranking drawn with > and = that agrees, or by a heading that
speaks of scores. Without either they are refused below text, unless scores alone were
asked for, and also where they could be places: `A: 1, B: 2`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeVar

from dragoman.errors import UnreadableReply
from dragoman.formats import headings, plain, strict
from dragoman.formats.answer_lines import Ranked, Scored, parse
from dragoman.formats.headings import above, answer_heading
from dragoman.formats.letters import letters
from dragoman.formats.refusal import refuse
from dragoman.formats.strict import SCALE, Form, by_index
from dragoman.ranking import agree, rank_scores
from dragoman.types import Ranking, Verdict

Answer = TypeVar("Answer", Scored, Ranked)

_RANKING_LIKE = re.compile(r"(?<![A-Za-z])[A-Za-z] ?[<>=≥≤≈~]|[<>=≥≤≈~] ?[A-Za-z](?![A-Za-z])")
_SIGNS = re.compile(r"[<>=≥≤≈~]+")
_MAY_ANSWER = re.compile(r"[>=\d]")
_OFF_SCALE = re.compile(r"[:=] ?-\d|/ ?(?!10(?!\d))\d|\d%|\d{3}")


def read_group(reply: str, n: int, form: Form) -> Verdict:
    """The verdict that the last answer of a reply about n candidates holds."""
    if form != "score":  # the strict shape draws a ranking, which confirms its scores
        try:
            return strict.read_group(reply, n, form)
        except UnreadableReply:
            pass
    text = plain.after_thinking(plain.drop_end_tokens(reply))
    return _Reading(plain.split_lines(text), n, form).verdict()


class _Reading:
    """One reply being read from its last line up."""

    def __init__(self, raw: list[str], n: int, form: Form):
        self.raw, self.n, self.form = raw, n, form
        self.at = self.top = len(raw) - 1
        self.headed = "nothing"

    def verdict(self) -> Verdict:
        last = self._last_answer_line()
        scores: tuple[float, ...] | None = None
        rankings: list[Ranked] = []
        if isinstance(last, Ranked):
            rankings = self._ranked_lines()
            if isinstance(self._line_above(), Scored):
                scores, drawn = self._scored_lines()
                rankings += drawn
        else:
            scores, rankings = self._scored_lines()
            drawn = self._ranking_above()
            rankings += [drawn] if drawn else []
        ranking = self._joint_ranking(rankings, scores)
        if self.form == "ranking":
            if ranking is None:
                raise refuse("no-ranking", "no line ranks the candidates")
            return Verdict(ranking, None, self._analysis())
        if scores is None:
            raise refuse("no-scores", "no line scores the candidates")
        if ranking is None:
            self._check_unconfirmed(scores)
        return Verdict(rank_scores(scores), scores, self._analysis())

    def _analysis(self) -> str:
        return "\n".join(self.raw[: self.at + 1]).strip()

    def _line(self) -> str:
        return plain.plain(self.raw[self.at])

    def _last_answer_line(self) -> Scored | Ranked:
        """Go up to the last answer, over blank lines and closings."""
        while self.at >= 0:
            line = self._line()
            if plain.blank(line):
                self.at -= 1
                continue
            answer = parse(line)
            if answer:
                return answer
            if _OFF_SCALE.search(line) and re.search(r"[A-Za-z] ?[:=(]", line):
                raise refuse("other-scale", f"not scores from 0 to {SCALE}: {line}")
            if not headings.closes(line):
                raise refuse("trailing-text", f"no answer that can be read: {line}")
            self.at -= 1
        raise refuse("no-answer" if any(map(str.strip, self.raw)) else "empty", "no answer line")

    def _scored_lines(self) -> tuple[tuple[float, ...], list[Ranked]]:
        """The scores of all the adjoining lines from here up; stops above them."""
        found: dict[str, float] = {}
        drawn: list[Ranked] = []
        heading = ""
        for answer in self._adjoining(Scored):
            for label, number in answer.items:
                self._keep(found, label, number)
            drawn += [answer.ranked] if answer.ranked else []
            heading = answer.heading
        self.headed = self._above(self.top)
        if heading and (headings.kind(heading) != "neither" or self.headed == "text"):
            self.headed = headings.kind(heading)
        if self.headed == "ranks":
            raise refuse("other-heading", "the heading speaks of ranks, not of scores")
        scores = by_index(found, self.n)
        if max(scores) <= 1 and any(score % 1 for score in scores):
            raise refuse("other-scale", f"scores from 0 to 1 rather than {SCALE}")
        return scores, drawn

    def _keep(self, found: dict[str, float], label: str, number: str) -> None:
        value = float(number) if "." in number else int(number)
        if value > SCALE:
            raise refuse("out-of-range", f"{label}: {number} is not within 0–{SCALE}")
        if found.setdefault(label, value) != value:
            raise refuse("duplicate-label", f"{label} is scored {found[label]} and {value}")

    def _ranked_lines(self) -> list[Ranked]:
        """The rankings of all the adjoining lines from here up; stops above them."""
        rankings = list(self._adjoining(Ranked))
        self._above(self.top)
        return rankings

    def _adjoining(self, kind: type[Answer]) -> Iterator[Answer]:
        """Go up through the adjoining lines with answers of one kind, and stop above them."""
        while self.at >= 0:
            line = self._line()
            if not plain.blank(line):
                answer = parse(line)
                if not isinstance(answer, kind):
                    return
                self.top = self.at
                yield answer
            self.at -= 1

    def _above(self, at: int) -> str:
        return above(self.raw, at - 1, lambda line: parse(line) is not None)

    def _check_unconfirmed(self, scores: tuple[float, ...]) -> None:
        """Scores without a ranking that draws their order: are they scores at all?"""
        if self.headed == "scores":
            return
        if self.headed == "unclear" or (self.headed == "text" and self.form != "score"):
            raise refuse("unconfirmed-scores", "nothing says that the numbers are scores")
        if _may_be_places(scores):
            raise refuse("unconfirmed-scores", f"these may be places: {scores}")

    def _line_above(self) -> Scored | Ranked | None:
        """The next line up that is no heading; blank lines and headings are passed over."""
        self._skip_headings()
        return parse(self._line()) if self.at >= 0 else None

    def _ranking_above(self) -> Ranked | None:
        """The ranking that belongs to the scores just read: the next answer line up, unless
        it is part of an earlier answer. Right above the scores it must be readable."""
        near, start = True, self.at
        for at in range(start, -1, -1):
            line = plain.plain(self.raw[at])
            if plain.blank(line):
                continue
            if answer_heading(line):
                if not near and headings.kind(line) == "ranks":
                    raise refuse("bad-ranking", f"no ranking can be read below {line}")
                self.at = at - 1 if near else self.at
                continue
            answer = parse(line) if near or _MAY_ANSWER.search(line) else None
            if isinstance(answer, Scored):
                return None
            if answer and (near or self._complete(answer)):
                if near:
                    self.at = at - 1
                    self._above(at)
                    self._skip_headings()
                return answer
            if near and self._spoils_a_ranking(line):
                raise refuse("bad-ranking", line)
            near = False
        return None

    def _spoils_a_ranking(self, line: str) -> bool:
        """Whether a line right above the scores has signs of a ranking. Where only scores
        were asked for, `A > C` in a sentence about more candidates is but a remark."""
        signs = _SIGNS.findall(line)
        remark = self.form == "score" and len(signs) < self.n - 1
        return _RANKING_LIKE.search(line) is not None and not remark

    def _skip_headings(self) -> None:
        while self.at >= 0:
            line = self._line()
            if not plain.blank(line) and not answer_heading(line):
                return
            self.at -= 1

    def _complete(self, ranked: Ranked) -> bool:
        return sorted(label for tier in ranked.tiers for label in tier) == list(letters(self.n))

    def _joint_ranking(
        self, rankings: list[Ranked], scores: tuple[float, ...] | None
    ) -> Ranking | None:
        """The one ranking that all the lines give; refuses when they or the scores differ."""
        index = {letter: i for i, letter in enumerate(letters(self.n))}
        result: Ranking | None = None
        for ranked in rankings:
            if not self._complete(ranked):
                raise refuse("bad-ranking", "a ranking names every candidate once")
            tiers = tuple(tuple(index[label] for label in tier) for tier in ranked.tiers)
            if ranked.listed:
                order = [scores[i] for (i,) in tiers] if scores else None
                if order is None:
                    raise refuse("bad-ranking", "a list without > and = leaves ties open")
                if order != sorted(order, reverse=True):
                    raise refuse("contradiction", "the list is not in the order of the scores")
                continue
            ranking = Ranking(tiers)
            if result not in (None, ranking) or (scores and not agree(ranking, scores)):
                raise refuse("contradiction", "the ranking is not the order of the scores")
            result = ranking
        return result


def _may_be_places(scores: tuple[float, ...]) -> bool:
    """Whether the numbers could be places from 1 on, ties and gaps after ties allowed."""
    dense = {level: place for place, level in enumerate(sorted(set(scores)), 1)}
    gapped = [1 + sum(other < score for other in scores) for score in scores]
    return len(dense) > 1 and list(scores) in ([dense[score] for score in scores], gapped)
