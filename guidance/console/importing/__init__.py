"""The import of a shop: its own files, or one file of the Online Retail layout."""

from guidance.console.importing.replayable import tail
from guidance.console.importing.runner import import_shop

__all__ = ["import_shop", "tail"]
