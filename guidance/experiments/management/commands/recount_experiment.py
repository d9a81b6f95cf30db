"""`manage.py recount_experiment KEY`: count an experiment again from decisions and events."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from guidance.experiments.models import Experiment
from guidance.experiments.services import recount_experiment


class Command(BaseCommand):
    help = (
        "Counts an experiment's sums again from its decisions and events; stopped and called "
        "again, it goes on where it was."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key", nargs="?", help="the experiment's key; none: every experiment")
        parser.add_argument("--again", action="store_true", help="begin anew, not where it stopped")

    def handle(self, *args: Any, **options: Any) -> None:
        experiments = Experiment.objects.order_by("pk")
        if options["key"]:
            experiments = experiments.filter(key=options["key"])
            if not experiments:
                known = ", ".join(Experiment.objects.values_list("key", flat=True)) or "none"
                raise CommandError(
                    f"There is no experiment {options['key']!r}; there are: {known}."
                )
        for experiment in experiments:
            with tqdm(total=1.0, desc=experiment.key, bar_format="{l_bar}{bar:30}") as bar:
                for share in recount_experiment(experiment=experiment, again=options["again"]):
                    bar.update(share - bar.n)
            self.stdout.write(f"{experiment.key} is counted.")
