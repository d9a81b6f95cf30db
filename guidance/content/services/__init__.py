"""The writes of content: drafting, review, publication, staleness, supplying facts."""
