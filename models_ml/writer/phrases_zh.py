"""Chinese: facts made sayable."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from models_ml.writer.facts import Fact, has_han
from models_ml.writer.grammar import expand
from models_ml.writer.phrases import LENGTH_KEYS, NO, YES, Bundle, Part, bundle, split_list
from models_ml.writer.quantities import localise

# Each key: clause, noun phrase for a list of what it has, modifier before 的. {x} is the value, {x+noun} the value
# followed by the noun unless it already ends so.
_FORMS: dict[str, tuple[str, str, str]] = {
    "brand": ("出自{x}", "", "{x}"),
    "series": ("属于{x+系列}", "", "{x+系列}"),
    "material": ("(采用{x}制成|以{x}制成|选用{x}材质)", "", "{x}材质"),
    "lining": ("内里为{x}", "", ""),
    "filling": ("填充物为{x}", "", ""),
    "colour": ("(颜色为{x}|配色为{x}|呈{x})", "", "{x}"),
    "pattern": ("(饰有{x+图案}|带有{x+图案})", "{x+图案}", "{x+图案}"),
    "style": ("(整体为{x+风格}|走{x+风格})", "", "{x+风格}"),
    "finish": ("(表面为{x}|表面经{x+处理})", "", ""),
    "shape": ("(外形为{x}|造型为{x})", "", "{x}"),
    "origin": ("(产自{x}|原产地为{x}|在{x}制造)", "", "(产自{x}|{x}制造)"),
    "craft": ("以{x}制作", "", ""),
    "fit": ("(版型{x}|采用{x+版型})", "", "{x+版型}"),
    "neck": ("", "{x}", ""),
    "sleeve": ("", "{x}", ""),
    "closure": ("(以{x}闭合|采用{x}设计)", "{x}", ""),
    "length": ("长{x}", "", ""),
    "width": ("宽{x}", "", ""),
    "height": ("高{x}", "", ""),
    "depth": ("深{x}", "", ""),
    "diameter": ("直径{x}", "", ""),
    "thickness": ("厚{x}", "", ""),
    "dimensions": ("尺寸为{x}", "", ""),
    "size": ("(规格为{x}|规格{x})", "", ""),
    "weight": ("(重{x}|重量为{x})", "", ""),
    "capacity": ("容量(为|){x}", "", ""),
    "quantity": ("净含量{x}", "", ""),
    "thread_count": ("支数为{x}", "", ""),
    "gsm": ("面料克重为{x}", "", ""),
    "power": ("功率(为|){x}", "", ""),
    "voltage": ("电压(为|){x}", "", ""),
    "power_source": ("(采用{x+供电}|由{x+供电})", "", ""),
    "battery_life": ("续航(时间为|){x}", "", ""),
    "battery_capacity": ("电池容量为{x}", "", ""),
    "battery_type": ("使用{x+电池}", "", ""),
    "charging_time": ("充电(时间为|需){x}", "", ""),
    "connectivity": ("(通过{x}连接|支持{x}连接)", "", ""),
    "compatibility": ("(兼容{x}|适配{x})", "", ""),
    "mechanism": ("搭载{x+机芯}", "", ""),
    "hob": ("适用于{x}", "", ""),
    "light_output": ("光通量为{x}", "", ""),
    "burn_time": ("(可燃烧{x}|燃烧时间为{x})", "", ""),
    "flavour": ("(为{x+口味}|口味为{x})", "", "{x+口味}"),
    "scent": ("(香味为{x}|带有{x+香气})", "", ""),
    "roast": ("(烘焙度为{x}|采用{x+烘焙})", "", ""),
    "ingredients": ("(含有{x}|主要成分为{x})", "", ""),
    "audience": ("(适合{x}使用|适用人群为{x})", "", ""),
    "age_range": ("适合{x}使用", "", ""),
    "occasion": ("适合{x+场合}", "", ""),
    "suitable_for": ("(适合{x}|适用于{x})", "", ""),
    "room": ("适合(摆放在|用于){x}", "", ""),
    "season": ("适合{x}使用", "", ""),
    "skin_type": ("适合{x}", "", ""),
    "hair_type": ("适合{x}", "", ""),
    "level": ("(难度为{x}|适合{x})", "", ""),
    "feature": ("(具有{x}的特点|特点是{x})", "", ""),
    "box_contents": ("(内含{x}|包装内含{x})", "", ""),
    "care": ("(护理方法：{x}|护理时请{x})", "", ""),
    "storage": ("(储存方法：{x}|储存时请{x})", "", ""),
    "shelf_life": ("保质期{x}", "", ""),
    "warranty": ("(保修期{x}|享{x}保修)", "", ""),
}
_VERBAL = re.compile(
    r"^(?:附|配|含|带|可|适|建议|不|无|需|请|避免|仅|支持|采用|通过|能|防|易|免|用|经|以|为|内|每|随|表面|低温|阴凉|阳光|使用)"
)
_VERBAL_KEYS = frozenset(
    "care storage feature box_contents hob suitable_for level compatibility connectivity audience age_range room occasion"
    " skin_type hair_type power power_source warranty".split()
)
_DESIGN_KEY = re.compile(
    r"(?:款式|领型|袖型|袖长|裙长|裤长|衣长|腰型|下摆|门襟|裤口|裙型|裤型|衣样式|设计|细节)$"
)


def parts(facts: Sequence[Fact], rng: random.Random) -> list[Part]:
    """Every claimable Chinese fact as a part; length, width and height as one."""
    bundles = bundle(facts)
    made: list[Part] = []
    dimensions = _dimensions(bundles)
    if dimensions:
        made.append(dimensions)
    for name, item in bundles.items():
        if name in ("type", "category") or (dimensions and name in LENGTH_KEYS):
            continue
        part = _part(item, rng)
        if part:
            made.append(part)
    return made


def _clean(item: Bundle) -> str:
    values: list[str] = []
    for value in item.values:
        measured = localise(value, "zh-hans")
        values += [measured] if measured else [_measures_in(part) for part in split_list(value)]
    values = [value.strip(" 。；，、.;,") for value in values]
    values = [value for value in dict.fromkeys(values) if value]
    return join_zh(values)


def join_zh(values: Sequence[str]) -> str:
    """ "甲、乙和丙"."""
    return (
        ""
        if not values
        else values[0]
        if len(values) == 1
        else "、".join(values[:-1]) + "和" + values[-1]
    )


def _measures_in(value: str) -> str:
    """Spaces between Chinese characters, digits and Latin letters go: Chinese text has none there."""
    value = re.sub(r"(?<=[\u4e00-\u9fff])\s+|\s+(?=[\u4e00-\u9fff])", "", value.strip())
    return value.replace(",", "，").replace(";", "；") if has_han(value) else value


def _part(item: Bundle, rng: random.Random) -> Part | None:
    value = _clean(item)
    keys, name, group = item.keys, item.name, item.group
    plain = value.lower()
    if not value or plain in NO:
        return None
    if plain in YES:
        said = name if _VERBAL.match(name) else f"带有{name}"
        return Part(keys, name, group, value, said) if has_han(name) else None
    if name == "pack_count":
        return _pack(item, value)
    if name == "warranty" and re.match(r"无|不", value):
        return None
    if name in ("neck", "sleeve") or _DESIGN_KEY.search(name):
        return Part(keys, name, "cut", value, possessed=value)
    if (
        name == "age_range"
        and re.search(r"\d(?:岁|个月)?$", value)
        and not re.search(r"[至到\-–]", value)
    ):
        return Part(keys, name, group, value, f"适用年龄为{value}")
    if (_VERBAL.match(value) and (name in _VERBAL_KEYS or group == "other")) or (
        group == "other" and len(value) > 7
    ):
        return Part(keys, name, group, value, value)
    forms = _FORMS.get(name)
    if forms is None:
        return Part(keys, name, group, value, f"{name}为{value}") if has_han(name) else None
    predicate, possessed, modifier = (_fill(expand(form, rng), value) for form in forms)
    return Part(keys, name, group, value, predicate, possessed, modifier=modifier)


def _fill(template: str, value: str) -> str:
    def put(match: re.Match[str]) -> str:
        noun = match.group(1) or ""
        return value if noun and value.endswith(noun[-1]) else f"{value}{noun}"

    return re.sub(r"\{x(?:\+([^}]+))?\}", put, template)


def _pack(item: Bundle, value: str) -> Part | None:
    count = re.search(r"\d+", value)
    if not count or int(count.group()) < 2:
        return None
    unit = re.search(r"\d+\s*([\u4e00-\u9fff]+)", value)
    return Part(
        item.keys,
        item.name,
        item.group,
        value,
        f"一套共{count.group()}{unit.group(1) if unit else '件'}",
    )


_SIDES = {"length": "长", "width": "宽", "height": "高", "depth": "深"}


def _dimensions(bundles: dict[str, Bundle]) -> Part | None:
    sides = [
        (name, localise(bundles[name].values[0], "zh-hans"))
        for name in LENGTH_KEYS
        if name in bundles
    ]
    if len(sides) < 2 or not all(value for _, value in sides):
        return None
    said = "、".join(f"{_SIDES[name]}{value}" for name, value in sides)
    keys = tuple(key for name, _ in sides for key in bundles[name].keys)
    return Part(keys, "dimensions", "measure", said, said)
