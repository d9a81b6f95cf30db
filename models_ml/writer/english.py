"""English word forms: articles, plurals and capitals."""

from __future__ import annotations

import re

from models_ml.writer.concepts import concept_table

_PLURAL_WORDS = frozenset(
    {"scissors", "trousers", "shorts", "leggings", "tights", "glasses", "pants", "jeans", "people"}
)
_SINGULAR_ENDINGS = ("ss", "us", "is", "ics", "as", "os")
_DETERMINERS = frozenset({"a", "an", "the", "no", "two", "three", "some", "about", "all", "any"})
_VOWEL_NAMED_LETTERS = "AEFHILMNORSX"


def with_article(phrase: str) -> str:
    """ "an oak lamp", "a USB port", "an 8 cm gap"; what has its own determiner or is plural stays
    bare.
    """
    first = phrase.split()[0] if phrase.split() else ""
    if not first or first.lower() in _DETERMINERS or is_plural(phrase):
        return phrase
    return f"{'an' if _sounds_like_vowel(first) else 'a'} {phrase}"


def _sounds_like_vowel(word: str) -> bool:
    digits = re.match(r"\d+", word)
    if digits:
        return digits.group().startswith("8") or digits.group() in ("11", "18")
    head = re.split(r"[-/.&]", word)[0]
    if head.isupper() and (len(head) <= 3 or not re.search(r"[AEIOU]", head[1:])):
        return head.upper()[0] in _VOWEL_NAMED_LETTERS
    lower = word.lower()
    if re.match(r"uni(?!n)|us[eau]|eu|one\b|ubi|ut[ei]", lower):
        return False
    return lower[0] in "aeiou" or lower.startswith(("hour", "honest", "heir", "honour"))


def is_plural(noun: str) -> bool:
    """Whether a noun phrase is plural by its head: "curtains", but not "glass" or "set of
    coasters".
    """
    words = re.split(r"\s+(?:of|for|with|in|to)\s+", noun.lower().strip())[0].split()
    if not words:
        return False
    last = re.sub(r"[^a-z]", "", words[-1])
    return last in _PLURAL_WORDS or (
        len(last) > 3 and last.endswith("s") and not last.endswith(_SINGULAR_ENDINGS)
    )


def decapitalise(value: str) -> str:
    """Catalogue capitals to those of a sentence: "Solid Oak" to "solid oak"; names and acronyms
    stay.
    """
    return " ".join(_lower_word(word) for word in value.split())


def _lower_word(word: str) -> str:
    known = word.lower().strip(",.")
    if concept_table("origin").knows(known) and word[:1].isupper() and known != "china":
        return word
    if re.fullmatch(r"[A-Z][a-zé'’]+(?:[-/][A-Za-z]+)*[,.]?", word):
        return word.lower()
    if word.isupper() and word.isalpha() and len(word) > 4:
        return word.lower()
    if (
        word.isupper()
        and len(word) > 3
        and any(concept_table(kind).knows(known) for kind in ("colour", "material"))
    ):
        return word.lower()
    return word


def before_noun(value: str) -> str:
    """ "2 years" is "2-year" before a noun."""
    return re.sub(
        r"(\d|one|two|three|five|ten) (year|month|week|day|hour|litre|minute|metre|person|piece)s?\b",
        r"\1-\2",
        value,
        flags=re.IGNORECASE,
    )
