"""Plays a tenth of the known products as if they had been added after the training."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models_ml.data.columns import ITEM
from models_ml.data.histories import build_histories
from models_ml.recommender import stages
from models_ml.recommender.added_weights import AddedBlend, Simulation, tune_added
from models_ml.recommender.additions import ContentReader
from models_ml.recommender.blending import MOST_SCORES, Blend
from models_ml.recommender.cases import Case, build_cases
from models_ml.recommender.fit import answer
from models_ml.recommender.heirs import Additions
from models_ml.recommender.model import SequenceModel, item_vectors
from models_ml.recommender.past import Past
from models_ml.recommender.run import Run
from models_ml.recommender.sequence import Answer, ItemVectors, SequenceHead
from models_ml.recommender.stages import ShopContent, Window
from models_ml.recommender.tuning import Tuned, fit_baselines

SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Played:
    """The validation window without any event of the products in `added` before its cut: `past`
    knows the others alone, and `cases` number the added ones after those.
    """

    past: Past
    added: Additions
    cases: list[Case]
    rows: pd.DataFrame

    @property
    def skus(self) -> np.ndarray:
        """In the order of the numbers."""
        return np.concatenate([self.past.histories.skus, self.added.skus])


def find_added_blend(
    run: Run,
    window: Window,
    frames: tuple[pd.DataFrame, pd.DataFrame, pd.Timestamp],
    content: ShopContent,
    fitted: tuple[SequenceModel, dict[str, Tuned], Blend],
) -> AddedBlend | None:
    """How the blend weighs what is added later; `frames` holds the rows before the window's cut,
    those after it, and the cut. None where no blend serves or too little was sold to tell.
    """
    model, tuned, blend = fitted
    if blend.alone:
        return None
    played = _play(window.past, frames, content, model, run.config.seed)
    parts = stages.parts_of(fit_baselines(played.past, tuned)).with_added(played.added)
    scores = _network_scores(model, window.past, played, run.config.max_length)
    known, cut, weights = played.past.items, played.past.cut, blend.weights
    totals, evidence = [], []
    for case, network in zip(played.cases, scores, strict=True):
        logs = {name: parts.log_evidence(name, case.history, cut) for name in weights}
        total = network[:known]
        for name, weight in weights.items():
            total = total + np.float32(weight) * logs[name][:known]
        totals.append(total)
        evidence.append({name: log[known:] for name, log in logs.items()})
    simulation = Simulation(
        played.cases,
        np.stack(totals),
        np.stack([network[known:] for network in scores]),
        {name: np.stack([one[name] for one in evidence]) for name in weights},
    )
    # Nobody bought these before, so that repeats tell nothing; their weight stays.
    names = tuple(name for name in weights if name != "repeat_frequency")
    return tune_added(simulation, weights, names, run.config.seed)


def _play(
    past: Past,
    frames: tuple[pd.DataFrame, pd.DataFrame, pd.Timestamp],
    content: ShopContent,
    model: SequenceModel,
    seed: int,
) -> Played:
    before, after, cut = frames
    random = np.random.default_rng(seed)
    facts = content.facts(past.histories.skus)
    count = min(len(facts), max(1, int(SHARE * past.items)))
    chosen = [facts[place] for place in random.choice(len(facts), count, replace=False)]
    rows = before[~before[ITEM].isin([one.item for one in chosen])]
    known = stages.build_past(rows, cut, content)
    assert known.content is not None
    projection = model.content_projection.detach().numpy()
    reader = ContentReader(content.vocabulary, known.content, projection, model.unknown_bias.item())
    added = reader.read(chosen)
    skus = np.concatenate([known.histories.skus, added.skus])
    cases = build_cases(build_histories(rows, skus), after)
    most = max(1, MOST_SCORES // len(skus))
    if len(cases) > most:
        places = np.sort(random.choice(len(cases), most, replace=False))
        cases = [cases[place] for place in places]
    return Played(known, added, cases, rows)


def _network_scores(
    model: SequenceModel, past: Past, played: Played, length: int
) -> list[np.ndarray]:
    """Logits per case, each (known + added,). The network reads its own numbering."""
    skus = past.histories.skus
    read = Past(build_histories(played.rows, skus), past.cut, past.content, past.categories)
    answers = answer(model, stages.ask_cases(Window(read, played.cases), length))
    vectors, bias = item_vectors(model)
    own = np.searchsorted(skus, played.past.histories.skus)
    head = SequenceHead(
        ItemVectors(vectors[own], vectors[:0]), bias[own], played.past.trend.at(past.cut)
    ).with_added(played.added)
    places = np.zeros(len(skus), np.int64)
    places[np.searchsorted(skus, played.skus)] = np.arange(len(skus))
    return [
        head.combine(Answer(one.state, one.trend_weights, places[one.own_items], one.own_scores))
        for one in answers
    ]
