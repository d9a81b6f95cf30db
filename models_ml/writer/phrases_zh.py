"""Chinese: facts made sayable."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from models_ml.writer.facts import Fact, has_han
from models_ml.writer.grammar import expand
from models_ml.writer.localise import localise, localise_within
from models_ml.writer.phrases import LENGTH_KEYS, NO, YES, Bundle, Part, bundle, split_list

# Each key: clause, noun phrase for a list of what it has, modifier before 的. {x} is the value,
# {x+noun} the value
# followed by the noun unless it already ends so.
_FORMS: dict[str, tuple[str, str]] = {
    "brand": ("出自{x}", "{x}"),
    "series": ("属于{x+系列}", "{x+系列}"),
    "material": ("(采用{x}制成|以{x}制成|选用{x}材质)", "{x}材质"),
    "lining": ("内里为{x}", ""),
    "filling": ("填充物为{x}", ""),
    "colour": ("(颜色为{x}|配色为{x}|呈{x})", "{x}"),
    "pattern": ("(饰有{x+图案}|带有{x+图案}|以{x+图案}点缀)", "{x+图案}"),
    "design": ("采用{x+设计}", "{x+设计}"),
    "style": ("(整体为{x+风格}|呈现{x+风格}|风格{x})", "{x+风格}"),
    "finish": ("(表面为{x}|表面经{x+处理})", ""),
    "shape": ("(外形为{x}|造型为{x})", "{x}"),
    "origin": ("(产自{x}|原产地为{x}|在{x}制造)", ""),
    "craft": ("以{x}制作", ""),
    "fit": ("(版型{x}|为{x+版型})", "{x+版型}"),
    "length": ("长{x}", ""),
    "width": ("宽{x}", ""),
    "height": ("高{x}", ""),
    "depth": ("深{x}", ""),
    "diameter": ("直径{x}", ""),
    "thickness": ("厚{x}", ""),
    "dimensions": ("尺寸为{x}", ""),
    "size": ("(规格为{x}|规格{x})", ""),
    "weight": ("(重{x}|重量为{x})", ""),
    "capacity": ("容量(为|){x}", ""),
    "quantity": ("净含量{x}", ""),
    "thread_count": ("支数为{x}", ""),
    "gsm": ("面料克重为{x}", ""),
    "power": ("功率(为|){x}", ""),
    "voltage": ("电压(为|){x}", ""),
    "power_source": ("(采用{x+供电}|由{x+供电})", ""),
    "battery_life": ("续航(时间为|){x}", ""),
    "battery_capacity": ("电池容量为{x}", ""),
    "battery_type": ("使用{x+电池}", ""),
    "charging_time": ("充电(时间为|需){x}", ""),
    "connectivity": ("(通过{x}连接|支持{x}连接)", ""),
    "compatibility": ("(兼容{x}|适配{x})", ""),
    "mechanism": ("搭载{x+机芯}", ""),
    "hob": ("适用于{x}", ""),
    "light_output": ("光通量为{x}", ""),
    "burn_time": ("(可燃烧{x}|燃烧时间为{x})", ""),
    "flavour": ("(为{x+口味}|口味为{x})", "{x+口味}"),
    "scent": ("(香味为{x}|带有{x+香气})", ""),
    "roast": ("烘焙度为{x}", "{x}"),
    "harvest": ("采摘季为{x}", "{x}"),
    "brewing": ("(建议{x}|冲泡建议：{x})", ""),
    "cooking": ("烹煮方法：{x}", ""),
    "process": ("采用{x+处理法}", ""),
    "diet": ("为{x}", ""),
    "free_of": ("不含{x}", ""),
    "made": ("采用{x+工艺}", ""),
    "players": ("适合{x}游玩", ""),
    "playing_time": ("游戏时长{x}", ""),
    "waterproof": ("防水指数为{x}", ""),
    "comfort": ("舒适温度为{x}", ""),
    "nib": ("(配{x+笔尖}|笔尖为{x})", ""),
    "paper": ("(纸张为{x}|采用{x+纸})", ""),
    "assembly": ("采用{x}", ""),
    "ingredients": ("(含有{x}|主要成分为{x})", ""),
    "audience": ("(适合{x}使用|适用人群为{x})", ""),
    "age_range": ("适合{x}使用", ""),
    "occasion": ("适合{x+场合}", ""),
    "suitable_for": ("(适合{x}|适用于{x})", ""),
    "room": ("适合(摆放在|用于){x}", ""),
    "season": ("适合{x}使用", ""),
    "skin_type": ("适合{x}", ""),
    "hair_type": ("适合{x}", ""),
    "level": ("(难度为{x}|适合{x})", ""),
    "feature": ("(具有{x}的特点|特点是{x})", ""),
    "box_contents": ("(内含{x}|包装内含{x})", ""),
    "care": ("(护理方式为{x}|保养方式为{x})", ""),
    "storage": ("储存方式为{x}", ""),
    "shelf_life": ("保质期{x}", ""),
    "warranty": ("(保修期{x}|享{x}保修)", ""),
}
_MOST_DETAILS = 6
_VERBAL = re.compile(
    r"^(?:附|配|含|带有|可|适合|适用|适于|建议|不|无|需|请|避免|仅|支持|采用|通过|能|防|易|免|用|经|以|为|内含|内附|随|约|煮|续航|舒适)"
)
"""Values that are predicates already and go into the sentence as they are."""
_DETAIL_KEY = re.compile(
    r"(?:款式|领型|袖型|袖长|裙长|裤长|衣长|腰型|下摆|门襟|裤口|裙型|裤型|衣样式|设计|细节)$"
)


def parts(facts: Sequence[Fact], rng: random.Random, *, is_durable: bool) -> list[Part]:
    """Every sayable Chinese fact as a part; length, width and height as one."""
    bundles = bundle(facts)
    dimensions = _dimensions(bundles)
    details: list[Bundle] = []
    made: list[Part | None] = [dimensions]
    for item in bundles.values():
        name = item.name
        if name in ("type", "category") or (dimensions and name in LENGTH_KEYS):
            continue
        if _is_detail(item) and not set(item.values) & (YES | NO):
            details.append(item)
        else:
            made.append(_part(item, is_durable, rng))
    made.append(_details(details, rng))
    return [part for part in made if part is not None and part.keys]


def _is_detail(item: Bundle) -> bool:
    return item.name in ("neck", "sleeve", "closure") or bool(_DETAIL_KEY.search(item.name))


def _details(items: Sequence[Bundle], rng: random.Random) -> Part | None:
    """Collar, sleeves, waist and the like in one breath: 圆领、泡泡袖和收腰设计."""
    said = list(dict.fromkeys(value for item in items for value in _values(item)))[:_MOST_DETAILS]
    kept = [item for item in items if set(_values(item)) & set(said)]
    if not said:
        return None
    keys = tuple(key for item in kept for key in item.keys)
    verb = rng.choice(("带有", "配以", "采用"))
    return Part(keys, "details", "cut", join_zh(said), f"{verb}{join_zh(said)}设计")


def _clean(item: Bundle) -> str:
    values = _values(item)
    if item.name == "fit":
        return "且".join(values)
    return join_zh(values)


def _values(item: Bundle) -> list[str]:
    values: list[str] = []
    for value in item.values:
        measured = localise(value, "zh-hans")
        values += [measured] if measured else [_measures_in(part) for part in split_list(value)]
    values = [value.strip(" 。；，、.;,") for value in values]
    return [value for value in dict.fromkeys(values) if value]


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
    """Units in Chinese, and no spaces beside Chinese characters."""
    value = localise_within(value.strip(), "zh-hans") if has_han(value) else value.strip()
    value = re.sub(r"(?<=[\u4e00-\u9fff℃])\s+|\s+(?=[\u4e00-\u9fff])", "", value)
    return value.replace(",", "，").replace(";", "；") if has_han(value) else value


def _part(item: Bundle, is_durable: bool, rng: random.Random) -> Part | None:
    value = _clean(item)
    name = item.name
    if not value or value.lower() in NO:
        return None
    if value.lower() in YES:
        said = name if _VERBAL.match(name) else f"带有{name}"
        return item.part(value, said) if has_han(name) else None
    special = _special(item, value, is_durable)
    if special is not None:
        return special
    forms = _FORMS.get(name)
    if (
        _VERBAL.match(value)
        and name not in ("scent", "flavour", "ingredients")
        and item.group != "look"
        and name not in _MEASURED
    ):
        return item.part(value, value)
    if forms is None:
        return item.part(value, f"{name}为{value}") if has_han(name) else None
    predicate, modifier = (_fill(expand(form, rng), value) for form in forms)
    return item.part(value, predicate, modifier="" if re.search(r"[、和且]", value) else modifier)


_MEASURED = frozenset(
    {"burn_time", "battery_life", "shelf_life", "warranty", "weight", "capacity", "playing_time"}
)


def _special(item: Bundle, value: str, is_durable: bool) -> Part | None:
    """Keys whose values decide how they are said; a silent part says nothing."""
    name = item.name
    if name == "pack_count":
        return _pack(item, value)
    if name == "capacity" and not is_durable:
        return item.part(value, f"规格为{value}")
    if name == "box_contents" and re.match(r"\d", value):
        return item.part(value, f"规格为{value}")
    if name == "battery_type" and re.match(r"续航", value):
        return item.part(value, value)
    if name == "warranty":
        if re.match(r"无|不", value):
            return item.silent()
        return item.part(value, f"享{value}" if re.search(r"[保]", value) else f"保修期{value}")
    if name == "age_range":
        value = re.sub(r"(?<=\d)年", "岁", value)
        if re.search(r"\d", value):
            said = (
                value
                if re.match(r"适", value)
                else f"适合{value}" + ("" if value.endswith(("以上", "儿童")) else "使用")
            )
            return item.part(value, said)
        return item.part(value, f"适合{value}")
    if (
        name in ("storage", "care")
        and re.search(r"(?:存放|保存|食用|冷藏|饮用|使用)$", value)
        and not _VERBAL.match(value)
    ):
        return item.part(value, f"请{'' if re.match(r'于|在|置', value) else '在'}{value}")
    if name in ("storage", "care") and value.endswith("包装"):
        return item.part(value, f"采用{value}")
    if name == "care" and re.search(r"可[^、，]{1,6}$", value):
        return item.part(value, value)
    if name == "level" and not re.match(r"适", value):
        return item.part(value, f"为{value}")
    if name == "scent" and value in ("无香", "无香味", "无味"):
        return item.part(value, value)
    return None


def _fill(template: str, value: str) -> str:
    def put(match: re.Match[str]) -> str:
        noun = match.group(1) or ""
        return value if noun and value.endswith(noun[-1]) else f"{value}{noun}"

    return re.sub(r"\{x(?:\+([^}]+))?\}", put, template)


def _pack(item: Bundle, value: str) -> Part:
    count = re.search(r"\d+", value)
    if not count or int(count.group()) < 2:
        return item.silent()
    unit = re.search(r"\d+\s*([\u4e00-\u9fff]+)", value)
    return item.part(value, f"一套共{count.group()}{unit.group(1) if unit else '件'}")


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
