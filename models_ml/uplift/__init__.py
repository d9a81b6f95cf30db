"""Whom a message moves: models of the difference that contact makes, trained on past campaigns that
kept a control group, and what they are worth on customers they never saw."""
