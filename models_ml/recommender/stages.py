"""The steps of a training: tune the baselines, fit the network, find the blend, carry the recipe on
to a later cut.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import torch

from models_ml.data.augmentation import MASKED, Augmenter
from models_ml.data.cleaning import NotEnoughData
from models_ml.data.columns import ITEM
from models_ml.data.content import ContentMatrix, ItemFacts, Row, Vocabulary, read_vocabulary
from models_ml.data.histories import build_histories
from models_ml.data.history import DAY_SECONDS
from models_ml.data.sequences import Target, find_targets
from models_ml.recommender.added_weights import AddedBlend
from models_ml.recommender.baselines import fit_co_occurrence, fit_popularity
from models_ml.recommender.batches import Examples
from models_ml.recommender.blending import Blend, tune_blend
from models_ml.recommender.cases import Case, build_cases
from models_ml.recommender.config import TrainConfig
from models_ml.recommender.evaluate import mean_ndcg
from models_ml.recommender.export import Fitted
from models_ml.recommender.fit import Fitter, Plan, answer
from models_ml.recommender.fusion import Parts
from models_ml.recommender.model import SequenceConfig, SequenceModel, grow, item_vectors
from models_ml.recommender.past import Past
from models_ml.recommender.run import Run
from models_ml.recommender.sequence import ItemVectors, SequenceHead
from models_ml.recommender.tuning import Baselines, Tuned, fit_baselines, names_for, tune

# Carrying on starts from trained weights. Where few purchases are new (Online Retail, a tenth) one
# epoch at half the learning rate was best on the validation window, and more overfitted (NDCG@10
# .348, twice at the full rate .342); where half are new (the generated shop) two at the full rate
# (.427 against .402).
_MANY_NEW = 0.25
_FEW_NEW_EPOCHS, _FEW_NEW_RATE = 1, 0.5
_MANY_NEW_EPOCHS, _MANY_NEW_RATE = 2, 1.0
# From how many of an item's neighbours a substitute is drawn.
_SIMILAR_ITEMS = 5


@dataclass(frozen=True, slots=True)
class Window:
    """A past and the cases of the window after it."""

    past: Past
    cases: list[Case]


class ShopContent:
    """What the products with interactions say about themselves, as features that they share."""

    def __init__(self, items: Sequence[ItemFacts], rows: pd.DataFrame) -> None:
        seen = set(rows[ITEM].unique())
        facts = [one for one in items if one.item in seen]
        self.vocabulary: Vocabulary = read_vocabulary(facts)
        self._facts = {one.item: one for one in facts}
        self._rows = {one.item: self.vocabulary.row(one) for one in facts}
        paths = {one.category for one in facts if one.category}
        numbers = {path: number for number, path in enumerate(sorted(paths))}
        self._categories = {one.item: numbers.get(one.category, -1) for one in facts}

    def matrix(self, skus: np.ndarray) -> ContentMatrix:
        """One row per sku; empty where nothing is told."""
        none = Row(np.zeros(0, np.int32), np.zeros(0, np.float32))
        rows = [self._rows.get(sku, none) for sku in skus.tolist()]
        return ContentMatrix.of(rows, self.vocabulary.width)

    def facts(self, skus: np.ndarray) -> list[ItemFacts]:
        """Of those skus that tell anything, in their order."""
        return [self._facts[sku] for sku in skus.tolist() if sku in self._facts]

    def categories(self, skus: np.ndarray) -> np.ndarray:
        """The number of each sku's category, -1 where none is told, shape (items,)."""
        return np.array([self._categories.get(sku, -1) for sku in skus.tolist()], np.int64)


def build_past(rows: pd.DataFrame, cut: pd.Timestamp, content: ShopContent | None = None) -> Past:
    """From cleaned rows that all lie before the cut."""
    histories = build_histories(rows)
    told = content.matrix(histories.skus) if content else None
    categories = content.categories(histories.skus) if content else None
    return Past(histories, cut.timestamp() / DAY_SECONDS, told, categories)


def build_window(
    before: pd.DataFrame,
    after: pd.DataFrame,
    cut: pd.Timestamp,
    content: ShopContent | None = None,
) -> Window:
    """Raises `NotEnoughData` when no customer of the past buys in the window."""
    past = build_past(before, cut, content)
    return Window(past, build_cases(past.histories, after))


def tune_baselines(run: Run, window: Window) -> dict[str, Tuned]:
    """Tune each baseline on the validation window; finished ones are taken from the checkpoint."""
    finished = run.checkpoints.read_json("baselines") or {}
    tuned = {name: Tuned(**one) for name, one in finished.items()}
    popularity = fit_popularity(window.past, days=30.0)
    names = names_for(window.past)
    for place, name in enumerate(names):
        run.check()
        if name not in tuned:
            tuned[name] = tune(name, window.past, window.cases, popularity)
            run.checkpoints.write_json(
                "baselines", {name: asdict(one) for name, one in tuned.items()}
            )
        popularity = fit_popularity(window.past, **tuned["popularity"].parameters)
        run.tell("baselines", (place + 1) / len(names))
    return tuned


def new_network(config: TrainConfig, past: Past) -> SequenceModel:
    """A network that has learned nothing yet, the same for one seed."""
    torch.manual_seed(config.seed)
    model = SequenceModel(
        SequenceConfig(
            items=past.items,
            dim=config.dim,
            layers=config.layers,
            heads=config.heads,
            dropout=config.dropout,
            window=config.max_length,
            features=past.content.width if past.content else 0,
        )
    )
    if past.content:
        model.set_content(past.content)
    return model


def fit_network(run: Run, window: Window) -> tuple[SequenceModel, list[dict[str, float]]]:
    """Fit from scratch up to the validation window, which chooses the epoch."""
    config = run.config
    model = new_network(config, window.past)
    plan = Plan("fit", config.epochs, config.learning_rate, config.patience, 3.0, False)
    examples = _examples(run, window.past)
    model.set_feature_scale(examples.own_features())
    return model, _fit_measured(run, plan, model, examples, window)


def fit_further(
    run: Run, plan: Plan, model: SequenceModel, window: Window
) -> list[dict[str, float]]:
    """Fit a network that has learned before, in place; the validation window chooses the epoch."""
    return _fit_measured(run, plan, model, _examples(run, window.past), window)


def _fit_measured(
    run: Run, plan: Plan, model: SequenceModel, examples: Examples, window: Window
) -> list[dict[str, float]]:
    asked = ask_cases(window, run.config.max_length)

    def measure(fitted: SequenceModel) -> float:
        scores = network_scores(fitted, window, asked)
        return mean_ndcg(lambda place, case: scores[place], window.cases)

    return Fitter(run, plan).fit(
        model,
        examples,
        on_epoch=lambda row: run.tell(plan.name, 0.6 * row["epoch"] / plan.epochs, row),
        measure=measure,
    )


def find_blend(run: Run, window: Window, model: SequenceModel, tuned: dict[str, Tuned]) -> Blend:
    """Tune the fusion's weights on the validation window."""
    baselines = fit_baselines(window.past, tuned)
    scores = network_scores(model, window, ask_cases(window, run.config.max_length))
    return tune_blend(window.cases, scores, parts_of(baselines), window.past.cut, run.config.seed)


def carry_on(
    run: Run, name: str, model: SequenceModel, known: Past, past: Past, share: float
) -> SequenceModel:
    """Bring a network that learned from `known` to a later past; left out when the time is up."""
    grown = grow(model, known.histories.skus, past.histories.skus)
    if past.content:
        grown.set_content(past.content)
    new = 1.0 - known.bought.sum() / past.bought.sum()
    epochs = _MANY_NEW_EPOCHS if new >= _MANY_NEW else _FEW_NEW_EPOCHS
    rate = _MANY_NEW_RATE if new >= _MANY_NEW else _FEW_NEW_RATE
    plan = Plan(name, epochs, run.config.learning_rate * rate, epochs, 1.0, True)
    examples = _examples(run, past)
    Fitter(run, plan).fit(grown, examples, on_epoch=lambda row: run.tell("fit", share))
    return grown


def fit_all(
    run: Run,
    past: Past,
    model: SequenceModel,
    tuned: dict[str, Tuned],
    blends: tuple[Blend, AddedBlend | None],
) -> Fitted:
    """The recipe on one past: baselines fitted anew, network as carried on, blends as tuned."""
    run.check()
    return Fitted(past, model, fit_baselines(past, tuned), *blends)


def parts_of(baselines: Baselines) -> Parts:
    return Parts(
        baselines.ease, baselines.co_occurrence, baselines.repeat_frequency, baselines.content
    )


def ask_cases(window: Window, length: int) -> Examples:
    """One question per case, asked at the cut about everything before it."""
    targets = [
        Target(case.customer, len(case.history), window.past.cut, case.relevant)
        for case in window.cases
    ]
    return Examples(window.past, targets, length)


def network_scores(model: SequenceModel, window: Window, asked: Examples) -> list[np.ndarray]:
    """Logits of the whole catalogue per case, each (items,)."""
    vectors, bias = item_vectors(model)
    head = SequenceHead(
        vectors=ItemVectors(vectors, vectors[:0]),
        bias=bias,
        trends=window.past.trend.at(window.past.cut),
    )
    return [head.combine(one) for one in answer(model, asked)]


def _augmenter(run: Run, past: Past) -> Augmenter | None:
    """Similar is what shares baskets most."""
    names = run.config.augmentation
    if not names:
        return None
    together = fit_co_occurrence(
        past,
        fit_popularity(past, days=30.0),
        scope="basket",
        damping=0.5,
        half_life=30.0,
        browsing=0.0,
    )
    few = slice(0, _SIMILAR_ITEMS)
    similar = np.where(together.strengths[:, few] > 0, together.neighbours[:, few], MASKED)
    return Augmenter(names, similar)


def _examples(run: Run, past: Past) -> Examples:
    random = np.random.default_rng(run.config.seed)
    targets = find_targets(past.histories, run.config.test_days, random)
    if not targets:
        raise NotEnoughData(
            "no customer came back to buy, so that there is no next basket to learn"
        )
    return Examples(past, targets, run.config.max_length, _augmenter(run, past))
