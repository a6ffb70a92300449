"""What the lines around an answer say: its heading, the sentence before it, a closing.

Numbers do not say what they are: `A: 1, B: 2` may be scores, places or errors. So a line
that announces them must be made of known words, and below an answer stands nothing but
known closings. A sentence of an analysis is neither; it is told from an announcement by
its length, its full stop and its words, which is the one guess that is left.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Literal

from dragoman.formats.plain import LONGEST, blank, plain
from dragoman.formats.refusal import refuse

Kind = Literal["scores", "ranks", "both", "unclear", "neither"]
"""What a heading announces. `both` joins the two, as `Ranking and scores`; `unclear` has
words of both kinds otherwise, as `Ranking by score`."""

# What a heading of the answer is made of. Anything else (a criterion such as fluency, an
# example, an earlier draft) makes it a heading of something else. A `total` may be the
# most that can be reached, and the best of grades may be the lowest.
_WORDS = (
    "final|overall|the|my|here|are|is|as|follows|following|given|based|on|so|thus|"
    "therefore|conclusion|summary|json|scores?|scoring|ratings?|ranks?|rankings?|results?|"
    "answer|verdict|assessment|evaluation|judgement|judgment|analysis|above|points?|i|assign|"
    "this|of|for|each|all|and|in|order|best|worst|from|to|translations?|candidates?|"
    "quality|bewertung(?:en)?|punktzahl|punkte|rangfolge|rangliste|gesamtbewertung|"
    "classement|finale?|puntuación|puntuaciones|clasificación|pontuação|pontuações|"
    "classificação|punteggi|punteggio|classifica|оценки|оценка|баллы|рейтинг|итоговые|"
    "итоговый|最终|最后|最終|综合|总体|评分|得分|分数|打分|排名|排序|结果|如下|答案|译文|"
    "翻译|质量|评价|与|和|及|スコア|順位|評価|点数|ランキング|최종|점수|순위"
)
_RANKS = re.compile(
    r"rank|order|rang|best|worst|place|class|clasif|рейтинг|排名|排序|名次|順位|ランキング|순위",
    re.I,
)
_SCORES = re.compile(r"scor|rating|point|punk|punt|pont|評|评|分|点|оцен|балл|점|スコア", re.I)
_RANK_WORD = r"(?:ranks?|rankings?|rangfolge|classement|排名|排序)"
_SCORE_WORD = r"(?:scores?|ratings?|points?|punkte|评分|得分|分数|打分)"
_AND = r" ?(?:and|&|/|与|和|及) ?(?:the |final |overall )*"
_JOINED = re.compile(
    rf"{_RANK_WORD}{_AND}{_SCORE_WORD}|{_SCORE_WORD}{_AND}{_RANK_WORD}", re.IGNORECASE
)
_REVERSED = re.compile(r"^(?!.*best.*worst).*worst", re.I)
_OTHER_SCALE = re.compile(r"(?:out of|scale|满分|分制)\D{0,20}\d", re.I)
_SCALE_LIKE = re.compile(r"/\D{0,20}\d|\d{3}|\d ?%", re.I)

# Alone, `A` is more often a word than a candidate.
_LABEL = re.compile(
    r"(?<![A-Za-z])[B-HJ-Z](?![A-Za-z])|(?:[Tt]ranslation|[Cc]andidate|译文) ?[A-Z](?![A-Za-z])|"
    r"(?<![A-Za-z])A (?:is|has|and|or|over|scores?|ranks?|gets)\b"
)
_LISTED = re.compile(
    r"[(#]*\d{1,2}(?:st|nd|rd|th)?[.):]* (?:(?:translation|candidate|译文) ?)?[A-Za-z][.,]?", re.I
)
_SENTENCE_END = re.compile(r"[.!?…]+[)\" ]*")
_CUT_OFF = re.compile(r"(?:[/,;(+-]|\b(?:of|by|is|are|be|and|minus|plus|from|to|von|sur))$", re.I)
_ANNOUNCES = re.compile(
    r"follow|below|folgt|folgend|suivant|siguiente|seguent|seguinte|如下|以下|numbers\b|"
    r"counts?\b|places\b|positions?\b|errors? (?:per|of|in each)|数量|个数|名次|"
    r"lower .{0,20}(?:better|best)|low(?:er)? means|lowest (?:to|is|first)|from (?:lowest|least)|"
    r"worst (?:to|first)|from (?:the )?worst|ascending|increasing|revers|invert|opposite|"
    r"(?:1|one) is (?:the )?(?:best|worst|highest|lowest|top)|越低|越少|从低到高|升序|"
    r"example|hypothetic|suppose|imagine|draft|would be|例如|示例|, then [A-Z]\b|followed by",
    re.I,
)

_ANYTHING = (
    r"(?:any|more|further|other|additional|else|questions?|help|details?|information|"
    r"clarifications?|explanations?|assistance|anything|or|and)"
)
_CLOSING = re.compile(
    r"\(?(?:the )?end(?: of (?:the )?(?:answer|reply|response|evaluation|analysis))?\)?|"
    r"(?:i )?hope (?:this|that|it) (?:helps|is helpful|was helpful)|"
    rf"(?:please )?let me know if (?:you (?:have|need|want)|there (?:is|are))(?: {_ANYTHING})+|"
    r"thanks?(?: you)?(?: (?:very|so) much)?|(?:good)?bye|done|finished|"
    r"(?:best|kind) regards|cheers|谢谢|完|完毕|结束|以上|以上です|希望对你有帮助|希望这对您有帮助",
    re.I,
)


@cache
def _scale(highest: int) -> str:
    h = highest
    return rf"\(?(?:from )?(?:0 ?- ?{h}|0 to {h}|out of {h}|/ ?{h})(?!\d)\)? ?"


@cache
def _heading(highest: int) -> re.Pattern[str]:
    words = rf"(?:#+ ?)?(?:(?:{_WORDS})[ &/,]*){{1,12}}"
    return re.compile(rf"{words}(?:{_scale(highest)})?[:.]?", re.I)


# `Scores:` before the answer on its own line.
_HEAD = re.compile(rf"(?:(?:{_WORDS})[ &/]*){{1,12}}(?:{_scale(10)})?(?::|-(?= )) ?", re.I)


def head(line: str, start: int) -> tuple[int, str]:
    """Where the answer begins behind a heading on the same line, and that heading."""
    match = _HEAD.match(line, start)
    if match is None or _REVERSED.search(match[0]):
        return start, ""
    return match.end(), match[0]


def kind(heading: str) -> Kind:
    """What a heading announces."""
    ranks, scores = _RANKS.search(heading), _SCORES.search(heading)
    if ranks and scores:
        return "both" if _JOINED.search(heading) else "unclear"
    return "ranks" if ranks else "scores" if scores else "neither"


def answer_heading(line: str, highest: int = 10) -> bool:
    """Whether a plain line can head the answer, such as `### Final Scores (0-10):`."""
    if len(line) > 120 or _REVERSED.search(line):
        return False
    return _heading(highest).fullmatch(line) is not None


def closes(line: str) -> bool:
    """Whether a plain line below an answer is only a closing, such as `I hope this helps!`"""
    return len(line) <= 120 and _CLOSING.fullmatch(line.rstrip(".! ")) is not None


def is_listed(line: str) -> bool:
    """Whether a plain line is an entry such as `1. B` of a list in the order of quality."""
    return _LISTED.fullmatch(line) is not None


def above(
    raw: list[str],
    at: int,
    is_answer: Callable[[str], bool],
    highest: int = 10,
    *,
    lettered: bool = True,
) -> Kind | Literal["text", "nothing"]:
    """What stands above an answer, from line `at` up: headings, or else text or nothing.

    Of headings one above the other the nearest that speaks of scores or ranks counts.
    Refuses where they, or the line above them, announce something else than the answer.
    Where candidates have letters, a short sentence right above that names none announces.
    """
    found: Kind | None = None
    close = lettered
    for here in range(at, -1, -1):
        line = plain(raw[here][-LONGEST:])
        if blank(line):
            close = close and bool(raw[here].strip())
            continue
        if answer_heading(line, highest):
            found = kind(line) if found in (None, "neither") else found
            continue
        if not is_answer(line):
            _check_text(raw[here], line, highest, close=close)
        return found or "text"
    return found or "nothing"


def _check_text(raw: str, line: str, highest: int, *, close: bool) -> None:
    """Refuses below a line that announces something else than the answer."""
    unscaled = re.sub(_scale(highest), " ", line, flags=re.I)
    if _OTHER_SCALE.search(unscaled):
        raise refuse("other-scale", f"not scores from 0 to {highest}: {line}")
    if is_listed(line):
        raise refuse("bad-ranking", f"a list in place of a ranking: {line}")
    sentence = _last_sentence(line)
    short = len(sentence.split()) <= 12 and len(sentence) <= 70
    if short and _SCALE_LIKE.search(_last_sentence(unscaled)):
        raise refuse("other-scale", f"not scores from 0 to {highest}: {line}")
    if _looks_like_heading(raw, line, short) or (short and _announces(sentence, close)):
        raise refuse("other-heading", f"not a heading of the answer: {line}")


def _last_sentence(line: str) -> str:
    sentences = [part for part in _SENTENCE_END.split(line) if part.strip()]
    return sentences[-1].strip() if sentences else ""


def _announces(sentence: str, close: bool) -> bool:
    """Whether a short sentence says what the numbers below it are, or speaks of scores or
    ranks without saying whose; right above them, whether it speaks of no candidate at all."""
    about = close or _SCORES.search(sentence) or _RANKS.search(sentence)
    return bool(_ANNOUNCES.search(sentence) or (about and not _LABEL.search(sentence)))


def _looks_like_heading(raw: str, line: str, short: bool) -> bool:
    bold = raw.strip()[:2] == raw.strip()[-2:] == "**"
    unended = line.rstrip(") ")[-1:] not in (".", "!", "?", "…")
    cut_off = _CUT_OFF.search(line) is not None
    return bold or line.startswith("#") or line.endswith(":") or (unended and (short or cut_off))
