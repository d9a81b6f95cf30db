"""The next single item of a customer, from the order of what came before alone."""
