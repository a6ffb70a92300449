"""A tree as lines of text, a node each, indented under the node it was made from."""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.translators.tree.nodes import Tree, children

_LONGEST = 100


def drawn(tree: Tree) -> Iterator[str]:
    """The source, and under it `utility × visits  text  (how made)` for every node."""
    if tree:
        yield f"{_line(tree[0].text)}  ({tree[0].visits} rewards)"
        yield from _below(tree, 0, "")


def _below(tree: Tree, at: int, indent: str) -> Iterator[str]:
    under = children(tree, at)
    for number, child in enumerate(under):
        node, last = tree[child], number == len(under) - 1
        mark, further = ("└─ ", "   ") if last else ("├─ ", "│  ")
        utility = f"{node.utility:.3f}" if node.visits else "–"
        yield f"{indent}{mark}{utility} × {node.visits}  {_line(node.text)}  ({node.made})"
        yield from _below(tree, child, indent + further)


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
