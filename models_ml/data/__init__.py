"""Frames in, arrays out: cleaning, customer histories and time splits."""
