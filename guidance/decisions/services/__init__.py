"""The decision log's writes."""
