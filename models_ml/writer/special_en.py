"""English phrasing of the keys whose values decide how they are said."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from models_ml.writer.english import before_noun, countable, is_plural, with_article
from models_ml.writer.grammar import join_list
from models_ml.writer.lexicon import words
from models_ml.writer.localise import localise
from models_ml.writer.phrases import Bundle, Part
from models_ml.writer.quantities import quantities_of

Special = Callable[[Bundle, str, random.Random], Part | str | None]
"""From facts, their value and a generator to a part, or to the value for the usual forms."""

_ADJECTIVAL = re.compile(
    r"(?:safe|resistant|proof|stick|washable|free|able|ible|less|powered|made|friendly|scented|baked|dried|packed|grade)$"
)
_OCCASIONS = frozenset(
    words("casual|formal|festive|everyday|party|special|business|daily|smart|outdoor")
)
_WITH_THE = re.compile(r"^(?:uk|usa|us|united|netherlands|philippines|czech|uae)\b", re.IGNORECASE)
_MATERIAL_NOUNS = {
    "wooden": "wood",
    "woollen": "wool",
    "woolen": "wool",
    "metallic": "metal",
    "golden": "gold",
}
_ADJECTIVE_COLOURS = frozenset({"natural", "clear", "light", "dark", "neutral", "transparent"})
_PARTICIPLE = re.compile(
    r"(?:suitable|made|designed|ready|available|based|tested|certified|rated)\b"
)
_VERB = re.compile(r"(?:contains|packs|folds|includes|fits|comes|works|holds|needs)\b")
_IN_THE_BOX = (
    "in the box: {}",
    "the box holds {}",
    "box contents: {}",
    "the package contains {}",
    "what you get: {}",
    "you receive {}",
    "supplied: {}",
    "each package comes with {}",
)
_PACKED = ("<comes> in", "<comes> as", "<is> sold as", "<is> supplied as", "<arrives> as")
_SIZED = ("<comes> in", "<is> offered in", "<is> sold in")
_WARRANTED = ("<comes> with", "<carries>", "<is> covered by", "<is> sold with")
_SUITED = ("<suits>", "<is> suited to", "<works> for", "<is> meant for")
_PACK_OF = (
    "pack of {}",
    "sold as a pack of {}",
    "quantity per pack: {}",
    "supplied as a pack of {}",
    "number of items in the pack: {}",
    "this is a pack of {}",
    "units per pack: {}",
)
_LONGEST_WARRANTY = 7
"""Words; longer ones are terms and conditions."""


def is_adjectival(value: str) -> bool:
    """Whether a short value follows "is" by its last word: "dishwasher safe", "freeze-dried"."""
    return bool(_ADJECTIVAL.search(value)) and len(value.split()) <= 3


def by_shape(item: Bundle, value: str) -> Part | None:
    """Values that are phrases already tell by their first words how they want to be said."""
    first, _, rest = value.partition(" ")
    first = first.lower()
    if first == "with":
        said = f"with {rest if ' and ' in rest else with_article(rest)}"
        return item.part(value, f"<comes> {said}", modifier=said)
    if first == "for":
        return item.part(value, f"<is> meant {value}", modifier=value)
    if first == "not":
        return item.part(value, f"<is> {value}")
    if first == "no" and item.name != "free_of":
        return item.part(value, possessed=value)
    if _PARTICIPLE.match(value):
        return item.part(value, f"<is> {value}", front=value)
    if _VERB.match(value):
        return item.part(value, f"<{first}> {rest}")
    if is_adjectival(value) and item.group in ("care", "other", "use", "power", "taste", "pack"):
        return item.part(value, adjective=value)
    return None


def _colour(item: Bundle, value: str, rng: random.Random) -> Part | str | None:
    if value.lower().startswith("multi"):
        return item.part("multicoloured", adjective="multicoloured")
    return f"a {value} colour" if value.lower() in _ADJECTIVE_COLOURS else None


def _material(item: Bundle, value: str, rng: random.Random) -> str | None:
    nouns = [_MATERIAL_NOUNS.get(word.lower(), word) for word in value.split()]
    return " ".join(nouns) if nouns[-1] != value.split()[-1] or " and " in value else None


def _origin(item: Bundle, value: str, rng: random.Random) -> str:
    country = re.sub(r"^made in\s+(?:the\s+)?", "", value, flags=re.IGNORECASE)
    region = re.fullmatch(r"([A-Z]\w+) \(?(China|India|Japan|Italy|France|Spain)\)?", country)
    if region:
        return f"{region.group(1)}, {region.group(2)}"
    return f"the {country}" if _WITH_THE.match(country) else country


def _side(item: Bundle, value: str, rng: random.Random) -> Part | None:
    """A length or height in words ("knee length") is no measure."""
    if re.search(r"\d", value):
        return None
    phrase = value if value.lower().endswith(item.name) else f"{value} {item.name}"
    return item.part(value, possessed=with_article(phrase))


def _size(item: Bundle, value: str, rng: random.Random) -> Part:
    measured = quantities_of(value)
    if localise(value, "en") and measured[0].unit:
        sized = f"{with_article(before_noun(value))} size"
        if measured[0].dimension == "length":
            single = len(measured) == 1 and rng.random() < 0.4
            said = f"<comes> in {sized}" if single else f"<measures> {value}"
            return item.part(value, said, front=f"measuring {value}")
        return item.part(value, f"{rng.choice(_SIZED)} {sized}", modifier=f"in {sized}")
    counted = re.fullmatch(r"(\d+) ([A-Za-z]+(?: [A-Za-z]+)?)", value)
    if counted:
        return _counted(item, int(counted.group(1)), counted.group(2), rng)
    named = re.fullmatch(r"[SMLX\d]{1,4}|[A-Z]\d", value) or value.isdigit()
    said = f"size {value}" if named else f"{with_article(value.lower())} size"
    return item.part(value, f"{rng.choice(_SIZED)} {said}", modifier=f"in {said}")


def _counted(item: Bundle, count: int, noun: str, rng: random.Random) -> Part:
    value = f"{count} {noun}"
    if count < 2:
        return item.silent(rng.choice(_IN_THE_BOX).format(value))
    if noun in ("person", "seater", "man"):
        return item.part(value, f"<comes> in the {count}-{noun} size")
    if not is_plural(noun):
        return item.silent()
    if re.search(r"(?:can|bag|bottle|tin|sachet|pouch|box|pack|roll|tube|jar)e?s$", noun):
        return item.part(value, f"<comes> as {value}")
    return item.part(
        value, rng.choice((f"<comes> with {value}", f"<contains> {value}")), front=f"with {value}"
    )


def _capacity(item: Bundle, value: str, rng: random.Random) -> Part | None:
    if {quantity.dimension for quantity in quantities_of(value)} != {"volume"}:
        return None
    said = f"a capacity of {value}"
    return item.part(
        value, rng.choice((f"<holds> {value}", "")), possessed=said, front=f"with {said}"
    )


def _box_contents(item: Bundle, value: str, rng: random.Random) -> Part | str | None:
    if re.fullmatch(r"\d+ [A-Za-z]+(?: [A-Za-z]+)?", value):
        return _size(item, value, rng)
    if re.match(r"(?:with|packs|no|not|for|folds)\b", value):
        return None
    return join_list([countable(part) for part in re.split(r", | and ", value)], " and ")


def _pack_count(item: Bundle, value: str, rng: random.Random) -> Part:
    count = re.search(r"\d+", value)
    if not count or int(count.group()) < 2:
        return item.silent(rng.choice(_PACK_OF).format(count.group()) if count else "")
    return item.part(value, f"{rng.choice(_PACKED)} a pack of {count.group()}")


def _warranty(item: Bundle, value: str, rng: random.Random) -> Part:
    if value.lower().startswith("no ") or len(value.split()) > _LONGEST_WARRANTY:
        return item.silent()
    span = re.match(
        r"(\d+|one|two|three|five|ten)[ -](year|month|day)s?\b(.*)", value, re.IGNORECASE
    )
    said = f"{span[1]}-{span[2].lower()}{span[3]}" if span else value
    said = said if "warranty" in said.lower() or "guarantee" in said.lower() else f"{said} warranty"
    said = with_article(said.replace(" Warranty", " warranty"))
    return item.part(value, f"{rng.choice(_WARRANTED)} {said}")


def _audience(item: Bundle, value: str, rng: random.Random) -> Part | str:
    if value.lower() == "unisex":
        return item.part(value, adjective="unisex")
    return re.sub(r"'s\b", "s", value)


def _age_range(item: Bundle, value: str, rng: random.Random) -> Part | str:
    if not re.search(r"\d", value):
        return item.part(
            value, rng.choice(("<is> meant for ", "<suits> ")) + value, modifier=f"for {value}"
        )
    start = re.fullmatch(
        r"(?:from )?(\d+)(?: years?)?(?: and over| and up|\+| or older)?(?: years?)?", value
    )
    if start and ("from" in value or "+" in value or "over" in value or "up" in value):
        said = f"from {start.group(1)} years of age"
        return item.part(value, f"<is> suitable {said}")
    return re.sub(r"^(?:ages?|from)\s+|(?<=\d)\s+years?(?: old)?$", "", value)


def _occasion(item: Bundle, value: str, rng: random.Random) -> Part:
    kinds = [word.strip() for word in re.split(r",| and ", value)]
    plain = all(kind in _OCCASIONS for kind in kinds)
    verb = rng.choice(_SUITED)
    return item.part(
        value, f"{verb} {value} occasions" if plain else f"{verb} occasions such as {value}"
    )


def _sleeve(item: Bundle, value: str, rng: random.Random) -> Part:
    if value.lower() == "sleeveless":
        return item.part(value, adjective="sleeveless")
    return item.part(value, possessed=re.sub(r"\s*sleeves?$", "", value) + " sleeves")


def _power_source(item: Bundle, value: str, rng: random.Random) -> Part:
    if value.lower().endswith("powered"):
        return item.part(value, adjective=value.lower())
    source = "mains electricity" if value.lower() in ("ac", "mains", "electric") else value
    return item.part(value, f"<is> powered by {source}")


def _battery(item: Bundle, value: str, rng: random.Random) -> Part | None:
    if any(quantity.dimension == "time" for quantity in quantities_of(value)):
        return item.part(value, f"<offers> {value}")
    return None


def _connectivity(item: Bundle, value: str, rng: random.Random) -> str:
    return with_article(value) if re.search(r"(?:plug|cable|port|jack|socket)$", value) else value


def _feature(item: Bundle, value: str, rng: random.Random) -> str | None:
    if is_adjectival(value) or _PARTICIPLE.match(value):
        return None
    return join_list([countable(part) for part in re.split(r", | and ", value)], " and ")


def _comfort(item: Bundle, value: str, rng: random.Random) -> str:
    return re.sub(r"^comfort\s+", "", value)


def _gsm(item: Bundle, value: str, rng: random.Random) -> str | None:
    return f"{value} gsm" if re.fullmatch(r"\d+", value) else None


def _without(item: Bundle, value: str, rng: random.Random) -> Part:
    return (
        item.part(value, f"<contains> {value}")
        if value.startswith("no ")
        else item.part(value, f"<is> free of {value}")
    )


def _smell_or_taste(item: Bundle, value: str, rng: random.Random) -> Part | None:
    return item.part(value, adjective=value) if re.search(r"free$|^un", value.lower()) else None


def _assembly(item: Bundle, value: str, rng: random.Random) -> Part | None:
    if value.lower().startswith("no "):
        return item.part(value, f"<needs> {value}")
    return item.part(value, f"<comes> {value}") if is_adjectival(value) else None


def _care(item: Bundle, value: str, rng: random.Random) -> Part | None:
    """A care fact that names a thing ("removable cover") instead of telling what to do."""
    if is_adjectival(value):
        return item.part(value, adjective=value)
    if len(value.split()) <= 3 and re.search(r"(?:cover|lining|bag|box|tin|pouch)$", value):
        verb = "<comes> in" if value.endswith(("bag", "box", "tin", "pouch")) else "<has>"
        return item.part(value, f"{verb} {with_article(value)}")
    return None


SPECIAL: dict[str, Special] = {
    "colour": _colour,
    "material": _material,
    "origin": _origin,
    "size": _size,
    "length": _side,
    "width": _side,
    "height": _side,
    "capacity": _capacity,
    "box_contents": _box_contents,
    "pack_count": _pack_count,
    "warranty": _warranty,
    "audience": _audience,
    "age_range": _age_range,
    "occasion": _occasion,
    "sleeve": _sleeve,
    "power_source": _power_source,
    "battery_type": _battery,
    "connectivity": _connectivity,
    "comfort": _comfort,
    "feature": _feature,
    "gsm": _gsm,
    "free_of": _without,
    "scent": _smell_or_taste,
    "flavour": _smell_or_taste,
    "assembly": _assembly,
    "care": _care,
    "storage": _care,
}
