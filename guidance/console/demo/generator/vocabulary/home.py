"""Kitchen; home textiles."""

from .base import Category, Department, pair, pairs
from .base import product_type as kind

KITCHEN = Department(
    key="kitchen",
    name=pair("Kitchen|厨房"),
    brands=("Ember & Rye", "Copperbeck", "Plain Table", "Hollowell", "Kitefield", "Nine Pans"),
    origins=pairs(
        "Japan|日本, Portugal|葡萄牙, Germany|德国, China|中国, Vietnam|越南, France|法国"
    ),
    categories=(
        Category(
            key="cookware",
            name=pair("Cookware|锅具"),
            aspects=("quality", "ease", "weight", "value"),
            after=("kitchen/tools", "pantry/sauces"),
            return_rate=0.06,
            facts={
                "hob": pairs(
                    "all hobs including induction|适用于含电磁炉在内的所有炉灶, "
                    "gas and electric hobs|适用于燃气灶与电炉"
                ),
                "care": pairs("hand wash only|建议手洗, dishwasher safe|可用洗碗机清洗"),
            },
            types=(
                kind(
                    "Frying Pan|煎锅",
                    "Daily|日用, Seasoned|开锅, Deep|深型, Chef's|主厨",
                    (24, 78),
                    materials="cast iron, carbon steel, stainless steel",
                    sizes="20 cm, 24 cm, 28 cm",
                    weight=(0.9, 2.4),
                ),
                kind(
                    "Casserole|炖锅",
                    "Slow Sunday|慢炖, Round|圆形, Low|浅口",
                    (58, 160),
                    materials="cast iron, stoneware",
                    colours="cream, rust, forest, navy",
                    sizes="2.5 l, 4 l",
                    weight=(2.2, 4.8),
                ),
                kind(
                    "Wok|炒锅",
                    "Flat-base|平底, Round-base|圆底, Light|轻量",
                    (32, 82),
                    materials="carbon steel, cast iron",
                    sizes="28 cm, 32 cm",
                    weight=(1.1, 2.6),
                ),
            ),
        ),
        Category(
            key="tools",
            name=pair("Knives & Tools|刀具与厨具"),
            aspects=("quality", "ease", "finish", "value"),
            after=("kitchen/cookware", "kitchen/storage"),
            return_rate=0.05,
            facts={"care": pairs("hand wash only|建议手洗, oil the wood monthly|木质部分每月上油")},
            types=(
                kind(
                    "Kitchen Knife|厨刀",
                    "Forged|锻打, Layered|花纹, Slim|薄刃, Everyday|日用",
                    (22, 96),
                    materials="stainless steel, carbon steel",
                    sizes="12 cm, 18 cm, 21 cm",
                    weight=(0.1, 0.3),
                ),
                kind(
                    "Chopping Board|砧板",
                    "End-grain|立木, Reversible|双面, Slim|薄款",
                    (18, 64),
                    materials="oak, acacia, bamboo",
                    sizes="30 cm, 40 cm",
                    weight=(0.7, 2.2),
                ),
                kind(
                    "Spatula|锅铲",
                    "Turning|翻炒, Slotted|漏孔, Scraping|刮勺",
                    (6, 18),
                    materials="silicone, beech, stainless steel",
                    colours="slate, sage, rust",
                    weight=(0.1, 0.2),
                ),
            ),
        ),
        Category(
            key="storage",
            name=pair("Food Storage|保鲜收纳"),
            aspects=("quality", "size", "ease", "value"),
            return_rate=0.03,
            facts={"care": pairs("dishwasher safe|可用洗碗机清洗, freezer safe|可冷冻")},
            types=(
                kind(
                    "Storage Jar|储物罐",
                    "Clip-top|卡扣, Screw-top|旋盖, Stacking|可叠放",
                    (7, 22),
                    materials="glass, stoneware",
                    sizes="500 ml, 1 l, 2 l",
                    weight=(0.3, 1.1),
                ),
                kind(
                    "Lunch Box|便当盒",
                    "Two-tier|双层, Leakproof|防漏, Slim|扁平",
                    (14, 38),
                    materials="stainless steel, glass, bamboo",
                    colours="cream, navy, blush",
                    sizes="600 ml, 1 l",
                    weight=(0.3, 0.8),
                ),
                kind(
                    "Beeswax Wrap|蜂蜡保鲜布",
                    "Everyday|日用, Large|大号, Patterned|印花",
                    (8, 18),
                    colours="natural, mustard, sage",
                    sizes="3 sheets|3 张, 5 sheets|5 张",
                    interval=35,
                ),
            ),
        ),
        Category(
            key="tableware",
            name=pair("Tableware|餐具"),
            aspects=("finish", "quality", "size", "packaging"),
            after=("home-textiles/table-linen",),
            return_rate=0.06,
            facts={"care": pairs("dishwasher safe|可用洗碗机清洗, microwave safe|可微波加热")},
            types=(
                kind(
                    "Dinner Plate|餐盘",
                    "Speckled|斑点, Rimmed|宽边, Coupe|浅碟, Reactive|窑变",
                    (11, 28),
                    materials="stoneware, porcelain",
                    colours="white, sand, sky, charcoal",
                    sizes="21 cm, 27 cm",
                    weight=(0.4, 0.9),
                ),
                kind(
                    "Bowl|碗",
                    "Noodle|拉面, Rice|米饭, Ripple|水波, Footed|高脚",
                    (8, 24),
                    materials="stoneware, porcelain, acacia",
                    colours="white, clay, sage, navy",
                    sizes="400 ml, 900 ml",
                    weight=(0.3, 0.7),
                ),
                kind(
                    "Mug|马克杯",
                    "Camp|露营, Barrel|圆肚, Stackable|可叠放, Dipped|浸釉",
                    (9, 22),
                    materials="stoneware, porcelain",
                    colours="cream, mustard, forest, slate",
                    sizes="300 ml, 420 ml",
                    weight=(0.3, 0.5),
                ),
            ),
        ),
    ),
)

TEXTILES = Department(
    key="home-textiles",
    name=pair("Home Textiles|家纺布艺"),
    brands=("Linden Weave", "Softhouse", "Quiet Loom", "Aldermoor", "Folded Hill"),
    origins=pairs("Portugal|葡萄牙, India|印度, China|中国, Lithuania|立陶宛, Turkey|土耳其"),
    categories=(
        Category(
            key="bedding",
            name=pair("Bedding|床品"),
            aspects=("feel", "finish", "size", "value"),
            after=("home-textiles/cushions",),
            return_rate=0.08,
            facts={
                "care": pairs(
                    "machine wash at 40 °C|40 °C 机洗, machine wash at 60 °C|60 °C 机洗, "
                    "line dry|自然晾干"
                )
            },
            types=(
                kind(
                    "Duvet Cover|被套",
                    "Breezy|透气, Percale|细密平纹, Sateen|缎纹, Stonewashed|石洗",
                    (58, 168),
                    materials="organic cotton, washed linen, cotton",
                    colours="white, sand, sage, navy",
                    sizes="150 × 210 cm, 200 × 230 cm",
                    weight=(0.9, 2.1),
                ),
                kind(
                    "Pillowcase|枕套",
                    "Envelope|信封式, Percale|细密平纹, Stonewashed|石洗, Piped|滚边",
                    (14, 38),
                    materials="organic cotton, washed linen, cotton",
                    colours="white, sky, blush, charcoal",
                    sizes="48 × 74 cm, 50 × 90 cm",
                    weight=(0.1, 0.3),
                ),
            ),
        ),
        Category(
            key="towels",
            name=pair("Towels|毛巾浴巾"),
            aspects=("feel", "quality", "size", "value"),
            after=("beauty/body",),
            return_rate=0.05,
            facts={"care": pairs("machine wash at 60 °C|60 °C 机洗, tumble dry low|低温烘干")},
            types=(
                kind(
                    "Bath Towel|浴巾",
                    "Waffle|华夫格, Looped|毛圈, Striped|条纹, Quick-dry|速干",
                    (18, 52),
                    materials="organic cotton, cotton",
                    colours="white, sage, slate, blush",
                    sizes="70 × 140 cm, 90 × 160 cm",
                    weight=(0.4, 0.9),
                ),
                kind(
                    "Hand Towel|毛巾",
                    "Waffle|华夫格, Looped|毛圈, Fringed|流苏",
                    (8, 22),
                    materials="organic cotton, cotton, linen",
                    colours="white, clay, navy, olive",
                    sizes="34 × 75 cm, 50 × 90 cm",
                    weight=(0.1, 0.3),
                ),
            ),
        ),
        Category(
            key="cushions",
            name=pair("Cushions & Throws|靠垫盖毯"),
            aspects=("feel", "finish", "size", "value"),
            return_rate=0.07,
            facts={
                "care": pairs(
                    "removable cover|外套可拆洗, dry clean|建议干洗, "
                    "machine wash at 30 °C|30 °C 机洗"
                )
            },
            types=(
                kind(
                    "Cushion|靠垫",
                    "Piped|滚边, Ribbed|条绒, Botanical|植物纹, Plain|素面",
                    (22, 58),
                    materials="velvet, linen, corduroy",
                    colours="rust, olive, plum, cream",
                    sizes="45 × 45 cm, 30 × 50 cm",
                    weight=(0.4, 0.8),
                ),
                kind(
                    "Throw|盖毯",
                    "Herringbone|人字纹, Chunky|粗针, Fringed|流苏, Checked|格纹",
                    (38, 120),
                    materials="wool, merino wool, cotton",
                    colours="sand, mustard, forest, slate",
                    sizes="130 × 170 cm, 150 × 200 cm",
                    weight=(0.7, 1.6),
                ),
            ),
        ),
        Category(
            key="table-linen",
            name=pair("Table & Kitchen Linen|餐厨布艺"),
            aspects=("feel", "finish", "quality", "value"),
            after=("kitchen/tableware",),
            return_rate=0.04,
            facts={"care": pairs("machine wash at 40 °C|40 °C 机洗, iron while damp|微湿时熨烫")},
            types=(
                kind(
                    "Tablecloth|桌布",
                    "Plain|素面, Checked|格纹, Scalloped|荷叶边",
                    (28, 88),
                    materials="linen, cotton",
                    colours="cream, sage, sky, natural",
                    sizes="140 × 180 cm, 160 × 250 cm",
                    weight=(0.4, 1.0),
                ),
                kind(
                    "Apron|围裙",
                    "Cross-back|交叉背带, Pocket|口袋, Workshop|工坊",
                    (24, 56),
                    materials="linen, canvas, cotton",
                    colours="olive, charcoal, rust, natural",
                    weight=(0.2, 0.5),
                ),
            ),
        ),
    ),
)
