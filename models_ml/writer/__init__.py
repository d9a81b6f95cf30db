"""Copy from facts: a builtin writer, checks over any text, and the claims a text makes."""
