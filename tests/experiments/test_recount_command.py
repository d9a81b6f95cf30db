"""`manage.py recount_experiment` counts what the rollup counts, and names what it does not know."""

import pytest
from django.core.management import CommandError, call_command

from guidance.experiments.models import ArmDay, Experiment
from guidance.experiments.selectors import report
from tests.experiments.conftest import Visit


def test_an_experiment_is_counted_from_a_shell(
    experiment: Experiment, visit: Visit, capsys: pytest.CaptureFixture[str]
) -> None:
    visit("c1", "model", seen=1)
    ArmDay.objects.all().delete()
    assert report(experiment).shoppers == 0
    call_command("recount_experiment", experiment.key, again=True)
    assert report(experiment).shoppers == 1
    assert capsys.readouterr().out == f"{experiment.key} is counted.\n"
    call_command("recount_experiment")
    with pytest.raises(CommandError, match="there are: home-test"):
        call_command("recount_experiment", "nothing")
