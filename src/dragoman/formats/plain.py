"""What a line of a reply says once its decoration is taken off.

Language models write an answer in bold, in a list, in JSON, in a table, in full-width
characters, under headings in many languages. The lenient readers look at plain lines:
one space between words, ASCII letters, digits and signs, no quotes, braces or asterisks.
Decoration becomes a space rather than nothing, so that `3*2` never turns into 32.
"""

from __future__ import annotations

import re
from functools import cache

from dragoman.formats.letters import letters
from dragoman.formats.strict import refuse

LONGEST = 2000
"""A line with more characters is never an answer: 26 scored candidates take far fewer."""

MOST_BELOW = 20
"""So many lines of text may follow an answer."""

_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_END_TOKENS = (
    "<|im_end|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|eot_id|>",
    "<|return|>",
    "<end_of_turn>",
    "<eos>",
    "</s>",
)


def _table() -> dict[int, str]:
    table = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    table |= {0x660 + digit: str(digit) for digit in range(10)}
    table |= dict.fromkeys(map(ord, "−–—"), "-")
    table |= {ord("、"): ",", ord("،"): ",", ord("。"): ".", ord("≻"): ">"}
    decoration = "*`\"'“”‘’「」『』【】{}[]|$\u200b\u200c\u200d\u2060\ufeff"
    return table | dict.fromkeys(map(ord, decoration + "｛｝［］｜＊"), " ")


_TABLE = _table()
_SCALE = r"\(?(?:from )?(?:0 ?- ?10|0 to 10|out of 10|/ ?10)\)? ?"
# What a heading of the answer is made of. Anything else (a criterion such as fluency, an
# example, an earlier draft) makes it a heading of something else.
_WORDS = (
    "final|overall|total|the|my|here|are|is|as|follows|following|given|based|on|so|thus|"
    "therefore|conclusion|summary|json|scores?|scoring|ratings?|ranks?|rankings?|results?|"
    "answer|verdict|assessment|evaluation|judgement|judgment|analysis|above|points?|grades?|"
    "marks?|of|for|each|all|and|in|order|best|worst|from|to|translations?|candidates?|"
    "quality|bewertung(?:en)?|punktzahl|punkte|rangfolge|rangliste|gesamtbewertung|note|notes|"
    "classement|finale?|puntuación|puntuaciones|clasificación|pontuação|pontuações|"
    "classificação|punteggi|punteggio|classifica|оценки|оценка|баллы|рейтинг|итоговые|"
    "итоговый|最终|最后|最終|总|综合|总体|评分|得分|分数|打分|排名|排序|结果|如下|答案|译文|"
    "翻译|质量|评价|スコア|順位|評価|点数|ランキング|최종|점수|순위"
)
_HEADING = re.compile(rf"(?:#+ ?)?(?:(?:{_WORDS})[ &/]*){{1,12}}(?:{_SCALE})?[:.]?", re.I)
_RANKS = re.compile(r"rank|order|rang|class|clasif|рейтинг|排名|排序|順位|ランキング|순위", re.I)
_SCORES = re.compile(r"scor|rating|point|note|punk|punt|pont|評|评|分|点|оцен|балл|점", re.I)
_REVERSED = re.compile(r"worst.*best", re.I)
_SCALE_NAMED = re.compile(r"(?:out of|scale|满分|分制|/)\D{0,20}\d|\d{3}|\d ?%", re.I)
# `Scores:` before the answer on its own line.
_HEAD = re.compile(rf"(?:(?:{_WORDS})[ &/]*){{1,12}}(?:{_SCALE})?(?::|-(?= )) ?", re.I)
# The start of an answer line: a heading sign, a bullet or a number, a TeX command.
PREFIX = re.compile(r"(?:#+ ?)?(?:[-+•·] |\(?\d{1,2}[.)] )?(?:\\[a-z]{1,12} ?)?")

_OTHER_ANSWER = re.compile(
    r"[\d<>=≥≤≈零一二三四五六七八九十两]|scor|rank|rating|评分|得分|打分|分数|排名|"
    r"wait|actual|correct|mistake|swap|revers|sorry|instead|wrong|chang|revis|updat|should|"
    r"first|second|third|fourth|former|latter|best|worst|better|worse|equal|tie|opposite|"
    r"\bbut\b|however|though|again|:$|更正|抱歉|应该|错|相反|更好|最好|前者|后者|但|不过",
    re.I,
)


def drop_end_tokens(text: str) -> str:
    """The text without the chat tokens and white space at its end."""
    text, end = text.rstrip(), -1
    here = len(text)
    while end != here:
        end = here
        for token in _END_TOKENS:
            if text.endswith(token, 0, here):
                here -= len(token)
        while here and text[here - 1].isspace():
            here -= 1
    return text[:here]


def after_thinking(text: str) -> str:
    """What follows the thoughts; a reply that is still thinking has no answer yet."""
    thoughts, end, rest = text.rpartition("</think>")
    if rest.strip() and end:
        return rest
    if text.lstrip().startswith("<think>"):
        raise refuse("unfinished-thinking", "the reply ends within its thoughts")
    return thoughts if end else text


def split_lines(text: str) -> list[str]:
    """Lines, whichever of the usual line ends they have."""
    return _LINE_END.split(text)


def plain(line: str) -> str:
    """The line without decoration; a line too long for an answer stays as it is."""
    if len(line) > LONGEST:
        return line
    if "_" in line:
        line = re.sub(r"(?<![0-9A-Za-z])_+|_+(?![0-9A-Za-z])", " ", line)
    if "&gt;" in line:
        line = line.replace("&gt;", ">")
    return " ".join(line.translate(_TABLE).split())


def blank(line: str) -> bool:
    """Whether a plain line holds nothing but punctuation: a rule, a fence, a brace."""
    return not any(map(str.isalnum, line))


def head(line: str, start: int) -> tuple[int, str]:
    """Where the answer begins behind a heading on the same line, and that heading."""
    match = _HEAD.match(line, start)
    if match is None or _REVERSED.search(match[0]):
        return start, ""
    return match.end(), match[0]


def looks_like_heading(raw: str, line: str) -> bool:
    """Whether a line, given raw and plain, introduces what follows it."""
    bold = raw.strip()[:2] == raw.strip()[-2:] == "**"
    short = len(line.split()) <= 4 and len(line) <= 40 and line[-1:] not in ".!?"
    return bold or short or line.startswith("#") or line.endswith(":")


def answer_heading(line: str) -> bool:
    """Whether a plain line can head the answer, such as `### Final Scores (0-10):`."""
    if len(line) > 120 or _REVERSED.search(line):
        return False
    return _HEADING.fullmatch(line) is not None


def ranks_only(heading: str) -> bool:
    """Whether a heading speaks of ranks and not of scores: `A: 1, B: 2` below it are ranks."""
    return bool(_RANKS.search(heading)) and not _SCORES.search(heading)


def names_another_scale(line: str) -> bool:
    """Whether a line speaks of a scale other than 0 to 10."""
    return len(line) <= LONGEST and bool(_SCALE_NAMED.search(re.sub(_SCALE, " ", line, flags=re.I)))


def may_change_the_answer(line: str, n: int) -> bool:
    """Whether a line below the answer could correct it: it has numbers, signs, names of the
    n candidates, or words such as `swap`. `I hope this helps!` has none."""
    return bool(_OTHER_ANSWER.search(line) or _names(n).search(line))


@cache
def _names(n: int) -> re.Pattern[str]:
    # A small `a` or `i` is a word more often than a name.
    small = letters(n).lower().replace("a", "").replace("i", "")
    return re.compile(rf"(?<![A-Za-z])[{letters(n)}{small}\0](?![A-Za-z])")
