"""The catalogue's writes: products from outside, and edits at the desk."""

from guidance.catalog.services.edit import hide_products, update_product
from guidance.catalog.services.upsert import upsert_products

__all__ = ["hide_products", "update_product", "upsert_products"]
