"""Beauty and personal care; pets."""

from .base import Category, Department, pair, pairs
from .base import product_type as kind

BEAUTY = Department(
    key="beauty",
    name=pair("Beauty & Care|美妆个护"),
    brands=("Dew & Thistle", "Orris Lab", "Plain Balm", "Camellia Row", "Saltglow"),
    origins=pairs("Korea|韩国, Japan|日本, France|法国, Singapore|新加坡, New Zealand|新西兰"),
    categories=(
        Category(
            key="skincare",
            name=pair("Skincare|护肤"),
            aspects=("skin", "scent", "texture", "value"),
            after=("beauty/body",),
            return_rate=0.03,
            facts={
                "skin type": pairs(
                    "dry skin|干性肌肤, sensitive skin|敏感肌肤, all skin types|所有肤质, "
                    "oily skin|油性肌肤"
                ),
                "formula": pairs("no added fragrance|不添加香精, no added colour|不添加色素"),
            },
            types=(
                kind(
                    "Face Cream|面霜",
                    "Barrier|屏障, Light|轻润, Overnight|夜间, Oat|燕麦, Camellia|山茶",
                    (16, 58),
                    sizes="30 ml, 50 ml",
                    interval=32,
                ),
                kind(
                    "Cleanser|洁面乳",
                    "Foaming|泡沫, Milk|乳状, Rice|米糠, Gel|凝胶",
                    (9, 26),
                    sizes="100 ml, 150 ml",
                    interval=28,
                ),
                kind(
                    "Serum|精华液",
                    "Hydrating|补水, Niacinamide|烟酰胺, Green Tea|绿茶, Squalane|角鲨烷",
                    (18, 64),
                    sizes="15 ml, 30 ml",
                    interval=34,
                ),
            ),
        ),
        Category(
            key="body",
            name=pair("Body & Bath|沐浴身体"),
            aspects=("scent", "texture", "packaging", "value"),
            return_rate=0.02,
            facts={"formula": pairs("no silicone|不含硅油, no added colour|不添加色素")},
            types=(
                kind(
                    "Body Wash|沐浴露",
                    "Cloud|云朵, Mineral|矿物, Everyday|日常, Botanic|植萃",
                    (8, 22),
                    scents="yuzu|柚子, cedar|雪松, lavender|薰衣草, unscented|无香",
                    sizes="250 ml, 500 ml",
                    interval=26,
                ),
                kind(
                    "Hand Cream|护手霜",
                    "Pocket|口袋, Workshop|工匠, Velvet|丝绒",
                    (6, 18),
                    scents="rose|玫瑰, fig|无花果, neroli|橙花, unscented|无香",
                    sizes="30 ml, 75 ml",
                    interval=30,
                ),
                kind(
                    "Soap Bar|手工皂",
                    "Cold-process|冷制, Clay|陶泥, Oat|燕麦",
                    (4, 12),
                    scents="mint|薄荷, cedar|雪松, honey|蜂蜜",
                    sizes="90 g, 140 g",
                    interval=21,
                ),
            ),
        ),
        Category(
            key="hair",
            name=pair("Hair Care|护发"),
            aspects=("scent", "texture", "value", "packaging"),
            return_rate=0.02,
            facts={
                "hair type": pairs("fine hair|细软发质, dry hair|干性发质, all hair types|所有发质")
            },
            types=(
                kind(
                    "Shampoo|洗发水",
                    "Gentle|温和, Volume|丰盈, Scalp|头皮护理, Repair|修护",
                    (9, 26),
                    scents="rosemary|迷迭香, tea tree|茶树, camellia|山茶",
                    sizes="250 ml, 500 ml",
                    interval=28,
                ),
                kind(
                    "Hair Oil|护发精油",
                    "Finishing|收尾, Overnight|夜间, Featherlight|轻盈",
                    (14, 38),
                    scents="argan|摩洛哥坚果, camellia|山茶",
                    sizes="50 ml, 100 ml",
                    interval=38,
                ),
            ),
        ),
        Category(
            key="fragrance",
            name=pair("Home Fragrance|家居香氛"),
            aspects=("scent", "finish", "packaging", "value"),
            after=("home-textiles/cushions",),
            return_rate=0.04,
            facts={"burning time": pairs("about 40 hours|约 40 小时, about 25 hours|约 25 小时")},
            types=(
                kind(
                    "Scented Candle|香薰蜡烛",
                    "Library|书房, Rain|雨后, Harbour|港湾, Orchard|果园",
                    (14, 46),
                    materials="soy wax",
                    scents="sandalwood|檀香, fig|无花果, osmanthus|桂花, pine|松木",
                    sizes="120 g, 220 g",
                    interval=30,
                ),
                kind(
                    "Reed Diffuser|藤条香薰",
                    "Hallway|玄关, Studio|工作室, Garden|花园",
                    (18, 52),
                    scents="white tea|白茶, bergamot|佛手柑, cedar|雪松",
                    sizes="100 ml, 200 ml",
                    interval=42,
                ),
            ),
        ),
    ),
)

PETS = Department(
    key="pets",
    name=pair("Pets|宠物"),
    brands=("Barkwell", "Whisker Row", "Good Paws", "Mossy Nose", "Tailgate"),
    origins=pairs(
        "New Zealand|新西兰, Thailand|泰国, Australia|澳大利亚, Germany|德国, China|中国"
    ),
    categories=(
        Category(
            key="dog-food",
            name=pair("Dog Food|狗粮"),
            aspects=("pet", "freshness", "packaging", "value"),
            after=("pets/treats", "pets/beds"),
            return_rate=0.02,
            facts={"age": pairs("adult dogs|成犬, puppies|幼犬, senior dogs|老年犬")},
            types=(
                kind(
                    "Dry Dog Food|狗干粮",
                    "Small Breed|小型犬, Grain-free|无谷, Everyday|日常, Active|活力",
                    (16, 52),
                    flavours="chicken|鸡肉, salmon|三文鱼, lamb|羊肉",
                    sizes="1.5 kg, 3 kg, 6 kg",
                    interval=21,
                ),
                kind(
                    "Wet Dog Food|狗罐头",
                    "Stew|炖煮, Pâté|肉酱, Broth|肉汤",
                    (9, 26),
                    flavours="beef|牛肉, chicken|鸡肉, duck|鸭肉",
                    sizes="6 cans|6 罐, 12 cans|12 罐",
                    interval=13,
                ),
            ),
        ),
        Category(
            key="cat-food",
            name=pair("Cat Food & Litter|猫粮猫砂"),
            aspects=("pet", "freshness", "packaging", "value"),
            after=("pets/treats", "pets/beds"),
            return_rate=0.02,
            facts={"age": pairs("adult cats|成猫, kittens|幼猫, indoor cats|室内猫")},
            types=(
                kind(
                    "Dry Cat Food|猫干粮",
                    "Indoor|室内, Grain-free|无谷, Sensitive|敏感肠胃",
                    (14, 44),
                    flavours="chicken|鸡肉, tuna|金枪鱼, salmon|三文鱼",
                    sizes="1 kg, 2.5 kg",
                    interval=20,
                ),
                kind(
                    "Wet Cat Food|猫罐头",
                    "Flaked|碎肉, Mousse|慕斯, Jelly|啫喱",
                    (8, 24),
                    flavours="tuna|金枪鱼, chicken|鸡肉, sardine|沙丁鱼",
                    sizes="6 cans|6 罐, 12 cans|12 罐",
                    interval=12,
                ),
                kind(
                    "Cat Litter|猫砂",
                    "Tofu|豆腐, Pine|松木, Mineral|矿砂",
                    (9, 24),
                    sizes="6 l, 12 l",
                    interval=17,
                ),
            ),
        ),
        Category(
            key="treats",
            name=pair("Treats & Chews|宠物零食"),
            aspects=("pet", "freshness", "value", "packaging"),
            return_rate=0.01,
            facts={"made": pairs("air-dried|风干, freeze-dried|冻干, slow-baked|慢烘")},
            types=(
                kind(
                    "Dog Treats|狗零食",
                    "Training|训练, Crunchy|香脆, Dental|洁齿",
                    (5, 15),
                    flavours="duck|鸭肉, sweet potato|红薯, beef|牛肉",
                    sizes="100 g, 250 g",
                    interval=14,
                ),
                kind(
                    "Cat Treats|猫零食",
                    "Lickable|舔食, Crispy|酥脆, Catnip|猫薄荷",
                    (4, 12),
                    flavours="tuna|金枪鱼, chicken|鸡肉, shrimp|虾",
                    sizes="60 g, 150 g",
                    interval=14,
                ),
            ),
        ),
        Category(
            key="beds",
            name=pair("Beds & Toys|宠物窝与玩具"),
            aspects=("pet", "quality", "size", "value"),
            return_rate=0.07,
            facts={
                "care": pairs(
                    "removable cover|外套可拆洗, machine wash at 30 °C|30 °C 机洗, "
                    "wipe clean|擦拭清洁"
                )
            },
            types=(
                kind(
                    "Pet Bed|宠物窝",
                    "Donut|甜甜圈, Cave|洞穴, Flat|平垫, Raised|高架",
                    (28, 88),
                    materials="plush, canvas, wool",
                    colours="cream, slate, rust, sage",
                    sizes="50 cm, 70 cm, 90 cm",
                    weight=(0.7, 2.4),
                ),
                kind(
                    "Chew Toy|磨牙玩具",
                    "Knotted|绳结, Squeaky|发声, Treat-filled|藏食",
                    (6, 18),
                    materials="natural rubber, rope, felt",
                    colours="red, sky, mustard",
                    interval=45,
                    weight=(0.1, 0.3),
                ),
                kind(
                    "Scratching Post|猫抓柱",
                    "Tower|塔式, Arch|拱形, Corner|墙角",
                    (24, 96),
                    materials="rope, cardboard, rattan",
                    weight=(1.2, 4.5),
                ),
            ),
        ),
    ),
)
