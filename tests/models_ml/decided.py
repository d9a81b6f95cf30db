"""Decided texts for tests: products of the builtin writer, edited by a scripted house style."""

from collections.abc import Callable

from models_ml.bench.house_styles import PLAIN
from models_ml.writer.facts import Fact
from models_ml.writer.preference.data import Decided
from models_ml.writer.realiser import write

COLOURS = ("black", "white", "sage green", "navy", "red")
ORIGINS = ("Portugal", "Japan", "Poland", "Vietnam")
MATERIALS = ("oak", "cotton", "stoneware", "linen", "steel", "wool")
BRANDS = ("Acme", "Hearthway", "Northtone")
NOUNS = ("Mug", "Bowl", "Tray", "Blanket")


def facts_of(number: int) -> tuple[Fact, ...]:
    """Return the facts of one made-up product."""
    return (
        Fact("brand", BRANDS[number % len(BRANDS)]),
        Fact("material", MATERIALS[number % len(MATERIALS)], "", "en"),
        Fact("colour", COLOURS[number % len(COLOURS)], "", "en"),
        Fact("origin", ORIGINS[number % len(ORIGINS)], "", "en"),
        Fact("weight", str(100 + 10 * number), "g"),
        Fact("capacity", str(50 * (1 + number % 9)), "ml"),
        Fact("care", "hand wash", "", "en"),
    )


def decided(
    number: int, publish: Callable[[str, str], str | None] = PLAIN.edit, seed: int = 0
) -> Decided:
    """Return what `publish(text, brand)` made of one product's draft; None stands for rejected."""
    facts = facts_of(number)
    title = f"{facts[0].value} {NOUNS[number % len(NOUNS)]}"
    text = write("description", title=title, facts=facts, language="en", seed=seed + number).text
    published = publish(text, facts[0].value)
    return Decided(f"sku-{number}", "description", "en", title, facts, text, published)


def many(count: int, publish: Callable[[str, str], str | None] = PLAIN.edit) -> list[Decided]:
    return [decided(number, publish) for number in range(count)]
