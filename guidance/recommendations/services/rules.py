"""The shop's rules over a ranking: never hidden or sold out, one of a family in a request."""

from collections.abc import Iterable, Iterator, Mapping

from guidance.catalog.models import Product
from guidance.recommendations.catalogue import CatalogueIndex, family_key
from guidance.recommendations.selectors import ShownProduct
from guidance.recommendations.services.candidates import Candidate

# Candidates kept beyond the limit, for those that have sold out since the catalogue was read.
RESERVE = 8


def shortlist(
    candidates: Iterable[Candidate], *, limit: int, used: set[str], index: CatalogueIndex
) -> list[Candidate]:
    """Return the first `limit` + RESERVE candidates of different families, none of them used.

    The families of the first `limit` are added to `used`.
    """
    chosen: list[Candidate] = []
    families: list[str] = []
    for candidate in candidates:
        family = index.family_of(candidate.sku)
        if family in used or family in families:
            continue
        chosen.append(candidate)
        families.append(family)
        if len(chosen) == limit + RESERVE:
            break
    used.update(families[:limit])
    return chosen


def pick(
    candidates: Iterable[Candidate],
    *,
    limit: int,
    used: set[str],
    products: Mapping[str, ShownProduct],
) -> Iterator[tuple[Candidate, ShownProduct]]:
    """Yield what is shown, judged by the products as they are this moment.

    The families shown are added to `used`.
    """
    for candidate in candidates:
        product = products.get(candidate.sku)
        if product is None or not may_be_shown(product) or limit <= 0:
            continue
        family = family_key(product.sku, product.family)
        if family not in used:
            used.add(family)
            limit -= 1
            yield candidate, product


def may_be_shown(product: Product | ShownProduct) -> bool:
    """Tell whether a shopper may see the product: not hidden, in stock where stock is known."""
    return not product.is_hidden and (product.stock is None or product.stock > 0)
