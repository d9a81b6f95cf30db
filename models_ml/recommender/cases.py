"""Whom a window measures: known customers and what they bought in it."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models_ml.data.cleaning import NotEnoughData
from models_ml.data.columns import CUSTOMER, ITEM, KIND, PURCHASE
from models_ml.data.histories import Histories
from models_ml.data.history import EMPTY, History


@dataclass(frozen=True, slots=True)
class Case:
    """One known customer at the cut: what came before, and what was bought in the window after it.

    `customer` is the number in the histories, -1 where they hold nothing about `name`.

    `unrankable` counts bought items that the catalogue did not hold before the cut; they stay in
    the ideal ranking, so that a policy pays for them.
    """

    name: str
    customer: int
    history: History
    relevant: np.ndarray
    unrankable: int

    @property
    def total(self) -> int:
        """How many different items were bought."""
        return len(self.relevant) + self.unrankable


def build_cases(
    histories: Histories, window: pd.DataFrame, known: Collection[str] = ()
) -> list[Case]:
    """Every customer with a history and at least one purchase in the window, in the order of names.

    Those in `known` count even where `histories` holds nothing about them.
    Raises `NotEnoughData` if there is none.
    """
    bought = window[window[KIND] == PURCHASE]
    numbers = {str(name): number for number, name in enumerate(histories.customers)}
    skus = {str(sku): place for place, sku in enumerate(histories.skus)}
    cases = []
    for name, items in bought.groupby(CUSTOMER)[ITEM].unique().items():
        customer = numbers.get(str(name), -1)
        if customer < 0 and name not in known:
            continue
        places = [skus[sku] for sku in items if sku in skus]
        cases.append(
            Case(
                name=str(name),
                customer=customer,
                history=EMPTY if customer < 0 else histories.of(customer),
                relevant=np.sort(np.array(places, dtype=np.int64)),
                unrankable=len(items) - len(places),
            )
        )
    if not cases:
        raise NotEnoughData("no customer with a history bought anything in the held-out window")
    return cases
