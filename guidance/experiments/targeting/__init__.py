"""Targeting: conditions in the published scheme, and what is known of a shopper."""
