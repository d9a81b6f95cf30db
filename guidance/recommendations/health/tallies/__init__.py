"""What a report adds up while it walks through the shoppers of a period, one subject a module.

Each tally takes lists of shoppers with `add` and says its figures, as JSON, at the end.
"""
