"""Outdoor; stationery."""

from .base import Category, Department, pair, pairs
from .base import product_type as kind

OUTDOOR = Department(
    key="outdoor",
    name=pair("Outdoor|户外"),
    brands=("Fernridge", "Long Shadow", "Cairnway", "Drift & Pine", "Heron Trail"),
    origins=pairs("Vietnam|越南, China|中国, Korea|韩国, Taiwan|台湾, Finland|芬兰"),
    categories=(
        Category(
            key="shelter",
            name=pair("Tents & Tarps|帐篷天幕"),
            aspects=("quality", "ease", "weight", "value"),
            after=("outdoor/sleep", "outdoor/camp-kitchen"),
            return_rate=0.07,
            facts={
                "waterproof": pairs(
                    "3000 mm water column|防水指数 3000 mm, 5000 mm water column|防水指数 5000 mm"
                )
            },
            types=(
                kind(
                    "Tent|帐篷",
                    "Dome|圆顶, Ridge|屋脊, Tunnel|隧道, Geodesic|多杆",
                    (120, 380),
                    materials="ripstop nylon, polyester",
                    colours="olive, sand, rust",
                    sizes="1 person|1 人, 2 person|2 人, 4 person|4 人",
                    weight=(1.4, 5.2),
                ),
                kind(
                    "Tarp|天幕",
                    "Hexagon|六角, Square|方形, Ultralight|超轻",
                    (48, 140),
                    materials="ripstop nylon, polyester, canvas",
                    colours="forest, sand, slate",
                    sizes="3 × 3 m, 4 × 4 m",
                    weight=(0.6, 2.4),
                ),
            ),
        ),
        Category(
            key="sleep",
            name=pair("Sleeping Bags & Mats|睡袋睡垫"),
            aspects=("feel", "quality", "weight", "value"),
            after=("outdoor/packs",),
            return_rate=0.06,
            facts={
                "comfort": pairs(
                    "comfort 5 °C|舒适温度 5 °C, comfort 0 °C|舒适温度 0 °C, "
                    "comfort -5 °C|舒适温度 -5 °C"
                )
            },
            types=(
                kind(
                    "Sleeping Bag|睡袋",
                    "Mummy|木乃伊式, Envelope|信封式, Summer|夏季, Quilted|绗缝",
                    (58, 240),
                    materials="down, polyester",
                    colours="navy, rust, forest",
                    weight=(0.7, 1.9),
                ),
                kind(
                    "Sleeping Mat|睡垫",
                    "Self-inflating|自充气, Folding|折叠, Air|充气",
                    (32, 128),
                    materials="nylon, polyester",
                    colours="slate, olive, mustard",
                    sizes="183 cm, 196 cm",
                    weight=(0.4, 1.3),
                ),
            ),
        ),
        Category(
            key="packs",
            name=pair("Packs & Bottles|背包水壶"),
            aspects=("quality", "size", "ease", "finish"),
            return_rate=0.07,
            facts={"care": pairs("wipe clean|擦拭清洁, hand wash only|建议手洗")},
            types=(
                kind(
                    "Backpack|背包",
                    "Day|单日, Roll-top|卷口, Commuter|通勤, Trail|徒步",
                    (48, 160),
                    materials="nylon, canvas, ripstop nylon",
                    colours="black, olive, navy, mustard",
                    sizes="18 l, 26 l, 40 l",
                    weight=(0.6, 1.6),
                ),
                kind(
                    "Insulated Bottle|保温杯",
                    "Wide-mouth|宽口, Slim|细身, Handle|提手, Flip-lid|弹盖",
                    (18, 46),
                    materials="stainless steel, titanium",
                    colours="white, sage, navy, blush",
                    sizes="500 ml, 750 ml, 1 l",
                    weight=(0.3, 0.6),
                ),
            ),
        ),
        Category(
            key="camp-kitchen",
            name=pair("Camp Kitchen|露营炊具"),
            aspects=("quality", "weight", "ease", "value"),
            after=("tea-coffee/coffee",),
            return_rate=0.05,
            facts={"packed": pairs("packs into itself|可自收纳, with mesh bag|附网袋")},
            types=(
                kind(
                    "Camp Pot|露营锅",
                    "Nesting|套装, Hanging|吊锅, Solo|单人",
                    (24, 88),
                    materials="titanium, aluminium, stainless steel",
                    sizes="750 ml, 1.5 l",
                    weight=(0.1, 0.6),
                ),
                kind(
                    "Camp Stove|露营炉",
                    "Folding|折叠, Wood-burning|柴火, Windproof|防风",
                    (32, 110),
                    materials="stainless steel, titanium, brass",
                    weight=(0.1, 0.9),
                ),
                kind(
                    "Firelighters|引火块",
                    "Wood-wool|木绒, Pine|松脂, Slow-burn|慢燃",
                    (5, 12),
                    sizes="20 pieces|20 块, 50 pieces|50 块",
                    interval=30,
                ),
            ),
        ),
    ),
)

STATIONERY = Department(
    key="stationery",
    name=pair("Stationery|文具"),
    brands=("Inkwell Yard", "Margin & Co", "Blue Index", "Paperboat", "Seventh Draft"),
    origins=pairs("Japan|日本, Germany|德国, Taiwan|台湾, Italy|意大利, Korea|韩国"),
    categories=(
        Category(
            key="notebooks",
            name=pair("Notebooks & Planners|笔记本与手账"),
            aspects=("paper", "finish", "size", "value"),
            after=("stationery/pens",),
            return_rate=0.02,
            facts={
                "paper": pairs(
                    "80 g/m² paper|80 g/m² 纸, 100 g/m² paper|100 g/m² 纸, "
                    "52 g/m² thin paper|52 g/m² 薄纸"
                )
            },
            types=(
                kind(
                    "Notebook|笔记本",
                    "Dotted|点阵, Ruled|横线, Grid|方格, Plain|空白, Stitched|线装",
                    (7, 24),
                    materials="recycled paper, leather, canvas",
                    colours="navy, rust, sage, black",
                    sizes="A6, A5, B5",
                    interval=34,
                    weight=(0.1, 0.5),
                ),
                kind(
                    "Weekly Planner|周计划本",
                    "Undated|自填日期, Desk|台式, Pocket|口袋",
                    (12, 28),
                    materials="recycled paper, leather",
                    colours="cream, forest, plum",
                    sizes="A6, A5",
                    weight=(0.2, 0.4),
                ),
            ),
        ),
        Category(
            key="pens",
            name=pair("Pens & Inks|笔与墨水"),
            aspects=("writing", "finish", "quality", "value"),
            after=("stationery/notebooks",),
            return_rate=0.03,
            facts={"nib": pairs("extra fine|极细, fine|细, medium|中")},
            types=(
                kind(
                    "Fountain Pen|钢笔",
                    "Clipless|无夹, Pocket|口袋, Faceted|多棱, Student|学生",
                    (22, 120),
                    materials="brass, resin, aluminium",
                    colours="black, navy, red, natural",
                    weight=(0.02, 0.05),
                ),
                kind(
                    "Bottled Ink|瓶装墨水",
                    "Shading|浓淡, Everyday|日常, Archive|档案",
                    (9, 26),
                    colours="navy, forest, plum, rust, black",
                    sizes="30 ml, 60 ml",
                    interval=36,
                ),
                kind(
                    "Gel Pen|中性笔",
                    "Quiet-click|静音按动, Slim|细杆, Quick-dry|速干",
                    (3, 9),
                    colours="black, navy, red, forest",
                    sizes="3 pens|3 支, 10 pens|10 支",
                    interval=24,
                ),
            ),
        ),
        Category(
            key="desk",
            name=pair("Desk Organisation|桌面收纳"),
            aspects=("quality", "finish", "size", "value"),
            return_rate=0.05,
            facts={"assembly": pairs("no assembly|免安装, flat-packed|平板包装")},
            types=(
                kind(
                    "Pen Tray|笔盘",
                    "Tiered|阶梯, Valet|收纳, Slotted|分格",
                    (14, 42),
                    materials="walnut, oak, felt",
                    weight=(0.2, 0.7),
                ),
                kind(
                    "Desk Mat|桌垫",
                    "Two-tone|双色, Stitched|车线, Slim|薄款",
                    (18, 56),
                    materials="felt, leather, cork",
                    colours="slate, olive, sand, black",
                    sizes="60 × 30 cm, 80 × 40 cm",
                    weight=(0.3, 0.8),
                ),
                kind(
                    "Letter Tray|文件架",
                    "Stacking|可叠放, Wall|壁挂, Desk|台式",
                    (16, 48),
                    materials="oak, aluminium, cardboard",
                    colours="white, natural, sage",
                    weight=(0.5, 1.4),
                ),
            ),
        ),
        Category(
            key="art",
            name=pair("Art Supplies|美术用品"),
            aspects=("writing", "quality", "packaging", "value"),
            after=("stationery/notebooks",),
            return_rate=0.02,
            facts={
                "level": pairs(
                    "for beginners|适合初学者, for everyday practice|适合日常练习, "
                    "artist grade|专业级"
                )
            },
            types=(
                kind(
                    "Watercolour Set|水彩颜料",
                    "Travel|旅行, Studio|画室, Pastel|柔和色",
                    (16, 58),
                    sizes="12 colours|12 色, 24 colours|24 色, 36 colours|36 色",
                    weight=(0.1, 0.5),
                ),
                kind(
                    "Brush Pen|软头笔",
                    "Dual-tip|双头, Calligraphy|书法, Blending|晕染",
                    (5, 26),
                    sizes="6 colours|6 色, 12 colours|12 色, 24 colours|24 色",
                    interval=40,
                ),
                kind(
                    "Sketchbook|速写本",
                    "Hardbound|精装, Spiral|线圈, Toned|有色纸",
                    (9, 28),
                    materials="recycled paper, canvas",
                    sizes="A5, A4",
                    interval=32,
                    weight=(0.3, 0.8),
                ),
            ),
        ),
    ),
)
