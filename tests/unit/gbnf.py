"""A small recogniser for GBNF: reads the notation and says whether a text is derived by it.

Independent of the code under test; it knows rules, alternatives, sequences, literals,
character classes, groups and `*`.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

_TOKEN = re.compile(
    r'"((?:[^"\\]|\\.)*)"|(\[(?:[^\]\\]|\\.)*\])|([A-Za-z][A-Za-z0-9-]*)|([|()*])|\s+'
)


class Gbnf:
    def __init__(self, text: str):
        self.rules: dict[str, Any] = {}
        for line in text.splitlines():
            name, arrow, body = line.partition(" ::= ")
            assert arrow, f"not a rule: {line}"
            assert re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", name), name
            assert name not in self.rules, f"{name} is defined twice"
            tokens = self._tokens(body)
            self.rules[name] = self._choice(tokens)
            assert not tokens, f"rest of {name}: {tokens}"
        for name in self._used(list(self.rules.values())):
            assert name in self.rules, f"{name} is not defined"

    def _tokens(self, body: str) -> list[tuple[str, str]]:
        tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(body):
            match = _TOKEN.match(body, at)
            assert match, f"not GBNF: {body[at : at + 20]}"
            at = match.end()
            kinds = ("text", "class", "rule", "sign")
            for kind, value in zip(kinds, match.groups(), strict=True):
                if value is not None:
                    tokens.append((kind, value))
        return tokens[::-1]

    def _choice(self, tokens: list[tuple[str, str]]) -> Any:
        options = [self._sequence(tokens)]
        while tokens and tokens[-1] == ("sign", "|"):
            tokens.pop()
            options.append(self._sequence(tokens))
        return ("choice", tuple(options))

    def _sequence(self, tokens: list[tuple[str, str]]) -> Any:
        parts: list[Any] = []
        while tokens and tokens[-1] not in (("sign", "|"), ("sign", ")")):
            kind, value = tokens.pop()
            if (kind, value) == ("sign", "("):
                part = self._choice(tokens)
                assert tokens.pop() == ("sign", ")")
            elif kind == "text":
                part = ("text", value.replace("\\n", "\n"))
            elif kind == "class":
                part = ("class", value)
            else:
                assert kind == "rule"
                part = ("rule", value)
            if tokens and tokens[-1] == ("sign", "*"):
                tokens.pop()
                part = ("many", part)
            parts.append(part)
        return ("sequence", tuple(parts))

    def _used(self, nodes: Any) -> set[str]:
        if isinstance(nodes, tuple) and nodes and nodes[0] == "rule":
            return {nodes[1]}
        if isinstance(nodes, (list, tuple)):
            return set().union(*map(self._used, nodes)) if nodes else set()
        return set()

    def accepts(self, text: str) -> bool:
        """Whether the whole text is derived from `root`."""

        @cache
        def ends(node: Any, at: int) -> frozenset[int]:
            kind, value = node
            if kind == "text":
                return frozenset([at + len(value)] if text.startswith(value, at) else [])
            if kind == "class":
                return frozenset([at + 1] if re.match(value, text[at : at + 1]) else [])
            if kind == "rule":
                return ends(self.rules[value], at)
            if kind == "choice":
                return frozenset().union(*(ends(option, at) for option in value))
            if kind == "sequence":
                here = frozenset([at])
                for part in value:
                    here = frozenset().union(*(ends(part, place) for place in here))
                return here
            reached, fresh = {at}, {at}
            while fresh:
                fresh = {end for place in fresh for end in ends(value, place)} - reached
                reached |= fresh
            return frozenset(reached)

        return len(text) in ends(("rule", "root"), 0)
