"""Learning a house's style with a language model: low-rank adapters over a model on disk."""
