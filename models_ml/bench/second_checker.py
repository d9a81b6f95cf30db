"""A second, independent reading of copy: what it states that neither facts nor title contain.

Plain patterns and word lists of its own. It shares no code and no table with the writer, its
claims or its checks, and it never ranks candidates: it can therefore find what they overlook.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

_STATING_EN = """
red blue green yellow orange purple pink brown beige cream ivory maroon navy teal turquoise olive
gold golden silver bronze copper black white grey gray charcoal burgundy multicolour multicolor
multicoloured transparent
cotton linen wool woollen silk satin velvet lace denim canvas leather suede polyester nylon viscose
rayon acrylic fleece cashmere bamboo wood wooden oak pine teak walnut rosewood metal steel stainless
aluminium aluminum brass iron glass crystal ceramic porcelain stoneware marble granite stone plastic
rubber silicone vinyl paper cardboard resin clay jute cane diamond pearl gemstone
floral striped checked checkered plaid solid printed embroidered abstract geometric paisley
polka quilted woven knitted
round square rectangular oval triangular
sleeveless slim regular-fit loose skinny oversized high-waist collar hooded
waterproof washable dishwasher microwave freezer rechargeable cordless wireless bluetooth foldable
adjustable reversible non-stick handmade handcrafted handwoven organic vegan eco-friendly
biodegradable recyclable hypoallergenic unscented scented dermatologist antibacterial
shockproof fireproof rustproof scratchproof windproof durable sturdy lightweight heavy-duty
breathable stretchable comfortable luxurious premium exclusive authentic genuine original imported
men women boys girls kids children babies baby toddlers adults unisex couples
summer winter spring autumn monsoon wedding party casual formal office festive sports
warranty guarantee guaranteed certified tested approved patented award award-winning refund
discount free shipping delivery bestselling best finest perfect ideal unique
"""
_STATING_ZH = """
红色 粉色 黑色 白色 灰色 蓝色 绿色 黄色 紫色 橙色 橘色 棕色 褐色 咖啡色 驼色 卡其色 杏色 米色 藏青 酒红 金色 银色 裸色
纯色 撞色 拼色 渐变 纯棉 棉麻 亚麻 羊毛 羊绒 真丝 桑蚕丝 丝绒 天鹅绒 雪纺 蕾丝 牛仔 牛仔布 皮革 真皮 牛皮 羊皮 涤纶
聚酯 锦纶 尼龙 氨纶 莫代尔 天丝 针织 毛呢 呢子 欧根纱 网纱 缎面 灯芯绒 混纺 羽绒 帆布 不锈钢 陶瓷 玻璃 实木 塑料
条纹 格子 格纹 波点 碎花 印花 刺绣 绣花 提花 豹纹 迷彩 卡通 字母 几何 植物 花卉 蝴蝶结 流苏 亮片 钉珠 珍珠 拉链 纽扣
单排扣 双排扣 系带 抽绳 口袋 镂空 荷叶边 木耳边 褶皱 百褶 压褶 破洞 磨白 做旧 绑带 开衩 不规则 拼接 贴布
圆领 立领 翻领 高领 方领 一字领 娃娃领 西装领 连帽 半高领 堆堆领 泡泡袖 喇叭袖 灯笼袖 蝙蝠袖 落肩袖 荷叶袖
短袖 长袖 中袖 七分袖 五分袖 九分袖 无袖 吊带 露肩 露背 高腰 中腰 低腰 松紧腰 收腰 束腰 宽松 修身 紧身 直筒 阔腿 显瘦
短款 长款 中长款 九分裤 七分裤 短裤 长裤 半身裙 连衣裙 百褶裙 背带裙 鱼尾 包臀 大裙摆 衬衫 外套 卫衣 毛衣 风衣 西装
夹克 马甲 连体裤 哈伦裤 小脚裤 喇叭裤 工装裤 背带裤 打底裤 复古 简约 休闲 通勤 文艺 清新 甜美 性感 优雅 淑女 街头 嘻哈
学院 民族 中国风 日系 韩版 欧美 英伦 运动 森系 朋克 宫廷 职场 青春 淘宝 潮流
春季 夏季 秋季 冬季 春夏 秋冬 夏日 冬日 保暖 透气 防水 防晒 防风 抗皱 耐磨 弹力 舒适 柔软 亲肤 吸汗 速干 环保 有机 抗菌
遮肉 减龄 显高 百搭 女士 男士 儿童 婴儿 孕妇 老人 进口 手工 限量 正品 专利 认证 保修 包邮 退货 赠送
"""
_MASKED_EN = re.compile(r"\bpark avenue\b|\bmade of\b", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?")
_CODE = re.compile(r"\b(?=[A-Za-z-]*\d)(?=[\d-]*[A-Za-z])[A-Za-z0-9][A-Za-z0-9-]{2,}\b")
_NUMBER_WORDS = {
    word: number
    for number, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        ]
    )
}
_COUNTED_WORD = re.compile(
    r"\b(two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|[a-z]*dozen)\b"
)
_CHINESE_DIGITS = {char: number for number, char in enumerate("零一二三四五六七八九")} | {"两": 2}
_CHINESE_COUNT = re.compile(
    r"(?<![第统单唯之])([两三四五六七八九])(?=[件套条片只双个瓶盒包层年月天厘米公斤升克])"
)
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][A-Za-z'’&-]+(?: [A-Z][A-Za-z'’&-]+)*")
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
_SCALES = (1000, 100, 10)
"""Units of one measure differ by these: 0.3 kg may be told as 300 g, 5 mm as 0.5 cm."""


class SecondChecker:
    """Reads one product's facts once, then any number of texts about it."""

    def __init__(self, statements: Iterable[str]) -> None:
        """`statements`: the title and each fact as "key value unit"."""
        self._known = " \n ".join(_plain(statement) for statement in statements)
        self._numbers = {_value(found) for found in _NUMBER.findall(_split_units(self._known))}
        self._numbers |= {
            float(number)
            for word, number in _NUMBER_WORDS.items()
            if re.search(rf"\b{word}\b", self._known)
        }
        self._numbers |= {
            float(number) for char, number in _CHINESE_DIGITS.items() if char in self._known
        }
        self._words = {_stem(word) for word in _WORD.findall(self._known)}
        self._squeezed = re.sub(r"[^\w]", "", self._known)

    def unsupported(self, text: str) -> list[str]:
        """What `text` states without support, in no particular order, each statement once."""
        plain = _plain(text)
        found = [*self._numbers_in(plain), *self._codes_in(plain)]
        found += self._names_in(unicodedata.normalize("NFKC", text))
        found += self._english_in(plain)
        found += self._chinese_in(plain)
        return list(dict.fromkeys(found))

    def _numbers_in(self, plain: str) -> Iterator[str]:
        for said in _NUMBER.findall(_split_units(plain)):
            if not self._has_number(_value(said)):
                yield said
        for word in _COUNTED_WORD.findall(plain):
            number = 12 if word.endswith("dozen") else _NUMBER_WORDS[word]
            if word not in self._known and not self._has_number(number):
                yield word
        for char in _CHINESE_COUNT.findall(plain):
            if char not in self._known and not self._has_number(_CHINESE_DIGITS[char]):
                yield char

    def _has_number(self, number: float) -> bool:
        scaled = {number, *(number * scale for scale in _SCALES)}
        scaled |= {round(number / scale, 6) for scale in _SCALES}
        return not scaled.isdisjoint(self._numbers)

    def _codes_in(self, plain: str) -> Iterator[str]:
        for said in _CODE.findall(plain):
            squeezed = said.replace("-", "")
            if squeezed not in self._squeezed and not re.fullmatch(r"\d+(?:[a-z]+|-.*)", said):
                yield said

    def _names_in(self, text: str) -> Iterator[str]:
        for said in _NAME.findall(text):
            if re.sub(r"[^\w]", "", said.lower()) not in self._squeezed:
                missing = [word for word in said.split() if _stem(word.lower()) not in self._words]
                yield from missing

    def _english_in(self, plain: str) -> Iterator[str]:
        for word in _WORD.findall(_MASKED_EN.sub(" ", plain)):
            if _stem(word) in _EN and not self._supports(word):
                yield word

    def _supports(self, word: str) -> bool:
        stem = _stem(word)
        if stem in self._words or stem.replace("-", "") in self._squeezed:
            return True
        return any(
            known.startswith(stem[:4]) and len(known) >= 4 and len(stem) >= 4
            for known in self._words
        )

    def _chinese_in(self, plain: str) -> Iterator[str]:
        position = 0
        while match := _ZH.search(plain, position):
            said, position = match.group(), match.end()
            root = said.removesuffix("色").removesuffix("领").removesuffix("袖")
            if said not in self._known and (len(root) < 1 or root not in self._known):
                yield said


def statements_of(title: str, facts: Iterable[tuple[str, str]]) -> Sequence[str]:
    """The title and "key value" of each fact, as `SecondChecker` takes them."""
    return [title, *(f"{key} {value}" for key, value in facts)]


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


def _split_units(plain: str) -> str:
    """ "30cm" and "x40" as numbers that stand alone."""
    return re.sub(r"(?<=\d)(?=[a-z])|(?<=[x×])(?=\d)|(?<=\d)(?=[x×])", " ", plain)


def _value(number: str) -> float:
    return float(number.replace(",", ""))


def _stem(word: str) -> str:
    for ending in ("'s", "ies", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) > 2:
            return word.removesuffix(ending) + ("y" if ending == "ies" else "")
    return word


_EN = frozenset(_stem(word) for word in _STATING_EN.split())
_ZH = re.compile("|".join(sorted(_STATING_ZH.split(), key=len, reverse=True)))
