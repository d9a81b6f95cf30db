"""Customers and anonymous visitors: who they are, how often they come, and what they like."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .catalogue import Catalogue
from .parameters import Parameters

TIERS = ("member", "silver", "gold", "platinum")
TIER_SHARES = (0.62, 0.23, 0.11, 0.04)
PLACES = (
    # country, time zone, share, share reading Chinese
    ("SG", "Asia/Singapore", 0.72, 0.42),
    ("MY", "Asia/Kuala_Lumpur", 0.13, 0.45),
    ("CN", "Asia/Shanghai", 0.07, 0.97),
    ("AU", "Australia/Sydney", 0.05, 0.15),
    ("GB", "Europe/London", 0.03, 0.08),
)
NEW_CUSTOMERS = 0.10
"""Share of the customers who join during the period."""


@dataclass(frozen=True)
class People:
    """``P`` people: the customers first, as many anonymous visitors after them."""

    customers: int
    tier: NDArray[np.int64]
    place: NDArray[np.int64]
    chinese: NDArray[np.bool_]
    first_day: NDArray[np.int64]
    visit: NDArray[np.float64]
    """Probability of a visit on an ordinary day, ``(P,)``."""
    views: NDArray[np.float64]
    checkout: NDArray[np.float64]
    categories: NDArray[np.float64]
    """Share of each category in what a person looks for, ``(P, C)``; rows sum to 1."""
    match: NDArray[np.float32]
    """How well each product suits each person, ``(P, N)``: its share of the logarithm of the
    product's weight.
    """

    def visits(self, day: int, rhythm: float, parameters: Parameters) -> NDArray[np.float64]:
        """Return everyone's probability of a session on ``day``, ``(P,)``."""
        chance = np.minimum(self.visit * rhythm, 0.92) * (day >= self.first_day)
        age = day - self.first_day[self.customers :]
        chance[self.customers :] = np.where(
            age == 0, 1.0, np.where((age > 0) & (age <= 7), parameters.visitor_return, 0.0)
        )
        return chance


def build_people(
    rng: np.random.Generator,
    catalogue: Catalogue,
    *,
    customers: int,
    days: int,
    parameters: Parameters,
) -> People:
    """Draw ``customers`` customers and as many visitors, their habits and tastes."""
    count = 2 * customers
    known = np.arange(count) < customers
    eager = rng.normal(0, 1, count)
    visit = np.clip(parameters.daily_visit * np.exp(parameters.visit_spread * eager), 0.01, 0.8)
    place = rng.choice(len(PLACES), count, p=[share for _, _, share, _ in PLACES])
    joining = rng.random(count) < NEW_CUSTOMERS
    first_day = np.where(known & ~joining, 0, rng.integers(0, max(1, days), count))
    categories, match = _tastes(rng, catalogue, count, parameters)
    return People(
        customers=customers,
        tier=np.where(known, _tiers(rng, eager, known), -1),
        place=place,
        chinese=rng.random(count) < np.array([share for _, _, _, share in PLACES])[place],
        first_day=first_day,
        visit=visit,
        views=parameters.views * np.exp(rng.normal(0, 0.25, count)),
        checkout=np.where(
            known,
            np.clip(
                rng.normal(parameters.checkout_rate, parameters.checkout_spread, count), 0.1, 0.85
            ),
            parameters.visitor_checkout,
        ),
        categories=categories,
        match=match,
    )


def _tiers(
    rng: np.random.Generator, eager: NDArray[np.float64], known: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Rank customers by how eager they are, loosely, and cut the ranking at the tiers' shares."""
    score = np.where(known, eager + rng.normal(0, 0.5, len(eager)), -np.inf)
    rank = np.empty(len(score))
    rank[np.argsort(-score, kind="stable")] = (np.arange(len(score)) + 0.5) / max(
        1, int(known.sum())
    )
    bounds = np.cumsum(TIER_SHARES[::-1])[:-1]
    return len(TIERS) - 1 - np.searchsorted(bounds, rank)


def _tastes(
    rng: np.random.Generator, catalogue: Catalogue, count: int, parameters: Parameters
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Draw shares over categories and the match with every product from a persona plus a personal
    part.
    """
    size, personas = parameters.latent_dimensions, parameters.personas
    persona = rng.integers(personas, size=count)
    departments = np.unique([d.key for d, _ in catalogue.categories], return_inverse=True)[1]
    share = (
        rng.dirichlet(np.full(departments.max() + 1, parameters.persona_departments), personas)
        + 0.01
    )
    shelf = rng.gamma(1.2, 1.0, (personas, len(departments))) + 0.05
    mean = share[:, departments] * shelf
    mean /= mean.sum(axis=1, keepdims=True)
    weights = rng.gamma(mean[persona] * parameters.customer_concentration + 0.02) + 1e-4
    categories = weights / weights.sum(axis=1, keepdims=True)

    taste = rng.normal(0, 1, (personas, size))[persona] + rng.normal(
        0, parameters.personal_taste, (count, size)
    )
    loyalty = rng.normal(0, 0.7, (personas, catalogue.brand_count))[persona] + rng.normal(
        0, 0.7, (count, catalogue.brand_count)
    )
    level = rng.normal(0, 0.5, personas)[persona] + rng.normal(0, 0.6, count)
    bulk = rng.normal(0, 0.3, count)
    style = taste @ catalogue.style.T / np.sqrt(size)
    match = (
        parameters.style_weight * style
        + parameters.brand_weight * loyalty[:, catalogue.brand]
        - parameters.price_weight * (catalogue.price_level[None, :] - level[:, None]) ** 2
        + bulk[:, None] * catalogue.size_rank[None, :]
    )
    # Rounded so that the order in which a processor adds up does not show in what is drawn from it.
    return np.round(categories, 6), np.round(match - match.mean(), 4).astype(np.float32)
