"""The import of a shop: its own files, or one file of the Online Retail layout."""
