"""The numbers of the generated shop.

They were set from what is plausible for a members' shop (visits a month, share of views that end
in a basket, basket size, how soon a bag of coffee is used up) and checked with counts only,
before any model was trained on the result. Changing one makes another shop, so raise ``VERSION``
with it.
"""

from dataclasses import dataclass

VERSION = "1"


@dataclass(frozen=True)
class Parameters:
    """Rates are per session unless said otherwise; times are in days unless said otherwise."""

    # Tastes
    latent_dimensions: int = 6
    personas: int = 12
    persona_departments: float = 0.40
    """Dirichlet concentration of a persona over departments: about three of ten matter."""
    customer_concentration: float = 7.0
    """How closely a customer follows the persona's share of categories."""
    personal_taste: float = 0.55
    """Standard deviation of a customer's latent tastes round the persona's."""
    style_weight: float = 0.75
    brand_weight: float = 0.45
    price_weight: float = 0.45
    family_popularity: float = 0.85
    variant_popularity: float = 0.45

    # Visits
    daily_visit: float = 0.135
    """Median probability that a customer visits on a day."""
    visit_spread: float = 0.75
    """Standard deviation of its logarithm between customers."""
    views: float = 4.6
    """Mean of the product views of a session after the first one."""
    search_rate: float = 0.38
    search_without_result: float = 0.045
    visitor_return: float = 0.16
    """Daily probability that an anonymous visitor returns within the week."""

    # Intent
    intent_persistence: float = 0.55
    """Probability that a session goes on with the category of the one before."""
    wandering: float = 0.28
    """Share of a session's views outside its category, drawn from the general taste."""
    need_strength: float = 0.45
    """Probability, right after a purchase, that the next session is about a complement of it."""
    need_decay: float = 7.0
    mate_boost: float = 6.0
    """Factor on the products that go with the one bought."""

    # From view to basket
    cart_rate: float = 0.044
    """Probability that a viewed product of average match goes into the cart."""
    cart_match: float = 0.50
    """How strongly the match changes the logarithm of that probability."""
    shopping_sessions: float = 0.33
    shopping_factor: float = 2.2
    looking_factor: float = 0.4
    """Some sessions are for shopping, most for looking: factors on the cart rate."""
    checkout_rate: float = 0.42
    checkout_spread: float = 0.10
    visitor_checkout: float = 0.16
    recovery_rate: float = 0.38
    """Probability that a session returns to the cart left behind, up to ``cart_life`` days."""
    cart_life: int = 10
    owned_factor: float = 0.12
    """Weight of a lasting product's family once the customer owns one of it."""

    # Repeat purchases
    restock_start: float = 0.65
    """Share of the interval before which nobody restocks."""
    restock_hazard: float = 0.17
    """Daily probability once the interval has passed, reached in a straight line from
    ``restock_start``.
    """
    restock_end: float = 2.2
    """Multiple of the interval after which the product is forgotten."""
    restock_checkout: float = 0.93
    content_rating: float = 2.9
    """Opinion (1-5) from which on a customer buys a consumable again."""

    # Opinions
    opinion_spread: float = 0.7
    mishap_rate: float = 0.06
    mishap: float = 2.0
    """What an opinion loses when something went wrong: a broken seal, a wrong size."""
    rating_rate: float = 0.17
    review_rate: float = 0.12

    # Assortment
    new_families: float = 0.06
    novelty_boost: float = 2.2
    novelty_days: int = 10
    withdrawn: float = 0.015
    sold_out: float = 0.03
    thin_facts: float = 0.08
    described: float = 0.20

    popularity_days: int = 30
    """Days before the cut whose purchases the popularity ranking counts."""


PARAMETERS = Parameters()
