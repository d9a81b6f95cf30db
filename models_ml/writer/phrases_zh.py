"""Chinese: facts made sayable."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from models_ml.writer.facts import Fact, has_han
from models_ml.writer.grammar import expand
from models_ml.writer.lexicon import rows, words
from models_ml.writer.localise import localise, localise_within
from models_ml.writer.phrases import LENGTH_KEYS, NO, YES, Bundle, Part, bundle, split_list

_FORMS = {cells[0]: tuple(cells[1:]) for cells in rows("forms_zh")}
_MOST_DETAILS = 3
"""Details in one breath; more are told in several."""
_DETAIL_FORMS = [(cells[0], words(cells[1])) for cells in rows("details_zh")]
_ANDS = ("和", "和", "与", "及", "以及")
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
        if dimensions and name in LENGTH_KEYS:
            continue
        if _is_detail(item) and not set(item.values) & (YES | NO):
            details.append(item)
        else:
            made.append(_part(item, is_durable, rng))
    made += _details(details, rng)
    return [part for part in made if part is not None and part.keys]


def _is_detail(item: Bundle) -> bool:
    return item.name in ("neck", "sleeve", "closure") or bool(_DETAIL_KEY.search(item.name))


def _details(items: Sequence[Bundle], rng: random.Random) -> list[Part]:
    """Collar, sleeves, waist: 圆领、泡泡袖和收腰设计; many of them in several clauses."""
    told: dict[str, list[str]] = {}
    for item in items:
        for value in _values(item):
            told.setdefault(value, []).extend(item.keys)
    if len(told) <= _MOST_DETAILS and len({key for keys in told.values() for key in keys}) > 1:
        groups = [list(told)]
    else:
        groups = _groups_of_details(told, rng)
    return [_detail(values, told, rng) for values in groups if values]


def _groups_of_details(told: dict[str, list[str]], rng: random.Random) -> list[list[str]]:
    """Values of one key together, and of the keys without a form of their own two or three."""
    by_form: dict[str, list[str]] = {}
    for value, keys in told.items():
        by_form.setdefault(_ending_of(keys[0]), []).append(value)
    loose = by_form.pop("", [])
    rng.shuffle(loose)
    groups = list(by_form.values())
    while loose:
        size = rng.choice((1, 2, 2, 3))
        groups.append(loose[:size])
        loose = loose[size:]
    return groups


def _ending_of(key: str) -> str:
    return next(ending for ending, _ in _DETAIL_FORMS if key.endswith(ending))


def _detail(values: list[str], told: dict[str, list[str]], rng: random.Random) -> Part:
    keys = tuple(dict.fromkeys(key for value in values for key in told[value]))
    endings = {_ending_of(key) for key in keys}
    ending = endings.pop() if len(endings) == 1 else ""
    forms = dict(_DETAIL_FORMS)[ending]
    said = join_zh(values)
    return Part(keys, "details", "cut", said, rng.choice(forms).replace("{x}", said))


def _clean(item: Bundle, rng: random.Random) -> str:
    values = _values(item)
    if item.name == "fit":
        return "且".join(values)
    return join_zh(values, rng.choice(_ANDS))


def _values(item: Bundle) -> list[str]:
    values: list[str] = []
    for value in item.values:
        measured = localise(value, "zh-hans")
        values += [measured] if measured else [_measures_in(part) for part in split_list(value)]
    values = [value.strip(" 。；，、.;,") for value in values]
    return [value for value in dict.fromkeys(values) if value]


def join_zh(values: Sequence[str], last: str = "和") -> str:
    """ "甲、乙和丙"."""
    return (
        ""
        if not values
        else values[0]
        if len(values) == 1
        else "、".join(values[:-1]) + last + values[-1]
    )


def _measures_in(value: str) -> str:
    """Units in Chinese, and no spaces beside Chinese characters."""
    value = localise_within(value.strip(), "zh-hans") if has_han(value) else value.strip()
    value = re.sub(r"(?<=[\u4e00-\u9fff℃])\s+|\s+(?=[\u4e00-\u9fff])", "", value)
    return value.replace(",", "，").replace(";", "；") if has_han(value) else value


def _part(item: Bundle, is_durable: bool, rng: random.Random) -> Part | None:
    value = _clean(item, rng)
    name = item.name
    if not value or value.lower() in NO:
        return None
    if value.lower() in YES:
        said = name if _VERBAL.match(name) else f"带有{name}"
        return item.part(value, said) if has_han(name) else item.silent()
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
        return item.part(value, f"{name}为{value}") if has_han(name) else item.silent()
    predicate, modifier = (_fill(expand(form, rng), value) for form in forms)
    return item.part(
        value, predicate, modifier="" if re.search(r"[、和与及且]", value) else modifier
    )


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
