"""The assortment: families and variants composed from the vocabulary, with their latent
properties.
"""

from dataclasses import dataclass
from decimal import Decimal
from itertools import product as combinations

import numpy as np
from numpy.typing import NDArray

from .parameters import Parameters
from .vocabulary import DEPARTMENTS, Category, Department, Pair, ProductType

SIZE_PRICE_LASTING = (1.0, 1.3, 1.65)
SIZE_PRICE_CONSUMED = (1.0, 1.8, 3.1)
SIZE_LASTS = (1.0, 1.25, 1.5, 1.75)
"""A larger pack lasts longer, though less than in proportion: who buys it uses more."""
VARIANTS = (0.22, 0.33, 0.25, 0.20)
"""Probability that a family has 1, 2, 3 or 4 variants."""
BARREN_TURNS = 20
"""Turns through the vocabulary without a new family after which it counts as used up."""


@dataclass(frozen=True)
class Item:
    """One product before it is written: what it is made of, and its place in the assortment."""

    department: Department
    category: Category
    kind: ProductType
    brand: str
    line: Pair
    material: Pair | None
    option: Pair | None
    size: Pair | None
    size_rank: int
    origin: Pair
    facts: tuple[tuple[str, Pair], ...]
    weight: Decimal | None
    price: Decimal
    family: int


@dataclass(frozen=True)
class Catalogue:
    """Items sorted by category, and arrays over them (``N`` items, ``C`` categories, ``F``
    families).
    """

    items: list[Item]
    skus: list[str]
    categories: list[tuple[Department, Category]]
    category: NDArray[np.int64]
    category_start: NDArray[np.int64]
    family: NDArray[np.int64]
    brand: NDArray[np.int64]
    brand_count: int
    price: NDArray[np.float64]
    price_level: NDArray[np.float64]
    size_rank: NDArray[np.float64]
    style: NDArray[np.float64]
    popularity: NDArray[np.float64]
    quality: NDArray[np.float64]
    interval: NDArray[np.float64]
    launch: NDArray[np.int64]
    withdrawal: NDArray[np.int64]
    mates: NDArray[np.int64]
    after: list[list[int]]

    def available(self, day: int, parameters: Parameters) -> NDArray[np.float64]:
        """Return the factor on each item's weight on ``day``: 0 when not sold, above 1 while new.
        Shape ``(N,)``.
        """
        age = day - self.launch
        factor = np.where((age >= 0) & (day < self.withdrawal), 1.0, 0.0)
        new = (self.launch > 0) & (age >= 0) & (age < parameters.novelty_days)
        return factor * np.where(new, parameters.novelty_boost, 1.0)


def build_catalogue(
    rng: np.random.Generator, *, products: int, days: int, parameters: Parameters
) -> Catalogue:
    """Compose ``products`` items; every department is present once there are some 30 of them."""
    items = _compose(rng, products)
    order = sorted(range(len(items)), key=lambda n: _shelf(items[n]))
    items = [items[n] for n in order]
    shelves = sorted({_shelf(item) for item in items})
    category = np.array([shelves.index(_shelf(item)) for item in items])
    by_shelf = {_shelf(item): (item.department, item.category) for item in items}
    categories = [by_shelf[shelf] for shelf in shelves]
    family = np.unique([item.family for item in items], return_inverse=True)[1]
    brands = sorted({item.brand for item in items})
    brand = np.array([brands.index(item.brand) for item in items])
    price = np.array([float(item.price) for item in items])
    style = _style(rng, items, family, brand, parameters)
    launch, withdrawal = _life(rng, family, days, parameters)
    keys = [f"{department.key}/{shelf.key}" for department, shelf in categories]
    after = [[keys.index(key) for key in shelf.after if key in keys] for _, shelf in categories]
    quality = _family_normal(rng, family, 0.28) + rng.normal(0, 0.12, len(items))
    return Catalogue(
        items=items,
        skus=_skus(items),
        categories=categories,
        category=category,
        category_start=np.searchsorted(category, np.arange(len(categories))),
        family=family,
        brand=brand,
        brand_count=len(brands),
        price=price,
        price_level=_price_level(price, category),
        size_rank=np.array([item.size_rank for item in items], dtype=float),
        style=style,
        popularity=_family_normal(rng, family, parameters.family_popularity)
        + rng.normal(0, parameters.variant_popularity, len(items))
        + 0.6 * quality,
        quality=quality,
        interval=np.array(
            [item.kind.interval * SIZE_LASTS[item.size_rank] for item in items], dtype=float
        ),
        launch=launch,
        withdrawal=withdrawal,
        mates=_mates(style, category, after),
        after=after,
    )


def _shelf(item: Item) -> tuple[int, int]:
    return DEPARTMENTS.index(item.department), item.department.categories.index(item.category)


def _compose(rng: np.random.Generator, products: int) -> list[Item]:
    """Add families in turn over all product types, departments interleaved, until there are
    enough items.
    """
    kinds = sorted(
        (
            (position, shelf, number)
            for number, department in enumerate(DEPARTMENTS)
            for shelf, category in enumerate(department.categories)
            for position in range(len(category.types))
        ),
    )
    items: list[Item] = []
    used: set[tuple[str, ...]] = set()
    family = 0
    turn = fresh = 0
    while turn - fresh < BARREN_TURNS:
        for position, shelf, number in kinds:
            if len(items) >= products:
                return items[:products]
            department = DEPARTMENTS[number]
            category = department.categories[shelf]
            kind = category.types[position]
            line = kind.lines[turn % len(kind.lines)]
            brand = str(rng.choice(department.brands))
            material = (
                kind.materials[int(rng.integers(len(kind.materials)))] if kind.materials else None
            )
            signature = (
                category.key,
                kind.noun.en,
                line.en,
                brand,
                material.en if material else "",
            )
            if signature in used:
                continue
            used.add(signature)
            items += _family(rng, department, category, kind, brand, line, material, family)
            family += 1
            fresh = turn
        turn += 1
    raise ValueError(f"the vocabulary cannot fill {products} products; {len(items)} were composed")


def _family(
    rng: np.random.Generator,
    department: Department,
    category: Category,
    kind: ProductType,
    brand: str,
    line: Pair,
    material: Pair | None,
    family: int,
) -> list[Item]:
    options: tuple[Pair | None, ...] = kind.options or (None,)
    sizes: tuple[Pair | None, ...] = kind.sizes or (None,)
    variants = [(option, rank) for option, rank in combinations(options, range(len(sizes)))]
    count = min(len(variants), 1 + int(rng.choice(len(VARIANTS), p=VARIANTS)))
    chosen = sorted(rng.choice(len(variants), count, replace=False))
    low, high = np.log(kind.price)
    base = float(np.exp(rng.uniform(low, high)))
    steps = SIZE_PRICE_CONSUMED if kind.interval else SIZE_PRICE_LASTING
    weight = float(np.exp(rng.uniform(*np.log(kind.weight)))) if kind.weight else 0.0
    facts = tuple(
        (key, values[int(rng.integers(len(values)))]) for key, values in category.facts.items()
    )
    origins = category.origins or department.origins
    origin = origins[int(rng.integers(len(origins)))]
    return [
        Item(
            department=department,
            category=category,
            kind=kind,
            brand=brand,
            line=line,
            material=material,
            option=variants[n][0],
            size=sizes[variants[n][1]],
            size_rank=variants[n][1],
            origin=origin,
            facts=facts,
            weight=Decimal(f"{weight * steps[variants[n][1]]:.2f}") if kind.weight else None,
            price=_shelf_price(base * steps[variants[n][1]]),
            family=family,
        )
        for n in chosen
    ]


def _shelf_price(amount: float) -> Decimal:
    """Round to the endings people know: .50 and .90 below 50, whole numbers ending in .00 above."""
    if amount >= 50:
        return Decimal(round(amount)).quantize(Decimal("0.01"))
    whole = int(amount)
    return Decimal(whole) + (Decimal("0.50") if amount - whole < 0.5 else Decimal("0.90"))


def _skus(items: list[Item]) -> list[str]:
    counts: dict[str, int] = {}
    skus = []
    for item in items:
        prefix = item.department.key[:3].upper()
        counts[prefix] = counts.get(prefix, 0) + 1
        skus.append(f"{prefix}-{counts[prefix]:04d}")
    return skus


def _family_normal(
    rng: np.random.Generator, family: NDArray[np.int64], deviation: float
) -> NDArray[np.float64]:
    return rng.normal(0, deviation, family.max() + 1)[family]


def _price_level(price: NDArray[np.float64], category: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the logarithm of the price, standardised within its category."""
    level = np.log(price)
    for number in np.unique(category):
        rows = category == number
        level[rows] = (level[rows] - level[rows].mean()) / (level[rows].std() + 0.1)
    return level


def _style(
    rng: np.random.Generator,
    items: list[Item],
    family: NDArray[np.int64],
    brand: NDArray[np.int64],
    parameters: Parameters,
) -> NDArray[np.float64]:
    """Return latent styles ``(N, K)``: mostly what the facts say (line, brand, material, option),
    partly their own.
    """
    size = parameters.latent_dimensions
    vectors: dict[str, NDArray[np.float64]] = {}

    def vector(name: str) -> NDArray[np.float64]:
        if name not in vectors:
            vectors[name] = rng.normal(0, 1, size)
        return vectors[name]

    parts = np.array(
        [
            0.55 * vector("line " + item.kind.noun.en + item.line.en)
            + 0.50 * vector("brand " + item.brand)
            + 0.35 * vector("material " + (item.material.en if item.material else ""))
            + 0.45 * vector("option " + (item.option.en if item.option else ""))
            for item in items
        ]
    )
    own = rng.normal(0, 0.30, (family.max() + 1, size))[family] + rng.normal(
        0, 0.15, (len(items), size)
    )
    return parts + own


def _life(
    rng: np.random.Generator, family: NDArray[np.int64], days: int, parameters: Parameters
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each item's first day (0: there from the start) and the day it is withdrawn (``days
    + 1``: never).
    """
    families = family.max() + 1
    new = rng.random(families) < parameters.new_families
    launch = np.where(new, rng.integers(1, max(2, days), families), 0)[family]
    gone = (rng.random(len(family)) < parameters.withdrawn) & (launch == 0)
    withdrawal = np.where(
        gone, rng.integers(max(1, days // 5), max(2, days * 3 // 5), len(family)), days + 1
    )
    return launch, withdrawal


def _mates(
    style: NDArray[np.float64], category: NDArray[np.int64], after: list[list[int]]
) -> NDArray[np.int64]:
    """Return for each item the three products of its complement categories closest in style; -1
    where there are none.
    """
    mates = np.full((len(category), 3), -1)
    for number, complements in enumerate(after):
        rows = np.flatnonzero(category == number)
        pool = np.flatnonzero(np.isin(category, complements))
        if not len(pool):
            continue
        distance = ((style[rows, None, :] - style[None, pool, :]) ** 2).sum(axis=2)
        nearest = np.argsort(distance, axis=1, kind="stable")[:, :3]
        mates[rows, : nearest.shape[1]] = pool[nearest]
    return mates
