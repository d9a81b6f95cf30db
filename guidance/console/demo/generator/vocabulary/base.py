"""Words from which the generated shop's products are composed.

A *pair* is written ``"English|中文"``; a list of pairs is one string with commas, so that a
department reads like a page of a catalogue instead of a page of syntax.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Pair:
    """One text in both languages of the shop."""

    en: str
    zh: str


@dataclass(frozen=True)
class ProductType:
    """What one kind of product can be.

    ``lines`` are the design or recipe words that tell families apart; ``axis`` and ``options``
    are what varies inside a family (a colour, a scent), ``sizes`` likewise (``"600 ml"``).
    ``interval`` is the typical number of days until a consumable is used up, 0 for what lasts.
    ``weight`` is a range in kilograms.
    """

    noun: Pair
    lines: tuple[Pair, ...]
    price: tuple[float, float]
    materials: tuple[Pair, ...] = ()
    axis: str = ""
    options: tuple[Pair, ...] = ()
    sizes: tuple[Pair, ...] = ()
    interval: int = 0
    weight: tuple[float, float] | None = None


@dataclass(frozen=True)
class Category:
    """A shelf. ``after`` names the shelves ("department/category") people turn to once they
    bought here.
    """

    key: str
    name: Pair
    types: tuple[ProductType, ...]
    aspects: tuple[str, ...]
    facts: dict[str, tuple[Pair, ...]] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    return_rate: float = 0.03
    origins: tuple[Pair, ...] = ()
    """Countries of origin where they differ from the department's."""


@dataclass(frozen=True)
class Department:
    """A floor of the shop with its own (invented) brands and usual countries of origin."""

    key: str
    name: Pair
    brands: tuple[str, ...]
    origins: tuple[Pair, ...]
    categories: tuple[Category, ...]


def pair(text: str) -> Pair:
    """Parse ``"English|中文"``; a text without a bar is the same in both languages."""
    english, _, chinese = text.strip().partition("|")
    return Pair(english, chinese or english)


def pairs(text: str, table: dict[str, str] | None = None) -> tuple[Pair, ...]:
    """Parse a comma-separated list of pairs, or of keys of ``table`` (English to Chinese)."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if table is None:
        return tuple(pair(part) for part in parts)
    return tuple(Pair(part, table[part]) for part in parts)


def product_type(
    noun: str,
    lines: str,
    price: tuple[float, float],
    *,
    materials: str = "",
    colours: str = "",
    flavours: str = "",
    scents: str = "",
    sizes: str = "",
    interval: int = 0,
    weight: tuple[float, float] | None = None,
) -> ProductType:
    """Build a :class:`ProductType` from the compact notation; at most one of colours, flavours
    and scents.
    """
    axis, options = next(
        (
            (name, values)
            for name, values in (
                ("colour", pairs(colours, COLOURS)),
                ("flavour", pairs(flavours)),
                ("scent", pairs(scents)),
            )
            if values
        ),
        ("", ()),
    )
    return ProductType(
        noun=pair(noun),
        lines=pairs(lines),
        price=price,
        materials=pairs(materials, MATERIALS),
        axis=axis,
        options=options,
        sizes=pairs(sizes),
        interval=interval,
        weight=weight,
    )


COLOURS = {
    "white": "白色",
    "cream": "奶油色",
    "sand": "沙色",
    "clay": "陶土色",
    "rust": "铁锈红",
    "mustard": "芥末黄",
    "olive": "橄榄绿",
    "forest": "森林绿",
    "sage": "鼠尾草绿",
    "sky": "天蓝",
    "navy": "藏青",
    "slate": "石板灰",
    "charcoal": "炭灰",
    "black": "黑色",
    "blush": "藕粉",
    "plum": "梅子紫",
    "red": "红色",
    "natural": "原色",
}

MATERIALS = {
    "stoneware": "粗陶",
    "porcelain": "白瓷",
    "glass": "玻璃",
    "borosilicate glass": "高硼硅玻璃",
    "cast iron": "铸铁",
    "stainless steel": "不锈钢",
    "carbon steel": "碳钢",
    "aluminium": "铝合金",
    "titanium": "纯钛",
    "brass": "黄铜",
    "copper": "紫铜",
    "bamboo": "竹制",
    "oak": "橡木",
    "walnut": "胡桃木",
    "beech": "榉木",
    "acacia": "相思木",
    "cork": "软木",
    "cotton": "纯棉",
    "organic cotton": "有机棉",
    "linen": "亚麻",
    "washed linen": "水洗亚麻",
    "wool": "羊毛",
    "merino wool": "美利奴羊毛",
    "velvet": "丝绒",
    "corduroy": "灯芯绒",
    "felt": "毛毡",
    "leather": "皮革",
    "canvas": "帆布",
    "nylon": "尼龙",
    "ripstop nylon": "防撕裂尼龙",
    "polyester": "聚酯纤维",
    "down": "羽绒",
    "silicone": "硅胶",
    "natural rubber": "天然橡胶",
    "recycled paper": "再生纸",
    "cardboard": "硬纸板",
    "resin": "树脂",
    "rope": "棉绳",
    "soy wax": "大豆蜡",
    "plush": "毛绒",
    "rattan": "藤编",
}
