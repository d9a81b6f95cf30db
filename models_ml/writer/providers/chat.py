"""A conversation as the tokens that a causal language model reads; training and serving alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def chat_prompt(tokenizer: Any, messages: Sequence[Mapping[str, str]]) -> str:
    """Return the prompt for the assistant's next turn, by the model's own template if it has one.

    It holds every special token, so it is tokenized without adding any.
    """
    if tokenizer.chat_template is None:
        turns = [f"{message['role']}: {message['content']}" for message in messages]
        return "\n\n".join([*turns, "assistant: "])
    prompt = tokenizer.apply_chat_template(
        list(messages), tokenize=False, add_generation_prompt=True, enable_thinking=False
    )
    return str(prompt)


def end_tokens(model: Any, tokenizer: Any) -> list[int]:
    """Return the tokens that end an answer; the first is the one to write."""
    ends = model.generation_config.eos_token_id
    ends = tokenizer.eos_token_id if ends is None else ends
    found: list[int] = ends if isinstance(ends, list) else [ends]
    return sorted(found, key=lambda token: token != tokenizer.eos_token_id)
