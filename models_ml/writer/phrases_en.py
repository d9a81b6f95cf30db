"""English: facts made sayable."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from models_ml.writer.concepts import concept_table
from models_ml.writer.facts import Fact, key_info
from models_ml.writer.grammar import expand, join_list
from models_ml.writer.phrases import LENGTH_KEYS, NO, YES, Bundle, Part, bundle, split_list
from models_ml.writer.quantities import localise, quantities_of

# Each key: predicate, possessed, front, modifier. {x} is the value, {ax} the value with its article, {x+noun} the value
# followed by the noun unless it already ends so.
_FORMS: dict[str, tuple[str, str, str, str]] = {
    "brand": ("<comes> from {x}", "", "", "(from|by) {x}"),
    "series": (
        "<belongs> to the {x+(range|series|collection)}",
        "",
        "",
        "from the {x+(range|series)}",
    ),
    "material": ("<is> made (of|from) {x}", "", "made (of|from) {x}", "(in|made of) {x}"),
    "lining": ("<is> lined with {x}", "{ax+lining}", "lined with {x}", ""),
    "filling": ("<is> filled with {x}", "{ax+filling}", "filled with {x}", ""),
    "colour": ("<comes> in {x}", "", "in {x}", "in {x}"),
    "pattern": ("", "{ax+pattern}", "with {ax+pattern}", "with {ax+pattern}"),
    "style": ("", "{ax+style}", "", ""),
    "finish": ("", "{ax+finish}", "with {ax+finish}", "with {ax+finish}"),
    "shape": ("", "{ax+shape}", "", ""),
    "origin": ("<is> (made|produced) in {x}", "", "(made|produced) in {x}", "made in {x}"),
    "craft": ("<is> {x}", "", "{x}", ""),
    "fit": ("", "{ax+fit}", "cut to {ax+fit}", ""),
    "neck": ("", "{ax+neckline}", "", "with {ax+neckline}"),
    "closure": ("<fastens> with {ax+closure}", "{ax+closure}", "", ""),
    "length": ("(<is> {x} long|<measures> {x} in length)", "a length of {x}", "", ""),
    "width": ("<is> {x} wide", "a width of {x}", "", ""),
    "height": ("(<is> {x} high|<stands> {x} high)", "a height of {x}", "standing {x} high", ""),
    "depth": ("<is> {x} deep", "a depth of {x}", "", ""),
    "diameter": ("(<is> {x} in diameter|<measures> {x} across)", "a diameter of {x}", "", ""),
    "thickness": ("<is> {x} thick", "a thickness of {x}", "", ""),
    "dimensions": ("<measures> {x}", "", "measuring {x}", ""),
    "weight": ("<weighs> {x}", "a weight of {x}", "(at|weighing) {x}", ""),
    "capacity": ("", "a capacity of {x}", "with a capacity of {x}", ""),
    "quantity": ("<contains> {x}", "", "", ""),
    "thread_count": ("", "a thread count of {x}", "with a thread count of {x}", ""),
    "gsm": ("", "a fabric weight of {x}", "", ""),
    "power": ("", "a power rating of {x}", "", ""),
    "voltage": ("<runs> on {x}", "", "", ""),
    "battery_life": ("", "a battery life of {x}", "with a battery life of {x}", ""),
    "battery_capacity": ("", "a battery capacity of {x}", "", ""),
    "battery_type": ("<uses> {ax+battery}", "", "", ""),
    "charging_time": ("<charges> in {x}", "a charging time of {x}", "", ""),
    "connectivity": ("<connects> (via|by) {x}", "", "", ""),
    "compatibility": ("<works> with {x}", "", "", ""),
    "mechanism": ("", "{ax+movement}", "", "with {ax+movement}"),
    "hob": ("<works> on {x}", "", "", ""),
    "light_output": ("<gives> {x} of light", "a light output of {x}", "", ""),
    "burn_time": ("<burns> for {x}", "a burn time of {x}", "", ""),
    "flavour": ("", "{ax+flavour}", "", "with {ax+flavour}"),
    "scent": ("", "{ax+scent}", "", "with {ax+scent}"),
    "roast": ("", "{ax+roast}", "", ""),
    "ingredients": ("(<contains> {x}|<is> made with {x})", "", "made with {x}", ""),
    "audience": ("(<is> intended for|<is> meant for|<suits>) {x}", "", "", "for {x}"),
    "age_range": ("<is> (suitable|recommended) for ages {x}", "", "", "for ages {x}"),
    "suitable_for": ("(<is> suitable for|<is> meant for) {x}", "", "suitable for {x}", "for {x}"),
    "room": ("(<is> meant for|<suits>) the {x}", "", "", "for the {x}"),
    "season": ("<is> suited to {x}", "", "", ""),
    "skin_type": ("(<suits>|<is> suitable for) {x+skin}", "", "", "for {x+skin}"),
    "hair_type": ("(<suits>|<is> suitable for) {x+hair}", "", "", "for {x+hair}"),
    "feature": ("(<features>|<offers>) {x}", "", "", ""),
    "box_contents": ("<comes> with {x}", "", "", ""),
    "shelf_life": ("<keeps> for {x}", "a shelf life of {x}", "", ""),
}
_STANDING = {
    "care": "(For care, {x}|Care is simple to follow: {x}|To care for it, {x})",
    "storage": "(For storage, {x}|To store it, {x})",
}
_PROPER = frozenset({"brand", "series", "origin", "compatibility", "connectivity", "model", "size"})
_KEEPS_CASE = re.compile(
    r"name|series|brand|character|model|collection|compatib|licence|license|artist|author|title|team"
)
_ADJECTIVAL = re.compile(
    r"(?:safe|resistant|proof|washable|free|able|ible|less|powered|made|friendly|scented|handmade)$"
)
_OCCASIONS = frozenset(
    "casual formal festive everyday party sports special business daily smart outdoor indoor".split()
)
_THE = re.compile(
    r"^(?:uk|usa|us|united|netherlands|philippines|czech republic|uae)\b", re.IGNORECASE
)
_PLURAL_WORDS = frozenset(
    {"scissors", "trousers", "shorts", "leggings", "tights", "glasses", "pants", "jeans", "pyjamas"}
)
_SINGULAR_S = ("ss", "us", "is", "ics", "as", "os")


def with_article(phrase: str) -> str:
    """ "an oak lamp", "a USB port", "an 8 cm gap"; a plural or a phrase with its own determiner stays bare."""
    first = phrase.split()[0] if phrase.split() else ""
    if not first or first.lower() in ("a", "an", "the", "no", "two", "three", "some"):
        return phrase
    return f"{'an' if _sounds_vowel(first) else 'a'} {phrase}"


def _sounds_vowel(word: str) -> bool:
    if word[0].isdigit():
        digits = re.match(r"\d+", word).group()  # type: ignore[union-attr]
        return digits.startswith("8") or digits in ("11", "18")
    if re.match(r"[A-Z]{2,}", word) or len(word.split("-")[0]) == 1:
        return (
            word[0] in "AEFHILMNORSX"
            if word.isupper() or "-" in word
            else word[0].lower() in "aeiou"
        )
    lower = word.lower()
    if re.match(r"uni(?!n)|us[eau]|eu|one|ubi|ut[ei]", lower):
        return False
    return lower[0] in "aeiou" or lower.startswith(("hour", "honest", "heir", "honour"))


def is_plural(noun: str) -> bool:
    """Whether a noun phrase is plural by its last word: "curtains", but not "glass" or "set of coasters"."""
    words = re.split(r"\s+(?:of|for|with|in)\s+", noun.lower().strip())[0].split()
    if not words:
        return False
    last = re.sub(r"[^a-z]", "", words[-1])
    return last in _PLURAL_WORDS or (
        len(last) > 3 and last.endswith("s") and not last.endswith(_SINGULAR_S)
    )


def decapitalise(value: str, keeps_case: bool = False) -> str:
    """Catalogue capitals to those of a sentence: "Solid Oak" to "solid oak"; names, codes and acronyms stay."""
    if keeps_case:
        return value
    return " ".join(_lower_word(word) for word in value.split())


def _lower_word(word: str) -> str:
    if (
        concept_table("origin").knows(word.lower())
        and word[:1].isupper()
        and word.lower() != "china"
    ):
        return word
    if re.fullmatch(r"[A-Z][a-zé'’]+(?:[-/][A-Za-z]+)*[,.]?", word):
        return word.lower()
    if word.isupper() and len(word) > 4 and word.isalpha():
        return word.lower()
    known = word.lower().strip(",")
    if word.isupper() and (
        concept_table("colour").knows(known) or concept_table("material").knows(known)
    ):
        return word if known in ("abs", "pvc", "mdf") else word.lower()
    return word


def parts(facts: Sequence[Fact], rng: random.Random) -> list[Part]:
    """Every claimable English fact as a part; related facts (length and width, yes-and-no features) as one."""
    bundles = bundle(facts)
    made: list[Part] = []
    dimensions = _dimensions(bundles)
    if dimensions:
        made.append(dimensions)
    by_stem: dict[str, list[tuple[str, Bundle]]] = {}
    for name, item in bundles.items():
        if name in ("type", "category") or (dimensions and name in LENGTH_KEYS):
            continue
        compound = re.fullmatch(r"(.+?) (colou?r|material|shape|type|design|finish)", name)
        if item.group == "other" and compound and not _polar(item):
            by_stem.setdefault(compound.group(1), []).append((compound.group(2), item))
            continue
        part = _part(item, rng)
        if part:
            made.append(part)
    made.extend(_compound(stem, members) for stem, members in by_stem.items())
    return made


def _polar(item: Bundle) -> str:
    word = item.values[0].lower().strip() if len(item.values) == 1 else ""
    return "yes" if word in YES else "no" if word in NO else ""


def _clean(item: Bundle) -> str:
    keeps = item.name in _PROPER or bool(_KEEPS_CASE.search(item.name))
    values = []
    for value in item.values:
        measured = localise(value, "en")
        values += (
            [measured] if measured else [decapitalise(part, keeps) for part in split_list(value)]
        )
    values = [re.sub(r"[\s.;,]+$", "", value) for value in values]
    return join_list([value for value in dict.fromkeys(values) if value] or [""], " and ")


def _part(item: Bundle, rng: random.Random) -> Part | None:
    value = _clean(item)
    polar = _polar(item)
    if not value or polar == "no":
        return None
    if polar == "yes":
        return _yes(item)
    special = _special(item, value, rng)
    if special is not None:
        return special if special.keys else None
    shaped = _by_shape(item, value)
    if shaped:
        return shaped
    if item.name in _STANDING:
        return Part(
            item.keys,
            item.name,
            item.group,
            value,
            sentence=_fill(expand(_STANDING[item.name], rng), value),
        )
    forms = _FORMS.get(item.name)
    if forms is None:
        return _unknown(item, value)
    predicate, possessed, front, modifier = (_fill(expand(form, rng), value) for form in forms)
    return Part(item.keys, item.name, item.group, value, predicate, possessed, "", front, modifier)


def _fill(template: str, value: str) -> str:
    def put(match: re.Match[str]) -> str:
        noun = match["noun"] or ""
        ends = value.lower().rstrip("s").endswith(noun.rstrip("s").lower()) if noun else True
        phrase = value if ends else f"{value} {noun}"
        return with_article(phrase) if match["article"] and not is_plural(phrase) else phrase

    return re.sub(r"\{(?P<article>a?)x(?:\+(?P<noun>[^}]+))?\}", put, template)


def _special(item: Bundle, value: str, rng: random.Random) -> Part | None:
    """Keys whose phrasing depends on the value; a Part without keys says that there is nothing to say."""
    name, keys, group = item.name, item.keys, item.group
    silent = Part((), name, group)
    lower = value.lower()
    if name == "colour" and lower.startswith("multi"):
        return Part(keys, name, group, "multicoloured", adjective="multicoloured")
    if name == "material":
        noun = {"wooden": "wood", "woollen": "wool", "metallic": "metal", "golden": "gold"}.get(
            lower
        )
        return _refilled(item, noun, rng) if noun else None
    if name == "origin":
        country = re.sub(r"^made in\s+(?:the\s+)?", "", value, flags=re.IGNORECASE)
        return _refilled(item, f"the {country}" if _THE.match(country) else country, rng)
    if name == "size":
        return _size(item, value)
    if name == "capacity" and {q.dimension for q in quantities_of(value)} == {"volume"}:
        return Part(
            keys,
            name,
            group,
            value,
            f"<holds> {value}",
            f"a capacity of {value}",
            "",
            f"with a capacity of {value}",
        )
    if name == "pack_count":
        count = re.search(r"\d+", value)
        if not count or int(count.group()) < 2:
            return silent
        return Part(
            keys,
            name,
            group,
            value,
            f"<comes> {rng.choice(('in', 'as'))} a pack of {count.group()}",
        )
    if name == "warranty":
        if lower.startswith("no ") or len(value.split()) > 7:
            return silent
        return Part(
            keys,
            name,
            group,
            value,
            f"<comes> with {with_article(_fill('{x+warranty}', _adjectival(value)))}",
        )
    if name == "audience":
        people = re.sub(r"'s\b", "s", value)
        if lower == "unisex":
            return Part(keys, name, group, value, adjective="unisex")
        return _refilled(item, people, rng)
    if name == "age_range":
        if not re.search(r"\d", value):
            return _from_forms(item, value, "audience", rng)
        return _refilled(
            item, re.sub(r"^(?:ages?|from)\s+|(?<=\d)\s+years?(?: old)?$", "", value), rng
        )
    if name == "occasion":
        kinds = [word.strip() for word in re.split(r",| and ", value)]
        said = (
            f"{value} occasions"
            if all(kind in _OCCASIONS for kind in kinds)
            else f"occasions such as {value}"
        )
        return Part(keys, name, group, value, f"<suits> {said}")
    if name == "sleeve":
        sleeves = re.sub(r"\s*sleeves?$", "", value)
        if lower == "sleeveless":
            return Part(keys, name, group, value, adjective="sleeveless")
        return Part(keys, name, group, value, possessed=f"{sleeves} sleeves")
    if name == "power_source":
        if lower.endswith("powered"):
            return Part(keys, name, group, value, adjective=lower)
        return Part(keys, name, group, value, f"<is> powered by {_acronym(value)}")
    if name == "gsm" and re.fullmatch(r"\d+", value):
        return _refilled(item, f"{value} gsm", rng)
    if name in ("scent", "flavour") and re.search(r"free$|^un", lower):
        return Part(keys, name, group, value, adjective=value)
    return None


def _refilled(item: Bundle, value: str, rng: random.Random) -> Part:
    return _from_forms(item, value, item.name, rng)


def _from_forms(item: Bundle, value: str, forms: str, rng: random.Random) -> Part:
    predicate, possessed, front, modifier = (
        _fill(expand(form, rng), value) for form in _FORMS[forms]
    )
    return Part(item.keys, item.name, item.group, value, predicate, possessed, "", front, modifier)


def _size(item: Bundle, value: str) -> Part:
    keys, name, group = item.keys, item.name, item.group
    measured = quantities_of(value)
    if localise(value, "en") and measured[0].unit:
        if measured[0].dimension == "length" and len(measured) > 1:
            return Part(keys, name, group, value, f"<measures> {value}", front=f"measuring {value}")
        return Part(
            keys,
            name,
            group,
            value,
            f"<comes> in {with_article(_adjectival(value))} size",
            modifier=f"in the {_adjectival(value)} size",
        )
    counted = re.fullmatch(r"(\d+) ([a-z]+(?: [a-z]+)?)", value)
    if counted and is_plural(counted.group(2)):
        return Part(keys, name, group, value, f"<contains> {value}", front=f"with {value}")
    if counted:
        return Part(
            keys, name, group, value, f"<comes> in the {counted.group(1)}-{counted.group(2)} size"
        )
    said = (
        f"size {value}"
        if len(value) <= 4 or value.isdigit()
        else f"{with_article(value.lower())} size"
    )
    return Part(keys, name, group, value, f"<comes> in {said}", modifier=f"in {said}")


def _adjectival(value: str) -> str:
    """ "2 years" before a noun is "2-year"."""
    return re.sub(
        r"(\d) (year|month|week|day|hour|litre|minute|metre)s?\b",
        r"\1-\2",
        value,
        flags=re.IGNORECASE,
    )


def _acronym(value: str) -> str:
    return "mains electricity" if value.lower() in ("ac", "mains", "electric") else value


def _yes(item: Bundle) -> Part:
    name = item.name
    if _ADJECTIVAL.search(name):
        return Part(item.keys, name, item.group, name, adjective=name)
    noun = name if is_plural(name) else with_article(name)
    return Part(item.keys, name, item.group, name, possessed=noun)


def _by_shape(item: Bundle, value: str) -> Part | None:
    """Values that are phrases already tell by their first words how they want to be said."""
    keys, name, group = item.keys, item.name, item.group
    first = value.split()[0].lower()
    if first == "with":
        return Part(keys, name, group, value, f"<comes> {value}", modifier=value)
    if first == "for":
        return Part(keys, name, group, value, f"<is> meant {value}", modifier=value)
    if first == "no":
        return Part(keys, name, group, value, possessed=value)
    if first in (
        "suitable",
        "made",
        "designed",
        "ready",
        "available",
        "based",
        "tested",
        "certified",
    ):
        return Part(keys, name, group, value, f"<is> {value}", front=value)
    if (
        _ADJECTIVAL.search(value)
        and len(value.split()) <= 3
        and group in ("care", "other", "use", "power")
    ):
        return Part(keys, name, group, value, adjective=value)
    return None


def _unknown(item: Bundle, value: str) -> Part | None:
    name = item.name
    if not re.search(r"[a-z]", name):
        return None
    if value.lower().endswith(name):
        said = value if is_plural(value) else with_article(value)
        return Part(item.keys, name, item.group, value, possessed=said)
    if len(value.split()) > 6:
        return Part(item.keys, name, item.group, value, sentence=f"{name}: {value}")
    return Part(
        item.keys,
        name,
        item.group,
        value,
        sentence=f"the {name} {'are' if is_plural(name) else 'is'} {value}",
    )


def _compound(stem: str, members: list[tuple[str, Bundle]]) -> Part:
    """Strap colour and strap material together: "a brown leather strap"."""
    order = ("shape", "type", "finish", "design", "color", "colour", "material")
    members = sorted(members, key=lambda member: order.index(member[0]))
    words: list[str] = []
    for _, item in members:
        value = re.sub(
            rf"\s*\b{re.escape(stem)}\b\s*", " ", _clean(item), flags=re.IGNORECASE
        ).strip()
        words += [word for word in value.split() if word not in words]
    phrase = f"{' '.join(words)} {stem}".strip()
    keys = tuple(key for _, item in members for key in item.keys)
    said = phrase if is_plural(stem) else with_article(phrase)
    return Part(keys, stem, "other", phrase, possessed=said)


_SIDES = {"length": "long", "width": "wide", "height": "high", "depth": "deep"}


def _dimensions(bundles: dict[str, Bundle]) -> Part | None:
    sides = [
        (name, localise(bundles[name].values[0], "en")) for name in LENGTH_KEYS if name in bundles
    ]
    if len(sides) < 2 or not all(value for _, value in sides):
        return None
    said = join_list([f"{value} {_SIDES[name]}" for name, value in sides], " and ")
    keys = tuple(key for name, _ in sides for key in bundles[name].keys)
    return Part(keys, "dimensions", "measure", said, f"<is> {said}", front=said)


def label_of(fact: Fact) -> str:
    """How running English names the fact's key."""
    return key_info(fact.key).label_en
