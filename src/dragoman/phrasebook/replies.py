"""What perfect models answer: the gold analysis, ranking and scores, and the gold translation.

The analysis of a candidate writes the acceptable translation that is nearest to it. Behind
each word that the candidate lacks stands, in brackets, what it has lost so far; then come
the words it has too many, and a tilde if the order is wrong. The row ends with the score.
"""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.formats.letters import letters
from dragoman.phrasebook.gold import HIGHEST, Comparison, compare
from dragoman.phrasebook.grammar import say, write
from dragoman.phrasebook.lexicon import lexicon
from dragoman.phrasebook.meaning import Meaning
from dragoman.phrasebook.wording import POINTS
from dragoman.ranking import rank_scores
from dragoman.types import Verdict


def row(comparison: Comparison, language: str) -> str:
    """The analysis of one candidate."""
    space = "" if language == "zh" else " "
    lost = 0
    written = ""
    words = [word.text for word in comparison.reference.words if word.sense]
    words[0] = words[0][0].upper() + words[0][1:]
    for word, severity in zip(words, comparison.lacking, strict=True):
        written += word if not written or written.endswith("'") else space + word
        if severity:
            lost = min(HIGHEST, lost + POINTS[severity])
            written += f"[{lost}]"
        if lost == HIGHEST:
            return f"{written} = 0"
    for word, severity in comparison.surplus:
        lost = min(HIGHEST, lost + POINTS[severity])
        written += f" +{space}{word}[{lost}]"
        if lost == HIGHEST:
            return f"{written} = 0"
    if comparison.misordered:
        lost = min(HIGHEST, lost + POINTS["minor"])
        written += f" ~[{lost}]"
    return f"{written} = {HIGHEST - lost}"


def verdict(texts: Sequence[str], meaning: Meaning, language: str) -> Verdict:
    """The gold verdict on candidates: analysis, ranking and scores."""
    comparisons = [compare(text, meaning, language) for text in texts]
    scores = tuple(float(comparison.score) for comparison in comparisons)
    rows = (
        f"{letter}: {row(comparison, language)}"
        for letter, comparison in zip(letters(len(texts)), comparisons, strict=True)
    )
    return Verdict(rank_scores(scores), scores, "\n".join(rows))


def reply_alone(text: str, meaning: Meaning, language: str) -> str:
    """The gold reply about one candidate: its row, and the score in the last line."""
    comparison = compare(text, meaning, language)
    # The full stop tells the row from a heading over the score.
    return f"{row(comparison, language)}.\n\n{comparison.score}"


def translation(meaning: Meaning, language: str) -> str:
    """The usual translation."""
    return write(say(meaning, language)[0], language)


def reply_with_translation(meaning: Meaning, text: str) -> str:
    """What there is to think about, and a translation in a code block."""
    return f"{thought(meaning)}\n\n```\n{text}\n```"


def thought(meaning: Meaning) -> str:
    """What a translator notes of a sentence: its idiom, and which sense its words have."""
    if meaning.idiom:
        return f"Idiom: {lexicon().idioms[meaning.idiom]['en'][1]}."
    adjectives = [meaning.adjective, meaning.reason]
    adjectives += [part.adjective for part in (meaning.subject, meaning.object) if part]
    notes = [lexicon().adjectives[id].sense_note for id in adjectives if id]
    noted = [note for note in notes if note]
    return f"Note {'; '.join(noted)}." if noted else "No idiom."
