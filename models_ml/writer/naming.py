"""How copy refers to the product: by its name, or as "this lamp"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from models_ml.writer.english import decapitalise, is_plural
from models_ml.writer.facts import LANGUAGES, TITLE_KEY, Fact, has_han, key_info, title_speaks
from models_ml.writer.phrases import Part, bundle
from models_ml.writer.terms import contains, fold

_TAIL = re.compile(r"\s*(?:,(?=\s)|[，(（\[|]|\s[-–—/]\s|:\s).*$")
_LONGEST_PLAIN_NOUN = 4
"""Chinese characters; a shorter title is itself the noun, and a more exact one than the type."""
_FULL_NOUNS = {"裙": "裙子", "裤": "裤子", "鞋": "鞋子", "帽": "帽子", "袜": "袜子", "包": "包包"}
"""One character alone does not stand as a noun."""
_ACRONYMS = frozenset({"led", "usb", "uk", "usa", "eu", "abs", "lcd", "diy"})
_SMALL = frozenset({"a", "an", "and", "as", "at", "by", "for", "in", "of", "on", "or", "the", "to"})


@dataclass(frozen=True)
class Naming:
    """What the product is called.

    `name` is the title in running text, "" when it is in another language; `noun` follows "this":
    the product's type, else the name without its brand. The `*_tells` are the facts whose values
    these words tell already, so that they need not be said again beside them.
    """

    name: str
    noun: str
    head: str
    plural: bool
    name_tells: frozenset[str]
    noun_tells: frozenset[str]
    noun_keys: tuple[str, ...]

    def says(self, fact: Fact) -> bool:
        """Whether both name and noun tell the value, so that no sentence has to."""
        called = [words for words in (self.name, self.noun) if words]
        return bool(called) and all(_says(words, fact) for words in called)

    @property
    def name_keys(self) -> tuple[str, ...]:
        """What a sentence cites that calls the product by its name."""
        return (TITLE_KEY, *sorted(self.name_tells - {TITLE_KEY}))


def name_product(title: str, facts: Sequence[Fact], language: str) -> Naming:
    """Derive the naming from title, brand and type."""
    name = display_name(title, language) if title_speaks(title, language) else ""
    bundles = bundle(facts)
    brand = bundles["brand"].values[0] if "brand" in bundles else ""
    kind = bundles.get("type")
    if kind and _is_noun(kind.values[0], name):
        noun, cited = kind.values[0], kind.keys
        noun = decapitalise(noun) if language == "en" else noun
    else:
        noun = _without_brand(name, brand)
        noun = noun or (name if language == "zh-hans" else "")
        cited = (TITLE_KEY, *sorted(_told_by(noun, facts)))
    noun = _FULL_NOUNS.get(noun, noun)
    head = noun.split()[-1].lower() if noun else ""
    return Naming(
        name=name,
        noun=noun,
        head=head if re.fullmatch(r"[a-z]{3,}", head) else "",
        plural=language == "en" and is_plural(noun or name),
        name_tells=_told_by(name, facts),
        noun_tells=_told_by(noun, facts),
        noun_keys=tuple(dict.fromkeys(cited)) if noun else (),
    )


def called(title: str, facts: Sequence[Fact]) -> dict[str, tuple[str, ...]]:
    """What text of any author may call the product, with the keys that each name cites."""
    words: dict[str, tuple[str, ...]] = {}
    for language in LANGUAGES:
        if title and title_speaks(title, language):
            naming = name_product(title, facts, language)
            words[title] = words[naming.name] = naming.name_keys
            words.setdefault(naming.noun, naming.noun_keys)
    return {name: keys for name, keys in words.items() if len(name) > 1}


def _told_by(words: str, facts: Sequence[Fact]) -> frozenset[str]:
    """The keys all of whose values stand in `words`."""
    keys = {fact.key for fact in facts}
    return frozenset(keys - {fact.key for fact in facts if not _says(words, fact)})


def _says(words: str, fact: Fact) -> bool:
    least = 1 if key_info(fact.key).name == "type" and has_han(fact.value) else 2
    return len(fact.value) >= least and contains(words, fact.value)


def _is_noun(kind: str, name: str) -> bool:
    """Whether a type fact names the thing ("desk lamp") or only describes it ("analog")."""
    if not name:
        return True
    if has_han(kind):
        return len(kind) > 1 and (kind in name or len(name) > _LONGEST_PLAIN_NOUN)
    return fold(name).rstrip("s").endswith(fold(kind).rstrip("s")) or " " in kind.strip()


def _without_brand(name: str, brand: str) -> str:
    """The name after its brand; "" where no brand tells where the noun begins."""
    if not brand or not fold(name).startswith(fold(brand)):
        return ""
    rest = name[len(brand) :].strip(" -–·")
    return rest if rest and not rest[0].isdigit() else ""


def display_name(title: str, language: str) -> str:
    """The title in running text: without the variant behind a comma, never in capitals."""
    title = " ".join(title.split())
    short = _TAIL.sub("", title)
    if language == "zh-hans" and has_han(title):
        words = (short if has_han(short) else title).split(" ")
        first = next(index for index, word in enumerate(words) if has_han(word))
        return " ".join(words[: first + 1])
    title = short if len(short.split()) > 1 and not short.endswith("'s") else title
    letters = [char for char in title if char.isalpha()]
    if all(char.isupper() for char in letters) and len(letters) > 4:
        words = title.lower().split()
        title = " ".join(_capital(word, index > 0) for index, word in enumerate(words))
    return title.strip(" ,.-")


def _capital(word: str, inside: bool) -> str:
    if not re.search(r"[aeiouy]", word) or word in _ACRONYMS:
        return word.upper()
    if inside and word in _SMALL:
        return word
    return "-".join(piece[:1].upper() + piece[1:] for piece in word.split("-"))


def untold(parts: Sequence[Part], told: frozenset[str]) -> list[Part]:
    """The parts that are not told yet."""
    return [part for part in parts if not set(part.keys) <= told]
