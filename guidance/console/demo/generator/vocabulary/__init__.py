"""The vocabulary of the generated shop: ten departments, written for it, in English and Chinese."""

from .away import OUTDOOR, STATIONERY
from .base import Category, Department, Pair, ProductType
from .care import BEAUTY, PETS
from .home import KITCHEN, TEXTILES
from .pantry import PANTRY, TEA
from .play import AUDIO, TOYS

DEPARTMENTS: tuple[Department, ...] = (
    TEA,
    PETS,
    KITCHEN,
    BEAUTY,
    OUTDOOR,
    STATIONERY,
    TEXTILES,
    PANTRY,
    TOYS,
    AUDIO,
)

__all__ = ["DEPARTMENTS", "Category", "Department", "Pair", "ProductType"]
