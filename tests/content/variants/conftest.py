"""A mug with two wordings, and an experiment that compares them."""

import pytest

from guidance.content.models import CopyBandit, Publication
from guidance.content.services.bandits import approve_bandit
from guidance.core.models import User
from guidance.experiments.models import Experiment
from tests.content.conftest import FACTS, MakeProduct
from tests.content.variants.bandits import ask
from tests.content.variants.wordings import approve, draft_main, start, write


@pytest.fixture
def mug(make_product: MakeProduct, mia: User) -> Publication:
    """The mug's main text, live."""
    product = make_product("mug", facts={**FACTS, "design": "grey stripes", "weight": "400 g"})
    return approve(draft_main(product.pk), mia)


@pytest.fixture
def mug_b(mug: Publication, mia: User, max_: User) -> Publication:
    """Another wording of it, asked for by one person and approved by another."""
    return approve(write(mug, mia), max_)


@pytest.fixture
def running(mug: Publication, mug_b: Publication, mia: User, max_: User) -> Experiment:
    return start(mug, mia, max_)


@pytest.fixture
def bandit(mug: Publication, mug_b: Publication, mia: User, max_: User) -> CopyBandit:
    """A running one, which draws evenly as it knows nothing yet."""
    return approve_bandit(bandit_id=ask(mug, mia).pk, actor=max_)
