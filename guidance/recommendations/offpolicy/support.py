"""Where the log's own draws leave a version without support, by place and by product.

A product that could not have been drawn at a place was never tried there: no weight tells what
would have come of it, however often the log shows it elsewhere.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from guidance.catalog.models import Product
from guidance.recommendations.offpolicy.candidate import PlaceChance
from models_ml.policy.offpolicy.refusals import UNSUPPORTED

# The products that hold most of what lacks support.
NAMED = 5


def support_of(places: Sequence[PlaceChance]) -> dict[str, Any]:
    """Return the version's share without support: by place of the lists, of the products that hold
    most of it, and at how many of the places it is above what is allowed; as JSON values."""
    by_place: defaultdict[int, list[float]] = defaultdict(list)
    by_product: Counter[int] = Counter()
    for one in places:
        by_place[one.place].append(one.unsupported)
        for pk, chance in zip(*(part.tolist() for part in one.lacking), strict=True):
            by_product[pk] += chance
    most = by_product.most_common(NAMED)
    skus = dict(Product.objects.filter(pk__in=[pk for pk, _s in most]).values_list("pk", "sku"))
    return {
        "places": [
            {"place": place, "count": len(shares), "share": float(np.mean(shares))}
            for place, shares in sorted(by_place.items())
        ],
        "products": [
            {"sku": skus[pk], "share": total / len(places)} for pk, total in most if pk in skus
        ],
        "above": sum(one.unsupported > UNSUPPORTED for one in places) / len(places),
    }
