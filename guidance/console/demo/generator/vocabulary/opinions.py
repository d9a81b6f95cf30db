"""What customers say about products: openings by rating, and sentences about single aspects, in
both languages.
"""

OPENINGS: dict[str, dict[int, tuple[str, ...]]] = {
    "en": {
        1: (
            "A real disappointment.",
            "I am sending {this} {noun} back.",
            "Not worth the wait.",
            "It did not work out for me.",
        ),
        2: (
            "I expected more of {this} {noun}.",
            "Below what the pictures promised.",
            "Not for me, I am afraid.",
        ),
        3: (
            "It does its job.",
            "{ordinary} {noun}, no more and no less.",
            "Mixed feelings about this one.",
        ),
        4: (
            "Happy with {this} {noun}.",
            "A good choice with one or two small flaws.",
            "Better than I expected.",
        ),
        5: (
            "My favourite {noun} so far.",
            "Exactly what I hoped for.",
            "I have already recommended it to friends.",
            "Could not be happier.",
        ),
    },
    "zh-hans": {
        1: ("非常失望。", "这款{noun}我准备退了。", "等了这么久，不值得。", "完全不适合我。"),
        2: ("对这款{noun}期待更高一些。", "和图片相比有差距。", "可能不太适合我。"),
        3: ("中规中矩。", "很普通的{noun}，不好也不坏。", "有好有坏吧。"),
        4: ("这款{noun}挺满意的。", "总体不错，有点小瑕疵。", "比预想的要好。"),
        5: (
            "目前用过最喜欢的{noun}。",
            "和期待的一模一样。",
            "已经推荐给朋友了。",
            "满意得不能再满意。",
        ),
    },
}

# aspect: (praise in English, blame in English, praise in Chinese, blame in Chinese)
ASPECTS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "taste": (
        (
            "The taste is clear and balanced.",
            "It tastes lovely from the first to the last bit.",
            "Full of flavour without being heavy.",
        ),
        ("The taste is flat.", "It left a bitter aftertaste.", "Too faint for my liking."),
        ("味道干净平衡。", "从头到尾都好吃好喝。", "味道浓郁又不腻。"),
        ("味道偏淡。", "后味有点苦。", "吃起来没什么层次。"),
    ),
    "aroma": (
        ("The aroma fills the whole room.", "It smells wonderful as soon as you open it."),
        ("There is hardly any aroma.", "The smell reminded me of cardboard."),
        ("香气满屋。", "一打开就闻到香味。"),
        ("几乎闻不到香气。", "闻起来有股纸箱味。"),
    ),
    "freshness": (
        ("It arrived fresh, with a long date on it.", "Everything was fresh."),
        ("The date was close to its end.", "It was not as fresh as it should be."),
        ("日期新鲜，保质期还很长。", "收到的时候很新鲜。"),
        ("收到时已经临期。", "新鲜度一般。"),
    ),
    "packaging": (
        ("Carefully packed, nothing to throw away.", "The packaging is neat and closes well."),
        ("The packaging was dented.", "The closure broke on the second day."),
        ("包装用心，没有多余的塑料。", "包装精致，封口严实。"),
        ("包装压坏了。", "封口第二天就坏了。"),
    ),
    "value": (
        ("Good value for the price.", "At this price I would buy it again."),
        ("Too expensive for what it is.", "I have seen better for less."),
        ("性价比很高。", "这个价格还会回购。"),
        ("价格偏高。", "同样的钱可以买到更好的。"),
    ),
    "finish": (
        (
            "The finish is beautiful.",
            "The colour is even nicer than in the picture.",
            "Every edge is clean.",
        ),
        ("The finish has visible flaws.", "The colour is not the one in the picture."),
        ("做工漂亮。", "颜色比图片还好看。", "边角处理得很干净。"),
        ("表面有明显瑕疵。", "颜色和图片不一样。"),
    ),
    "quality": (
        (
            "Solid and well made.",
            "You can feel the quality.",
            "It looks as if it will last for years.",
        ),
        ("It feels flimsy.", "It came apart after two weeks."),
        ("结实，做工好。", "质感一摸就知道。", "看起来能用很多年。"),
        ("感觉不太结实。", "用了两周就散了。"),
    ),
    "size": (
        ("The size is just right.", "It fits exactly where I wanted it."),
        ("Smaller than I thought.", "Too large for my shelf."),
        ("大小刚刚好。", "放在想放的地方正合适。"),
        ("比想象中小。", "太大了，柜子放不下。"),
    ),
    "ease": (
        ("Easy to use from the first day.", "No need to read the instructions twice."),
        ("It takes too long to get used to.", "The instructions are hard to follow."),
        ("上手很容易。", "说明清楚，一看就会。"),
        ("不太好上手。", "说明书看不懂。"),
    ),
    "weight": (
        ("Pleasantly light.", "The weight feels just right in the hand."),
        ("Heavier than I would like.", "Too heavy to carry far."),
        ("很轻便。", "拿在手里分量合适。"),
        ("比想要的重。", "太沉，带着走不方便。"),
    ),
    "texture": (
        ("The texture is lovely.", "Smooth and even."),
        ("The texture is not pleasant.", "Rather sticky."),
        ("质地很好。", "细腻均匀。"),
        ("质地不太舒服。", "有点黏。"),
    ),
    "feel": (
        ("Soft to the touch.", "It gets softer with every wash."),
        ("Rougher than I expected.", "It sheds after washing."),
        ("手感柔软。", "越洗越软。"),
        ("比想象中粗糙。", "洗过之后掉毛。"),
    ),
    "paper": (
        ("The paper takes ink without bleeding.", "Lovely paper to write on."),
        ("Ink shows through the paper.", "The paper is thinner than described."),
        ("纸张不洇墨。", "纸写起来很舒服。"),
        ("纸会透墨。", "纸比描述的薄。"),
    ),
    "writing": (
        ("It writes smoothly.", "The line is even and does not skip."),
        ("It skips now and then.", "It needed pressure to write."),
        ("书写顺滑。", "线条均匀，不断墨。"),
        ("偶尔会断墨。", "要用力才能写出来。"),
    ),
    "skin": (
        ("My skin feels calm and soft.", "No redness at all, even on sensitive days."),
        ("My skin felt tight afterwards.", "It made my cheeks red."),
        ("用完皮肤很舒服。", "敏感的时候用也不泛红。"),
        ("用完有点紧绷。", "脸颊有些泛红。"),
    ),
    "scent": (
        ("The scent is gentle and stays for a while.", "A scent that everyone here likes."),
        ("The scent is too strong for me.", "It smells artificial."),
        ("味道清淡，留香刚好。", "家里人都喜欢这个味道。"),
        ("味道对我来说太浓。", "闻起来有点人工。"),
    ),
    "pet": (
        ("Mine runs to it at once.", "A picky eater is won over.", "It is used every single day."),
        ("Mine did not touch it.", "It was interesting for one evening only."),
        ("毛孩子一看到就跑过来。", "挑剔的它也喜欢。", "每天都在用。"),
        ("它碰都不碰。", "只新鲜了一个晚上。"),
    ),
    "child": (
        ("The children play with it every day.", "It has been carried around ever since."),
        ("The children lost interest quickly.", "Some parts are too small for little hands."),
        ("孩子每天都玩。", "到哪儿都要带着。"),
        ("孩子很快就不玩了。", "有些部件对小手来说太小。"),
    ),
    "fun": (
        ("Every round is different.", "We laughed all evening."),
        ("It becomes the same after three rounds.", "The rules are longer than the fun."),
        ("每一局都不一样。", "大家玩了一晚上，笑个不停。"),
        ("玩三局就重复了。", "规则太长，乐趣太少。"),
    ),
    "sound": (
        ("The sound is warm and detailed.", "Voices come through clearly."),
        ("The bass is weak.", "It hisses at low volume."),
        ("声音温暖，细节丰富。", "人声清晰。"),
        ("低音偏弱。", "音量小的时候有底噪。"),
    ),
    "comfort": (
        ("I forget that I am wearing it.", "Comfortable for hours."),
        ("It presses after an hour.", "It slips when I walk."),
        ("戴着几乎没感觉。", "戴几个小时也舒服。"),
        ("戴一小时就夹耳朵。", "走路时容易掉。"),
    ),
    "battery": (
        ("The battery lasts as long as promised.", "I charge it once a week."),
        ("The battery runs down faster than described.", "It takes long to charge."),
        ("续航和描述一致。", "一周充一次就够。"),
        ("掉电比描述的快。", "充电时间太长。"),
    ),
}

NOT_SOLD: dict[str, tuple[str, ...]] = {
    "en": (
        "phone charger",
        "running shoes",
        "garden hose",
        "gift card",
        "car seat",
        "printer toner",
        "bicycle pump",
        "sunglasses",
        "vitamin c",
        "desk lamp",
        "air fryer",
        "umbrella",
    ),
    "zh-hans": (
        "充电宝",
        "跑步鞋",
        "雨伞",
        "礼品卡",
        "空气炸锅",
        "台灯",
        "打印机墨盒",
        "太阳镜",
        "自行车",
        "维生素",
        "手机壳",
        "安全座椅",
    ),
}
"""Searches for what the shop does not sell."""
