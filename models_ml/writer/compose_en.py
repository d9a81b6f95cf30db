"""English sentences out of parts."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from models_ml.writer.grammar import agree_verbs, join_list
from models_ml.writer.naming import Naming, unnamed
from models_ml.writer.phrases import Part
from models_ml.writer.phrases_en import with_article

Written = tuple[str, tuple[str, ...]]
"""A sentence and the keys of the facts it tells."""

_LEADING_VERB = re.compile(r"^<(\w+)> ")


@dataclass(frozen=True)
class Subject:
    """Who the sentence is about, with the keys that the words cite."""

    words: str
    keys: tuple[str, ...]
    plural: bool


def opening(
    parts: Sequence[Part], naming: Naming, rng: random.Random, most: int
) -> tuple[Written, list[Part]]:
    """The first sentence and the parts it leaves; `most` bounds how many parts it takes."""
    brand = next((part for part in parts if part.name == "brand"), None)
    by_name = bool(naming.name) and (not naming.noun or rng.random() < 0.5)
    rest = [part for part in (unnamed(parts, naming) if by_name else parts) if part is not brand]
    modifier = None
    if by_name:
        subject = Subject(f"the {naming.name}", naming.name_keys, naming.plural)
        if brand and not set(brand.keys) <= naming.named and rng.random() < 0.7:
            modifier = brand
    else:
        subject = Subject(
            f"{'these' if naming.plural else 'this'} {naming.noun}", naming.noun_keys, naming.plural
        )
        modifier = brand
    pool = [part for part in rest if part.predicate or part.possessed or part.adjective]
    pool.sort(key=lambda part: -part.weight * rng.uniform(0.6, 1.4))
    front = _front(pool, rng, 0.45)
    if front:
        pool.remove(front)
    taken = pool[: max(1, most - (front is not None))]
    if modifier:
        subject = Subject(
            f"{subject.words} {modifier.modifier}", subject.keys + modifier.keys, subject.plural
        )
    if not taken and brand and not modifier:
        taken = [brand]
    sentence = _sentence(subject, taken, front)
    used = {id(part) for part in (*taken, front, modifier, brand if modifier else None) if part}
    return sentence, [part for part in rest if id(part) not in used]


def follow_up(
    parts: Sequence[Part], naming: Naming, rng: random.Random, starts: set[str]
) -> Written:
    """One more sentence that tells all of `parts`; `starts` are the first words used so far."""
    standing = [part for part in parts if part.sentence]
    said = [part for part in parts if not part.sentence]
    if not said:
        clauses = [agree_verbs(part.sentence, naming.plural) for part in standing]
        keys = tuple(key for part in standing for key in part.keys)
        return _finish(join_list(clauses, " and ")), keys
    front = (
        _front(said, rng, 0.8 if "it" in starts or "they" in starts else 0.3)
        if len(said) > 1
        else None
    )
    rest = [part for part in said if part is not front]
    pronoun = "they" if naming.plural else "it"
    words = pronoun
    if pronoun in starts and naming.noun and front is None:
        words = (
            f"the {naming.noun.split()[-1]}"
            if len(naming.noun.split()) < 3
            else f"the {naming.noun}"
        )
    keys = naming.noun_keys if words != pronoun else ()
    return _sentence(Subject(words, keys, naming.plural), rest, front)


def one_sentence(parts: Sequence[Part], naming: Naming, rng: random.Random) -> Written:
    """The short description: a noun phrase with modifiers, or a full sentence."""
    modifiers = [part for part in parts if part.modifier and part.name != "brand"][:2]
    brand = next((part for part in parts if part.name == "brand"), None)
    if naming.noun and modifiers and rng.random() < 0.6:
        chosen = ([brand] if brand else []) + modifiers
        chosen.sort(key=lambda part: part.modifier.startswith(("for ", "with ")))
        noun = naming.noun if naming.plural else with_article(naming.noun)
        words = " ".join([noun, *(part.modifier for part in chosen)])
        extra = next(
            (
                part
                for part in parts
                if part.front and part not in chosen and part.group == "measure"
            ),
            None,
        )
        if extra:
            words += f", {extra.front}"
            chosen.append(extra)
        return _finish(words), naming.noun_keys + tuple(key for part in chosen for key in part.keys)
    return opening(parts, naming, rng, 3)[0]


def _front(parts: Sequence[Part], rng: random.Random, chance: float) -> Part | None:
    fitting = [part for part in parts if part.front]
    if len(parts) < 2 or not fitting or rng.random() > chance:
        return None
    return rng.choice(fitting)


def _sentence(subject: Subject, parts: Sequence[Part], front: Part | None) -> Written:
    predicate = agree_verbs(_predicate(parts), subject.plural)
    keys = (
        subject.keys
        + tuple(key for part in parts for key in part.keys)
        + (front.keys if front else ())
    )
    opener = f"{front.front}, " if front else ""
    return _finish(f"{opener}{subject.words} {predicate}"), tuple(dict.fromkeys(keys))


def _predicate(parts: Sequence[Part]) -> str:
    """All parts as what the subject does: one "is", one "has", and no verb twice."""
    adjectives = [part.adjective for part in parts if part.adjective]
    predicates = [part.predicate for part in parts if part.predicate and not part.adjective]
    possessed = [
        part.possessed
        for part in parts
        if not part.predicate and not part.adjective and part.possessed
    ]
    phrases = [f"<is> {join_list(adjectives, ' and ')}"] if adjectives else []
    by_verb: dict[str, list[str]] = {}
    for phrase in predicates:
        match = _LEADING_VERB.match(phrase)
        by_verb.setdefault(match.group(0) if match else "", []).append(
            phrase[match.end() :] if match else phrase
        )
    for verb, objects in by_verb.items():
        phrases.append(verb + join_list(objects, " and "))
    if possessed:
        phrases.append("<has> " + join_list(possessed, " and "))
    nested = any(" and " in phrase for phrase in phrases)
    return join_list(phrases, ", and " if nested and len(phrases) > 1 else " and ")


def _finish(sentence: str) -> str:
    sentence = re.sub(r"\s+", " ", sentence).strip()
    sentence = re.sub(r"\s+([,.;:])", r"\1", sentence)
    return sentence[:1].upper() + sentence[1:] + ("" if sentence.endswith((".", "!", "?")) else ".")
