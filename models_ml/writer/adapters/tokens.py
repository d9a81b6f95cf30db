"""Lessons as tokens: the prompt as the worker reads it, the answer as it would have to write it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from datasets import Dataset

from models_ml.writer.adapters.examples import Lessons
from models_ml.writer.providers import Message
from models_ml.writer.providers.chat import chat_prompt

LONGEST = 2_048
"""Tokens of prompt and answer; longer lessons are left out, as a step's memory grows with them."""
_UNLEARNED = -100
"""What torch's losses leave out."""


class Tokens:
    """A tokenizer with the token that ends its model's answers."""

    def __init__(self, tokenizer: Any, end: int, context: int) -> None:
        self._tokenizer, self._end = tokenizer, end
        self._longest = min(LONGEST, context)

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        turns = [{"role": one.role, "content": one.content} for one in messages]
        return self._ids(chat_prompt(self._tokenizer, turns))

    def answer(self, text: str) -> list[int]:
        """Return the tokens of an answer with its end; never merged with those of the prompt."""
        return [*self._ids(text), self._end]

    def fits(self, *parts: Sequence[int]) -> bool:
        return sum(map(len, parts)) <= self._longest

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids


def supervised_set(lessons: Lessons, tokens: Tokens) -> Dataset:
    """Return rows of `input_ids` and `labels`, in which only the answer is learned."""
    rows = []
    for one in lessons.examples:
        prompt, answer = tokens.prompt(one.messages), tokens.answer(one.completion)
        if tokens.fits(prompt, answer):
            labels = [_UNLEARNED] * len(prompt) + answer
            rows.append({"input_ids": prompt + answer, "labels": labels})
    return Dataset.from_list(rows)


def preference_set(lessons: Lessons, tokens: Tokens) -> Dataset:
    """Return rows of `prompt_ids`, `chosen_ids` and `rejected_ids`."""
    rows = []
    for one in lessons.preferences:
        prompt = tokens.prompt(one.messages)
        chosen, rejected = tokens.answer(one.chosen), tokens.answer(one.rejected)
        if tokens.fits(prompt, max(chosen, rejected, key=len)):
            rows.append({"prompt_ids": prompt, "chosen_ids": chosen, "rejected_ids": rejected})
    return Dataset.from_list(rows)
