"""Products with facts, drafts of them, and the people who decide."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.conf import LazySettings

from guidance.catalog.models import Product, ProductAttribute
from guidance.content.models import Draft
from guidance.content.services.drafting import draft_products
from guidance.content.services.providers import chosen_writer
from guidance.core.models import Market, User
from guidance.core.roles import Role
from tests.llm_peer import Peer, Reply, peer

FACTS = {"material": "oak", "colour": "black", "capacity": "350 ml", "dishwasher_safe": "yes"}
MakeProduct = Callable[..., Product]
MakeDraft = Callable[..., Draft]
Served = Callable[..., Any]


@pytest.fixture
def make_product(db: None) -> MakeProduct:
    """Make a product with enough facts for a description, or with those given."""

    def make(sku: str = "mug", facts: dict[str, str] = FACTS, **fields: object) -> Product:
        defaults = {"title": f"Voyager Mug {sku}", "brand": "Acme", "price": Decimal("12.50")}
        product = Product.objects.create(sku=sku, **{**defaults, **fields})
        ProductAttribute.objects.bulk_create(
            ProductAttribute(product=product, key=key, value=value, language="en")
            for key, value in facts.items()
        )
        return product

    return make


@pytest.fixture
def make_draft(make_product: MakeProduct) -> MakeDraft:
    """Make a product and its waiting English draft, as the builtin writer wrote it."""

    def make(sku: str = "mug", requested_by: User | None = None, **fields: object) -> Draft:
        product = make_product(sku, **fields)
        draft_products(
            product_ids=[product.pk], kind="description", language="en", requested_by=requested_by
        )
        return Draft.objects.select_related("product").get(product=product)

    return make


@pytest.fixture
def mia(person: Callable[..., User]) -> User:
    """One merchandiser."""
    return person(Role.MERCHANDISER, "mia")


@pytest.fixture
def max_(person: Callable[..., User]) -> User:
    """Another merchandiser."""
    return person(Role.MERCHANDISER, "max")


@pytest.fixture
def root(person: Callable[..., User]) -> User:
    """An administrator, who is a superuser."""
    return person(Role.ADMINISTRATOR, "root")


@pytest.fixture
def uk_market(transactional_db: None) -> Market:
    """A market whose copy is English."""
    return Market.objects.create(key="uk", name="UK", language="en", is_default=True)


@pytest.fixture
def served(settings: LazySettings) -> Served:
    """Run a server with these replies and let it write the drafts."""

    @contextmanager
    def serve(*replies: Reply, **chosen: Any) -> Iterator[Peer]:
        with peer(*replies) as server:
            settings.WRITER_PROVIDER, settings.LLM_URL = "openai", server.url
            settings.LLM_MODEL, settings.LLM_CONCURRENCY = "peer", 2
            for name, value in chosen.items():
                setattr(settings, name, value)
            yield server
            chosen_writer().close()

    return serve
