"""Who is likely to act: a model of the chance that a customer does something within some days, and
how well it tells those who will from those who will not."""
