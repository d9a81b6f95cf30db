"""Toys and games; audio."""

from .base import Category, Department, pair, pairs
from .base import product_type as kind

TOYS = Department(
    key="toys",
    name=pair("Toys & Games|玩具桌游"),
    brands=("Tin Lantern", "Button & Bear", "Cloudbrick", "Roundabout", "Half Past Play"),
    origins=pairs("Germany|德国, China|中国, Poland|波兰, Vietnam|越南"),
    categories=(
        Category(
            key="building",
            name=pair("Building & Wooden Toys|积木与木玩"),
            aspects=("child", "quality", "finish", "value"),
            after=("toys/soft",),
            return_rate=0.04,
            facts={
                "age": pairs(
                    "from 12 months|12 个月以上, from 3 years|3 岁以上, from 6 years|6 岁以上"
                )
            },
            types=(
                kind(
                    "Building Blocks|积木",
                    "Castle|城堡, Rainbow|彩虹, City|城市, Balance|平衡",
                    (18, 62),
                    materials="beech, bamboo",
                    sizes="40 pieces|40 块, 80 pieces|80 块, 150 pieces|150 块",
                    weight=(0.6, 2.4),
                ),
                kind(
                    "Wooden Train|木质火车",
                    "Night|夜行, Harbour|港口, Farm|农场",
                    (22, 74),
                    materials="beech, oak",
                    sizes="25 pieces|25 件, 50 pieces|50 件",
                    weight=(0.7, 2.1),
                ),
            ),
        ),
        Category(
            key="puzzles",
            name=pair("Puzzles|拼图"),
            aspects=("quality", "finish", "ease", "value"),
            after=("toys/board-games",),
            return_rate=0.03,
            facts={"age": pairs("from 6 years|6 岁以上, from 10 years|10 岁以上, adults|成人")},
            types=(
                kind(
                    "Jigsaw Puzzle|拼图",
                    "Night Market|夜市, Old Harbour|旧港, Botanical|植物图鉴, Star Map|星图, "
                    "Four Seasons|四季",
                    (12, 34),
                    materials="cardboard",
                    sizes="300 pieces|300 片, 500 pieces|500 片, 1000 pieces|1000 片",
                    weight=(0.4, 0.9),
                ),
                kind(
                    "Wooden Brain Teaser|木质益智锁",
                    "Burr|鲁班锁, Cube|魔方, Maze|迷宫",
                    (9, 26),
                    materials="beech, walnut, bamboo",
                    weight=(0.1, 0.4),
                ),
            ),
        ),
        Category(
            key="board-games",
            name=pair("Board & Card Games|桌游卡牌"),
            aspects=("fun", "quality", "ease", "value"),
            after=("toys/puzzles", "pantry/sweets"),
            return_rate=0.03,
            facts={
                "players": pairs(
                    "2 players|2 人, 2 to 4 players|2 至 4 人, 3 to 6 players|3 至 6 人"
                ),
                "playing time": pairs("20 minutes|20 分钟, 45 minutes|45 分钟, 90 minutes|90 分钟"),
            },
            types=(
                kind(
                    "Board Game|桌游",
                    "Lighthouse|灯塔, Tea Route|茶马古道, Foxes & Owls|狐狸与猫头鹰, "
                    "Cloud City|云上之城",
                    (22, 64),
                    weight=(0.6, 1.6),
                ),
                kind(
                    "Card Game|卡牌游戏",
                    "Quick Hands|眼疾手快, Recipe|食谱, Detective|侦探, Word Chain|词语接龙",
                    (8, 22),
                    weight=(0.1, 0.4),
                ),
            ),
        ),
        Category(
            key="soft",
            name=pair("Soft Toys|毛绒玩具"),
            aspects=("child", "feel", "finish", "size"),
            return_rate=0.04,
            facts={"care": pairs("machine wash at 30 °C|30 °C 机洗, surface wash|表面清洁")},
            types=(
                kind(
                    "Soft Toy|毛绒玩偶",
                    "Sleepy Bear|瞌睡熊, Long-eared Rabbit|长耳兔, Panda|熊猫, Whale|鲸鱼, "
                    "Fox|狐狸",
                    (14, 42),
                    materials="plush, organic cotton",
                    colours="cream, slate, blush",
                    sizes="25 cm, 40 cm",
                    weight=(0.2, 0.6),
                ),
                kind(
                    "Comforter|安抚巾",
                    "Sleepy Bear|瞌睡熊, Rabbit|兔子, Star|星星",
                    (10, 24),
                    materials="organic cotton, plush",
                    colours="cream, sage, sky",
                    weight=(0.1, 0.2),
                ),
            ),
        ),
    ),
)

AUDIO = Department(
    key="audio",
    name=pair("Audio|影音"),
    brands=("Hummingway", "Northtone", "Field & Echo", "Low Orbit", "Sideband"),
    origins=pairs("Japan|日本, China|中国, Denmark|丹麦, Malaysia|马来西亚"),
    categories=(
        Category(
            key="headphones",
            name=pair("Headphones|耳机"),
            aspects=("sound", "comfort", "battery", "value"),
            after=("audio/accessories",),
            return_rate=0.09,
            facts={
                "battery": pairs(
                    "24 hours of playback|续航 24 小时, 36 hours of playback|续航 36 小时"
                ),
                "connection": pairs("Bluetooth 5.3|蓝牙 5.3, 3.5 mm plug|3.5 mm 插头"),
            },
            types=(
                kind(
                    "Over-ear Headphones|头戴式耳机",
                    "Closed|封闭式, Open|开放式, Quiet|降噪, Studio|监听",
                    (68, 260),
                    colours="black, sand, navy",
                    weight=(0.2, 0.4),
                ),
                kind(
                    "Earbuds|真无线耳机",
                    "Pebble|卵石, Sport|运动, Quiet|降噪, Sleep|睡眠",
                    (38, 160),
                    colours="white, charcoal, sage",
                    weight=(0.04, 0.07),
                ),
            ),
        ),
        Category(
            key="speakers",
            name=pair("Speakers|音箱"),
            aspects=("sound", "finish", "size", "value"),
            after=("audio/accessories",),
            return_rate=0.08,
            facts={
                "power": pairs("10 W|10 W, 20 W|20 W, 40 W|40 W"),
                "connection": pairs("Bluetooth 5.3|蓝牙 5.3, Wi-Fi and Bluetooth|Wi-Fi 与蓝牙"),
            },
            types=(
                kind(
                    "Portable Speaker|便携音箱",
                    "Pocket|口袋, Splashproof|防泼溅, Lantern|提灯",
                    (32, 128),
                    colours="black, rust, sky, olive",
                    weight=(0.3, 1.1),
                ),
                kind(
                    "Shelf Speaker|书架音箱",
                    "Compact|小型, Sealed|密闭, Paired|成对",
                    (88, 320),
                    materials="walnut, oak",
                    colours="natural, black",
                    weight=(2.1, 5.8),
                ),
            ),
        ),
        Category(
            key="vinyl",
            name=pair("Turntables & Vinyl Care|唱机与唱片护理"),
            aspects=("sound", "ease", "quality", "value"),
            return_rate=0.05,
            facts={"included": pairs("with dust cover|附防尘罩, with cloth|附清洁布")},
            types=(
                kind(
                    "Turntable|黑胶唱机",
                    "Belt-drive|皮带传动, Suitcase|手提箱, Minimal|极简",
                    (120, 420),
                    materials="walnut, oak, aluminium",
                    colours="natural, black, white",
                    weight=(2.8, 6.4),
                ),
                kind(
                    "Record Cleaner|唱片清洁液",
                    "Alcohol-free|无酒精, Antistatic|防静电, Concentrate|浓缩",
                    (9, 22),
                    sizes="100 ml, 250 ml",
                    interval=38,
                ),
                kind(
                    "Record Brush|唱片刷",
                    "Carbon|碳纤维, Velvet|丝绒",
                    (12, 28),
                    materials="walnut, beech, aluminium",
                    weight=(0.1, 0.2),
                ),
            ),
        ),
        Category(
            key="accessories",
            name=pair("Cables & Cases|线材与收纳"),
            aspects=("quality", "ease", "finish", "value"),
            return_rate=0.04,
            facts={"warranty": pairs("two-year warranty|两年质保, one-year warranty|一年质保")},
            types=(
                kind(
                    "Audio Cable|音频线",
                    "Braided|编织, Coiled|弹簧, Slim|细线",
                    (9, 34),
                    materials="copper, nylon",
                    colours="black, sand, red",
                    sizes="1 m, 2 m",
                    weight=(0.05, 0.2),
                ),
                kind(
                    "Headphone Stand|耳机架",
                    "Arc|弧形, Desk|桌面, Clamp|夹式",
                    (18, 58),
                    materials="walnut, aluminium, oak",
                    colours="natural, black, white",
                    weight=(0.3, 0.9),
                ),
                kind(
                    "Ear Pads|耳机垫",
                    "Cooling|凉感, Plush|柔软, Perforated|透气",
                    (12, 32),
                    materials="leather, velvet",
                    colours="black, charcoal",
                    interval=48,
                ),
            ),
        ),
    ),
)
