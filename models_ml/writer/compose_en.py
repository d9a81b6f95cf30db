"""English sentences out of parts."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from models_ml.writer.english import with_article
from models_ml.writer.grammar import agree_verbs, join_list
from models_ml.writer.naming import Naming, untold
from models_ml.writer.phrases import Part, Written

_OWNING = ("<has>", "<has>", "<has>", "<features>", "<offers>")
_ALSO = 0.2
_FRAGMENT = 0.25
"""How often the first sentence is a noun phrase: "An oak lamp from Nordvik, in navy."."""
_ALSO_AFTER = re.compile(r"\b([Ii]t is|[Tt]hey are|[Ii]t|[Tt]hey)\b")
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
    """The first sentence and the parts it leaves; it takes `most` parts beside the brand."""
    brand = next((part for part in parts if part.name == "brand"), None)
    fragment = _fragment(parts, naming, brand, rng) if rng.random() < _FRAGMENT else None
    if fragment:
        return fragment
    subject, told = _first_subject(naming, brand, rng)
    rest = untold(parts, told) or [part for part in parts if part is not brand][:1]
    pool = [part for part in rest if not part.sentence]
    if not pool and not rest:
        words = Subject(f"the {naming.name}", naming.name_keys, naming.plural)
        return _sentence(words, parts[:1], None, rng), []
    if not pool:
        return _naming_sentence(subject, naming, brand, rest), []
    front = _front(pool, rng, 0.35 if most > 1 else 0)
    taken = [part for part in pool if part is not front][: max(1, most - (front is not None))]
    used = [*taken, *([front] if front else [])]
    return _sentence(subject, taken, front, rng), [part for part in rest if part not in used]


def _fragment(
    parts: Sequence[Part], naming: Naming, brand: Part | None, rng: random.Random
) -> tuple[Written, list[Part]] | None:
    """A first sentence without a verb, where a modifier fits the noun, and what it leaves."""
    fresh = [part for part in untold(parts, naming.noun_tells) if part is not brand]
    fitting = [part for part in fresh if part.modifier and part.name != "origin"]
    if not naming.noun or not fitting or len(fresh) < 2:
        return None
    modifier = rng.choice(fitting)
    tails = [part for part in fresh if part.front and part is not modifier]
    chosen = [*([brand] if brand and brand.modifier else []), modifier]
    words = " ".join([with_article(naming.noun), *(part.modifier for part in chosen)])
    tail = [part for part in tails if not _same_start(part, modifier)][:1]
    words = ", ".join([words, *(part.front for part in tail)])
    used = (*chosen, *tail)
    keys = naming.noun_keys + tuple(key for part in used for key in part.keys)
    left = [part for part in fresh if part not in used]
    return (_finish(words), tuple(dict.fromkeys(keys))), left


def _first_subject(
    naming: Naming, brand: Part | None, rng: random.Random
) -> tuple[Subject, frozenset[str]]:
    """How the product is introduced, and the facts which that tells already."""
    if naming.name and (not naming.noun or rng.random() < 0.4):
        return Subject(f"the {naming.name}", naming.name_keys, naming.plural), naming.name_tells
    words, keys, told = naming.noun, naming.noun_keys, naming.noun_tells
    if brand:
        keys, told = keys + brand.keys, told | set(brand.keys)
        if rng.random() < 0.3 and not brand.value.lower().endswith("s"):
            return Subject(f"{brand.value}'s {words}", keys, naming.plural), told
        words = f"{words} {brand.modifier}"
    this = "these" if naming.plural else "this"
    return Subject(f"{rng.choice((this, 'the'))} {words}", keys, naming.plural), told


def _naming_sentence(
    subject: Subject, naming: Naming, brand: Part | None, rest: Sequence[Part]
) -> Written:
    """When only sentences that stand alone are left to tell."""
    clause = agree_verbs(join_list([part.sentence for part in rest], " and "), naming.plural)
    keys = subject.keys + tuple(key for part in rest for key in part.keys)
    return _finish(f"{subject.words}: {clause}"), tuple(dict.fromkeys(keys))


def follow_up(
    parts: Sequence[Part],
    naming: Naming,
    rng: random.Random,
    starts: Sequence[str],
    *,
    linked: bool = True,
) -> Written:
    """One more sentence that tells all of `parts`; `starts` are the first words of those before.

    Not `linked` it stands on its own, as an answer does.
    """
    if parts[0].sentence:
        clauses = [agree_verbs(part.sentence, naming.plural) for part in parts]
        return _finish(join_list(clauses, " and ")), tuple(
            key for part in parts for key in part.keys
        )
    pronoun = "they" if naming.plural else "it"
    front = _front(parts, rng, 0.85 if pronoun in starts else 0.35)
    rest = [part for part in parts if part is not front]
    this = "these" if naming.plural else "this"
    words = rng.choice((f"the {naming.head}", f"{this} {naming.head}"))
    if front is None and starts[-1] == pronoun and naming.head:
        return _sentence(Subject(words, (), naming.plural), rest, None, rng)
    if linked and rng.random() < _ALSO:
        text, keys = _sentence(Subject(pronoun, (), naming.plural), rest, front, rng)
        return _ALSO_AFTER.sub(r"\1 also", text, count=1), keys
    return _sentence(Subject(pronoun, (), naming.plural), rest, front, rng)


def bare(naming: Naming) -> Written:
    """When the name tells all there is."""
    if naming.name:
        return _finish(f"this is the {naming.name}"), naming.name_keys
    return _finish(f"this is {with_article(naming.noun)}"), naming.noun_keys


def details(parts: Sequence[Part], rng: random.Random) -> list[Written]:
    """What reads badly in a sentence, side by side as in a table, a few to a line."""
    made, position = [], 0
    while position < len(parts):
        chosen = parts[position : position + rng.choice((1, 2, 2, 3))]
        position += len(chosen)
        line = "; ".join(
            piece[:1].upper() + piece[1:] if index == 0 else piece
            for index, piece in enumerate(part.detail for part in chosen)
        )
        keys = tuple(dict.fromkeys(key for part in chosen for key in part.keys))
        made.append((_finish(line), keys))
    return made


def line(part: Part, naming: Naming) -> Written:
    """One fact without a subject: "Made of solid oak", "A leather strap"."""
    said = part.front or part.possessed or part.adjective or part.sentence or part.predicate
    if said == part.predicate:
        said = re.sub(r"^<(?:is|has)> ", "", said)
    return _finish(agree_verbs(said, naming.plural)).rstrip("."), part.keys


def message(name: str, parts: Sequence[Part], naming: Naming) -> str:
    """The name and what is told of it, as short as it gets."""
    lines = [line(part, naming)[0] for part in parts]
    return _finish(f"{name}: {', '.join(text[:1].lower() + text[1:] for text in lines)}")


def one_sentence(parts: Sequence[Part], naming: Naming, rng: random.Random) -> Written:
    """The short description: a noun phrase with modifiers, or a full sentence."""
    brand = next((part for part in parts if part.name == "brand"), None)
    fresh = [part for part in untold(parts, naming.noun_tells) if part is not brand]
    modifier = next((part for part in fresh if part.modifier and part.name != "origin"), None)
    if not naming.noun or modifier is None or rng.random() < 0.4:
        return opening(parts, naming, rng, 3)[0]
    tails = [
        part
        for part in fresh
        if part.front and part is not modifier and not _same_start(part, modifier)
    ]
    chosen = [*([brand] if brand else []), modifier]
    words = " ".join([with_article(naming.noun), *(part.modifier for part in chosen)])
    words = ", ".join([words, *(part.front for part in tails[:1])])
    keys = tuple(key for part in (*chosen, *tails[:1]) for key in part.keys)
    return _finish(words), tuple(dict.fromkeys(naming.noun_keys + keys))


def _same_start(tail: Part, modifier: Part) -> bool:
    return tail.front.split()[0] == modifier.modifier.split()[0]


def _front(parts: Sequence[Part], rng: random.Random, chance: float) -> Part | None:
    """A part to open the sentence with, unless its first word comes again in the rest ("made ...
    made").
    """
    if len(parts) < 2 or rng.random() > chance:
        return None
    fitting = [part for part in parts if part.front and not _echoes(part, parts)]
    return rng.choice(fitting) if fitting else None


def _echoes(front: Part, parts: Sequence[Part]) -> bool:
    word = front.front.split()[0]
    others = " ".join(f"{part.predicate} {part.possessed}" for part in parts if part is not front)
    return bool(re.search(rf"\b{re.escape(word)}\b", others)) or not others.strip()


def _sentence(
    subject: Subject, parts: Sequence[Part], front: Part | None, rng: random.Random
) -> Written:
    predicate = agree_verbs(_predicate(parts, rng), subject.plural)
    opener = f"{front.front}, " if front else ""
    keys = subject.keys + tuple(
        key for part in (*parts, *([front] if front else [])) for key in part.keys
    )
    return _finish(f"{opener}{subject.words} {predicate}"), tuple(dict.fromkeys(keys))


def _predicate(parts: Sequence[Part], rng: random.Random) -> str:
    """What the subject does, each verb once: "comes in navy and with a lid, and weighs 2 kg"."""
    owning = rng.choice(_OWNING)
    phrases = [_phrase(part, owning) for part in parts]
    by_verb: dict[str, list[str]] = {}
    for part, phrase in zip(parts, phrases, strict=True):
        match = _LEADING_VERB.match(phrase)
        verb = match.group(0) if match else ""
        shares = " and " not in phrase and (verb != "<is> " or not part.predicate)
        by_verb.setdefault(verb if shares else phrase, []).append(
            phrase.removeprefix(verb) if shares else ""
        )
    said = [verb + join_list(objects, " and ") for verb, objects in by_verb.items()]
    said.sort(key=lambda phrase: " and " not in phrase)
    return join_list(said, ", and " if any(" and " in phrase for phrase in said[:-1]) else " and ")


def _phrase(part: Part, owning: str) -> str:
    if part.predicate:
        return part.predicate
    return f"<is> {part.adjective}" if part.adjective else f"{owning} {part.possessed}"


def _finish(sentence: str) -> str:
    sentence = re.sub(r"\s+", " ", sentence).strip()
    sentence = re.sub(r"\s+([,.;:])", r"\1", sentence)
    return sentence[:1].upper() + sentence[1:] + ("" if sentence.endswith((".", "!", "?")) else ".")
