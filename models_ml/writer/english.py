"""English word forms: articles, plurals and capitals."""

from __future__ import annotations

import re

from models_ml.writer.concepts import concept_table
from models_ml.writer.lexicon import rows, words

_PLURAL_WORDS = frozenset(
    {"scissors", "trousers", "shorts", "leggings", "tights", "glasses", "pants", "jeans", "people"}
)
_IRREGULAR = {
    "knife": "knives",
    "shelf": "shelves",
    "leaf": "leaves",
    "loaf": "loaves",
    "half": "halves",
    "scarf": "scarves",
    "wolf": "wolves",
    "man": "men",
    "woman": "women",
    "child": "children",
    "foot": "feet",
    "tooth": "teeth",
    "mouse": "mice",
    "tomato": "tomatoes",
    "potato": "potatoes",
}
_SINGULAR_ENDINGS = ("ss", "us", "is", "ics", "as", "os")
_DETERMINERS = frozenset({"a", "an", "the", "no", "two", "three", "some", "about", "all", "any"})
_NAMES = frozenset(
    words(
        "bluetooth|wi-fi|windows|android|intel|amd|mac|linux|christmas|easter|halloween|velcro|teflon|kevlar|swarovski"
        "|gore-tex|tencel|lycra|pyrex|monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february"
        "|april|june|july|august|september|october|november|december|english|french|scandinavian|victorian|nordic"
    )
)
_MASS_NOUN = re.compile(
    r"(?:tion|sion|ment|ness|ity|ing|ance|age|control|light|sound|power|wi-?fi|support|protection)$"
)
_AMERICAN = {row[0]: row[1] for row in rows("spelling_us")}
_BRITISH = re.compile(rf"\b(?:{'|'.join(_AMERICAN)})\b", re.IGNORECASE)
_VOWEL_NAMED_LETTERS = "AEFHILMNORSX"


def american(text: str) -> str:
    """`text` in the spelling of the United States."""
    return _BRITISH.sub(_respell, text)


def _respell(match: re.Match[str]) -> str:
    word = match.group()
    respelt = _AMERICAN[word.lower()]
    return respelt.capitalize() if word[0].isupper() else respelt


def with_article(phrase: str) -> str:
    """ "an oak lamp", "a USB port"; what has its own determiner or is plural stays bare."""
    first = phrase.split()[0] if phrase.split() else ""
    if not first or first.lower() in _DETERMINERS or is_plural(phrase):
        return phrase
    return f"{'an' if _sounds_like_vowel(first) else 'a'} {phrase}"


def countable(noun: str) -> str:
    """`noun` with its article, unless it is a mass ("noise cancellation") or numbered."""
    return noun if noun[:1].isdigit() or _MASS_NOUN.search(noun) else with_article(noun)


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
    """Whether a noun phrase is plural by its head: "curtains", but not "set of coasters"."""
    words = re.split(r"\s+(?:of|for|with|in|to)\s+", noun.lower().strip())[0].split()
    if not words:
        return False
    last = re.sub(r"[^a-z]", "", words[-1])
    return last in _PLURAL_WORDS or (
        len(last) > 3 and last.endswith("s") and not last.endswith(_SINGULAR_ENDINGS)
    )


def plural(noun: str) -> str:
    """The plural of a singular noun ("boxes", "knives"), and of a plural one itself.

    Of a phrase it is its last word's.
    """
    head, space, last = noun.rpartition(" ")
    word = last.lower()
    if word in _IRREGULAR:
        return f"{head}{space}{last[:1]}{_IRREGULAR[word][1:]}"
    if word in _IRREGULAR.values() or is_plural(last):
        return noun
    if re.search(r"(?:s|x|z|ch|sh)$", word):
        return f"{noun}es"
    return f"{noun[:-1]}ies" if re.search(r"[^aeiou]y$", word) else f"{noun}s"


def decapitalise(value: str) -> str:
    """Catalogue capitals to those of a sentence: "Solid Oak" to "solid oak".

    Names and acronyms stay, and so does a value that looks like a model ("Lenovo IdeaPad Y430").
    """
    if re.search(r"[a-z][A-Z]|[A-Z][a-z]+ v?\d", value):
        return value
    if value.isupper() and any(len(word) > 4 for word in value.split()):
        return " ".join(word.lower() if len(word) > 3 else word for word in value.split())
    return " ".join(_lower_word(word) for word in value.split())


def _lower_word(word: str) -> str:
    known = word.lower().strip(",.")
    if known in _NAMES:
        return word
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
        r"(\d|one|two|three|five|ten) (year|month|week|day|hour|litre|minute|metre)s?\b",
        r"\1-\2",
        value,
        flags=re.IGNORECASE,
    )
