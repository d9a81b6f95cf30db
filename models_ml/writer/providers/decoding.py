"""Choosing tokens row by row: JSON held to a schema, a seed of its own, and an end that is sure.

Rows of one batch come from different requests. Sampling is the Gumbel-max trick, noise added and
the largest taken, so that each row draws from its own generator whoever shares its batch
(Maddison, Tarlow and Minka 2014, "A* Sampling").
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import torch
from llguidance import LLMatcher, LLTokenizer
from llguidance.hf import from_tokenizer
from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask
from transformers import LogitsProcessor, PreTrainedTokenizerFast, TopPLogitsWarper

TOP_P = 0.95
_MARGIN = 24
"""Tokens kept for closing brackets, beside those that the schema's own names take."""


@dataclass
class Row:
    """One text being written: at most `limit` tokens, JSON of a schema where it has a matcher.

    From `margin` tokens before the limit on, it closes what it has opened.
    """

    limit: int
    temperature: float
    generator: torch.Generator
    matcher: LLMatcher | None = None
    margin: int = 0
    is_over: bool = False
    is_cut: bool = False


class Grammar:
    """A tokenizer prepared for matching; makes the matchers of schemas."""

    def __init__(
        self, tokenizer: PreTrainedTokenizerFast, vocabulary: int, ends: Sequence[int]
    ) -> None:
        self._tokenizer = tokenizer
        self._prepared: LLTokenizer = from_tokenizer(
            tokenizer, n_vocab=vocabulary, eos_token=list(ends)
        )
        signs = [self._prepared.decode_str([token]) for token in range(vocabulary)]
        closing = [bool(sign) and not sign.strip('"]}') for sign in signs]
        opens = np.array([sign.startswith('"') for sign in signs])
        self.quotes = np.array(closing) & opens
        self.brackets = np.array(closing) & ~opens
        self.letters = np.array([sign in _LETTERS for sign in signs])

    def matcher(self, schema: Mapping[str, Any]) -> LLMatcher:
        """Return a matcher at its beginning; raises ValueError for a schema it cannot hold to."""
        grammar = LLMatcher.grammar_from_json_schema(
            dict(schema), overrides={"whitespace_flexible": False, "lenient": True}
        )
        matcher = LLMatcher(self._prepared, grammar)
        if matcher.is_error():
            raise ValueError(f"schema: {matcher.get_error()}")
        return matcher

    def margin(self, schema: Mapping[str, Any]) -> int:
        """Return how many tokens to keep for closing an answer to `schema`."""
        names = json.dumps(sorted(_names(schema)), ensure_ascii=False)
        return _MARGIN + len(self._tokenizer(names, add_special_tokens=False)["input_ids"])


_LETTERS = frozenset("QXZJK")
"""Letters that JSON has inside strings alone: where one is allowed, a string is open."""


def _names(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        properties = schema.get("properties")
        yield from properties if isinstance(properties, Mapping) else ()
        for value in schema.values():
            yield from _names(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _names(value)


@dataclass
class Decoder(LogitsProcessor):
    """Turns scores of shape (rows, vocabulary) into those whose largest is each row's token.

    Used with greedy decoding. `prompt` is the padded length of the prompts in tokens.
    """

    rows: Sequence[Row]
    ends: Sequence[int]
    prompt: int
    grammar: Grammar
    _warp: TopPLogitsWarper = field(default_factory=lambda: TopPLogitsWarper(TOP_P), repr=False)

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.FloatTensor:
        step = input_ids.shape[1] - self.prompt
        if step:
            for row, token in zip(self.rows, input_ids[:, -1].tolist(), strict=True):
                _advance(row, token, self.ends)
        allowed = self._allowed(step, scores.shape[1])
        scores = scores.masked_fill(~torch.from_numpy(allowed).to(scores.device), -torch.inf)
        for number, row in enumerate(self.rows):
            if not row.is_over and row.temperature > 0:
                warped = self._warp(None, scores[number : number + 1] / row.temperature)
                noise = torch.empty(scores.shape[1]).exponential_(generator=row.generator)
                scores[number] = warped[0] - noise.log().to(scores.device)
        return cast(torch.FloatTensor, scores)

    def _allowed(self, step: int, vocabulary: int) -> np.ndarray:
        """Return which tokens each row may write next, as booleans (rows, vocabulary)."""
        bits = allocate_token_bitmask(len(self.rows), vocabulary)
        for number, row in enumerate(self.rows):
            if row.matcher is not None and not row.is_over:
                fill_next_token_bitmask(row.matcher, bits, number)
        allowed = np.unpackbits(bits.view(np.uint8), axis=1, bitorder="little")
        allowed = allowed[:, :vocabulary].astype(bool)
        for number, row in enumerate(self.rows):
            if row.is_over:
                continue
            if row.matcher is not None and step >= row.limit - row.margin:
                allowed[number] = self._closing(allowed[number])
            if step >= row.limit or not allowed[number].any():
                row.is_cut = True
                allowed[number] = False
                allowed[number, list(self.ends)] = True
        return allowed

    def _closing(self, allowed: np.ndarray) -> np.ndarray:
        """Narrow what is allowed to what closes a string, a list or an object, if anything does."""
        is_in_string = bool((allowed & self.grammar.letters).any())
        ends = np.zeros_like(allowed)
        ends[list(self.ends)] = True
        closers = self.grammar.quotes if is_in_string else self.grammar.brackets
        for narrower in (ends, closers):
            if (allowed & narrower).any():
                return allowed & narrower
        return allowed


def _advance(row: Row, token: int, ends: Collection[int]) -> None:
    """Tell a row which token it got."""
    if row.is_over:
        return
    if token in ends:
        row.is_over = True
    elif row.matcher is not None:
        row.matcher.consume_token(token)
