"""The metrics that experiments measure, by the names that plans keep them under."""

METRICS = ("ctr", "conversion", "satisfaction")
