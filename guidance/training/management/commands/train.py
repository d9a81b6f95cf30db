"""`manage.py train RECIPE`: ask for a training, or carry it out and watch it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from guidance.core.selectors import is_worker_alive
from guidance.core.terminal import run_with_bar
from guidance.training.hooks import recipes, verdict_in_words
from guidance.training.models import ModelVersion, TrainingRun
from guidance.training.services import AlreadyTraining, CannotTrain, request_training


class Command(BaseCommand):
    help = "Trains a model; a worker does it, or this very process with --wait."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("recipe", help="which model: " + ", ".join(r.key for r in recipes()))
        parser.add_argument(
            "--wait",
            action="store_true",
            help="train now, without a worker, and show progress; stopped and called again, "
            "it goes on where it was",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        run = self._run(options["recipe"], start=not options["wait"])
        if options["wait"]:
            run_with_bar(run.job)
            self._conclude(run)
        else:
            self.stdout.write(f"Training run {run.pk} waits for a worker.")
            if not is_worker_alive():
                self.stderr.write("No worker runs. Start one: manage.py worker; or use --wait.")

    def _run(self, recipe_key: str, *, start: bool) -> TrainingRun:
        known = [recipe.key for recipe in recipes()]
        if recipe_key not in known:
            raise CommandError(f"There is no model {recipe_key!r}; there are: {', '.join(known)}.")
        try:
            return request_training(recipe_key=recipe_key, requested_by=None, start=start)
        except CannotTrain as problem:
            raise CommandError(str(problem)) from problem
        except AlreadyTraining as problem:
            self.stdout.write("A training of this model is on its way; joining it.")
            return problem.run

    def _conclude(self, run: TrainingRun) -> None:
        version = ModelVersion.objects.get(run=run)
        self.stdout.write(f"{version}: {version.get_status_display()}")
        for sentence in verdict_in_words(version.recipe, version.verdict):
            self.stdout.write(f"  {sentence}")
