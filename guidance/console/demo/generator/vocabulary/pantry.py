"""Tea and coffee; pantry and snacks."""

from .base import Category, Department, pair, pairs
from .base import product_type as kind

TEA = Department(
    key="tea-coffee",
    name=pair("Tea & Coffee|茶与咖啡"),
    brands=(
        "Mistral Leaf",
        "Oakwhistle",
        "Lantern Hill",
        "Three Kettles",
        "Norrland Roast",
        "Paper Crane",
    ),
    origins=pairs("Japan|日本, Taiwan|台湾, Portugal|葡萄牙, Jingdezhen (China)|中国景德镇"),
    categories=(
        Category(
            key="green-tea",
            name=pair("Green & White Tea|绿茶与白茶"),
            origins=pairs(
                "Zhejiang (China)|中国浙江, Fujian (China)|中国福建, Uji (Japan)|日本宇治"
            ),
            aspects=("taste", "aroma", "freshness", "packaging"),
            after=("tea-coffee/teaware", "pantry/sweets"),
            return_rate=0.01,
            facts={
                "harvest": pairs("spring harvest|春采, early summer harvest|初夏采摘"),
                "brewing": pairs(
                    "80 °C for 2 minutes|80 °C 冲泡 2 分钟, 75 °C for 3 minutes|75 °C 冲泡 3 分钟"
                ),
            },
            types=(
                kind(
                    "Green Tea|绿茶",
                    "Dragon Well|龙井, Sencha|煎茶, Cloud Mist|云雾, Genmai|玄米, Spring Bud|春芽",
                    (9, 26),
                    sizes="50 g, 100 g, 250 g",
                    interval=24,
                ),
                kind(
                    "White Tea|白茶",
                    "Silver Needle|白毫银针, White Peony|白牡丹, Moonlight|月光, Aged|陈年",
                    (14, 38),
                    sizes="50 g, 100 g",
                    interval=28,
                ),
                kind(
                    "Matcha Powder|抹茶粉",
                    "Everyday|日常, Ceremonial|茶道级, Kitchen|烘焙",
                    (15, 42),
                    sizes="30 g, 80 g",
                    interval=22,
                ),
            ),
        ),
        Category(
            key="dark-tea",
            name=pair("Oolong & Black Tea|乌龙与红茶"),
            origins=pairs("Fujian (China)|中国福建, Yunnan (China)|中国云南, Taiwan|台湾"),
            aspects=("taste", "aroma", "freshness", "packaging"),
            after=("tea-coffee/teaware", "pantry/sweets"),
            return_rate=0.01,
            facts={
                "roast": pairs("light roast|轻焙火, medium roast|中焙火, charcoal roast|炭焙"),
                "brewing": pairs(
                    "95 °C for 3 minutes|95 °C 冲泡 3 分钟, 90 °C for 4 minutes|90 °C 冲泡 4 分钟"
                ),
            },
            types=(
                kind(
                    "Oolong Tea|乌龙茶",
                    "Iron Goddess|铁观音, High Mountain|高山, Red Robe|大红袍, Milk|金萱",
                    (12, 36),
                    sizes="75 g, 150 g",
                    interval=26,
                ),
                kind(
                    "Black Tea|红茶",
                    "Breakfast|早餐, Earl Grey|伯爵, Lapsang|正山小种, Dianhong|滇红, "
                    "Highland|高地",
                    (8, 22),
                    sizes="100 g, 200 g",
                    interval=24,
                ),
                kind(
                    "Herbal Infusion|花草茶",
                    "Evening|晚安, Garden|花园, Ginger Root|姜根, Citrus Peel|陈皮",
                    (7, 16),
                    sizes="20 bags|20 包, 40 bags|40 包",
                    interval=20,
                ),
            ),
        ),
        Category(
            key="coffee",
            name=pair("Coffee Beans|咖啡豆"),
            origins=pairs("Ethiopia|埃塞俄比亚, Colombia|哥伦比亚, Yunnan (China)|中国云南"),
            aspects=("taste", "aroma", "freshness", "value"),
            after=("tea-coffee/coffee-gear", "pantry/sweets"),
            return_rate=0.01,
            facts={
                "roast": pairs("light roast|浅烘, medium roast|中烘, dark roast|深烘"),
                "process": pairs("washed|水洗, natural|日晒, honey|蜜处理"),
            },
            types=(
                kind(
                    "Whole Bean Coffee|咖啡豆",
                    "House|店家拼配, Yirgacheffe|耶加雪菲, Huila|慧兰, Night Shift|夜班, "
                    "Orchard|果园",
                    (12, 28),
                    sizes="250 g, 500 g, 1 kg",
                    interval=16,
                ),
                kind(
                    "Drip Coffee Bags|挂耳咖啡",
                    "Morning|清晨, Caramel|焦糖, Berry|莓果, Decaf|低因",
                    (8, 19),
                    sizes="10 bags|10 包, 30 bags|30 包",
                    interval=14,
                ),
            ),
        ),
        Category(
            key="teaware",
            name=pair("Teaware|茶具"),
            aspects=("finish", "quality", "size", "packaging"),
            after=("tea-coffee/green-tea", "tea-coffee/dark-tea"),
            return_rate=0.05,
            facts={
                "care": pairs(
                    "dishwasher safe|可用洗碗机清洗, hand wash only|建议手洗, "
                    "not for microwaves|不可微波加热"
                )
            },
            types=(
                kind(
                    "Teapot|茶壶",
                    "Ribbed|棱纹, Hand-thrown|手拉坯, Moon|满月, Side-handle|横手, Low|矮款",
                    (26, 68),
                    materials="stoneware, porcelain, borosilicate glass",
                    colours="clay, cream, slate, sage",
                    sizes="350 ml, 600 ml",
                    weight=(0.4, 0.9),
                ),
                kind(
                    "Tea Cup|茶杯",
                    "Tasting|品茗, Folded|折边, Pebble|卵石, Tall|高款",
                    (9, 24),
                    materials="stoneware, porcelain",
                    colours="white, clay, sky, charcoal",
                    sizes="120 ml, 200 ml",
                    weight=(0.1, 0.3),
                ),
                kind(
                    "Tea Caddy|茶叶罐",
                    "Sealed|密封, Stacking|可叠放, Travel|旅行",
                    (14, 34),
                    materials="bamboo, stainless steel, porcelain",
                    sizes="300 ml, 700 ml",
                    weight=(0.2, 0.5),
                ),
            ),
        ),
        Category(
            key="coffee-gear",
            name=pair("Coffee Gear|咖啡器具"),
            aspects=("quality", "ease", "finish", "value"),
            after=("tea-coffee/coffee",),
            return_rate=0.06,
            facts={"care": pairs("dishwasher safe|可用洗碗机清洗, hand wash only|建议手洗")},
            types=(
                kind(
                    "Pour-over Dripper|手冲滤杯",
                    "Cone|锥形, Flat-bed|平底, Wave|波纹",
                    (16, 44),
                    materials="porcelain, copper, borosilicate glass",
                    colours="white, black, sage",
                    weight=(0.2, 0.5),
                ),
                kind(
                    "Hand Grinder|手摇磨豆机",
                    "Compact|便携, Steady|稳固, Fold-away|折叠",
                    (48, 120),
                    materials="stainless steel, walnut, aluminium",
                    colours="black, natural",
                    weight=(0.4, 0.8),
                ),
                kind(
                    "Gooseneck Kettle|细口壶",
                    "Slow Pour|缓注, Classic|经典, Matte|哑光",
                    (42, 98),
                    materials="stainless steel, copper",
                    colours="black, white, forest",
                    sizes="600 ml, 900 ml",
                    weight=(0.6, 1.1),
                ),
            ),
        ),
    ),
)

PANTRY = Department(
    key="pantry",
    name=pair("Pantry & Snacks|食品零食"),
    brands=(
        "Saltmarsh",
        "Golden Sieve",
        "Hearth & Bran",
        "Little Ladle",
        "Sunny Terrace",
        "Fennel Lane",
    ),
    origins=pairs(
        "Malaysia|马来西亚, Italy|意大利, Australia|澳大利亚, Thailand|泰国, "
        "Sichuan (China)|中国四川, Turkey|土耳其"
    ),
    categories=(
        Category(
            key="sweets",
            name=pair("Biscuits & Chocolate|饼干与巧克力"),
            aspects=("taste", "texture", "freshness", "value"),
            after=("tea-coffee/coffee",),
            return_rate=0.01,
            facts={
                "storage": pairs(
                    "keep cool and dry|阴凉干燥处存放, "
                    "eat within a week of opening|开封后一周内食用"
                )
            },
            types=(
                kind(
                    "Butter Biscuits|黄油饼干",
                    "Crumbly|酥脆, Thin|薄脆, Twice-baked|复烤, Island|岛屿",
                    (5, 12),
                    flavours="almond|杏仁, lemon|柠檬, pandan|斑斓, sea salt|海盐",
                    sizes="150 g, 300 g",
                    interval=13,
                ),
                kind(
                    "Chocolate Bar|巧克力",
                    "Dark|黑, Single Estate|单一庄园, Creamy|丝滑, Crunchy|脆粒",
                    (4, 11),
                    flavours="72% cocoa|72% 可可, orange|香橙, hazelnut|榛子, matcha|抹茶",
                    sizes="70 g, 100 g",
                    interval=12,
                ),
            ),
        ),
        Category(
            key="nuts",
            name=pair("Nuts & Dried Fruit|坚果果干"),
            aspects=("taste", "texture", "freshness", "value"),
            return_rate=0.01,
            facts={"storage": pairs("resealable bag|自封袋包装, keep cool and dry|阴凉干燥处存放")},
            types=(
                kind(
                    "Roasted Nuts|烘烤坚果",
                    "Daily|每日, Campfire|营火, Honeyed|蜂蜜, Five Spice|五香",
                    (7, 18),
                    flavours="cashew|腰果, almond|杏仁, walnut|核桃, mixed|混合",
                    sizes="200 g, 500 g",
                    interval=15,
                ),
                kind(
                    "Dried Fruit|果干",
                    "Sun-dried|日晒, Soft|软糯, Orchard|果园",
                    (6, 15),
                    flavours="mango|芒果, apricot|杏, cranberry|蔓越莓, jujube|红枣",
                    sizes="150 g, 400 g",
                    interval=17,
                ),
            ),
        ),
        Category(
            key="sauces",
            name=pair("Sauces & Spices|酱料香料"),
            aspects=("taste", "aroma", "packaging", "value"),
            after=("pantry/noodles", "kitchen/cookware"),
            return_rate=0.01,
            facts={"diet": pairs("vegan|纯素, contains soy|含大豆, contains sesame|含芝麻")},
            types=(
                kind(
                    "Chilli Sauce|辣椒酱",
                    "Crisp|香脆, Smoked|烟熏, Slow-cooked|慢熬, Garden|田园",
                    (5, 13),
                    flavours="mild|微辣, hot|中辣, extra hot|特辣",
                    sizes="200 g, 350 g",
                    interval=26,
                ),
                kind(
                    "Spice Mix|香料粉",
                    "Market|集市, Curry House|咖喱屋, Roast|烧烤, Soup|炖汤",
                    (4, 10),
                    sizes="40 g, 90 g",
                    interval=32,
                ),
                kind(
                    "Olive Oil|橄榄油",
                    "Early Harvest|早收, Mild|清淡, Hilltop|山丘",
                    (12, 30),
                    sizes="250 ml, 500 ml, 1 l",
                    interval=28,
                ),
            ),
        ),
        Category(
            key="noodles",
            name=pair("Noodles & Grains|面食谷物"),
            aspects=("taste", "texture", "ease", "value"),
            after=("pantry/sauces",),
            return_rate=0.01,
            facts={
                "cooking": pairs(
                    "ready in 4 minutes|煮 4 分钟即可, ready in 9 minutes|煮 9 分钟即可"
                )
            },
            types=(
                kind(
                    "Noodles|面条",
                    "Hand-cut|手擀, Air-dried|风干, Buckwheat|荞麦, Broad|宽",
                    (4, 10),
                    sizes="300 g, 600 g",
                    interval=15,
                ),
                kind(
                    "Granola|烤燕麦",
                    "Toasted|慢烤, Seeded|多籽, Cocoa|可可",
                    (7, 15),
                    flavours="coconut|椰子, maple|枫糖, berry|莓果",
                    sizes="350 g, 800 g",
                    interval=14,
                ),
            ),
        ),
    ),
)
