"""Times the served ranking on one core, as a web process runs it."""

import time
from pathlib import Path

import numpy as np
import pandas as pd

from models_ml.data.cleaning import clean
from models_ml.data.columns import BASKET, CUSTOMER, ITEM, KIND, TIME
from models_ml.recommender.serving import POLICIES, HistoryEvent, load

_SHOPPERS = 200


def measure_speed(directory: Path, frame: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Median and 99th percentile in milliseconds of `rank(k=20)` per policy, over a seeded sample
    of whole histories.
    """
    rows, _ = clean(frame)
    customers = np.random.default_rng(1).permutation(rows[CUSTOMER].unique())[:_SHOPPERS]
    groups = rows[rows[CUSTOMER].isin(customers)].groupby(CUSTOMER)
    histories = [
        [
            HistoryEvent(*row)
            for row in group[[ITEM, TIME, KIND, BASKET]].itertuples(index=False, name=None)
        ]
        for _, group in groups
    ]
    now = rows[TIME].max().to_pydatetime()
    speeds = {}
    for policy in POLICIES:
        ranker = load(directory, policy)
        ranker.rank(histories[0], k=20, now=now)
        took = []
        for history in histories:
            started = time.perf_counter()
            ranker.rank(history, k=20, now=now)
            took.append(1_000 * (time.perf_counter() - started))
        median, slow = np.percentile(took, [50, 99])
        speeds[policy] = {"median": round(float(median), 3), "p99": round(float(slow), 3)}
    return speeds
