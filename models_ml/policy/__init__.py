"""Bandit policies: which of a few arms to show now, and with what probability it was shown.

Arms are names: variants of a text, push templates, products for an exploration slot, steps of an
onboarding. A policy knows nothing of what they stand for. All of them answer with a distribution
over arms, draw from exactly that distribution, and hand back the probability of what was drawn,
so that `models_ml.policy.offpolicy` can later say what another policy would have earned.

Numpy only: web processes import this.
"""
