"""Behaviour's writes: events in, rollups advanced."""
