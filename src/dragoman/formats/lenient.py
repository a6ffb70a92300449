"""The lenient reader of a group's answer: what language models write instead.

It recovers the answer or refuses; it never guesses. The last answer lines of the reply
decide. Scores must name their candidates (`3, 6` is refused), be complete, lie on the
scale and agree with the ranking, where one is given; a label scored twice must be scored
the same. Below the answer only text is allowed that cannot change it.
"""

from __future__ import annotations

import re

from dragoman.errors import UnreadableReply
from dragoman.formats import plain, strict
from dragoman.formats.answer_lines import Ranked, Scored, parse
from dragoman.formats.letters import letters
from dragoman.formats.strict import SCALE, Form, by_index, refuse
from dragoman.ranking import agree, rank_scores
from dragoman.types import Ranking, Verdict

_RANKING_LIKE = re.compile(r"(?<![A-Za-z])[A-Za-z] ?[<>=≥≤≈~]|[<>=≥≤≈~] ?[A-Za-z](?![A-Za-z])")
_MAY_ANSWER = re.compile(r"[>=\d]")
_OFF_SCALE = re.compile(r"[:=] ?-\d|/ ?(?!10(?!\d))\d|\d%|\d{3}")


def read_group(reply: str, n: int, form: Form) -> Verdict:
    """The verdict that the last answer of a reply about n candidates holds."""
    try:
        return strict.read_group(reply, n, form)
    except UnreadableReply:
        text = plain.after_thinking(plain.drop_end_tokens(reply))
        return _Reading(plain.split_lines(text), n, form).verdict()


class _Reading:
    """One reply being read from its last line up."""

    def __init__(self, raw: list[str], n: int, form: Form):
        self.raw, self.n, self.form = raw, n, form
        self.at = len(raw) - 1

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
            above = self._ranking_above()
            rankings += [above] if above else []
        ranking = self._joint_ranking(rankings, scores)
        if self.form == "ranking":
            if ranking is None:
                raise refuse("no-ranking", "no line ranks the candidates")
            return Verdict(ranking, None, self._analysis())
        if scores is None:
            raise refuse("no-scores", "no line scores the candidates")
        return Verdict(rank_scores(scores), scores, self._analysis())

    def _analysis(self) -> str:
        return "\n".join(self.raw[: self.at + 1]).strip()

    def _line(self) -> str:
        return plain.plain(self.raw[self.at])

    def _last_answer_line(self) -> Scored | Ranked:
        """Go up to the last answer; what lies below must not be able to change it."""
        below = 0
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
            below += 1
            if below > plain.MOST_BELOW or plain.may_change_the_answer(line, self.n):
                raise refuse("trailing-text", f"no answer that can be read: {line}")
            self.at -= 1
        raise refuse("no-answer" if any(map(str.strip, self.raw)) else "empty", "no answer line")

    def _scored_lines(self) -> tuple[tuple[float, ...], list[Ranked]]:
        """The scores of all the adjoining lines from here up; stops above them."""
        found: dict[str, float] = {}
        drawn: list[Ranked] = []
        while self.at >= 0:
            line = self._line()
            answer = None if plain.blank(line) else parse(line)
            if isinstance(answer, Scored):
                for label, number in answer.items:
                    self._keep(found, label, number)
                drawn += [answer.ranked] if answer.ranked else []
            elif not plain.blank(line):
                break
            self.at -= 1
        self._check_heading(scored=True)
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
        rankings: list[Ranked] = []
        while self.at >= 0:
            line = self._line()
            answer = None if plain.blank(line) else parse(line)
            if isinstance(answer, Ranked):
                rankings.append(answer)
            elif not plain.blank(line):
                break
            self.at -= 1
        self._check_heading()
        return rankings

    def _check_heading(self, *, scored: bool = False) -> None:
        """The line above an answer may be its heading, but not that of something else."""
        if self.at < 0:
            return
        raw, line = self.raw[self.at], self._line()
        if parse(line):
            return
        if plain.looks_like_heading(raw, line) and not plain.answer_heading(line):
            raise refuse("other-heading", f"not a heading of the answer: {line}")
        if scored and plain.answer_heading(line) and plain.ranks_only(line):
            raise refuse("other-heading", f"ranks, not scores, below {line}")
        if scored and plain.names_another_scale(line):
            raise refuse("other-scale", f"not scores from 0 to {SCALE}: {line}")

    def _line_above(self) -> Scored | Ranked | None:
        """The next line up that is no heading; blank lines and headings are passed over."""
        while self.at >= 0:
            line = self._line()
            if not plain.blank(line) and not plain.answer_heading(line):
                return parse(line)
            self.at -= 1
        return None

    def _ranking_above(self) -> Ranked | None:
        """The ranking that belongs to the scores just read: the next answer line up, unless
        it is part of an earlier answer. Right above the scores it must be readable."""
        near, start = True, self.at
        for at in range(start, -1, -1):
            line = plain.plain(self.raw[at])
            if plain.blank(line):
                continue
            if plain.answer_heading(line):
                if not near and plain.ranks_only(line):
                    raise refuse("bad-ranking", f"no ranking can be read below {line}")
                self.at = at - 1 if near else self.at
                continue
            answer = parse(line) if near or _MAY_ANSWER.search(line) else None
            if isinstance(answer, Scored):
                return None
            if answer and (near or self._complete(answer)):
                if near:
                    self.at = at - 1
                    self._skip_headings()
                return answer
            if near and _RANKING_LIKE.search(line):
                raise refuse("bad-ranking", line)
            near = False
        return None

    def _skip_headings(self) -> None:
        while self.at >= 0:
            line = self._line()
            if not plain.blank(line) and not plain.answer_heading(line):
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
