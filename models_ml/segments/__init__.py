"""Segments of customers that nobody drew up: found by what the customers did."""
