"""Tree search over translations, as TRANS-ZERO does it.

`nodes` are the tree and its arithmetic, `worth` says what a node is worth, `asking` keeps what is
asked within a budget, `search` grows the tree, `drawing` shows it.
"""
