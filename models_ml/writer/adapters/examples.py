"""What a language model learns from decided texts: its own prompts, and what was published."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models_ml.writer.claims import SentenceClaims, claims, sentence_claims
from models_ml.writer.kinds import BETWEEN, LINES
from models_ml.writer.preference.data import Decided
from models_ml.writer.providers import BadAnswer, CopyTask, Message
from models_ml.writer.providers.prompts import (
    COPY_SCHEMA,
    copy_messages,
    copy_task,
    sentences_of,
)
from models_ml.writer.providers.validation import read_answer
from models_ml.writer.terms import Terms

_ASKED_AND_ANSWERED = re.compile(r"\n(?!(?:A|答)[:：])")
"""Where a line ends and no answer to it begins."""

Voices = Mapping[str, str]
"""The shop's voice as a prompt tells it, by language."""


@dataclass(frozen=True)
class Example:
    """A prompt, and the answer that leads to what was published."""

    messages: tuple[Message, ...]
    completion: str


@dataclass(frozen=True)
class Preference:
    """A prompt with the answer that people published and the one that they changed or refused."""

    messages: tuple[Message, ...]
    chosen: str
    rejected: str


@dataclass(frozen=True)
class Lessons:
    """What one training learns from: examples first, preferences then."""

    examples: tuple[Example, ...]
    preferences: tuple[Preference, ...]

    def as_json(self) -> dict[str, Any]:
        """Return all there is to learn as JSON, for a fingerprint."""
        return {
            "examples": [[_plain(one.messages), one.completion] for one in self.examples],
            "preferences": [
                [_plain(one.messages), one.chosen, one.rejected] for one in self.preferences
            ],
        }


def lessons_of(rows: Sequence[Decided], voices: Voices, brands: Terms) -> Lessons:
    """Return what `rows` teach; the caller leaves out those that measure.

    An approved or edited text is an example. An edited one is preferred to what was written, and a
    published one to a rejected one for the same product, kind and language. No text is an example
    that claims what no fact carries, or that the provider's schema could not hold.
    """
    published: dict[tuple[str, str, str], Decided] = {}
    examples: list[Example] = []
    preferences: list[Preference] = []
    for row in rows:
        answer = answer_of(row.published, row, brands) if row.published else None
        if answer is None or row.published is None:
            continue
        published[row.product, row.kind, row.language] = row
        messages = messages_of(row, voices)
        examples.append(Example(messages, answer))
        if row.is_edited and (before := answer_of(row.written, row)):
            preferences.append(Preference(messages, answer, before))
    for row in rows:
        better = published.get((row.product, row.kind, row.language))
        if row.published is None and better is not None:
            preferences += _over_rejected(better, row, voices)
    return Lessons(tuple(examples), tuple(preferences))


def _over_rejected(better: Decided, rejected: Decided, voices: Voices) -> Iterator[Preference]:
    chosen, refused = answer_of(better.published or "", better), answer_of(rejected.written, better)
    if chosen and refused and chosen != refused:
        yield Preference(messages_of(better, voices), chosen, refused)


def task_of(row: Decided, voices: Voices) -> CopyTask:
    """Return the request that a provider would be given for this text."""
    return copy_task(
        row.kind,
        language=row.language,
        title=row.title,
        facts=row.facts,
        voice=voices.get(row.language, ""),
    )


def messages_of(row: Decided, voices: Voices) -> tuple[Message, ...]:
    """Return the very prompt that the provider would be given for this text."""
    return tuple(copy_messages(task_of(row, voices)))


def answer_of(text: str, row: Decided, brands: Terms | None = None) -> str | None:
    """Return the answer by COPY_SCHEMA that says `text`, each sentence with the facts it tells.

    A sentence that tells none stands with its neighbour, since uncited sentences are refused where
    the answer is read; of kinds in lines, each line is one item, and a question and its answer are
    one. None where the answer would not be read as this very text, or would cite nothing for a part
    of it; with `brands` also where something is claimed that no fact carries.
    """
    found = claims(text, row.facts, row.title, row.language, brands or ())
    if brands is not None and any(not claim.is_supported for claim in found):
        return None
    sentences = sentence_claims(text, found)
    if row.kind in LINES:
        items = _line_items(text, sentences)
    else:
        items = _items(text, sentences, BETWEEN[row.language])
    answer = json.dumps({"sentences": items}, ensure_ascii=False, separators=(",", ":"))
    try:
        said, read = sentences_of(read_answer(answer, COPY_SCHEMA), task_of(row, {}))
    except BadAnswer:
        return None
    same = said == text if row.kind in LINES else said.split() == text.split()
    return answer if same and all(sentence.fact_keys for sentence in read) else None


def _line_items(text: str, sentences: Sequence[SentenceClaims]) -> list[dict[str, Any]]:
    """One item for each line of `text`; the line of an answer goes to its question's."""
    items: list[dict[str, Any]] = []
    start = 0
    for line in _ASKED_AND_ANSWERED.split(text):
        end = start + len(line)
        told = (key for s in sentences if start <= s.start < end for key in s.fact_keys)
        items.append({"text": " ".join(line.split()), "facts": list(dict.fromkeys(told))})
        start = end + 1
    return items


def _items(text: str, sentences: Sequence[SentenceClaims], between: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    waiting = ""
    for sentence in sentences:
        said = " ".join(text[sentence.start : sentence.end].split())
        if sentence.fact_keys:
            items.append({"text": waiting + said, "facts": list(sentence.fact_keys)})
            waiting = ""
        elif items:
            items[-1]["text"] += between + said
        else:
            waiting += said + between
    return items


def _plain(messages: Sequence[Message]) -> list[dict[str, Any]]:
    return [{"role": one.role, "content": one.content} for one in messages]
