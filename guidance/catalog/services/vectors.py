"""Image vectors: what the shop's own network says of a product's picture."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext as _
from msgspec import UNSET, UnsetType

from guidance.catalog.models import ProductVector
from guidance.catalog.rows import ProductRow
from guidance.core.bulk import insert_rows
from guidance.core.locks import hold_lock
from guidance.core.rows import Refused

# Far beyond what networks answer, and small enough that float32 holds the sum of their squares.
MOST = 1e6


@dataclass(frozen=True, slots=True)
class Vector:
    """One vector as it is stored: float32, little endian."""

    model: str
    numbers: bytes

    @property
    def dimensions(self) -> int:
        return len(self.numbers) // 4


Lengths = dict[str, int]


def lengths_of(rows: Iterable[ProductRow]) -> Lengths:
    """Return how many numbers the shop's vectors hold, for each model that the rows name.

    Until the transaction ends nobody else settles on a length. Two statements, none where no row
    gives a vector.
    """
    models = {_model_of(row) for row in rows if isinstance(row.image_vector, list)}
    if not models:
        return {}
    hold_lock("catalog.vectors")
    stored = ProductVector.objects.filter(model__in=models).order_by()
    return dict(stored.values_list("model", "dimensions").distinct())


def read_vector(row: ProductRow, lengths: Lengths) -> Vector | UnsetType | None:
    """Return the row's vector, None where it takes it away, UNSET where it says nothing.

    The first vector of a model tells, in `lengths`, how long the others must be. Raises Refused.
    """
    if row.image_vector is None or row.image_vector is UNSET:
        if row.image_vector_model is not UNSET:
            raise Refused(
                "missing_field",
                _("image_vector of “%(sku)s” is missing; image_vector_model says whose it is.")
                % {"sku": row.sku},
            )
        return row.image_vector
    numbers = np.asarray(row.image_vector, np.float64)
    bad = np.flatnonzero(~(np.abs(numbers) <= MOST))
    if len(bad):
        raise Refused(
            "out_of_range",
            _("image_vector[%(place)d] of “%(sku)s”: must be a number from -1000000 to 1000000.")
            % {"place": bad[0], "sku": row.sku},
        )
    stored = numbers.astype("<f4")
    if not stored.any():
        raise Refused(
            "out_of_range",
            _("image_vector of “%(sku)s”: holds nothing but zeros.") % {"sku": row.sku},
        )
    model = _model_of(row)
    length = lengths.setdefault(model, len(stored))
    if len(stored) != length:
        raise Refused(
            "wrong_length",
            _(
                "image_vector of “%(sku)s”: holds %(count)d numbers, the shop's others hold "
                "%(length)d. Vectors of another network need another image_vector_model."
            )
            % {"sku": row.sku, "count": len(stored), "length": length},
        )
    return Vector(model, stored.tobytes())


def write_vectors(*, wanted: Mapping[int, Vector | None]) -> set[int]:
    """Set each product's vector (by primary key), or take it away, and return which changed.

    The products' rows must be locked. Three statements at most, none where nothing is wanted.
    """
    if not wanted:
        return set()
    stored = {
        product: Vector(model, bytes(numbers))
        for product, model, numbers in ProductVector.objects.filter(product__in=wanted).values_list(
            "product_id", "model", "numbers"
        )
    }
    changed = {product for product, vector in wanted.items() if vector != stored.get(product)}
    _insert([(product, wanted[product]) for product in sorted(changed)])
    gone = [product for product in changed if wanted[product] is None]
    if gone:
        ProductVector.objects.filter(product__in=gone).delete()
    return changed


def _insert(pairs: Sequence[tuple[int, Vector | None]]) -> None:
    insert_rows(
        [
            ProductVector(
                product_id=product,
                model=vector.model,
                dimensions=vector.dimensions,
                numbers=vector.numbers,
            )
            for product, vector in pairs
            if vector is not None
        ],
        conflict=["product"],
        update=["model", "dimensions", "numbers", "updated_at"],
    )


def _model_of(row: ProductRow) -> str:
    return "" if isinstance(row.image_vector_model, UnsetType) else row.image_vector_model
