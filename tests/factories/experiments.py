"""Rows of experiments: experiments."""

from typing import Any

from guidance.experiments.models import Experiment
from tests.factories.numbers import next_number


def experiment(**given: Any) -> Experiment:
    n = next_number()
    return Experiment.objects.create(
        **{"key": f"test-{n}", "name": f"Test {n}", "surface": f"s-{n}", **given}
    )
