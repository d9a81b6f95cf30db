"""From items to the rows of ``products.jsonl``: titles, attributes and, for some, descriptions."""

from decimal import Decimal
from typing import Any

import numpy as np

from .catalogue import Catalogue, Item
from .parameters import Parameters
from .vocabulary import Pair

Attribute = dict[str, Any]

UNITS = {
    "ml": "capacity",
    "l": "capacity",
    "g": "net_weight",
    "kg": "net_weight",
    "cm": "size",
    "m": "size",
}
LABELS = {
    "material": Pair("Material", "材质"),
    "colour": Pair("Colour", "颜色"),
    "flavour": Pair("Flavour", "口味"),
    "scent": Pair("Scent", "香味"),
    "capacity": Pair("Capacity", "容量"),
    "net_weight": Pair("Net weight", "净含量"),
    "size": Pair("Size", "尺寸"),
    "contents": Pair("Contents", "规格"),
    "weight": Pair("Weight", "重量"),
    "origin": Pair("Origin", "产地"),
    "harvest": Pair("Harvest", "采摘季"),
    "brewing": Pair("Brewing", "冲泡"),
    "roast": Pair("Roast", "烘焙度"),
    "process": Pair("Process", "处理法"),
    "care": Pair("Care", "保养"),
    "storage": Pair("Storage", "储存"),
    "diet": Pair("Diet", "饮食提示"),
    "cooking": Pair("Cooking", "烹煮"),
    "hob": Pair("Hobs", "适用炉灶"),
    "waterproof": Pair("Waterproof rating", "防水指数"),
    "comfort": Pair("Comfort temperature", "舒适温度"),
    "packed": Pair("Packing", "收纳"),
    "paper": Pair("Paper", "纸张"),
    "nib": Pair("Nib", "笔尖"),
    "assembly": Pair("Assembly", "安装"),
    "level": Pair("Level", "适合人群"),
    "skin type": Pair("Skin type", "适用肤质"),
    "formula": Pair("Formula", "配方"),
    "hair type": Pair("Hair type", "适用发质"),
    "burning time": Pair("Burning time", "燃烧时间"),
    "age": Pair("Age", "适用年龄"),
    "made": Pair("Made by", "工艺"),
    "players": Pair("Players", "人数"),
    "playing time": Pair("Playing time", "时长"),
    "battery": Pair("Battery", "电池"),
    "connection": Pair("Connection", "连接"),
    "power": Pair("Power", "功率"),
    "included": Pair("Included", "附件"),
    "warranty": Pair("Warranty", "质保"),
}


def product_records(
    rng: np.random.Generator,
    catalogue: Catalogue,
    *,
    sales: np.ndarray,
    currency: str,
    parameters: Parameters,
) -> list[dict[str, Any]]:
    """Return the rows of ``products.jsonl``; ``sales`` are units sold in the last days, ``(N,)``,
    for the stock.
    """
    count = len(catalogue.items)
    thin = rng.random(count) < parameters.thin_facts
    described = (rng.random(count) < parameters.described) & ~thin
    languages = rng.choice(3, count, p=(0.5, 0.3, 0.2))
    sold_out = rng.random(count) < parameters.sold_out
    stock = np.where(sold_out, 0, rng.poisson(12 + 1.5 * sales) + 1)
    margin = rng.uniform(0.36, 0.62, count)
    cost_known = rng.random(count) < 0.85
    never = catalogue.withdrawal.max()
    records = []
    for n, item in enumerate(catalogue.items):
        attributes = _attributes(item)
        if thin[n]:
            attributes = [a for a in attributes if a["key"] == "origin"][: int(n % 2)]
        keep = (
            ("en", "zh-hans")
            if languages[n] == 0
            else ("en",)
            if languages[n] == 1
            else ("zh-hans",)
        )
        description = _description(item, int(n)) if described[n] else {}
        records.append(
            {
                "sku": catalogue.skus[n],
                "titles": titles(item),
                "category": category_path(item),
                "family": _family_key(item, catalogue.family[n]),
                "brand": item.brand,
                "price": f"{item.price:.2f}",
                "currency": currency,
                "cost": f"{item.price * Decimal(str(round(margin[n], 3))):.2f}"
                if cost_known[n]
                else None,
                "stock": int(stock[n]),
                "hidden": bool(catalogue.withdrawal[n] < never),
                "image": None,
                "description": {
                    language: text for language, text in description.items() if language in keep
                },
                "attributes": attributes,
            }
        )
    return records


def titles(item: Item) -> dict[str, str]:
    """Return the item's title in both languages."""
    words = [
        item.brand,
        item.line.en,
        item.material.en.title() if item.material else "",
        item.kind.noun.en,
    ]
    variant = [
        item.option.en.capitalize() if item.option else "",
        item.size.en if item.size else "",
    ]
    english = ", ".join(
        [" ".join(word for word in words if word), *(part for part in variant if part)]
    )
    name = item.line.zh + (item.material.zh if item.material else "") + item.kind.noun.zh
    parts = [
        item.brand,
        name,
        item.option.zh if item.option else "",
        item.size.zh if item.size else "",
    ]
    return {"en": english, "zh-hans": " ".join(part for part in parts if part)}


def category_path(item: Item) -> dict[str, str]:
    """Return "Department > Category" in both languages."""
    return {
        "en": f"{item.department.name.en} > {item.category.name.en}",
        "zh-hans": f"{item.department.name.zh} > {item.category.name.zh}",
    }


def _family_key(item: Item, number: int) -> str:
    return f"{item.department.key}-{item.category.key}-{number:04d}"


def _attribute(key: str, value: Pair | str, unit: str | None = None) -> Attribute:
    label = LABELS[key]
    text = {"en": value.en, "zh-hans": value.zh} if isinstance(value, Pair) else value
    return {
        "key": key.replace(" ", "_"),
        "label": {"en": label.en, "zh-hans": label.zh},
        "value": text,
        "unit": unit,
    }


def _attributes(item: Item) -> list[Attribute]:
    attributes = []
    if item.material:
        attributes.append(_attribute("material", item.material))
    if item.option:
        attributes.append(_attribute(item.kind.axis, item.option))
    if item.size:
        attributes.append(_size(item.size))
    if item.weight is not None:
        attributes.append(_attribute("weight", f"{item.weight}", "kg"))
    attributes += [_attribute(key, value) for key, value in item.facts]
    attributes.append(_attribute("origin", item.origin))
    return attributes


def _size(size: Pair) -> Attribute:
    number, _, unit = size.en.rpartition(" ")
    if unit in UNITS:
        return _attribute(UNITS[unit], number, unit)
    if number:
        return _attribute("contents", size)
    return _attribute("size", size.en)


def _description(item: Item, variant: int) -> dict[str, str]:
    """Write two or three sentences from the item's facts, in one of a few orders."""
    noun = item.kind.noun
    verb = "come" if noun.en.endswith("s") else "comes"
    key, fact = item.facts[0]
    english = [
        f"The {item.line.en} {noun.en.lower()} by {item.brand} {verb} from {item.origin.en}.",
        f"Made of {item.material.en}." if item.material else "",
        f"In {item.option.en}." if item.option and item.kind.axis == "colour" else "",
        f"With the note of {item.option.en}." if item.option and item.kind.axis == "scent" else "",
        f"Flavour: {item.option.en}." if item.option and item.kind.axis == "flavour" else "",
        f"{item.size.en} in one pack." if item.size and item.kind.interval else "",
        f"{LABELS[key].en}: {fact.en}.",
    ]
    chinese = [
        f"{item.brand} 的{item.line.zh}{noun.zh}，产自{item.origin.zh}。",
        f"材质为{item.material.zh}。" if item.material else "",
        f"颜色为{item.option.zh}。" if item.option and item.kind.axis == "colour" else "",
        f"香味为{item.option.zh}。" if item.option and item.kind.axis == "scent" else "",
        f"口味为{item.option.zh}。" if item.option and item.kind.axis == "flavour" else "",
        f"每份 {item.size.zh}。" if item.size and item.kind.interval else "",
        f"{LABELS[key].zh}：{fact.zh}。",
    ]
    shift = 1 + variant % 2
    ordered = [english[0], *english[shift:], *english[1:shift]]
    ordered_chinese = [chinese[0], *chinese[shift:], *chinese[1:shift]]
    return {
        "en": " ".join(s for s in ordered if s),
        "zh-hans": "".join(s for s in ordered_chinese if s),
    }
