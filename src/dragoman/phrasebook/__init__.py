"""The phrasebook: a miniature world of travel and everyday speech in five languages.

Sentences are made from meanings, so that every one of them has gold translations in every
direction, errors can be planted with a known severity, and the quality of any text can be
computed. It stands in for the large models and corpora that a laptop does not have.
"""
